// Decision: why? One decision at three depths; deeper only adds, nothing moves. For a developer what would change it, for
// security what the rules saw, for an auditor what can be checked without us.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { href, is_past, params, segment, set_query, subject_href } from "../address";
import { useAnswer } from "../data/answer";
import type { Decision as Data, Finding, RuleResult } from "../data/types";
import { ActForm, end_of_day, in_days } from "../parts/acts";
import { Empty, Section, Shown, usePageTitle } from "../parts/frame";
import { Command, Copy, Digest, Index, Tag, Time, Verdict, Words } from "../parts/marks";
import { actor_name, as_verdict, bytes, by_verdict, count, list, number, short_digest, short_name } from "../words";
import { full } from "../time";

export const DEPTHS = [["dev", "Developer"], ["sec", "Security"], ["aud", "Auditor"]] as const;
type Depth = (typeof DEPTHS)[number][0];
const kKept = "waybill.depth";

function depth_now(): Depth {
  const asked = params.value.get("depth") ?? localStorage.getItem(kKept) ?? "dev";
  return DEPTHS.find(([d]) => d === asked)?.[0] ?? "dev";
}

function choose_depth(depth: Depth): void {
  localStorage.setItem(kKept, depth);
  set_query({ depth }, { replace: true });
}

const kHead: Record<string, string> = { deny: "Denied:", ask: "Waits:", warn: "Allowed with warnings:", allow: "Allowed:", unknown: "Unknown:" };

/** The server's summary without the word that the verdict already says. */
export function reason_of(data: Pick<Data, "verdict" | "summary">): string {
  const text = (data.summary ?? "").replace(/^(Denied|Allowed with \d+ warnings?|Allowed|Waits|Unknown)\s*[:.]\s*/i, "");
  return text === "" ? (data.verdict === "allow" ? "every rule holds." : "no reason was given.") : text;
}

function Evidence({ of }: { of: Finding }): JSX.Element {
  const entries = of.evidence ?? [];
  if (entries.length === 0) return <span class="m">none, and that is the trouble</span>;
  return <>{entries.slice(0, 4).map((e, i) => <span key={`${e.entry} ${e.what ?? ""}`} class="nb" title={e.what}>{i > 0 ? " " : ""}<Index of={e.entry} /></span>)}{entries.length > 4 ? <span class="m"> and {entries.length - 4} more</span> : null}</>;
}

function Rules({ data, deep }: { data: Data; deep: boolean }): JSX.Element {
  const results = [...(data.results ?? [])].sort((a, b) => by_verdict(a.verdict, b.verdict));
  const held = data.held ?? [];
  const row = (r: RuleResult, f: Finding | null, first: boolean, n: number): JSX.Element => (
    <tr key={`${r.rule} ${n}`} data-row>
      <td class={first ? undefined : "off"}>{first ? <Verdict of={r.verdict} /> : null}</td>
      <th scope="row" class="end nb">{first ? null : <span class="vh">{r.rule}</span>}{first ? <><span title={r.title}>{r.rule}</span>{deep && r.pack ? <span class="sub">{r.pack}{r.mode && r.mode !== "enforce" ? `, ${r.mode} only` : ""}</span> : null}</> : null}</th>
      <td class="full"><Words of={f ? f.message : r.title ?? ""} />{r.outcome === "unknown" ? <> <Tag>can’t tell</Tag></> : null}{f?.exception ? <> <Tag>exception {f.exception}</Tag></> : null}{r.would && r.would !== r.verdict ? <span class="sub">would be {r.would} if it were enforced{r.outcome === "excepted" ? ", without the exception" : ""}</span> : null}{deep && f?.on ? <span class="sub">on {f.on}{f.since ? <>, since <Time of={f.since} /></> : null}</span> : null}</td>
      <td class="s full">{f?.fix ? <b><Words of={f.fix} /></b> : null}{f?.fix && first && r.remedy ? <br /> : null}{first ? <Words of={r.remedy ?? ""} /> : ""}</td>
      <td class="r full">{f ? <Evidence of={f} /> : null}</td>
    </tr>
  );
  const counts = { deny: 0, ask: 0, warn: 0, unknown: 0, allow: held.length } as Record<string, number>;
  for (const r of results) counts[as_verdict(r.verdict)] = (counts[as_verdict(r.verdict)] ?? 0) + 1;
  return (
    <Section title="Rules" meta={<>{count(results.length + held.length, "rule")} looked at this: {Object.entries(counts).filter(([, n]) => n > 0).map(([v, n]) => <span key={v}><Verdict of={v}>{n}</Verdict>{" "}</span>)}</>}>
      {results.length + held.length === 0 ? <Empty kind="unknown" title="No rule spoke" command="waybill policy list">No policy is in force here; that is never “allow”.</Empty> : (
        <table class="stack"><caption>Rules with their result, reason and remedy</caption>
          <thead><tr><th scope="col">Verdict</th><th scope="col">Rule</th><th scope="col">Because</th><th scope="col">What to do</th><th scope="col" class="r">Evidence</th></tr></thead>
          <tbody>
            {results.flatMap((r) => (r.findings?.length ? r.findings.map((f, i) => row(r, f, i === 0, i)) : [row(r, null, true, 0)]))}
            {deep ? held.map((rule) => <tr key={rule} data-row><td><Verdict of="allow" /></td><th scope="row" class="end nb">{rule}</th><td class="full m" colSpan={3}>holds</td></tr>) : null}
          </tbody></table>
      )}
      {!deep && held.length > 0 ? <p class="more">{count(held.length, "more rule holds", "more rules hold")}. <button type="button" class="link" onClick={() => choose_depth("sec")}>Show them</button></p> : null}
    </Section>
  );
}

function Flips({ data, excepted }: { data: Data; excepted: string }): JSX.Element | null {
  const flips = data.flips ?? [];
  if (data.verdict === "allow" && flips.length === 0) return null;
  const can_ask = data.verdict === "deny" || data.verdict === "ask";
  const rule = (data.results ?? []).find((r) => r.verdict === "deny")?.rule;
  return (
    <Section title="What would change it" meta={flips.length > 0 && flips.every((f) => f.checked) ? "tried against the same policy and the same log index" : undefined}>
      {flips.length === 0 ? <Empty kind="unknown" title="No single change is known that would">What each rule asks for stands in the table below.</Empty> : null}
      {flips.map((f) => (
        <div class="flip" key={f.to}>
          <p>It becomes <Verdict of={f.to} /> if {f.do.length === 1 ? "you" : "all of this is done:"}{f.do.length === 1 ? <> <b><Words of={f.do[0]!.what} /></b>{f.do[0]!.who ? <span class="m"> · {actor_name(f.do[0]!.who)}</span> : null}</> : null}{f.checked === false ? <span class="m"> (not tried)</span> : null}</p>
          {f.do.length > 1 ? <ol>{f.do.map((d) => <li key={d.what}><b><Words of={d.what} /></b>{d.who ? <span class="m"> · {actor_name(d.who)}</span> : null}{d.rule ? <span class="m"> · for {d.rule}</span> : null}</li>)}</ol> : null}
          {f.do.filter((d) => d.command).map((d) => <Command key={d.command} text={d.command!} />)}
        </div>
      ))}
      {can_ask && rule && !is_past.value ? <p class="more">It can’t wait? <a href={href(excepted)}>Ask for an exception</a>: it needs a reason, a second person must agree, and it ends by itself.</p> : null}
    </Section>
  );
}

function Asks({ data }: { data: Data }): JSX.Element | null {
  const asks = data.asks;
  const [open, set_open] = useState<"approve" | "refuse" | null>(null);
  if (data.verdict !== "ask" && !asks) return null;
  const where = data.environment?.name ?? "this environment";
  const command = typeof asks?.approve_with === "string" ? asks.approve_with : asks?.approve_with?.command ?? `waybill approve ${data.id}`;
  const needed = asks?.needed ?? 1;
  return (
    <Section title="Who is asked" meta={asks?.until ? <>until <Time of={asks.until} words={full} /></> : undefined}>
      <p class="s">{`It needs ${count(needed, "approval")}${asks?.groups?.length ? `, from ${list(asks.groups.map(actor_name))}` : ""}${asks?.not?.length ? `. ${list(asks.not.map(actor_name))} can’t: they had part in it` : ""}.`}</p>
      {open === "refuse" ? (
        <ActForm button={`Refuse for ${where}`} path={`/api/v1/decisions/${segment(data.id)}/approvals`} done={`Refused for ${where}.`} cancel={() => set_open(null)}
          fields={[{ name: "reason", label: "Reason", kind: "area", required: true }]} send={(v) => ({ reason: v["reason"], reject: true })} />
      ) : open ? (
        <ActForm button={`Approve for ${where}`} path={`/api/v1/decisions/${segment(data.id)}/approvals`} done={`Approved for ${where}.`} cancel={() => set_open(null)}
          fields={[{ name: "reason", label: "Reason", kind: "area", required: true }, { name: "until", label: "Valid until the end of", kind: "date", value: in_days(1), hint: "for this digest only" }]}
          send={(v) => ({ reason: v["reason"], ...(end_of_day(v["until"] ?? "") ? { until: end_of_day(v["until"]!) } : {}) })}>
          It is valid for this digest only. Your name and reason go into the log.
        </ActForm>
      ) : <p class="acts-row"><button type="button" class="btn main" disabled={is_past.value} title={is_past.value ? "Nothing can be approved in the past." : undefined} onClick={() => set_open("approve")}>Approve for {where}</button> <button type="button" class="btn" disabled={is_past.value} onClick={() => set_open("refuse")}>Refuse</button> <Command text={command} /></p>}
    </Section>
  );
}

function Depths({ of }: { of: Depth }): JSX.Element {
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || (event.target as HTMLElement).matches("input:not([type=radio]), textarea, select")) return;
      const depth = DEPTHS[Number(event.key) - 1]?.[0];
      if (depth && /^[123]$/.test(event.key)) choose_depth(depth);
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
  return (
    <div class="depth">
      <div class="seg" role="radiogroup" aria-label="Depth">{DEPTHS.map(([d, word]) => <><input key={d} type="radio" name="depth" id={`d-${d}`} checked={of === d} onChange={() => choose_depth(d)} /><label for={`d-${d}`}>{word}</label></>)}</div>
      <span class="m">One decision, three depths. <kbd>1</kbd> <kbd>2</kbd> <kbd>3</kbd></span>
    </div>
  );
}

export function Decision({ id }: { id: string }): JSX.Element {
  const answer = useAnswer<Data>(`/api/v1/decisions/${segment(id)}`);
  usePageTitle(answer.data ? `${kHead[answer.data.verdict] ?? ""} ${short_name(answer.data.subject?.name ?? "")}` : "Decision");
  return (
    <Shown answer={answer} what="This decision">
      {(data) => {
        const depth = depth_now();
        const deep = depth !== "dev";
        const verdict = as_verdict(data.verdict);
        const log = data.log ?? {};
        const policy = data.policy ?? {};
        const input = data.input ?? {};
        const service = data.service?.name ?? data.service?.scope?.split("/").pop();
        const rule = (data.results ?? []).find((r) => r.verdict === "deny") ?? (data.results ?? [])[0];
        const ask_exception = `/approvals?rule=${encodeURIComponent(rule?.rule ?? "")}&on=${encodeURIComponent(rule?.findings?.[0]?.on ?? "")}&service=${encodeURIComponent(service ?? "")}&env=${encodeURIComponent(data.environment?.name ?? "")}`;
        const controls = [...new Set((data.results ?? []).flatMap((r) => r.controls ?? []))];
        const id_is_digest = data.subject?.id.startsWith("sha256:") ?? false;
        const check = `waybill check ${id_is_digest && data.subject?.name?.includes("/") ? `${data.subject.name.replace(/:[^/:@]*$/, "")}@` : ""}${data.subject?.id ?? ""} --env ${data.environment?.name ?? ""}${data.gate ? ` --gate ${data.gate}` : ""}${log.index !== undefined ? ` --at ${log.index}` : ""}`;
        return (
          <>
            <p class="crumb"><a href={href("/decisions")}>Decisions</a> / <code>{data.id}</code> <Copy text={data.id} label="Copy the decision’s id" /></p>
            <div class={`verdict ${verdict}`}>
              <h1 class="answer"><Verdict of={verdict} big>{kHead[verdict]}</Verdict> <Words of={reason_of(data)} /></h1>
              <p class="s">
                <Time of={data.at} />{data.gate ? ` · gate ${data.gate}` : ""}{data.environment ? <> · <a href={href(`/environments/${encodeURIComponent(data.environment.name)}`)}>{data.environment.name}</a></> : null}
                {data.subject ? <> · <a href={href(subject_href(data.subject.id))}>{short_name(data.subject.name || data.subject.id)}</a>{data.subject.id.startsWith("sha256:") ? <> <Digest of={data.subject.id} plain /></> : null}</> : null}
                {policy.digest ? <> · policy <code>{short_digest(policy.digest)}</code></> : null}
                {log.entry !== null && log.entry !== undefined ? <> · entry <Index of={log.entry} /></> : data.preview ? " · a preview, not in the log" : ""}
                {data.engine?.microseconds !== undefined ? ` · decided in ${data.engine.microseconds < 1000 ? `${data.engine.microseconds} µs` : `${number(Math.round(data.engine.microseconds / 100) / 10)} ms`}` : ""}
              </p>
              {data.superseded_by ? <p class="s">It no longer stands: <a href={href(`/decisions/${data.superseded_by}`)}>a later decision</a> has taken its place.</p> : null}
            </div>
            <Depths of={depth} />
            <Asks data={data} />
            <Flips data={data} excepted={ask_exception} />
            <Rules data={data} deep={deep} />
            <Section title="Where this stands">
              <dl class="kv">
                {data.exceptions_used?.length ? <><dt>Exceptions used</dt><dd>{data.exceptions_used.map((x) => <span key={x.id}><a href={href(`/approvals#${x.id}`)}>{x.id}</a> for {x.rule}{x.until ? <> until <Time of={x.until} words={full} /></> : null} </span>)}</dd></> : null}
                {data.approvals_used?.length ? <><dt>Approvals used</dt><dd>{data.approvals_used.map((a) => <span key={a.id}>{a.id}{a.approved_by?.length ? ` by ${list(a.approved_by.map(actor_name))}` : a.by ? ` by ${actor_name(a.by)}` : ""} </span>)}</dd></> : null}
                {data.valid?.until ? <><dt>Holds until</dt><dd><Time of={data.valid.until} words={full} /> <span class="m">{data.valid.because ? `when ${data.valid.because}` : ""}, or until something new arrives</span></dd></> : null}
                {data.supersedes ? <><dt>Takes the place of</dt><dd><a href={href(`/decisions/${data.supersedes}`)}><code>{data.supersedes}</code></a></dd></> : null}
                <dt>Same on your machine</dt><dd><Command text={check} /></dd>
              </dl>
            </Section>
            {deep ? (
              <Section title="What the rules saw" meta={input.schema} right={input.digest ? <a href={`/api/v1/documents/${input.digest}`} download="input.json">input.json{input.bytes ? `, ${bytes(input.bytes)}` : ""}</a> : null}>
                <dl class="kv">
                  <dt>Parts of the input</dt><dd>{input.slices?.length ? list(input.slices) : <span class="m">not stated</span>}</dd>
                  <dt>State of the log</dt><dd>{log.index !== undefined ? <><a href={href("/", { at: log.index })}>as of <span class="mono">#{number(log.index)}</span></a></> : <span class="m">not stated</span>}</dd>
                  <dt>Packs in force</dt><dd>{(policy.packs ?? []).map((p) => <div key={p.pack}>{p.pack} {p.version} <span class="m">{p.mode}</span> {p.digest ? <code class="m">{short_digest(p.digest)}</code> : null}</div>)}{policy.packs?.length ? null : <Verdict of="unknown">none</Verdict>}</dd>
                  <dt>Outcomes</dt><dd>{Object.entries(data.counts ?? {}).map(([k, n]) => `${n} ${k.replace(/_/g, " ")}`).join(", ") || "not counted"}</dd>
                </dl>
              </Section>
            ) : null}
            {depth === "aud" ? (
              <Section title="For the record" meta="all of it can be checked offline, without us" right={<a href={`/api/v1/decisions/${segment(data.id)}`} download={`${data.id}.json`}>Download the decision</a>}>
                <dl class="kv">
                  <dt>Subject</dt><dd class="hash">{data.subject?.id}</dd>
                  <dt>Input</dt><dd class="hash">{input.digest ?? "not stated"}</dd>
                  <dt>Policy</dt><dd class="hash">{policy.digest ?? "not stated"}{policy.scope ? `, scope ${policy.scope}` : ""}</dd>
                  <dt>Asked by</dt><dd>{data.asked_by ?? "not stated"}</dd>
                  <dt>Log</dt><dd class="hash">root {log.root ?? "not stated"} at size {log.size !== undefined ? number(log.size) : "?"}</dd>
                  <dt>Entry</dt><dd>{log.entry !== null && log.entry !== undefined ? <><Index of={log.entry} /> <a href={href(`/log/${log.entry}#proof`)}>with its proof, checked in this browser</a></> : "none"}</dd>
                  <dt>Engine</dt><dd>{data.engine?.name} {data.engine?.version}</dd>
                  <dt>Replay</dt><dd><Command text={`waybill replay ${data.id}`} /></dd>
                  <dt>Controls it speaks to</dt><dd>{controls.length > 0 ? controls.join(", ") : <span class="m">none stated by the rules that spoke</span>}</dd>
                </dl>
              </Section>
            ) : null}
          </>
        );
      }}
    </Shown>
  );
}
