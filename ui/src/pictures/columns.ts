// Boxes in columns, joined by lines from left to right: where each box stands, and which lines lead to a denial. Pure
// geometry; the picture itself is drawn in flow.tsx.

export interface Box { id: string; label: string; detail?: string; verdict?: string | null; link?: string | null; look: "box" | "root" | "bar" }
export interface Column { title: string; width: number; boxes: Box[] }
export interface Placed extends Box { x: number; y: number; w: number; h: number; column: number }
export interface Flow { boxes: Placed[]; lines: { from: string; to: string; hot: boolean; d: string }[]; width: number; height: number; heads: { title: string; x: number }[] }

const kHeight = { box: 40, root: 48, bar: 22 } as const;
const kGapColumns = 32;

const mean = (ns: readonly number[]): number => ns.reduce((a, b) => a + b, 0) / ns.length;

/** Lines that lie on a way through a denied box; with no denial, none is hot. */
export function hot_lines(boxes: readonly Box[], edges: readonly (readonly [string, string])[]): Set<string> {
  const denied = new Set(boxes.filter((b) => b.verdict === "deny").map((b) => b.id));
  const reach = (step: (edge: readonly [string, string]) => [string, string]): Set<string> => {
    const seen = new Set(denied);
    for (let grew = true; grew;) {
      grew = false;
      for (const edge of edges) {
        const [at, next] = step(edge);
        if (seen.has(at) && !seen.has(next)) { seen.add(next); grew = true; }
      }
    }
    return seen;
  };
  const before = reach(([a, b]) => [b, a]);
  const after = reach(([a, b]) => [a, b]);
  return new Set(edges.filter(([a, b]) => before.has(b) && before.has(a) || after.has(a) && after.has(b)).map(([a, b]) => `${a} ${b}`));
}

export function layout(columns: readonly Column[], given: readonly (readonly [string, string, ...unknown[]])[], total = 1081): Flow {
  const used = columns.map((c) => ({ ...c, boxes: [...c.boxes] }));
  const column_of = new Map<string, number>();
  used.forEach((c, i) => c.boxes.forEach((b) => column_of.set(b.id, i)));
  const edges: [string, string][] = [];
  for (const [a, b] of given) {
    const ca = column_of.get(a);
    const cb = column_of.get(b);
    if (ca === undefined || cb === undefined || ca === cb) continue;
    edges.push(ca < cb ? [a, b] : [b, a]);
  }
  // Widths fill the picture; the gaps stay.
  const filled = used.filter((c) => c.boxes.length > 0);
  const room = total - kGapColumns * Math.max(0, filled.length - 1);
  const wide = filled.reduce((sum, c) => sum + c.width, 0);
  const stretch = Math.min(1.35, room / Math.max(1, wide));
  let x = 0;
  const xs = used.map((c) => { const mine = x; if (c.boxes.length > 0) x += Math.round(c.width * stretch) + kGapColumns; return mine; });
  const widths = used.map((c) => Math.round(c.width * stretch));

  // Order: where the neighbours on the left stand, then as given. Two sweeps are enough for five columns.
  const order = new Map<string, number>();
  const number_all = (): void => used.forEach((c) => c.boxes.forEach((b, i) => order.set(b.id, i)));
  number_all();
  const neighbours = (id: string, left: boolean): string[] => edges.flatMap(([a, b]) => (left ? (b === id ? [a] : []) : a === id ? [b] : []));
  for (const left of [true, false, true]) {
    const sweep = left ? used : [...used].reverse();
    for (const c of sweep) {
      const key = new Map(c.boxes.map((b) => {
        const near = neighbours(b.id, left);
        return [b.id, near.length > 0 ? mean(near.map((n) => order.get(n)!)) : order.get(b.id)!];
      }));
      c.boxes.sort((a, b) => key.get(a.id)! - key.get(b.id)! || order.get(a.id)! - order.get(b.id)!);
      c.boxes.forEach((b, i) => order.set(b.id, i));
    }
  }

  const height_of = (c: { boxes: Box[] }): number => c.boxes.reduce((sum, b) => sum + kHeight[b.look] + (b.look === "bar" ? 4 : 20), 0);
  const anchor = used.reduce((best, c, i) => (height_of(c) > height_of(used[best]!) ? i : best), 0);
  const centre = new Map<string, number>();
  let y = 0;
  let last = "";
  for (const b of used[anchor]?.boxes ?? []) {
    const parents = neighbours(b.id, true).sort().join();
    if (y > 0) y += b.look === "bar" ? (parents === last ? 2 : 16) : 20;
    last = parents;
    centre.set(b.id, y + kHeight[b.look] / 2);
    y += kHeight[b.look];
  }
  const settle = (c: { boxes: Box[] }, left: boolean): void => {
    const wanted = c.boxes.map((b) => {
      const near = neighbours(b.id, left).concat(neighbours(b.id, !left)).filter((n) => centre.has(n));
      return near.length > 0 ? mean(near.map((n) => centre.get(n)!)) : y / 2;
    });
    let bottom = -Infinity;
    const got = c.boxes.map((b, i) => {
      const h = kHeight[b.look];
      const top = Math.max(wanted[i]! - h / 2, bottom + (b.look === "bar" ? 4 : 16));
      bottom = top + h;
      return top + h / 2;
    });
    const shift = c.boxes.length > 0 ? mean(got.map((g, i) => g - wanted[i]!)) : 0;
    c.boxes.forEach((b, i) => centre.set(b.id, got[i]! - shift));
  };
  for (let i = anchor - 1; i >= 0; i--) settle(used[i]!, false);
  for (let i = anchor + 1; i < used.length; i++) settle(used[i]!, true);

  const tops = used.flatMap((c) => c.boxes.map((b) => centre.get(b.id)! - kHeight[b.look] / 2));
  const up = tops.length > 0 ? Math.min(...tops) : 0;
  const boxes: Placed[] = used.flatMap((c, i) => c.boxes.map((b) => ({ ...b, column: i, x: xs[i]!, w: widths[i]!, h: kHeight[b.look], y: Math.round(centre.get(b.id)! - kHeight[b.look] / 2 - up) })));
  const by_id = new Map(boxes.map((b) => [b.id, b]));
  const hot = hot_lines(boxes, edges);
  const lines = edges.map(([from, to]) => {
    const a = by_id.get(from)!;
    const b = by_id.get(to)!;
    const [x0, y0, x1, y1] = [a.x + a.w, a.y + a.h / 2, b.x, b.y + b.h / 2];
    const bend = Math.min(40, (x1 - x0) / 2);
    return { from, to, hot: hot.has(`${from} ${to}`), d: `M${x0} ${y0}C${x0 + bend} ${y0} ${x1 - bend} ${y1} ${x1} ${y1}` };
  });
  return {
    boxes, lines, width: Math.max(0, x - kGapColumns), height: Math.max(0, ...boxes.map((b) => b.y + b.h)),
    heads: used.flatMap((c, i) => (c.boxes.length > 0 ? [{ title: c.title, x: xs[i]! }] : [])),
  };
}
