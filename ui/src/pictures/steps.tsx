// Two lines over time, as steps, labelled at their ends; what happened is pinned. Same data twice: wide and narrow.
import type { JSX } from "preact";
import { clock, clock_seconds, day } from "../time";

export interface Steps { labels: [string, string]; points: [string, number, number][]; of: number; pin?: { at: string; text: string } | null; title: string }

/** Round steps for an axis: at most four lines above zero. */
export function ticks(most: number): number[] {
  const raw = Math.max(1, most) / 3;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = Math.max(1, [1, 2, 5, 10].map((f) => f * power).find((s) => s >= raw)!);
  const out: number[] = [];
  for (let n = 0; n <= Math.max(1, most) + step - 1e-9 && out.length < 5; n += step) out.push(n);
  return out;
}

function Chart({ of, narrow }: { of: Steps; narrow: boolean }): JSX.Element {
  const [x0, x1, width] = narrow ? [34, 262, 358] : [34, 612, 780];
  const y0 = 150;
  const top = 24;
  const begin = Date.parse(of.points[0]![0]);
  const end = Math.max(begin + 1, Date.parse(of.points[of.points.length - 1]![0]));
  const marks = ticks(Math.max(...of.points.map((p) => Math.max(p[1], p[2]))));
  const most = marks[marks.length - 1]!;
  const x = (iso: string): number => x0 + ((Date.parse(iso) - begin) / (end - begin)) * (x1 - x0);
  const y = (n: number): number => y0 - (n / most) * (y0 - top);
  const line = (which: 1 | 2): string => of.points.map((p, i) => `${i === 0 ? `M${x(p[0]).toFixed(1)} ` : `H${x(p[0]).toFixed(1)}V`}${y(p[which]).toFixed(1)}`).join("");
  const last = of.points[of.points.length - 1]!;
  // End labels keep 14 units apart, the higher value above.
  let a = y(last[1]) + 4;
  let b = y(last[2]) + 4;
  if (Math.abs(a - b) < 14) {
    const middle = (a + b) / 2;
    [a, b] = last[1] >= last[2] ? [middle - 7, middle + 7] : [middle + 7, middle - 7];
  }
  const short = end - begin < 36 * 3600 * 1000;
  const label = (t: number): string => { const iso = new Date(t).toISOString(); return end - begin < 10 * 60 * 1000 ? clock_seconds(iso) : short ? clock(iso) : day(iso, new Date(end)); };
  const times = narrow ? [0, 1] : [0, 1 / 3, 2 / 3, 1];
  const brief = (words: string): string => (narrow ? words.split(" ")[0]! : words);
  return (
    <svg class={narrow ? "chart narrow" : "chart wide"} viewBox={`0 0 ${width} 174`} role="img" aria-label={of.title}>
      {marks.map((n) => <g key={n}><path class={n === 0 ? "axis" : "grid"} d={`M${x0} ${y(n).toFixed(1)}H${x1}`} /><text x={x0 - 8} y={y(n) + 4} text-anchor="end">{n}</text></g>)}
      <path class="area" d={`${line(2)}V${y0}H${x0}z`} />
      <path class="l2" d={line(1)} />
      <path class="l1" d={line(2)} />
      {of.pin ? <><path class="pin" d={`M${x(of.pin.at).toFixed(1)} ${top}V${y0}`} /><text x={x(of.pin.at)} y="16" text-anchor={x(of.pin.at) > (x0 + x1) / 2 ? "end" : "start"}>{of.pin.text}</text></> : null}
      <text class="lab" x={x1 + 8} y={a}>{last[1]} {brief(of.labels[0])}</text>
      <text class="lab" x={x1 + 8} y={b}>{last[2]} {brief(of.labels[1])}</text>
      {times.map((f) => <text key={f} x={x0 + f * (x1 - x0)} y="168" text-anchor={f === 0 ? "start" : f === 1 ? "end" : "middle"}>{label(begin + f * (end - begin))}</text>)}
    </svg>
  );
}

export function StepChart({ of }: { of: Steps }): JSX.Element | null {
  if (of.points.length < 2) return null;
  return <><Chart of={of} narrow={false} /><Chart of={of} narrow /></>;
}
