// How far something reaches: vulnerability → package → artifact → deployment → owner, as a picture, a tree where it is
// narrow, and a table beside both. Beyond 40 deployments a line is a service, beyond 400 there is only the table.
import type { JSX } from "preact";
import { href, params, subject_href, with_query } from "../address";
import type { Reach } from "../data/types";
import { Empty, Section } from "../parts/frame";
import { Digest, PurlName, Time, Verdict } from "../parts/marks";
import { actor_name, by_verdict, count, number, short_digest, short_name, split_purl, worst_verdict } from "../words";
import { FlowPicture } from "./flow";
import type { Box, Column } from "./columns";

const kGrouped = 40;
const kTableOnly = 400;

interface Way { deployment: Reach["deployments"][number]; artifact: Reach["artifacts"][number] | undefined; package: Reach["packages"][number] | undefined; owners: string[] }

/** Every way to a deployment, worst first. */
export function ways(reach: Reach): Way[] {
  const parents = new Map<string, string[]>();
  const children = new Map<string, string[]>();
  for (const [a, b] of reach.edges) {
    parents.set(b, [...(parents.get(b) ?? []), a]);
    children.set(a, [...(children.get(a) ?? []), b]);
  }
  const artifacts = new Map(reach.artifacts.map((a) => [a.id, a]));
  const packages = new Map(reach.packages.map((p) => [p.id, p]));
  const owners = new Map(reach.owners.map((o) => [o.id, actor_name(o.name)]));
  const found = reach.deployments.flatMap((deployment) => {
    const mine = (children.get(deployment.id) ?? []).flatMap((id) => owners.get(id) ?? []);
    const through = (parents.get(deployment.id) ?? []).filter((id) => artifacts.has(id));
    if (through.length === 0) return [{ deployment, artifact: undefined, package: undefined, owners: mine }];
    return through.flatMap((a) => {
      const from = (parents.get(a) ?? []).filter((id) => packages.has(id));
      return (from.length > 0 ? from : [""]).map((p) => ({ deployment, artifact: artifacts.get(a), package: packages.get(p), owners: mine }));
    });
  });
  return found.sort((a, b) => by_verdict(a.deployment.verdict, b.deployment.verdict));
}

/** The sentence of the picture, which readers hear instead. */
export function reach_sentence(reach: Reach): string {
  const denied = reach.deployments.filter((d) => d.verdict === "deny").length;
  const names = [...new Set(reach.packages.map((p) => split_purl(p.purl)?.name ?? p.purl))];
  const versions = names.length === 1 ? `${count(reach.packages.length, "version")} of ${names[0]}` : count(reach.packages.length, "package");
  return `${reach.of} reaches ${versions}, ${count(reach.artifacts.length, "artifact")}, ${count(reach.deployments.length, "deployment")} and ${count(reach.owners.length, "owner")}${denied > 0 ? `; ${denied} of the deployments ${denied === 1 ? "is" : "are"} denied` : ""}.`;
}

const deployment_href = (d: Reach["deployments"][number]): string => `/services/${encodeURIComponent(d.service)}`;

export function columns_of(reach: Reach, detail?: string): { columns: Column[]; edges: [string, string][] } {
  const root: Box = { id: "v", label: split_purl(reach.of) ? short_name(reach.of) : short_name(reach.of), look: "root", ...(detail ? { detail } : {}) };
  const packages: Box[] = reach.packages.map((p) => ({ id: p.id, label: short_name(p.purl), detail: [split_purl(p.purl)?.type, p.fixed_in?.length ? `fixed in ${p.fixed_in.join(", ")}` : "no fix known"].filter(Boolean).join(", "), link: subject_href(p.purl), look: "box" }));
  const artifacts: Box[] = reach.artifacts.map((a) => ({ id: a.id, label: short_name(a.name), detail: short_digest(a.digest), link: subject_href(a.digest), look: "box" }));
  let edges: [string, string][] = reach.edges.map(([a, b]) => [a, b]);
  let deployments: Box[] = reach.deployments.map((d) => ({ id: d.id, label: `${d.service} in ${d.environment}`, verdict: d.verdict, link: deployment_href(d), look: "bar" }));
  let title = `Deployment, ${number(reach.deployments.length)}`;
  if (reach.deployments.length > kGrouped) {
    const services = new Map<string, Reach["deployments"]>();
    for (const d of reach.deployments) services.set(d.service, [...(services.get(d.service) ?? []), d]);
    deployments = [...services].map(([service, ds]) => ({ id: `s ${service}`, label: `${service}, ${count(ds.length, "deployment")}`, verdict: worst_verdict(ds.map((d) => d.verdict)), link: deployment_href(ds[0]!), look: "bar" }));
    const service_of = new Map(reach.deployments.map((d) => [d.id, `s ${d.service}`]));
    const once = new Set(edges.map(([a, b]) => JSON.stringify([service_of.get(a) ?? a, service_of.get(b) ?? b])));
    edges = [...once].map((e) => JSON.parse(e) as [string, string]);
    title = `Service, ${number(deployments.length)} with ${number(reach.deployments.length)} deployments`;
  }
  const owners: Box[] = reach.owners.map((o) => ({ id: o.id, label: actor_name(o.name), ...(o.detail ? { detail: o.detail } : {}), look: "box" }));
  const with_root = !(reach.kind !== "vulnerability" && reach.packages.length === 1 && reach.packages[0]!.purl === reach.of);
  if (with_root && !edges.some(([a]) => a === "v")) edges.push(...reach.packages.map((p): [string, string] => ["v", p.id]));
  return {
    edges,
    columns: [
      { title: reach.kind === "vulnerability" || reach.kind === undefined ? "Vulnerability" : "Asked for", width: 164, boxes: with_root ? [root] : [] },
      { title: `Package, ${number(reach.packages.length)}`, width: 164, boxes: packages },
      { title: `Artifact, ${number(reach.artifacts.length)}`, width: 216, boxes: artifacts },
      { title, width: 248, boxes: deployments },
      { title: `Owner, ${number(reach.owners.length)}`, width: 160, boxes: owners },
    ],
  };
}

function Tree({ of }: { of: Reach }): JSX.Element {
  const all = ways(of);
  return (
    <div class="tree">
      {of.packages.map((p) => {
        const mine = all.filter((w) => w.package?.id === p.id);
        const owners = [...new Set(mine.flatMap((w) => w.owners))];
        return (
          <div key={p.id}>
            <p><b><PurlName of={p.purl} /></b> <span class="m">{owners.join(", ")}{owners.length > 0 ? " · " : ""}{p.fixed_in?.length ? `fixed in ${p.fixed_in.join(", ")}` : "no fix known"}</span></p>
            <ul>{of.artifacts.filter((a) => mine.some((w) => w.artifact?.id === a.id)).map((a) => (
              <li key={a.id}><span class="ln"><b><a href={href(subject_href(a.digest))}>{short_name(a.name)}</a></b><code class="m">{short_digest(a.digest)}</code></span>
                <ul>{mine.filter((w) => w.artifact?.id === a.id).map((w) => <li key={w.deployment.id}><span class="ln"><a href={href(deployment_href(w.deployment))}>{w.deployment.environment}</a><Verdict of={w.deployment.verdict} /></span></li>)}</ul>
              </li>
            ))}</ul>
          </div>
        );
      })}
    </div>
  );
}

function Table({ of }: { of: Reach }): JSX.Element {
  return (
    <table class="stack">
      <caption>Deployments that {of.of} reaches, worst first</caption>
      <thead><tr><th scope="col">Deployment</th><th scope="col">Verdict</th><th scope="col">Artifact</th><th scope="col">Package</th><th scope="col">Fixed in</th><th scope="col">Owner</th><th scope="col">Since</th></tr></thead>
      <tbody>{ways(of).map((w) => (
        <tr key={`${w.deployment.id} ${w.artifact?.id} ${w.package?.id}`} data-row>
          <th scope="row"><a href={href(deployment_href(w.deployment))}>{w.deployment.service}</a> <span class="m">in {w.deployment.environment}</span></th>
          <td class="end"><Verdict of={w.deployment.verdict} /></td>
          <td class="full">{w.artifact ? <>{short_name(w.artifact.name)} <Digest of={w.artifact.digest} /></> : <span class="m">unknown</span>}</td>
          <td>{w.package ? <PurlName of={w.package.purl} /> : <span class="m">unknown</span>}</td>
          <td class="end" data-l="fixed in">{w.package?.fixed_in?.length ? <code>{w.package.fixed_in.join(", ")}</code> : <span class="m">none known</span>}</td>
          <td class="off">{w.owners.join(", ") || <span class="m">unknown</span>}</td>
          <td class="off">{w.deployment.since ? <Time of={w.deployment.since} /> : <span class="m">unknown</span>}</td>
        </tr>
      ))}</tbody>
    </table>
  );
}

export function ReachSection({ of, detail, known = true }: { of: Reach; detail?: string; known?: boolean }): JSX.Element {
  const total = of.totals?.deployments ?? of.deployments.length;
  const table_only = of.deployments.length > kTableOnly;
  const as_table = table_only || params.value.get("reach") === "table";
  const name = short_name(of.of);
  const meta = <>{count(total, "deployment")}{of.not_deployed ? `, and ${count(of.not_deployed, "artifact")} not deployed` : ""}{of.micros !== undefined ? `, answered in ${of.micros < 1000 ? `${of.micros} µs` : `${number(Math.round(of.micros / 100) / 10)} ms`}` : ""}</>;
  return (
    <Section id="reach" title={<>How far {name} reaches</>} meta={meta} right={<>{table_only || of.deployments.length === 0 ? null : <a href={with_query({ reach: as_table ? null : "table" })}>{as_table ? "as a picture" : "as a table"}</a>}</>}>
      {of.deployments.length === 0
        ? <Empty kind={known ? "nothing-to-do" : "unknown"} title={`${name} reaches nothing that runs`}>{of.artifacts.length > 0 ? `It is in ${count(of.artifacts.length, "artifact")} that ${of.artifacts.length === 1 ? "isn’t" : "aren’t"} deployed.` : "No artifact that is known here holds it."}</Empty>
        : as_table ? <Table of={of} />
          : <><FlowPicture title={reach_sentence(of)} {...columns_of(of, detail)} /><Tree of={of} /></>}
    </Section>
  );
}
