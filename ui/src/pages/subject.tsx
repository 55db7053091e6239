// Subject: what is this, and may it run? Everything that is known of one artifact or component, each fact with its entry.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { href, params, segment, subject_href } from "../address";
import { useAnswer } from "../data/answer";
import type { Component, DecisionItem, Reach, Standing, Station, Subject as Data } from "../data/types";
import { Answered, Empty, Filter, Linked, Section, Shown, ShownOf, usePageTitle } from "../parts/frame";
import { Command, Copy, Digest, Index, ProofBadge, proof_kind, PurlName, Severity, Tag, Time, Verdict } from "../parts/marks";
import { AroundSection } from "../pictures/around";
import { ProofSection } from "../pictures/merkle-path";
import { ReachSection } from "../pictures/reach";
import { actor_name, as_verdict, bytes, count, list, middle, number, short_name, split_purl, VERDICTS } from "../words";
import { clock_seconds, reading } from "../time";
import { shown_time } from "../parts/clock";

const kPage = 50;

function Standings({ of }: { of: readonly Standing[] }): JSX.Element {
  return (
    <div class="verdicts">{of.map((s) => (
      <div key={s.environment}><span class="m">{s.environment}</span><Verdict of={s.verdict} chip />{s.decision && s.verdict !== "allow" ? <a href={href(`/decisions/${s.decision}`)} title={s.summary}>why</a> : null}{s.deployed === false ? <span class="m">not deployed</span> : null}</div>
    ))}</div>
  );
}

function StationOf({ of, next }: { of: Station; next: Station | undefined }): JSX.Element {
  const kind = proof_kind(of.proof);
  const text = of.text || (kind === "missing" ? "nothing known" : "");
  const is_verdict = of.key === "decision" && (VERDICTS as readonly string[]).includes(of.verdict ?? text);
  const shown = is_verdict ? <Verdict of={as_verdict(of.verdict ?? text)} /> : text;
  return (
    <li class={next && (kind === "missing" || proof_kind(next.proof) === "missing") ? "gap" : undefined}>
      <span class="st"><svg viewBox="0 0 13 13" role="img" aria-label={kind === "signed" ? "signed, in the log" : kind === "logged" ? "in the log" : "missing"}><use href={`#p-${kind}`} /></svg></span>
      <span class="k">{of.title}</span>
      <b>{of.link ? <a href={href(of.link)}>{shown}</a> : shown}</b>
      {of.detail ? <span class="sub" title={of.detail}>{middle(of.detail, 72)}</span> : null}
      {of.entry !== null && of.entry !== undefined ? <span class="sub m"><Index of={of.entry} /></span> : null}
    </li>
  );
}

export function path_words(path: readonly string[] | undefined): string {
  if (!path || path.length === 0) return "not traced";
  if (path.length === 1) return "direct";
  return path.map((p) => split_purl(p)?.name ?? p).join(" › ");
}

function Components({ of, data }: { of: NonNullable<Data["components"]>; data: Data }): JSX.Element {
  const q = (params.value.get("components") ?? "").toLowerCase();
  const [most, set_most] = useState(kPage);
  const matching = q ? of.items.filter((c) => `${c.name} ${c.version ?? ""} ${c.licence ?? ""} ${c.purl}`.toLowerCase().includes(q)) : of.items;
  const shown = matching.slice(0, most);
  const fixes = new Map((data.vulnerabilities ?? []).map((v) => [`${v.package} ${v.id}`, v]));
  const sbom = data.evidence?.find((e) => /CycloneDX|SPDX/i.test(e.format ?? ""));
  const meta = <>{number(of.total)}{sbom?.format ? ` from ${sbom.format}` : ""}{of.new ? `, ${number(of.new)} new here` : ""}</>;
  const row = (c: Component): JSX.Element => {
    const found = (c.findings ?? []).map((id) => ({ id, v: fixes.get(`${c.purl} ${id}`) }));
    const worst = found[0];
    const fixed = [...new Set(found.flatMap((f) => (f.v?.fix ? [f.v.fix] : [])))];
    return (
      <tr key={c.purl} data-row>
        <th scope="row"><a href={href(subject_href(c.purl))}><b>{c.name}</b></a></th>
        <td class="end">{c.version ? <code>{c.version}</code> : <Verdict of="unknown">no version</Verdict>}</td>
        <td class="off">{c.type ?? split_purl(c.purl)?.type ?? ""}</td>
        <td class="off">{c.licence || <Verdict of="unknown">none stated</Verdict>}</td>
        <td class="s full">{path_words(c.path)}{c.scope && !["runtime", "required", "unknown", ""].includes(c.scope) ? <> <Tag>{c.scope}</Tag></> : null}</td>
        <td data-l={found.length === 0 ? "vulnerabilities" : undefined}>{found.length === 0 ? <span class="m">0</span> : <><a href={href(`/vulnerabilities/${segment(worst!.id)}`)}>{worst!.v ? <Severity of={worst!.v.severity} after={<> {worst!.id}</>} /> : worst!.id}</a>{found.length > 1 ? <span class="m"> and {found.length - 1} more</span> : null}</>}</td>
        <td class="end">{fixed.length > 0 ? <code>{fixed.join(", ")}</code> : found.length > 0 ? <span class="m">none yet</span> : null}</td>
      </tr>
    );
  };
  return (
    <Section id="components" title="Components" meta={meta} right={<Filter name="components" label="Filter components" value={params.value.get("components") ?? ""} />}>
      {of.total === 0 ? <Empty kind="unknown" title="No bill of materials is known" command={`waybill collect sbom.cdx.json --subject ${data.id}`}>So nothing can be said about what is in it; this is not “no components”.</Empty>
        : matching.length === 0 ? <Empty kind="no-match" title={`No components match “${q}”.`} clear={{ words: "Show all components", query: ["components"] }}>Without the filter there are {number(of.total)}.</Empty>
          : (
            <>
              <table class="stack sticky"><caption>Components of this artifact, those with findings first</caption>
                <thead><tr><th scope="col">Component</th><th scope="col">Version</th><th scope="col">Kind</th><th scope="col">Licence</th><th scope="col">Comes by way of</th><th scope="col">Vulnerabilities</th><th scope="col">Fixed in</th></tr></thead>
                <tbody>{shown.map(row)}</tbody></table>
              <ShownOf shown={shown.length} total={q ? matching.length : of.total} more={shown.length < matching.length ? () => set_most(most + 200) : null} />
              {of.items.length < of.total && shown.length === matching.length ? <div class="more">The page holds the first {number(of.items.length)}; all of them: <Command text={`waybill show ${data.id} --output json`} /></div> : null}
            </>
          )}
    </Section>
  );
}

export function DecisionRows({ of, with_subject }: { of: readonly DecisionItem[]; with_subject?: boolean }): JSX.Element {
  return (
    <table class="stack" data-hold><caption>Decisions, newest first</caption>
      <thead><tr><th scope="col">When</th>{with_subject ? <th scope="col">What</th> : null}<th scope="col">Gate</th><th scope="col">Environment</th><th scope="col">Verdict</th>{with_subject ? <th scope="col">Because</th> : null}<th scope="col" class="r">Asked</th><th scope="col" class="r">Entry</th></tr></thead>
      <tbody>{of.map((d) => (
        <tr key={d.id} data-row>
          <th scope="row" class="plain"><a href={href(`/decisions/${d.id}`)}><Time of={d.at} words={with_subject ? undefined : (iso) => (iso.slice(0, 10) === shown_time.value.toISOString().slice(0, 10) ? clock_seconds(iso) : reading(iso, shown_time.value))} /></a></th>
          {with_subject ? <td class="full">{d.subject ? <a href={href(subject_href(d.subject.id))}>{short_name(d.subject.name || d.subject.id)}</a> : d.service ?? ""}</td> : null}
          <td class="off">{d.gate ?? ""}</td>
          <td class="end">{d.environment ?? <span class="m">none</span>}</td>
          <td><Verdict of={d.verdict} />{d.superseded_by ? <span class="m"> superseded</span> : null}</td>
          {with_subject ? <td class="s full">{d.summary ?? ""}</td> : null}
          <td class="r off">{d.asked === undefined ? "" : `${number(d.asked)} ×`}</td>
          <td class="r end"><Index of={d.entry} /></td>
        </tr>
      ))}</tbody></table>
  );
}

/** A sentence for subjects whose headline the server has not made. */
export function subject_sentence(data: Data): string {
  if (data.headline?.text) return data.headline.text;
  const standing = data.standing ?? [];
  const may = standing.filter((s) => s.verdict === "allow" || s.verdict === "warn").map((s) => s.environment);
  const may_not = standing.filter((s) => s.verdict === "deny").map((s) => s.environment);
  const name = short_name(data.name || data.id);
  if (standing.length === 0) return `${name} is known; no gate has been asked about it.`;
  if (may_not.length === 0) return may.length > 0 ? `${name} may run in ${list(may)}.` : `Whether ${name} may run is not known yet.`;
  return may.length > 0 ? `${name} may run in ${list(may)}, not in ${list(may_not)}.` : `${name} may not run in ${list(may_not)}.`;
}

function Unknown({ id }: { id: string }): JSX.Element {
  return (
    <>
      <Answered crumb={<><a href={href("/subjects")}>Subjects</a> / {short_name(id)}</>}>Nothing is known of {short_name(id)}.</Answered>
      <p class="id"><code>{id}</code><Copy text={id} label="Copy the identity" /></p>
      <Section title="What is missing">
        <Empty kind="unknown" title="No evidence names it" command={`waybill collect FILE… --subject ${id}`}>So nothing can be said about it; this is not “clean”. It is unknown in this scope at this index: it may be known at a later one, or elsewhere.</Empty>
      </Section>
    </>
  );
}

export function Subject({ id }: { id: string }): JSX.Element {
  const answer = useAnswer<Data>(`/api/v1/subjects/${segment(id)}`);
  const is_component = answer.data?.kind === "component" || id.startsWith("pkg:");
  const reach = useAnswer<Reach>(is_component && answer.data?.known ? `/api/v1/trace?of=${encodeURIComponent(id)}` : null);
  usePageTitle(short_name(answer.data?.name || id));
  if (answer.problem?.status === 404 && !answer.data) return <Unknown id={id} />;
  return (
    <Shown answer={answer} what="This subject">
      {(data) => {
        if (!data.known) return <Unknown id={data.id || id} />;
        const name = data.name || data.id;
        const services = [...new Set((data.deployments ?? []).map((d) => d.service))];
        const reference = data.id.startsWith("sha256:") && name !== data.id && !split_purl(name) ? `${name.replace(/@sha256:.*$/, "")}@${data.id}` : data.id;
        const vulnerabilities = data.vulnerabilities ?? [];
        const decisions = data.decisions ?? [];
        const evidence = data.evidence ?? [];
        const running = (data.deployments ?? []).filter((d) => !d.until);
        const dbom = running.find((d) => d.environment.startsWith("prod")) ?? running[0];
        return (
          <>
            <Answered crumb={<><a href={href("/subjects")}>Subjects</a>{services.map((s) => <> / <a href={href(`/services/${encodeURIComponent(s)}`)}>{s}</a></>)} / {short_name(name)}</>}>
              <Linked text={subject_sentence(data)} links={data.headline?.links ?? []} />
            </Answered>
            <p class="id"><code>{reference}</code><Copy text={reference} label={is_component ? "Copy the package URL" : "Copy the reference"} /></p>
            {data.standing?.length ? <Standings of={data.standing} /> : null}
            <nav class="jump" aria-label="On this page">
              {data.stations?.length ? <a href="#provenance">Provenance</a> : null}
              {data.graph ? <a href="#around">Around it</a> : null}
              {data.facts?.length ? <a href="#facts">Facts</a> : null}
              {data.components ? <a href="#components">Components {number(data.components.total)}</a> : null}
              <a href="#findings">Vulnerabilities {number(vulnerabilities.length)}</a>
              {decisions.length ? <a href="#decisions">Decisions {number(decisions.length)}</a> : null}
              {evidence.length ? <a href="#evidence">Evidence {number(evidence.length)}</a> : null}
              {data.proof ? <a href="#proof">Proof</a> : null}
              {dbom ? <a href={`/api/v1/deployments/${dbom.id}/dbom`} download={`${dbom.id}.dbom.json`}>DBoM</a> : null}
            </nav>

            {data.stations?.length ? (
              <Section id="provenance" title="Provenance" meta="source to deployment, each step with its proof" right={<span class="legend"><ProofBadge of="signed" /><ProofBadge of="logged" /><ProofBadge of="missing" /></span>}>
                <ol class="chain">{data.stations.map((s, i) => <StationOf key={s.key} of={s} next={data.stations![i + 1]} />)}</ol>
              </Section>
            ) : null}
            {is_component && reach.data ? <ReachSection of={{ ...reach.data, of: data.id, kind: reach.data.kind ?? "package" }} /> : null}
            <AroundSection of={data} />
            {data.facts?.length ? (
              <Section id="facts" title="Facts" meta={evidence.length > 0 ? `from ${count(evidence.length, "document")}` : undefined}>
                <dl class="facts">{data.facts.map((f) => (
                  <div key={f.label}><dt>{f.label}</dt><dd>{/^\d{4}-\d\d-\d\dT/.test(f.value) ? <Time of={f.value} /> : f.value}</dd><dd>{f.source && !/^#\d+$/.test(f.source) ? <>{f.source} </> : null}<Index of={f.entry} /></dd></div>
                ))}</dl>
              </Section>
            ) : null}
            {data.components && !is_component ? <Components of={data.components} data={data} /> : null}
            <div class="half">
              <Section id="findings" title="Vulnerabilities" meta={vulnerabilities.some((v) => !v.open) ? "closed ones too" : undefined}>
                {vulnerabilities.length === 0 ? (
                  data.components?.total === 0 ? <Empty kind="unknown" title="Cannot be said">Without a bill of materials nothing can be matched; this is not “0 found”.</Empty> : <Empty kind="nothing-to-do" title="None of the loaded advisories names it">What was loaded, and when, stands on the <a href={href("/")}>Overview</a>.</Empty>
                ) : (
                  <table class="stack"><caption>Vulnerabilities of this subject</caption><thead><tr><th scope="col">Vulnerability</th><th scope="col">In</th><th scope="col">Severity</th><th scope="col">Fixed in</th><th scope="col">Known</th></tr></thead><tbody>
                    {vulnerabilities.map((v) => (
                      <tr key={`${v.id} ${v.package}`} data-row><th scope="row"><a href={href(`/vulnerabilities/${segment(v.id)}`)}>{v.id}</a>{v.open ? null : <> <Tag>closed</Tag></>}</th><td class="end"><PurlName of={v.package} /></td><td><Severity of={v.severity} /></td><td class="end" data-l="fixed in">{v.fix ? <code>{v.fix}</code> : <span class="m">none yet</span>}</td><td class="off">{v.known_at ? <Time of={v.known_at} /> : <span class="m">unknown</span>}</td></tr>
                    ))}</tbody></table>
                )}
              </Section>
              <Section id="decisions" title="Decisions" meta="newest first">
                {decisions.length === 0
                  ? <Empty kind="unknown" title="No gate has been asked" command={is_component ? null : `waybill check ${data.id} --env production`}>Ask once and the decision appears here.</Empty>
                  : <DecisionRows of={decisions} />}
              </Section>
            </div>
            {(data.deployments ?? []).length > 0 ? (
              <Section id="deployments" title="Deployments">
                <table class="stack"><caption>Deployments of this artifact</caption><thead><tr><th scope="col">Deployment</th><th scope="col">Service</th><th scope="col">Environment</th><th scope="col">From</th><th scope="col">Until</th><th scope="col">DBoM</th><th scope="col" class="r">Entry</th></tr></thead><tbody>
                  {data.deployments!.map((d) => <tr key={d.id} data-row><th scope="row"><code>{d.id}</code></th><td class="end"><a href={href(`/services/${encodeURIComponent(d.service)}`)}>{d.service}</a></td><td>{d.environment}</td><td class="end"><Time of={d.from} /></td><td data-l="until">{d.until ? <Time of={d.until} /> : <span class="s">still running</span>}</td><td class="off"><a href={`/api/v1/deployments/${d.id}/dbom`} download={`${d.id}.dbom.json`}>download</a></td><td class="r end"><Index of={d.entry} /></td></tr>)}
                </tbody></table>
              </Section>
            ) : null}
            {evidence.length > 0 ? (
              <Section id="evidence" title="Evidence" meta={count(evidence.length, "document")}>
                <table class="stack"><caption>Documents about this subject</caption><thead><tr><th scope="col">Document</th><th scope="col">Format</th><th scope="col">Proof</th><th scope="col">From</th><th scope="col">Arrived</th><th scope="col" class="r">Size</th><th scope="col" class="r">Entry</th></tr></thead><tbody>
                  {evidence.map((e) => <tr key={e.entry} data-row><th scope="row">{e.kind} {e.document ? <Digest of={e.document} plain /> : null}</th><td class="end">{e.format ?? ""}</td><td class="full"><ProofBadge of={e.signed ? "signed" : "logged"}>{e.signed ? `signed${e.trusted ? "" : ", by a key that is not trusted"}` : "in the log, not signed"}</ProofBadge></td><td class="off">{e.actor ? actor_name(e.actor) : ""}</td><td><Time of={e.at} /></td><td class="r off">{e.bytes === undefined ? "" : bytes(e.bytes)}</td><td class="r end"><Index of={e.entry} /></td></tr>)}
                </tbody></table>
              </Section>
            ) : null}
            {is_component ? null : <ProofSection proof={data.proof} what="this artifact’s entry" />}
          </>
        );
      }}
    </Shown>
  );
}
