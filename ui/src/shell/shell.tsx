// The furniture around every page: rail, bar, tabs at the foot of a phone, and what is announced to readers.
import type { ComponentChildren, JSX } from "preact";
import { useEffect } from "preact/hooks";
import { here, href, is_past, permalink } from "../address";
import { useAnswer } from "../data/answer";
import { log_out, session } from "../data/api";
import { announcement } from "../data/live";
import type { Banner as BannerData, Status } from "../data/types";
import { as_of } from "../parts/clock";
import { Verdict, Words } from "../parts/marks";
import { actor_name, as_verdict, count, index, number } from "../words";
import { full } from "../time";
import { AsOf, bar_is_past } from "./asof";
import { Keys, keys_on, show_keys } from "./keys";
import { next_theme } from "./look";
import { open_palette, Palette } from "./palette";
import { page_of, PAGE_NAMES } from "./pages";
import { Toast } from "./toast";

function waiting_at(status: Status | undefined, page: string): number | null {
  const counts = status?.counts ?? {};
  if (page === "/deliveries") return counts.deliveries ?? null;
  if (page === "/vulnerabilities") return counts.open_vulnerabilities ?? null;
  if (page === "/approvals") return counts.waiting ?? null;
  return null;
}

function Rail({ status }: { status: Status | undefined }): JSX.Element {
  const page = page_of(here.value.path);
  return (
    <div class="railbox"><nav class="rail" aria-label="Main">
      <ul>
        {PAGE_NAMES.map((p) => {
          const n = waiting_at(status, p.href);
          return (
            <li key={p.key}><a href={href(p.href)} aria-current={page === p.href ? "page" : undefined} title={keys_on.value ? `Keys: g ${p.key}` : undefined}>
              {p.name}{n !== null && n > 0 ? <span class="n">{number(n)}</span> : keys_on.value ? <kbd aria-hidden="true">g {p.key}</kbd> : null}
            </a></li>
          );
        })}
      </ul>
      <div class="foot">
        {status ? <>{status.scope ? <>Scope <b>{status.scope}</b></> : "All scopes"}<br />{count(status.counts.services ?? 0, "service")}, {count(status.counts.environments ?? 0, "environment")}<br /></> : null}
        <button type="button" class="link" onClick={show_keys} aria-keyshortcuts="?">Keys</button> <kbd aria-hidden="true">?</kbd>
        <button type="button" class="link next" onClick={next_theme} aria-keyshortcuts="t">Theme</button>
        {status?.version ? <><br /><span>Waybill {status.version}</span></> : null}
      </div>
    </nav></div>
  );
}

function Tabs({ status }: { status: Status | undefined }): JSX.Element {
  const page = page_of(here.value.path);
  const first = ["/", "/deliveries", "/vulnerabilities", "/approvals"];
  const on_more = here.value.path === "/more" || !first.includes(page);
  return (
    <nav class="tabs" aria-label="Main, short">
      {first.map((to) => {
        const p = PAGE_NAMES.find((q) => q.href === to)!;
        const n = to === "/approvals" ? waiting_at(status, to) : null;
        return <a key={to} href={href(to)} aria-current={page === to && !on_more ? "page" : undefined}>{p.short}{n ? ` ${n}` : ""}</a>;
      })}
      <a href={href("/more")} aria-current={on_more ? "page" : undefined}>More</a>
    </nav>
  );
}

export function Banners({ of }: { of: readonly BannerData[] }): JSX.Element {
  return (
    <>
      {of.map((b) => {
        const verdict = as_verdict(b.verdict);
        return (
          <div key={b.text} class={`banner ${verdict}`}>
            <Verdict of={verdict}>{b.word}</Verdict> <span><Words of={b.text} /></span>
            {b.remedy ? <code class="do">{b.remedy}</code> : b.href ? <a class="do" href={href(b.href)}>Show</a> : null}
          </div>
        );
      })}
    </>
  );
}

export function Shell({ children }: { children: ComponentChildren }): JSX.Element {
  const answer = useAnswer<Status>("/api/v1/status");
  const status = answer.data;
  useEffect(() => { if (status?.as_of) as_of.value = status.as_of; }, [status]);
  const me = session.value;
  const past = is_past.value;
  const name = me?.id ? actor_name(me.id) : "";
  // What is missing altogether stands on every page; what is stale, on the pages that it touches (Overview, Vulnerabilities).
  const path = here.value.path;
  const everywhere = path === "/" || path.startsWith("/vulnerabilities");
  const banners = (status?.banners ?? []).filter((b) => everywhere || b.verdict === "deny");
  return (
    <>
      <a class="skip" href="#main">Skip to the page</a>
      <div class="shell">
        <header class="topbar">
          <a class="mark" href={href("/")}><svg aria-hidden="true"><use href="#i-mark" /></svg>Waybill</a>
          <div class={bar_is_past.value ? "bar past" : "bar"}>
            <button type="button" class="find" aria-keyshortcuts="/" onClick={open_palette} title="Search (/)">
              <span class="vis">Digest, CVE, purl, service, commit</span><svg class="ic" aria-hidden="true"><use href="#i-find" /></svg><span class="vh">Search</span><kbd aria-hidden="true">/</kbd>
            </button>
            <AsOf />
            {name ? <button type="button" class="who wide-only" title={`Signed in as ${name}, ${me!.role}. Sign out`} onClick={() => void log_out()}><span aria-hidden="true">{name.slice(0, 2)}</span><span class="vh">Signed in as {name}. Sign out</span></button> : null}
          </div>
        </header>
        <Rail status={status} />
        <main id="main" tabIndex={-1}>
          {past ? <p class="vh">This page is in the past. Nothing can be approved or changed here.</p> : null}
          {banners.some((b) => b.verdict === "deny") ? <Banners of={banners.filter((b) => b.verdict === "deny")} /> : null}
          {children}
        </main>
        <Tabs status={status} />
      </div>
      <p class="print">{permalink(as_of.value?.index ?? null)}{as_of.value ? ` · ${index(as_of.value.index)} · checkpoint of ${number(as_of.value.size)} entries · ${full(as_of.value.time)}` : ""}</p>
      <p class="vh" role="status" aria-live="polite">{announcement.value}</p>
      <Toast />
      <Palette />
      <Keys />
    </>
  );
}
