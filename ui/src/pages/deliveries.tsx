// Deliveries: where is my change, what does it wait for? A lane per change on seven aligned stages; solid is active,
// hatched is waiting, length the square root of time, so that reading down a column shows the bottleneck.
import type { JSX } from "preact";
import { href, params, segment, subject_href, with_query } from "../address";
import { useAnswer } from "../data/answer";
import type { AsOf, Deliveries as Data, Delivery as Item, Stage, StageHead } from "../data/types";
import { shown_time } from "../parts/clock";
import { Answered, Empty, Filter, Section, Shown, usePageTitle } from "../parts/frame";
import { Command, Digest, Index, Time, Verdict } from "../parts/marks";
import { as_verdict, count, number } from "../words";
import { ago, clock, day, seconds_between, span } from "../time";
import { bar_length } from "../time";

export interface Timed extends Stage { waited: number; took: number; running: boolean }

/** Stages that are places: a change arrives there, and what lies between `from` and `until` is how long it ran. */
const is_place = (key: string): boolean => key === "staging" || key === "production";

/** How long each stage took and how long the change waited before it began; what runs still is counted until now. */
export function timed(stages: readonly Stage[], now: Date): Timed[] {
  let before: string | null = null;
  return stages.map((s) => {
    const place = is_place(s.key);
    const running = !place && Boolean(s.from) && (s.state === "active" || s.state === "waiting" || (s.state === "failed" && !s.until));
    const until = place ? s.from : s.until ?? (running ? now.toISOString() : null);
    const took = s.from && until ? Math.max(0, seconds_between(s.from, until)) : 0;
    const waited = s.from && before ? Math.max(0, seconds_between(before, s.from)) : 0;
    before = (place ? s.from : s.until) ?? before;
    return { ...s, waited, took, running };
  });
}

export type Standing = "arrived" | "stuck" | "moving";

export function standing_of(d: Item): Standing {
  const last = d.stages[d.stages.length - 1];
  // What runs in production has arrived, even if it may no longer run there.
  if (last && Boolean(last.from ?? last.until) && (last.state === "done" || last.state === "failed")) return "arrived";
  return d.waits || d.stages.some((s) => s.state === "waiting" || s.state === "failed") ? "stuck" : "moving";
}

/** The sentence of the page. */
export function deliveries_sentence(items: readonly Item[]): string {
  const under_way = items.filter((d) => standing_of(d) !== "arrived");
  const stuck = under_way.filter((d) => standing_of(d) === "stuck");
  const arrived = items.length - under_way.length;
  if (items.length === 0) return "No change is on its way.";
  if (under_way.length === 0) return arrived === 1 ? "The one change that is known has arrived in production." : `${arrived === 2 ? "Both" : `All ${arrived}`} changes that are known have arrived in production.`;
  const approval = stuck.filter((d) => d.stages.some((s) => s.state === "waiting" && s.verdict === "ask")).length;
  const begin = under_way.length === 1 ? "1 change is on its way" : `${under_way.length} changes are on their way`;
  if (stuck.length === 0) return `${begin}; none is stuck.`;
  return `${begin}; ${stuck.length === under_way.length && stuck.length > 1 ? "all are" : `${stuck.length} ${stuck.length === 1 ? "is" : "are"}`} stuck${approval > 0 ? `, ${approval === stuck.length ? "" : `${approval} of them `}only for want of an approval` : ""}.`;
}

function Track({ of, longest, next_none }: { of: Timed; longest: number; next_none: boolean }): JSX.Element {
  const wide = 84;
  const waiting_now = of.state === "waiting" || (of.state === "failed" && of.key.startsWith("gate") && of.running);
  const wait = Math.min(wide, bar_length(waiting_now ? of.waited + of.took : of.waited, longest, wide));
  const act = waiting_now ? 0 : Math.min(wide - wait, bar_length(of.took, longest, wide)) || (of.state === "done" || of.state === "failed" ? 2 : 0);
  const end = wait + act;
  const mark = of.state === "failed" ? (of.verdict ?? "deny") : waiting_now ? (of.verdict ?? "unknown") : of.verdict && of.verdict !== "allow" ? of.verdict : null;
  return (
    <svg class="tr" aria-hidden="true">
      <line class={of.state === "none" || (next_none && of.state !== "done" && !is_place(of.key)) ? "todo" : "line"} y1="8" x2="100%" y2="8" />
      {wait > 0 ? <rect class="wait" x=".5" y="3.5" width={`${wait}%`} height="9" /> : null}
      {act > 0 ? <rect class="act" x={`${wait}%`} y="3" width={`${act}%`} height="10" /> : null}
      {mark ? <svg x={`${end}%`} overflow="visible"><rect class="gapbox" x="1" width="20" height="16" /><g class={`k-${as_verdict(mark)}`}><use href={`#v-${as_verdict(mark)}`} x="5" y="2" width="12" height="12" /></g></svg> : null}
    </svg>
  );
}

function StageCell({ of, head, longest, next_none }: { of: Timed; head: StageHead | undefined; longest: number; next_none: boolean }): JSX.Element {
  const name = head?.name ?? of.key;
  if (of.state === "none") return <div class="stage todo"><span class="nm">{name}</span><Track of={of} longest={longest} next_none={next_none} /><span class="vh">{name}: not begun</span></div>;
  const verdict = of.verdict ? as_verdict(of.verdict) : null;
  const loud = of.state === "waiting" || of.state === "failed";
  const place = is_place(of.key);
  const now = shown_time.value;
  const moment = (iso: string): string => (iso.slice(0, 10) === now.toISOString().slice(0, 10) ? clock(iso) : `${day(iso, now)} ${clock(iso)}`);
  const took = of.took >= 0.0005 ? span(of.took) : of.from ? moment(of.from) : of.state === "active" ? "next" : "done";
  const state = of.state === "waiting" ? "waiting" : of.state === "failed" ? (verdict === "deny" ? (place ? "denied now" : "denied") : "failed") : of.state === "active" && of.from ? "so far" : "";
  const words = (
    <>
      {loud ? <b class={`t k-${verdict ?? "unknown"}`}>{took}</b> : <span class="t">{of.state === "skipped" ? "skipped" : took}{state === "so far" ? " so far" : ""}</span>}
      <span class="w"> {loud ? state : of.waited >= 60 ? `+ ${span(of.waited)} waiting` : verdict && verdict !== "allow" ? verdict : ""}</span>
    </>
  );
  return (
    <div class="stage" title={of.text ?? undefined}>
      <span class="nm">{name}</span>
      <Track of={of} longest={longest} next_none={next_none} />
      <span class="tw">{of.link ? <a href={href(of.link)}><span class="vh">{name}{verdict ? `, ${verdict}` : ""}: </span>{words}</a> : <><span class="vh">{name}: </span>{words}</>}</span>
    </div>
  );
}

function commit_of(d: Item): string | null {
  const found = /@([0-9a-f]{7,64})$/.exec(d.revision ?? "");
  return found ? found[1]! : null;
}

export function Lane({ of, heads, longest, alone = false }: { of: Item; heads: readonly StageHead[]; longest: number; alone?: boolean }): JSX.Element {
  const now = shown_time.value;
  const stages = timed(of.stages, now);
  const first = stages.find((s) => s.from)?.from ?? null;
  const last = stages[stages.length - 1];
  const state = standing_of(of);
  const commit = commit_of(of);
  const stuck = of.waits;
  const mark = as_verdict(of.verdict ?? stages.find((s) => s.state === "waiting" || s.state === "failed")?.verdict);
  return (
    <li class="lane" data-row>
      <div>
        {alone ? null : <h3><a href={href(`/deliveries/${segment(of.id)}`)} title={of.title || of.name}>{of.title || of.name}</a></h3>}
        <span class="sub">{[of.service, of.title && !alone ? of.name.replace(`${of.service} `, "") : null].filter(Boolean).join(" · ")}{commit ? <> · <code title={commit}>{commit.slice(0, 7)}</code></> : null}{first ? ` · ${ago(first, now)}` : ""}</span>
      </div>
      <div class="stages">{stages.map((s, i) => <StageCell key={s.key} of={s} head={heads.find((h) => h.key === s.key)} longest={longest} next_none={(stages[i + 1]?.state ?? "none") === "none"} />)}</div>
      <div class="eta">
        {state === "arrived" && last?.from
          ? <><b>done {last.from.slice(0, 10) === now.toISOString().slice(0, 10) ? "today" : day(last.from, now)} {clock(last.from)}</b>{first ? `${span(seconds_between(first, last.from))} in all` : ""}{of.verdict && of.verdict !== "allow" ? <><br /><Verdict of={of.verdict} /> now</> : null}</>
          : first ? <><b>{span(seconds_between(first, now))}</b>so far</> : <><b>cannot say</b>nothing is timed yet</>}
      </div>
      {stuck ? (
        <p class={`stuck ${mark === "allow" ? "unknown" : mark}`}>
          <Verdict of={mark === "allow" ? "unknown" : mark} word={false} />
          <span class="say"><b>Waits for</b> {stuck.for.replace(/\.$/, "")}. {stuck.since ? <span class="m nb">since <Time of={stuck.since} words={(iso) => (seconds_between(iso, now) < 86400 ? clock(iso) : `${day(iso, now)} ${clock(iso)}`)} /></span> : null}</span>
          {stuck.link ? <a class="do" href={href(stuck.link)}>{mark === "ask" ? "Review and approve" : mark === "deny" ? "Why, and what would change it" : "Show"}</a> : null}
        </p>
      ) : null}
    </li>
  );
}

function Heads({ of }: { of: readonly StageHead[] }): JSX.Element {
  const longest = Math.max(0, ...of.map((h) => h.waiting_median_seconds ?? 0));
  return (
    <li class="lane head">
      <span>Change<br />{of.some((h) => h.median_seconds) ? "median, by stage" : ""}</span>
      <div class="stages">{of.map((h) => {
        const wait = h.waiting_median_seconds ?? 0;
        const words = wait >= 1 ? `+ ${span(wait)} waiting` : "";
        return <div key={h.key}><b>{h.name}</b><br />{is_place(h.key) ? "" : h.median_seconds !== null && h.median_seconds !== undefined ? span(h.median_seconds) : "no median yet"}<br />{wait >= 60 && wait === longest ? <b>{words}</b> : words}</div>;
      })}</div>
      <span class="r">In production<br />from commit</span>
    </li>
  );
}

function Legend({ cut = null }: { cut?: number | null }): JSX.Element {
  return <span class="legend"><span><svg aria-hidden="true" viewBox="0 0 24 8"><g class="tr"><rect class="act" width="24" height="8" /></g></svg>active</span><span><svg aria-hidden="true" viewBox="0 0 24 8"><g class="tr"><rect class="wait" x=".5" y=".5" width="23" height="7" /></g></svg>waiting</span><span class="m">length grows with the square root of time{cut ? `, up to ${span(cut)}` : ""}</span></span>;
}

/** What fills a column: the longest stage, unless a few are so much longer than the rest that the rest could not be seen. */
export function full_length(items: readonly Item[], now: Date): { seconds: number; cut: boolean } {
  const all = items.flatMap((d) => timed(d.stages, now).filter((s) => s.state !== "none").map((s) => s.waited + s.took)).sort((a, b) => a - b);
  const longest = Math.max(1, all[all.length - 1] ?? 1);
  const usual = Math.max(1, all[Math.floor(all.length * 0.95)] ?? 1);
  return longest > 4 * usual ? { seconds: 1.5 * usual, cut: true } : { seconds: longest, cut: false };
}

export function Deliveries(): JSX.Element {
  const q = params.value.get("q") ?? "";
  const service = params.value.get("service") ?? "";
  const query = new URLSearchParams([["q", q], ["service", service]].filter(([, v]) => v)).toString();
  const answer = useAnswer<Data>(`/api/v1/deliveries${query ? `?${query}` : ""}`);
  usePageTitle("Deliveries");
  return (
    <Shown answer={answer} what="The list of deliveries">
      {(data) => {
        const rank: Record<Standing, number> = { stuck: 0, moving: 1, arrived: 2 };
        const items = [...data.items].sort((a, b) => rank[standing_of(a)] - rank[standing_of(b)]);
        const under_way = items.filter((d) => standing_of(d) !== "arrived");
        const arrived = items.filter((d) => standing_of(d) === "arrived");
        const fill = full_length(items, shown_time.value);
        const longest = fill.seconds;
        const active = data.stages.reduce((sum, h) => sum + (is_place(h.key) ? 0 : h.median_seconds ?? 0), 0);
        const waiting = data.stages.reduce((sum, h) => sum + (h.waiting_median_seconds ?? 0), 0);
        const slowest = [...data.stages].sort((a, b) => (b.waiting_median_seconds ?? 0) - (a.waiting_median_seconds ?? 0))[0];
        const lead = active + waiting > 0
          ? `Of the median ${span(active + waiting)} from commit to production, ${Math.round((100 * waiting) / (active + waiting))} % is waiting${slowest && (slowest.waiting_median_seconds ?? 0) >= 60 ? `, most of it before “${slowest.name}”: ${span(slowest.waiting_median_seconds!)}` : ""}.`
          : null;
        const right = <>{service ? <a href={with_query({ service: null })}>all services</a> : null}<Filter label="Filter by change or service" value={q} /></>;
        if (items.length === 0 && !q && !service) {
          return (
            <>
              <Answered>{deliveries_sentence(items)}</Answered>
              <Section title="Under way"><Empty kind="unknown" title="No delivery is known yet" command="waybill collect provenance.json sbom.cdx.json junit.xml">A delivery begins with evidence of a build: its provenance names the commit and the artifact. Ask a gate and record a deployment, and the lane fills by itself.</Empty></Section>
            </>
          );
        }
        return (
          <>
            <Answered lead={lead}>{deliveries_sentence(items)}</Answered>
            <Section title={under_way.length > 0 || items.length === 0 ? "Under way" : "Arrived"} meta={<Legend cut={fill.cut ? fill.seconds : null} />} right={right}>
              {items.length === 0 ? <Empty kind="no-match" title={`No deliveries match ${[q && `“${q}”`, service && `service ${service}`].filter(Boolean).join(" and ")}.`} clear={{ words: "Show all deliveries", query: ["q", "service"] }} /> : (
                <ol class="lanes" data-hold><Heads of={data.stages} />{(under_way.length > 0 ? under_way : arrived).map((d) => <Lane key={d.id} of={d} heads={data.stages} longest={longest} />)}</ol>
              )}
              {items.length > 0 ? <p class="more">{count(under_way.length > 0 ? under_way.length : arrived.length, "change")}, {under_way.length > 0 ? "stuck first" : "newest first"}.</p> : null}
            </Section>
            {under_way.length > 0 && arrived.length > 0 ? (
              <Section title="Arrived" meta={`${number(arrived.length)} in production`}>
                <ol class="lanes" data-hold>{arrived.map((d) => <Lane key={d.id} of={d} heads={data.stages} longest={longest} />)}</ol>
              </Section>
            ) : null}
          </>
        );
      }}
    </Shown>
  );
}

export function Delivery({ id }: { id: string }): JSX.Element {
  const answer = useAnswer<Item & { as_of?: AsOf }>(`/api/v1/deliveries/${segment(id)}`);
  const all = useAnswer<Data>("/api/v1/deliveries");
  usePageTitle(answer.data?.title || answer.data?.name || "Delivery");
  const heads = all.data?.stages ?? [];
  return (
    <Shown answer={answer} what="This delivery">
      {(data) => {
        const state = standing_of(data);
        const fill = full_length([data], shown_time.value);
        const commit = commit_of(data);
        return (
          <>
            <Answered crumb={<><a href={href("/deliveries")}>Deliveries</a> / {data.name}</>}
              lead={state === "stuck" && data.waits ? `It waits for ${data.waits.for.replace(/\.$/, "")}.` : data.title && data.title !== data.name ? `“${data.title}”` : null}>
              {data.name} {state === "arrived" ? "is in production." : state === "stuck" ? "is on its way and stuck." : "is on its way."}
            </Answered>
            <p class="id">{commit ? <>commit <code>{commit}</code></> : null} {/^sha256:/.test(data.id) ? <>artifact <Digest of={data.id} digits={12} to={subject_href(data.id)} /></> : null}</p>
            <Section title="From commit to production" meta={<Legend cut={fill.cut ? fill.seconds : null} />}>
              <ol class="lanes">{heads.length > 0 ? <Heads of={heads} /> : null}<Lane of={data} heads={heads} longest={fill.seconds} alone /></ol>
              {data.waits?.command ? <div class="more"><Command text={data.waits.command} /></div> : null}
            </Section>
            <Section title="Stages">
              <table class="stack"><caption>Stages of this delivery</caption><thead><tr><th scope="col">Stage</th><th scope="col">State</th><th scope="col">What</th><th scope="col">Began</th><th scope="col" class="r">Took</th><th scope="col" class="r">Entry</th></tr></thead>
                <tbody>{timed(data.stages, shown_time.value).map((s) => (
                  <tr key={s.key} data-row>
                    <th scope="row">{s.link ? <a href={href(s.link)}>{heads.find((h) => h.key === s.key)?.name ?? s.key}</a> : heads.find((h) => h.key === s.key)?.name ?? s.key}</th>
                    <td class="end">{s.verdict ? <Verdict of={s.verdict} /> : <span class="m">{s.state === "none" ? "not begun" : s.state}</span>}</td>
                    <td class="full">{s.text ?? ""}</td>
                    <td>{s.from ? <Time of={s.from} /> : ""}</td>
                    <td class="r end">{s.took > 0 ? span(s.took) : ""}</td>
                    <td class="r end"><Index of={s.entry} /></td>
                  </tr>
                ))}</tbody></table>
            </Section>
            {data.entries?.length ? (
              <Section title="In the log" meta={count(data.entries.length, "entry", "entries")}>
                <table class="stack"><caption>Entries about this delivery</caption><thead><tr><th scope="col">Entry</th><th scope="col">When</th><th scope="col">Kind</th><th scope="col">What</th></tr></thead>
                  <tbody>{data.entries.map((e) => <tr key={e.entry} data-row><th scope="row"><Index of={e.entry} /></th><td class="end"><Time of={e.at} /></td><td>{e.kind}</td><td class="full">{e.text}</td></tr>)}</tbody></table>
              </Section>
            ) : null}
          </>
        );
      }}
    </Shown>
  );
}
