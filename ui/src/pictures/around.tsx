// The graph around a subject as a picture: what it was made from on the left, what became of it on the right; beside it
// the same as a tree where it is narrow, and as a table.
import type { JSX } from "preact";
import { href, params, with_query } from "../address";
import type { GraphNode, Subject } from "../data/types";
import { Section } from "../parts/frame";
import { Verdict } from "../parts/marks";
import { count } from "../words";
import { FlowPicture } from "./flow";
import type { Box, Column } from "./columns";

const kColumns: { title: string; kinds: string[]; width: number }[] = [
  { title: "Made from", kinds: ["source", "vulnerability"], width: 176 },
  { title: "By way of", kinds: ["build", "component"], width: 188 },
  { title: "Subject", kinds: ["artifact"], width: 196 },
  { title: "Became", kinds: ["service", "decision"], width: 172 },
  { title: "Where", kinds: ["environment"], width: 176 },
];
const kMost = 7;

export function graph_columns(graph: NonNullable<Subject["graph"]>, root: string): { columns: Column[]; edges: [string, string][] } {
  const dropped = new Map<string, string>();
  const columns = kColumns.map((c): Column => {
    const boxes: Box[] = c.kinds.flatMap((kind) => {
      const mine = graph.nodes.filter((n) => n.kind === kind);
      const kept = mine.length > kMost ? mine.slice(0, kMost - 1) : mine;
      const rest = mine.slice(kept.length);
      const out: Box[] = kept.map((n) => ({ id: n.id, label: n.label, look: n.id === root ? "root" : "box", verdict: n.verdict ?? null, link: n.id === root ? null : n.link ?? null, ...(n.detail ? { detail: n.detail } : {}) }));
      if (rest.length > 0) {
        for (const n of rest) dropped.set(n.id, `more ${kind}`);
        out.push({ id: `more ${kind}`, label: `${rest.length} more`, look: "box" });
      }
      return out;
    });
    return { title: c.title, width: c.width, boxes };
  });
  const once = new Set(graph.edges.map(([a, b]) => JSON.stringify([dropped.get(a) ?? a, dropped.get(b) ?? b])));
  return { columns, edges: [...once].map((e) => JSON.parse(e) as [string, string]) };
}

/** The node that the page is about: an artifact (or component) without a link of its own, or the only one. */
export function root_of(nodes: readonly GraphNode[], kind: string): string {
  const mine = nodes.filter((n) => n.kind === (kind === "component" ? "component" : "artifact"));
  return (mine.find((n) => !n.link) ?? mine[0])?.id ?? "";
}

export function AroundSection({ of }: { of: Subject }): JSX.Element | null {
  const graph = of.graph;
  if (!graph || graph.nodes.length < 2) return null;
  const as_table = params.value.get("around") === "table";
  const root = root_of(graph.nodes, of.kind);
  const by_id = new Map(graph.nodes.map((n) => [n.id, n]));
  const name = (id: string): JSX.Element => {
    const n = by_id.get(id);
    if (!n) return <span>{id}</span>;
    return <>{n.verdict ? <><Verdict of={n.verdict} word={false} /> </> : null}{n.link ? <a href={href(n.link)}>{n.label}</a> : n.label}</>;
  };
  const title = `${of.name}: ${count(graph.nodes.length, "thing")} around it, from source to where it runs.`;
  return (
    <Section id="around" title="Around it" meta="what it was made from, and what became of it" right={<a href={with_query({ around: as_table ? null : "table" })}>{as_table ? "as a picture" : "as a table"}</a>}>
      {as_table ? (
        <table class="stack"><caption>What leads to what around {of.name}</caption><thead><tr><th scope="col">From</th><th scope="col">How</th><th scope="col">To</th></tr></thead>
          <tbody>{graph.edges.map(([a, b, how]) => <tr key={`${a} ${b} ${how ?? ""}`} data-row><th scope="row">{name(a)} <span class="m">{by_id.get(a)?.kind}</span></th><td class="s end">{how ?? "leads to"}</td><td class="full">{name(b)} <span class="m">{by_id.get(b)?.kind}</span></td></tr>)}</tbody></table>
      ) : (
        <>
          <FlowPicture title={title} {...graph_columns(graph, root)} />
          <div class="tree">{kColumns.filter((c) => graph.nodes.some((n) => c.kinds.includes(n.kind))).map((c) => (
            <div key={c.title}><p class="m">{c.title}</p><ul>{c.kinds.flatMap((kind) => graph.nodes.filter((n) => n.kind === kind)).slice(0, 12).map((n) => <li key={n.id}><span class="ln"><span>{n.link ? <a href={href(n.link)}>{n.label}</a> : <b>{n.label}</b>} <span class="m">{n.detail ?? n.kind}</span></span>{n.verdict ? <Verdict of={n.verdict} /> : null}</span></li>)}</ul></div>
          ))}</div>
        </>
      )}
    </Section>
  );
}
