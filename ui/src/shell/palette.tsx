// Search and command palette: `/` or Ctrl K. Guesses the kind by its form at once, asks the server for the rest; the first
// row is chosen, arrows move, Enter opens. A combobox as ARIA 1.2 describes it, inside a native dialog.
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { signal } from "@preact/signals";
import { go, href } from "../address";
import { ask } from "../data/api";
import { last_answer } from "../data/answer";
import type { Found, Overview, Page } from "../data/types";
import { grouped, guess, pages_named } from "./guess";
import { copy_link } from "./asof";
import { next_theme } from "./look";

const shown = signal(false);

export function open_palette(): void {
  shown.value = true;
}

function services_named(text: string): Found[] {
  const typed = text.trim().toLowerCase();
  if (typed === "") return [];
  return (last_answer<Overview>("/api/v1/overview")?.services ?? []).filter((s) => s.name.toLowerCase().includes(typed)).slice(0, 6)
    .map((s) => ({ kind: "service", title: s.name, detail: (s.owners ?? []).map((o) => o.replace(/^team:/, "")).join(", "), href: `/services/${encodeURIComponent(s.name)}` }));
}

function acts_named(text: string): (Found & { act: () => void })[] {
  const typed = text.trim().toLowerCase();
  const acts = [{ title: "Copy link", detail: "y", act: copy_link }, { title: "Theme: next", detail: "t", act: next_theme }];
  return acts.filter((a) => typed === "" || a.title.toLowerCase().includes(typed)).map((a) => ({ kind: "act", href: `#${a.title}`, ...a }));
}

function Marked({ text, part }: { text: string; part: string }): JSX.Element {
  const at = part === "" ? -1 : text.toLowerCase().indexOf(part.toLowerCase());
  return at < 0 ? <>{text}</> : <>{text.slice(0, at)}<b>{text.slice(at, at + part.length)}</b>{text.slice(at + part.length)}</>;
}

export function Palette(): JSX.Element | null {
  return shown.value ? <Open /> : null;
}

function Open(): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const [text, set_text] = useState("");
  const [found, set_found] = useState<Found[]>([]);
  const [failed, set_failed] = useState("");
  const [asked, set_asked] = useState("");
  const [chosen, set_chosen] = useState(0);
  useEffect(() => { dialog.current?.showModal(); }, []);
  useEffect(() => {
    const q = text.trim();
    set_chosen(0);
    if (q === "") { set_found([]); set_asked(""); return; }
    const abort = new AbortController();
    void ask<Page<Found>>(`/api/v1/search?q=${encodeURIComponent(q)}`, { signal: abort.signal }).then((answer) => {
      if (abort.signal.aborted) return;
      set_asked(q);
      set_failed(answer.ok ? "" : answer.problem.title);
      if (answer.ok) set_found(answer.data.items);
    });
    return () => abort.abort();
  }, [text]);

  const typed = text.trim();
  const acts = acts_named(typed);
  const groups = grouped(guess(typed), [...services_named(typed), ...(typed === "" ? [] : found.filter((f) => f.href.startsWith("/"))), ...pages_named(typed)]);
  if (acts.length > 0) groups.push({ head: "Acts", items: acts });
  const flat = groups.flatMap((g) => g.items);
  const current = Math.min(chosen, flat.length - 1);

  const close = (): void => dialog.current?.close();
  const open = (item: Found | undefined): void => {
    if (!item) return;
    close();
    const act = acts.find((a) => a.href === item.href);
    if (act) act.act();
    else go(href(item.href));
  };
  let n = -1;
  return (
    <dialog ref={dialog} class="palette" aria-label="Search" onClose={() => { shown.value = false; }}
      onClick={(event) => { if (event.target === dialog.current) close(); }}>
      <div class="in">
        <input class="q" type="text" role="combobox" aria-expanded={flat.length > 0} aria-controls="found" aria-autocomplete="list" aria-label="Digest, CVE, purl, service, commit"
          aria-activedescendant={current >= 0 ? `found-${current}` : undefined} placeholder="Digest, CVE, purl, service, commit" autocomplete="off" spellcheck={false} value={text} autofocus
          onInput={(event) => set_text(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "ArrowDown" || event.key === "ArrowUp") {
              event.preventDefault();
              set_chosen(Math.min(flat.length - 1, Math.max(0, current + (event.key === "ArrowDown" ? 1 : -1))));
            } else if (event.key === "Enter") {
              event.preventDefault();
              open(flat[current]);
            }
          }} />
        <div id="found" role="listbox" aria-label="Results">
          {groups.map((group) => (
            <div key={group.head} role="group" aria-label={group.head}>
              <div class="head" aria-hidden="true">{group.head}</div>
              {group.items.map((item) => {
                n += 1;
                const mine = n;
                return (
                  <div key={item.href} id={`found-${mine}`} class="hit" role="option" aria-selected={mine === current} onPointerMove={() => set_chosen(mine)} onClick={() => open(item)}>
                    <span class="t"><Marked text={item.title} part={typed} /></span>{item.detail ? <span class="m d">{item.detail}</span> : null}
                  </div>
                );
              })}
            </div>
          ))}
        </div>
        {flat.length === 0 && typed !== "" && asked === typed ? <p class="none s">{failed || `Nothing known matches “${typed}”. Search knows names, digests, packages, vulnerabilities and decisions.`}</p> : null}
      </div>
    </dialog>
  );
}
