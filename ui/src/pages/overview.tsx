// Overview: is anything red, since when, why, and who has it?
import type { JSX } from "preact";
import { href, params, subject_href, with_query } from "../address";
import { useAnswer } from "../data/answer";
import type { Cell, Knowledge, Overview as Data, ServiceRow, Status, Turned } from "../data/types";
import { shown_time } from "../parts/clock";
import { Answered, Empty, Linked, Section, Shown, usePageTitle } from "../parts/frame";
import { Command, Copy, Index, Spark, Time, Turn, Verdict } from "../parts/marks";
import { StepChart } from "../pictures/steps";
import { Banners } from "../shell/shell";
import { actor_name, as_verdict, by_verdict, count, list, number, short_digest, unique_digits, worst_verdict } from "../words";
import { age, full, seconds_between } from "../time";

const kFolded = 40;

function CellOf({ cell, environment, digits }: { cell: Cell | undefined; environment: string; digits: number }): JSX.Element {
  if (!cell) return <span class="cell m"><span class="env">{environment}</span>not deployed</span>;
  const verdict = as_verdict(cell.verdict);
  return (
    <a class={`cell ${verdict}`} href={href(cell.decision ? `/decisions/${cell.decision}` : subject_href(cell.digest))} title={cell.summary ?? undefined}>
      <span class="env">{environment}</span>
      <Verdict of={verdict} />{cell.next ? <><span class="arrow" aria-label=", the next one:">→</span><Verdict of={cell.next.verdict} word={false} /></> : null}
      <span class="sub"><code>{short_digest(cell.digest, digits)}</code><span class="age"> · {age(seconds_between(cell.since, shown_time.value))}</span></span>
    </a>
  );
}

const cells_of = (row: ServiceRow): Cell[] => Object.values(row.cells);
const is_calm = (row: ServiceRow): boolean => cells_of(row).every((c) => c.verdict === "allow" && !c.next);

/** The column's head: findings, over as long as the histories go back. */
export function history_words(data: Data): string {
  const first = data.services.flatMap((s) => (s.findings?.history ?? []).slice(0, 1).map((h) => Date.parse(h[0])));
  const days = first.length > 0 && data.as_of.time ? Math.round((Date.parse(data.as_of.time) - Math.min(...first)) / 86_400_000) : 0;
  return days >= 14 ? `Findings, ${Math.round(days / 7)} weeks` : days >= 1 ? `Findings, ${count(days, "day")}` : "Findings";
}

function Matrix({ data }: { data: Data }): JSX.Element {
  const wanted = params.value.get("verdict");
  const all = params.value.get("all") === "1";
  const rows = wanted ? data.services.filter((row) => cells_of(row).some((c) => (wanted === "next" ? Boolean(c.next) : as_verdict(c.verdict) === wanted))) : data.services;
  const environments = [...data.environments].sort((a, b) => a.order - b.order);
  const digits = unique_digits(data.services.flatMap((row) => cells_of(row).map((c) => c.digest)));
  const most = Math.max(1, ...data.services.flatMap((row) => [row.findings?.now ?? 0, ...(row.findings?.history ?? []).map((h) => h[1])]));
  const calm = rows.filter(is_calm);
  const folded = !all && !wanted && rows.length > kFolded && calm.length > 0;
  const shown = folded ? rows.filter((row) => !is_calm(row)) : rows;
  const words = `everything allowed`;
  return (
    <table class={`matrix${environments.length <= 2 ? " few" : ""}${all || wanted ? " all" : ""}`} data-hold>
      <caption>Services by environment, with the standing verdict of what runs there</caption>
      <thead><tr><th scope="col">Service</th>{environments.map((e) => <th key={e.name} scope="col"><a href={href(`/environments/${encodeURIComponent(e.name)}`)}>{e.name}</a></th>)}<th scope="col" class="r">{history_words(data)}</th></tr></thead>
      <tbody>
        {shown.map((row) => (
          <tr key={row.name} class={is_calm(row) ? "calm" : undefined} data-row>
            <th scope="row"><a href={href(`/services/${encodeURIComponent(row.name)}`)}><b>{row.name}</b></a><span class="sub">{row.owners?.length ? row.owners.map(actor_name).join(", ") : "no owner known"}</span></th>
            {environments.map((e) => <td key={e.name} class="ce"><CellOf cell={row.cells[e.name]} environment={e.name} digits={digits} /></td>)}
            <td class="sp"><span class="trend">
              {row.findings && row.findings.now !== null
                ? <><Spark points={[...(row.findings.history ?? []).map((h) => h[1]), row.findings.now]} most={most} label={`Findings of ${row.name} over time, now ${row.findings.now}`} /><a href={href(`/services/${encodeURIComponent(row.name)}`)} aria-label={`${count(row.findings.now, "finding")} of ${row.name}`}>{number(row.findings.now)}</a></>
                : <Verdict of="unknown" />}
            </span></td>
          </tr>
        ))}
        {calm.length > 0 && !all && !wanted
          ? <tr class={folded ? "fold" : "calm-row"}><td class={folded ? undefined : "calm-note"} colSpan={environments.length + 2}><a href={with_query({ all: 1 })}>{count(calm.length, calm.length === rows.length ? "service" : "more service")}</a>, {words}</td></tr>
          : null}
      </tbody>
    </table>
  );
}

function Turns({ data }: { data: Data }): JSX.Element {
  const all = params.value.get("turned") === "all";
  const shown = all ? data.turned : data.turned.slice(0, 6);
  return (
    <Section title="What turned" meta="newest first" right={data.turned.length > shown.length ? <a href={with_query({ turned: "all" })}>all {number(data.turned.length)}</a> : null}>
      {data.turned.length === 0 ? <Empty kind="nothing-to-do" title="No verdict has turned">What was decided still holds.</Empty> : null}
      <ol class="turns">{shown.map((t) => <TurnedItem key={`${t.entry} ${t.from} ${t.to}`} of={t} />)}</ol>
    </Section>
  );
}

/** "checkout, cart" and "prod-eu, prod-us": each once, in order. */
export function TurnedItem({ of }: { of: Turned }): JSX.Element {
  const services = [...new Set(of.deployments.map((d) => d.service))];
  const environments = [...new Set(of.deployments.map((d) => d.environment))];
  return (
    <li>
      <span class="from"><b>{services.join(", ")}</b> <span class="m">{environments.join(", ")}</span></span>
      <span class="from"><Turn from={of.from} to={of.to} /></span>
      <span><Linked text={of.cause} links={of.links ?? []} /></span>
      <span class="foot"><Time of={of.at} /><Index of={of.entry} />{of.told?.length ? <span>{list(of.told.map(actor_name))} told</span> : null}</span>
    </li>
  );
}

const kKnowledge: Record<string, { verdict: string; word: string; rank: number }> = {
  none: { verdict: "unknown", word: "missing", rank: 0 },
  missing: { verdict: "unknown", word: "missing", rank: 0 },
  stale: { verdict: "warn", word: "stale", rank: 1 },
  partial: { verdict: "warn", word: "partial", rank: 2 },
};

const kNames: Record<string, string> = { "known-exploited": "Known exploited", "exploit-prediction": "Exploit predictions", sboms: "Bills of materials" };

/** What a source of knowledge is called in the list. */
export function knowledge_name(k: Knowledge): string {
  const name = kNames[k.what] ?? `${k.what.charAt(0).toUpperCase()}${k.what.slice(1)}`;
  return k.what === "advisories" && k.source ? `${name}, ${k.source}` : name;
}

export function Known({ of }: { of: readonly Knowledge[] }): JSX.Element {
  const sorted = [...of].sort((a, b) => (kKnowledge[a.state]?.rank ?? 9) - (kKnowledge[b.state]?.rank ?? 9));
  return (
    <Section title="What we know, and since when">
      {of.length === 0 ? <Empty kind="unknown" title="Nothing is known of the sources" /> : null}
      <ul class="fresh">
        {sorted.map((k) => {
          const state = kKnowledge[k.state];
          return (
            <li key={`${k.what} ${k.source ?? ""}`}>
              <span title={k.text}>{knowledge_name(k)}{state && k.text ? <span class="sub">{k.text}</span> : null}{state && k.remedy ? <span class="sub"><code>{k.remedy}</code> <Copy text={k.remedy} label="Copy the command" /></span> : null}</span>
              <span class="end nb">{state ? <Verdict of={state.verdict}>{state.word}</Verdict> : null}{k.at ? <span class={state ? undefined : "m"}>{<Time of={k.at} words={(iso) => `${age(seconds_between(iso, shown_time.value))} ago`} />}</span> : state ? null : <span class="m">{k.records !== null && k.records !== undefined ? number(k.records) : "known"}</span>}</span>
            </li>
          );
        })}
      </ul>
    </Section>
  );
}

function Counts({ data }: { data: Data }): JSX.Element {
  const of = data.counts;
  const one = (verdict: "deny" | "ask" | "warn" | "unknown" | "allow"): JSX.Element | null => {
    const n = of[verdict] ?? 0;
    return n > 0 ? <a href={with_query({ verdict })} aria-label={`${n} ${verdict}`}><Verdict of={verdict}>{number(n)}</Verdict></a> : null;
  };
  return <>{one("deny")}{one("ask")}{one("warn")}{one("unknown")}{one("allow")}{of.next ? <><span class="m">next</span><a href={with_query({ verdict: "next" })} aria-label={`${of.next} wait at a gate`}><Verdict of="ask">{number(of.next)}</Verdict></a></> : null}</>;
}

function First(): JSX.Element {
  return (
    <Section title="What runs where">
      <Empty kind="unknown" title="Nothing is known to run yet" command="waybill deploy IMAGE@DIGEST --service NAME --env ENVIRONMENT">
        Collect evidence (<code>waybill collect FILE…</code>), ask a gate (<code>waybill check IMAGE --env staging</code>), then record the deployment; each appears here by itself. A whole delivery to look at is played by <code>waybill demo</code>.
      </Empty>
    </Section>
  );
}

function Risk({ data }: { data: Data }): JSX.Element | null {
  const risk = data.risk;
  if (!risk || risk.points.length < 2) return null;
  const last = risk.points[risk.points.length - 1]!;
  const labels: [string, string] = [risk.labels[0] ?? "at risk", risk.labels[1] ?? "urgent"];
  const turned = data.turned.find((t) => t.to === "deny" && Date.parse(t.at) >= Date.parse(risk.points[0]![0]) && Date.parse(t.at) <= Date.parse(last[0]));
  const as_table = params.value.get("risk") === "table";
  return (
    <Section title="Deployments at risk" meta={`of ${number(risk.of)}`} right={<a href={with_query({ risk: as_table ? null : "table" })}>{as_table ? "as a picture" : "as a table"}</a>}>
      {as_table
        ? <table><caption>Deployments at risk over time</caption><thead><tr><th scope="col">When</th><th scope="col" class="r">{labels[0]}</th><th scope="col" class="r">{labels[1]}</th></tr></thead>
          <tbody>{[...risk.points].reverse().slice(0, 60).map((p) => <tr key={p[0]}><td><Time of={p[0]} words={full} /></td><td class="r">{p[1]}</td><td class="r">{p[2]}</td></tr>)}</tbody></table>
        : <StepChart of={{ labels, points: risk.points, of: risk.of, title: `Deployments at risk, of ${risk.of}: ${labels[0]} now ${last[1]}, ${labels[1]} now ${last[2]}.`, pin: turned ? { at: turned.at, text: turned.cause.length > 60 ? `turned to deny, ${turned.deployments.length} of them` : turned.cause } : null }} />}
    </Section>
  );
}

export function Overview(): JSX.Element {
  const answer = useAnswer<Data>("/api/v1/overview");
  const status = useAnswer<Status>("/api/v1/status");
  usePageTitle("Overview");
  return (
    <Shown answer={answer} what="The overview">
      {(data) => {
        const verdict = params.value.get("verdict");
        const worst = worst_verdict(data.services.flatMap((s) => cells_of(s).map((c) => c.verdict)));
        return (
          <>
            <Answered lead={data.headline.because ? <Linked text={data.headline.because} links={data.headline.links ?? []} /> : null}>{data.headline.text}</Answered>
            <Banners of={(status.data?.banners ?? []).filter((b) => b.verdict !== "deny").sort((a, b) => by_verdict(a.verdict, b.verdict))} />
            <div class="two">
              <div>
                {data.services.length === 0 ? <First /> : (
                  <Section title="What runs where" meta={verdict ? <>only {verdict} · <a href={with_query({ verdict: null })}>show all</a></> : worst === "allow" ? "all allowed" : "worst first"} right={<Counts data={data} />}>
                    <Matrix data={data} />
                  </Section>
                )}
                <Risk data={data} />
              </div>
              <div>
                {data.services.length > 0 ? <Turns data={data} /> : null}
                {status.data ? <Known of={status.data.knowledge} /> : null}
                {data.services.length === 0 ? <Section title="To begin"><p class="s">With evidence of your own:</p><Command text="waybill collect sbom.cdx.json" /></Section> : null}
              </div>
            </div>
          </>
        );
      }}
    </Shown>
  );
}
