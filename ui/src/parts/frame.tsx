// The frame of a page: its sentence, its sections (a rule, a name and what it speaks of), and the states it passes through:
// waiting, failed, and the three kinds of empty, which are never mixed up.
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId } from "preact/hooks";
import { at, href, set_query, with_query } from "../address";
import type { Answer } from "../data/answer";
import type { AsOf, Link as LinkData, Problem } from "../data/types";
import { index, number } from "../words";
import { full } from "../time";
import { Command, Verdict, Words } from "./marks";
import { as_of, log_end } from "./clock";

/** What a page's `h1` says also names the tab. */
export function usePageTitle(title: string | undefined): void {
  useEffect(() => { document.title = title ? `${title} · Waybill` : "Waybill"; }, [title]);
}

export function Answered({ children, crumb, lead }: { children: ComponentChildren; crumb?: ComponentChildren; lead?: ComponentChildren }): JSX.Element {
  return (
    <>
      {crumb ? <p class="crumb">{crumb}</p> : null}
      <h1 class="answer">{children}</h1>
      {lead ? <p class="lead">{lead}</p> : null}
    </>
  );
}

export function Section({ title, meta, right, children, id }: { title: ComponentChildren; meta?: ComponentChildren; right?: ComponentChildren; children: ComponentChildren; id?: string }): JSX.Element {
  const own = useId();
  const name = id ?? own;
  return (
    <section aria-labelledby={name}>
      <div class="h"><h2 id={name}>{title}</h2>{meta !== undefined ? <span class="meta">{meta}</span> : null}{right ? <span class="right">{right}</span> : null}</div>
      {children}
    </section>
  );
}

/** A sentence of the server with its links: words of the sentence that equal a link's text become the link. */
export function Linked({ text, links = [] }: { text: string; links?: LinkData[] }): JSX.Element {
  let parts: (string | JSX.Element)[] = [text];
  const loose: JSX.Element[] = [];
  links.forEach((link, n) => {
    if (!link.href.startsWith("/") || link.href.startsWith("//")) return;
    const a = <a key={n} href={href(link.href)}>{link.text}</a>;
    const where = parts.findIndex((p) => typeof p === "string" && p.includes(link.text));
    if (where < 0) { loose.push(a); return; }
    const part = parts[where] as string;
    const begin = part.indexOf(link.text);
    parts = [...parts.slice(0, where), part.slice(0, begin), a, part.slice(begin + link.text.length), ...parts.slice(where + 1)];
  });
  return <>{parts.map((p, i) => (typeof p === "string" ? <Words key={`w${i}`} of={p} /> : p))}{loose.map((a) => <> {a}</>)}</>;
}

export type Emptiness = "unknown" | "no-match" | "nothing-to-do";

/** Nothing known (with the command that changes it), nothing matches (with what the filter hides), nothing to do. */
export function Empty({ kind, title, children, command, clear }: { kind: Emptiness; title: string; children?: ComponentChildren; command?: string | null; clear?: { words: string; query: string[] } }): JSX.Element {
  return (
    <div class={`empty ${kind}`}>
      <h3>{kind === "no-match" ? null : <Verdict of={kind === "unknown" ? "unknown" : "allow"} word={false} />}{title}</h3>
      {children ? <p class="s">{children}</p> : null}
      {command ? <Command text={command} /> : null}
      {clear ? <a href={with_query(Object.fromEntries(clear.query.map((q) => [q, null])))}>{clear.words}</a> : null}
    </div>
  );
}

export function Skeleton({ lines = 3 }: { lines?: number }): JSX.Element {
  const widths = ["w-3", "w-2", "w-1", "w-3", "w-2"];
  return <div class="empty skeleton" aria-busy="true">{widths.slice(0, lines).map((w, i) => <span key={i} class={`sk ${w}`} />)}</div>;
}

/** Why an index cannot be shown, when that is the reason: before the first entry, or beyond the end of the log. */
function WrongIndex(): JSX.Element | null {
  const asked = at.value;
  const end = log_end.value;
  if (asked === null || end === null || !("index" in asked) || asked.index <= end.index) return null;
  return (
    <Empty kind="no-match" title={`This link speaks of ${index(asked.index)}; the log ends at ${index(end.index)}.`}>
      <button type="button" class="btn" onClick={() => set_query({ at: null })}>Show the newest instead</button>
    </Empty>
  );
}

export function Failure({ problem, what, stale, again }: { problem: Problem; what: string; stale?: AsOf | null; again?: () => void }): JSX.Element {
  const passing = problem.status === 0 || problem.status === 429 || problem.status >= 500;
  const wrong = problem.status === 400 || problem.status === 404 || problem.status === 416 ? WrongIndex() : null;
  if (wrong) return wrong;
  return (
    <div class="empty">
      <div class="fail" role="status">
        <b>{what} could not be read.</b>
        <span class="s">{problem.title}{problem.detail ? ` ${problem.detail}` : ""}{problem.where?.length ? ` (${problem.where.join(", ")})` : ""}{stale ? ` What you see below is from ${index(stale.index)}, ${full(stale.time)}.` : ""}</span>
        {problem.next ? <Command text={problem.next} /> : null}
        {again ? <span><button type="button" class="link" onClick={again}>Try again</button>{passing ? <span class="m"> by itself every 8 s</span> : null}</span> : null}
      </div>
    </div>
  );
}

/** Shows an answer in whatever state it is: first nothing, then a skeleton, then the page; failures above old data. */
export function Shown<T extends { as_of?: AsOf }>({ answer, what, children }: { answer: Answer<T>; what: string; children: (data: T) => ComponentChildren }): JSX.Element {
  const { data, problem } = answer;
  useEffect(() => { if (data?.as_of) as_of.value = data.as_of; }, [data]);
  if (data === undefined && problem) {
    return <><h1 class="answer">{what} cannot be shown.</h1><Failure problem={problem} what={what} again={answer.again} /></>;
  }
  if (data === undefined) {
    return <>{answer.waiting || answer.slow ? <><h1 class="vh">{what}</h1><Skeleton lines={5} /></> : null}{answer.slow ? <p class="more" role="status">Still waiting for the server: {what.toLowerCase()}.</p> : null}</>;
  }
  return <>{problem ? <Failure problem={problem} what={what} stale={data.as_of ?? null} again={answer.again} /> : null}{children(data)}</>;
}

/** Reads `?q=` (or another parameter) and writes it while a person types. */
export function Filter({ name = "q", label, value }: { name?: string; label: string; value: string }): JSX.Element {
  return (
    <span class="filter">
      <label class="vh" for={`filter-${name}`}>{label}</label>
      <input id={`filter-${name}`} data-filter type="search" placeholder={label} value={value} aria-keyshortcuts="f" autocomplete="off" spellcheck={false}
        onInput={(event) => set_query({ [name]: event.currentTarget.value }, { replace: true })} />
    </span>
  );
}

/** "7 of 412", always stated, with the way to the rest; `total` null when the server has more but did not count it. */
export function ShownOf({ shown, total, more }: { shown: number; total: number | null; more: (() => void) | null }): JSX.Element {
  return (
    <p class="more">
      {total === null ? (more ? `${number(shown)} shown, and there are more.` : `All ${number(shown)}.`) : `${number(shown)} of ${number(total)}.`}
      {more ? <> <button type="button" class="link" onClick={more}>Show more</button></> : null}
    </p>
  );
}
