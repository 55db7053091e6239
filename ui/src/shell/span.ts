// The ground of the as-of slider, as numbers: which position means which log index. Two grounds: entries per slice of time
// (a long log), or one bar an entry (a log short enough that every entry has its own place). Pure, tested without a browser.
import type { Timeline } from "../data/types";

export interface Mark { x: number; to: string; entry: number }
export interface Ground {
  kind: "time" | "entries";
  /** Bar heights, 0 to 1. */
  bars: number[];
  marks: Mark[];
  first: number;
  last: number;
  /** Position 0…1 of a log index. */
  place: (index: number) => number;
  /** The log index at a position 0…1. */
  index_at: (x: number) => number;
  transitions: number[];
}

/** Spans to choose from, in hours: an hour, 6 hours, a day, a week, a month, a quarter. */
export const SPANS = [1, 6, 24, 168, 720, 2160] as const;
export const kMostSingleEntries = 160;

/** The longest useful span at first: a week, or less when the log is younger. */
export function first_span(age_hours: number): number {
  return SPANS.find((span) => span >= age_hours || span === 168) ?? 168;
}

export function next_span(hours: number, direction: 1 | -1): number {
  const at = SPANS.findIndex((span) => span >= hours);
  return SPANS[Math.min(SPANS.length - 1, Math.max(0, (at < 0 ? SPANS.length - 1 : at) + direction))]!;
}

const clamp = (x: number): number => Math.min(1, Math.max(0, x));

export function time_ground(timeline: Timeline): Ground {
  const { buckets } = timeline;
  const end = timeline.as_of.index;
  const from = Date.parse(timeline.from);
  const until = Math.max(from + 1, Date.parse(timeline.until));
  // Where each bucket begins; an empty bucket begins where the next one with entries does.
  const begins: number[] = new Array<number>(buckets.length + 1).fill(end + 1);
  for (let i = buckets.length - 1; i >= 0; i--) begins[i] = (buckets[i]! > 0 ? timeline.first_index[i] : null) ?? begins[i + 1]!;
  const first = Math.min(begins[0] ?? 0, end);
  const highest = Math.max(1, ...buckets);
  const place = (index: number): number => {
    if (index >= end) return 1;
    let i = 0;
    while (i + 1 < buckets.length && begins[i + 1]! <= index) i++;
    const within = buckets[i]! > 0 ? (index - begins[i]!) / buckets[i]! : 0;
    return clamp((i + Math.min(0.999, Math.max(0, within))) / buckets.length);
  };
  const index_at = (x: number): number => {
    if (x >= 1 || buckets.length === 0) return end;
    const spot = clamp(x) * buckets.length;
    const i = Math.min(buckets.length - 1, Math.floor(spot));
    const inside = buckets[i]! > 0 ? Math.floor((spot - i) * buckets[i]!) : -1;
    return Math.min(end, Math.max(0, begins[i]! + inside));
  };
  return {
    kind: "time", first, last: end, place, index_at,
    bars: buckets.map((n) => (n === 0 ? 0 : 0.12 + 0.6 * Math.sqrt(n / highest))),
    marks: timeline.transitions.map((t) => ({ x: clamp((Date.parse(t.at) - from) / (until - from)), to: t.to, entry: t.entry })),
    transitions: timeline.transitions.map((t) => t.entry),
  };
}

/** One bar an entry; its height says how big the entry is. */
export function entries_ground(timeline: Timeline, sizes: readonly { index: number; bytes?: number }[]): Ground {
  const last = timeline.as_of.index;
  const most = Math.log2(2 + Math.max(0, ...sizes.map((s) => s.bytes ?? 0)));
  const bars = new Array<number>(last + 1).fill(0.2);
  for (const { index, bytes } of sizes) if (index <= last) bars[index] = 0.15 + 0.57 * (Math.log2(2 + (bytes ?? 0)) / most);
  const place = (index: number): number => (index >= last ? 1 : clamp(index / Math.max(1, last)));
  return {
    kind: "entries", bars, first: 0, last, place,
    index_at: (x) => Math.round(clamp(x) * last),
    marks: timeline.transitions.map((t) => ({ x: place(t.entry), to: t.to, entry: t.entry })),
    transitions: timeline.transitions.map((t) => t.entry),
  };
}

/** The index one transition back (-1) or on (+1) from here; null means back to live. */
export function step_transition(transitions: readonly number[], from: number, direction: 1 | -1, first: number): number | null {
  const sorted = [...new Set(transitions)].sort((a, b) => a - b);
  if (direction === 1) return sorted.find((t) => t > from) ?? null;
  const before = sorted.filter((t) => t < from);
  return before.length > 0 ? before[before.length - 1]! : first;
}

/** The index one entry back or on; null means back to live. */
export function step_entry(from: number, direction: 1 | -1, last: number): number | null {
  const to = from + direction;
  return to >= last ? null : Math.max(0, to);
}
