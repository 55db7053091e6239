// Draws boxes in columns. Denied ways are in full ink, the others pale; every box that leads somewhere is a link.
import type { JSX } from "preact";
import { href } from "../address";
import { as_verdict, middle } from "../words";
import { layout, type Column, type Placed } from "./columns";

function BoxOf({ of }: { of: Placed }): JSX.Element {
  const room = Math.floor((of.w - 20) / 6.6);
  const label = middle(of.label, room);
  const detail = of.detail ? middle(of.detail, Math.floor((of.w - 20) / 5.8)) : "";
  const verdict = of.verdict ? as_verdict(of.verdict) : null;
  let inside: JSX.Element;
  if (of.look === "bar" && verdict) {
    inside = (
      <>
        <rect class={`bt ${verdict}`} x={of.x} y={of.y} width={of.w} height={of.h} rx="2" />
        <g class={`k-${verdict}`}><use href={`#v-${verdict}`} x={of.x + 8} y={of.y + 5} width="12" height="12" /><text class={`vt k-${verdict} st`} x={of.x + 26} y={of.y + 15}>{verdict}</text></g>
        <text x={of.x + (verdict === "unknown" ? 84 : 66)} y={of.y + 15}>{middle(of.label, Math.floor((of.w - 76) / 6.6))}</text>
      </>
    );
  } else {
    const root = of.look === "root";
    const verdict_room = verdict ? 18 : 0;
    inside = (
      <>
        <rect class={root ? "box root" : "box"} x={of.x + 0.5} y={of.y} width={of.w - 1} height={of.h} rx="2" />
        {verdict ? <g class={`k-${verdict}`} role="img" aria-label={verdict}><use href={`#v-${verdict}`} x={of.x + 12} y={of.y + (detail ? 7 : 14)} width="12" height="12" /></g> : null}
        <text class={root ? "inv st" : "st"} x={of.x + 12 + verdict_room} y={of.y + (detail ? (root ? 21 : 17) : of.h / 2 + 4)}>{label}</text>
        {detail ? <text class={root ? "inv" : "sm"} x={of.x + 12} y={of.y + (root ? 38 : 32)}>{detail}</text> : null}
      </>
    );
  }
  return of.link ? <a href={href(of.link)}>{inside}</a> : <g>{inside}</g>;
}

export function FlowPicture({ columns, edges, title }: { columns: readonly Column[]; edges: readonly (readonly [string, string, ...unknown[]])[]; title: string }): JSX.Element {
  const flow = layout(columns, edges);
  return (
    <svg class="blast" viewBox={`0 -24 ${Math.max(1081, flow.width)} ${flow.height + 28}`} role="group" aria-label={title}>
      <title>{title}</title>
      {flow.heads.map((h) => <text key={h.x} class="c" x={h.x} y="-10">{h.title}</text>)}
      {[false, true].map((hot) => flow.lines.filter((l) => l.hot === hot).map((l) => <path key={`${l.from} ${l.to}`} class={hot ? "w hot" : "w"} d={l.d} />))}
      {flow.boxes.map((b) => <BoxOf key={b.id} of={b} />)}
    </svg>
  );
}
