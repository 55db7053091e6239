// One row of the matrix (a service) and one column (an environment), with what turned there and what was decided.
import type { JSX } from "preact";
import { href, subject_href } from "../address";
import { useAnswer } from "../data/answer";
import type { DecisionItem, Deliveries, Overview, Page } from "../data/types";
import { Answered, Empty, Section, Shown, usePageTitle } from "../parts/frame";
import { Digest, Time, Verdict } from "../parts/marks";
import { actor_name, by_verdict, count, list, number, short_name, worst_verdict } from "../words";
import { shown_time } from "../parts/clock";
import { TurnedItem } from "./overview";
import { DecisionRows } from "./subject";
import { full_length, Lane } from "./deliveries";

function TurnsHere({ data, keep }: { data: Overview; keep: (d: { service: string; environment: string }) => boolean }): JSX.Element {
  const mine = data.turned.filter((t) => t.deployments.some(keep));
  return (
    <Section title="What turned" meta="newest first">
      {mine.length === 0 ? <Empty kind="nothing-to-do" title="No verdict has turned here" /> : <ol class="turns">{mine.map((t) => <TurnedItem key={`${t.entry} ${t.to}`} of={t} />)}</ol>}
    </Section>
  );
}

function DecidedHere({ query }: { query: string }): JSX.Element {
  const decisions = useAnswer<Page<DecisionItem>>(`/api/v1/decisions?${query}`);
  return (
    <Section title="Decisions" meta="newest first">
      {decisions.data ? decisions.data.items.length === 0 ? <Empty kind="unknown" title="No gate has been asked about it" command="waybill check IMAGE --env ENVIRONMENT" /> : <DecisionRows of={decisions.data.items.slice(0, 20)} with_subject /> : null}
    </Section>
  );
}

export function Service({ name }: { name: string }): JSX.Element {
  const answer = useAnswer<Overview>("/api/v1/overview");
  const deliveries = useAnswer<Deliveries>(`/api/v1/deliveries?service=${encodeURIComponent(name)}`);
  usePageTitle(name);
  return (
    <Shown answer={answer} what={`The service ${name}`}>
      {(data) => {
        const row = data.services.find((s) => s.name === name);
        if (!row) {
          return (
            <>
              <Answered crumb={<><a href={href("/")}>Overview</a> / {name}</>}>Nothing is known of a service {name}.</Answered>
              <Empty kind="unknown" title="It runs nowhere that is known here" command={`waybill deploy IMAGE@DIGEST --service ${name} --env ENVIRONMENT`}>A service is known from its first deployment on.</Empty>
            </>
          );
        }
        const cells = data.environments.flatMap((e) => (row.cells[e.name] ? [{ environment: e, cell: row.cells[e.name]! }] : []));
        const denied = cells.filter((c) => c.cell.verdict === "deny");
        const worst = worst_verdict(cells.map((c) => c.cell.verdict));
        const items = deliveries.data?.items ?? [];
        return (
          <>
            <Answered crumb={<><a href={href("/")}>Overview</a> / {row.name}</>} lead={<>{row.owners?.length ? `Owned by ${list(row.owners.map(actor_name))}. ` : "No owner is known. "}{row.findings && row.findings.now !== null ? `${count(row.findings.now, "finding")} now.` : "How many findings it has is unknown."}</>}>
              {denied.length > 0 ? `${row.name} may not go on running in ${list(denied.map((c) => c.environment.name))}.` : worst === "unknown" ? `Whether ${row.name} may run is not known everywhere.` : `${row.name} may run where it runs: ${list(cells.map((c) => c.environment.name))}.`}
            </Answered>
            <Section title="Where it runs">
              <table class="stack"><caption>Deployments of {row.name}</caption><thead><tr><th scope="col">Environment</th><th scope="col">Verdict</th><th scope="col">Artifact</th><th scope="col">Why</th><th scope="col">Since</th><th scope="col">Next</th><th scope="col">DBoM</th></tr></thead><tbody>
                {cells.sort((a, b) => by_verdict(a.cell.verdict, b.cell.verdict)).map(({ environment, cell }) => (
                  <tr key={environment.name} data-row>
                    <th scope="row"><a href={href(`/environments/${encodeURIComponent(environment.name)}`)}>{environment.name}</a></th>
                    <td class="end">{cell.decision ? <a href={href(`/decisions/${cell.decision}`)}><Verdict of={cell.verdict} /></a> : <Verdict of={cell.verdict} />}</td>
                    <td class="full nb"><a href={href(subject_href(cell.digest))}>{short_name(cell.name || cell.digest)}</a> <Digest of={cell.digest} plain /></td>
                    <td class="s full">{cell.summary || ""}</td>
                    <td><Time of={cell.since} /></td>
                    <td class="end">{cell.next ? <>{cell.next.decision ? <a href={href(`/decisions/${cell.next.decision}`)}><Verdict of={cell.next.verdict} /></a> : <Verdict of={cell.next.verdict} />} <span class="nar m">next</span></> : <span class="m nb">none waits</span>}</td>
                    <td class="off"><a href={`/api/v1/deployments/${cell.deployment}/dbom`} download={`${cell.deployment}.dbom.json`}>download</a></td>
                  </tr>
                ))}
              </tbody></table>
            </Section>
            {items.length > 0 ? <Section title="Deliveries" meta={number(items.length)} right={<a href={href(`/deliveries?service=${encodeURIComponent(name)}`)}>all of them</a>}><ol class="lanes">{items.slice(0, 5).map((d) => <Lane key={d.id} of={d} heads={deliveries.data!.stages} longest={full_length(items, shown_time.value).seconds} />)}</ol></Section> : null}
            <TurnsHere data={data} keep={(d) => d.service === name} />
            <DecidedHere query={`service=${encodeURIComponent(name)}`} />
          </>
        );
      }}
    </Shown>
  );
}

export function Environment({ name }: { name: string }): JSX.Element {
  const answer = useAnswer<Overview>("/api/v1/overview");
  usePageTitle(name);
  return (
    <Shown answer={answer} what={`The environment ${name}`}>
      {(data) => {
        const rows = data.services.flatMap((s) => (s.cells[name] ? [{ service: s, cell: s.cells[name]! }] : [])).sort((a, b) => by_verdict(a.cell.verdict, b.cell.verdict));
        const denied = rows.filter((r) => r.cell.verdict === "deny");
        const tier = data.environments.find((e) => e.name === name)?.tier;
        return (
          <>
            <Answered crumb={<><a href={href("/")}>Overview</a> / {name}</>} lead={tier ? `Tier ${tier}. ${count(rows.length, "service runs", "services run")} here.` : null}>
              {rows.length === 0 ? `Nothing is known to run in ${name}.` : denied.length > 0 ? `${denied.length} of ${count(rows.length, "deployment")} in ${name} may not go on running: ${list(denied.map((r) => r.service.name))}.` : `Everything that runs in ${name} may run.`}
            </Answered>
            <Section title="What runs here" meta="worst first">
              {rows.length === 0 ? <Empty kind="unknown" title="No deployment has been recorded" command={`waybill deploy IMAGE@DIGEST --service NAME --env ${name}`} /> : (
                <table class="stack sticky"><caption>Services in {name}</caption><thead><tr><th scope="col">Service</th><th scope="col">Verdict</th><th scope="col">Artifact</th><th scope="col">Why</th><th scope="col">Owner</th><th scope="col">Since</th></tr></thead><tbody>
                  {rows.map(({ service, cell }) => (
                    <tr key={service.name} data-row><th scope="row"><a href={href(`/services/${encodeURIComponent(service.name)}`)}><b>{service.name}</b></a></th><td class="end">{cell.decision ? <a href={href(`/decisions/${cell.decision}`)}><Verdict of={cell.verdict} /></a> : <Verdict of={cell.verdict} />}</td><td class="nb"><a href={href(subject_href(cell.digest))}>{short_name(cell.name || cell.digest)}</a> <Digest of={cell.digest} plain /></td><td class="s full">{cell.summary || ""}</td><td class="off">{(service.owners ?? []).map(actor_name).join(", ")}</td><td class="end"><Time of={cell.since} /></td></tr>
                  ))}</tbody></table>
              )}
            </Section>
            <TurnsHere data={data} keep={(d) => d.environment === name} />
            <DecidedHere query={`environment=${encodeURIComponent(name)}`} />
          </>
        );
      }}
    </Shown>
  );
}
