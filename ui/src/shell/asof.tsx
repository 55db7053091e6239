// The as-of bar: which log index the page speaks of, a slider over the log, and the link that carries it. In the past the
// bar turns inside out. Dragging asks the server at most every 60 ms; the last answer wins.
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { computed, signal } from "@preact/signals";
import { at, at_param, href, is_past, permalink, set_query } from "../address";
import { as_of, log_end, wall } from "../parts/clock";
import { index as index_words, number } from "../words";
import { ago, clock, full } from "../time";
import { ask } from "../data/api";
import { held_back, lost_since, pulse, show_held } from "../data/live";
import type { Entry, Page, Timeline } from "../data/types";
import { copy, say } from "./toast";
import { entries_ground, first_span, kMostSingleEntries, next_span, step_entry, step_transition, time_ground, type Ground } from "./span";

const kBuckets = 112;
const kDragMs = 60;
const kSteps = 1000;

const ground = signal<Ground | null>(null);
const hours = signal(0);
/** While a hand is on the slider the bar keeps its shape, so that the slider does not slip away under it. */
const held = signal<boolean | null>(null);
export const bar_is_past = computed(() => held.value ?? is_past.value);

async function load_ground(): Promise<void> {
  const wanted = hours.peek() || 168;
  const answer = await ask<Timeline>(`/api/v1/timeline?hours=${wanted}&buckets=${kBuckets}`, { at: null });
  if (!answer.ok) return;
  const timeline = answer.data;
  log_end.value = timeline.as_of;
  if (hours.peek() === 0 && timeline.first_entry) {
    hours.value = first_span((Date.parse(timeline.until) - Date.parse(timeline.first_entry.at)) / 3_600_000);
    if (hours.peek() !== wanted) return load_ground();
  }
  if (timeline.as_of.size > 0 && timeline.as_of.size <= kMostSingleEntries) {
    const entries = await ask<Page<Entry>>(`/api/v1/entries?limit=${kMostSingleEntries}`, { at: null });
    if (entries.ok) {
      ground.value = entries_ground(timeline, entries.data.items);
      return;
    }
  }
  ground.value = time_ground(timeline);
}

/** Where the page stands now, as an index. */
export function index_now(): number {
  const asked = at.peek();
  if (asked !== null && "index" in asked) return asked.index;
  return (asked === null ? log_end.peek() : as_of.peek())?.index ?? 0;
}

function move_to(index: number | null, replace = false): void {
  const end = ground.peek()?.last ?? log_end.peek()?.index ?? null;
  set_query({ at: index === null || (end !== null && index >= end) ? null : index }, { replace });
}

export function to_transition(direction: 1 | -1): void {
  const now = ground.peek();
  if (!now) return;
  if (direction === 1 && !is_past.peek()) return;
  move_to(step_transition(now.transitions, index_now(), direction, now.first));
}

export function to_entry(direction: 1 | -1): void {
  const now = ground.peek();
  if (now && !(direction === 1 && !is_past.peek())) move_to(step_entry(index_now(), direction, now.last));
}

export function to_live(): void {
  set_query({ at: null });
}

export function copy_link(): void {
  void copy(permalink(as_of.peek()?.index ?? null)).then((worked) => {
    if (worked) say("Copied, with the index: whoever opens it sees what you see.");
  });
}

function Slider(): JSX.Element {
  const now = ground.value;
  const [dragged, set_dragged] = useState<number | null>(null);
  const throttle = useRef<{ timer: ReturnType<typeof setTimeout> | null; next: number | null }>({ timer: null, next: null });
  const asked = at.value;
  const shown = asked !== null && "index" in asked ? asked.index : (as_of.value?.index ?? now?.last ?? 0);
  const place = dragged ?? (now === null || asked === null ? 1 : now.place(shown));
  const send = (x: number): void => {
    const state = throttle.current;
    state.next = x;
    if (state.timer !== null) return;
    const fire = (): void => {
      state.timer = null;
      if (state.next === null || !ground.peek()) return;
      const target = ground.peek()!.index_at(state.next);
      state.next = null;
      move_to(target, true);
      state.timer = setTimeout(fire, kDragMs);
    };
    fire();
  };
  const value_text = asked === null
    ? `Index ${number(shown)}, now`
    : `Index ${number(shown)}${as_of.value?.index === shown ? `, ${full(as_of.value.time)}` : ""}`;
  return (
    <span class="slide" onWheel={(event) => { event.preventDefault(); zoom(event.deltaY > 0 ? 1 : -1); }}
      title={now === null ? undefined : now.kind === "entries" ? "One bar is one entry; tall marks are verdicts that turned" : `Entries over ${span_words(hours.value)}; tall marks are verdicts that turned. Wheel, + and − change the span`}>
      <Bars of={now} />
      <input type="range" min="0" max={kSteps} step="1" value={Math.round(place * kSteps)} aria-label="Log index" aria-valuetext={value_text} aria-keyshortcuts="[ ]" disabled={now === null || now.bars.length === 0 || now.last < 0}
        onInput={(event) => { const x = Number(event.currentTarget.value) / kSteps; set_dragged(x); send(x); }}
        onPointerDown={() => { held.value = is_past.peek(); }} onPointerUp={() => { held.value = null; }} onPointerCancel={() => { held.value = null; }}
        onChange={() => { held.value = null; set_dragged(null); }}
        onKeyDown={(event) => {
          const steps: Record<string, 1 | -1> = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 };
          const direction = steps[event.key];
          if (direction) {
            event.preventDefault();
            if (event.shiftKey) to_entry(direction); else to_transition(direction);
          } else if (event.key === "+" || event.key === "-") {
            event.preventDefault();
            zoom(event.key === "+" ? -1 : 1);
          } else if (event.key === "Home" || event.key === "End") {
            event.preventDefault();
            move_to(event.key === "End" ? null : (ground.peek()?.first ?? 0));
          }
        }} />
    </span>
  );
}

const span_words = (h: number): string => (h < 48 ? `${h} h` : `${h / 24} days`);

function zoom(direction: 1 | -1): void {
  if (ground.peek()?.kind !== "time") return;
  const next = next_span(hours.peek() || 168, direction);
  if (next === hours.peek()) return;
  hours.value = next;
  void load_ground();
}

function Bars({ of }: { of: Ground | null }): JSX.Element {
  const width = 336;
  const bars = of?.bars ?? [];
  const step = width / Math.max(1, bars.length);
  const wide = Math.max(0.8, Math.min(4, step * 0.62));
  let path = "";
  bars.forEach((h, i) => { if (h > 0) path += `M${(i * step).toFixed(1)} 31v${(-h * 29).toFixed(1)}h${wide.toFixed(1)}V31z`; });
  return (
    <svg viewBox="0 0 340 32" preserveAspectRatio="none" aria-hidden="true">
      <path class="base" d="M0 31.5h340" />
      <path class="d" d={path} />
      {of?.marks.map((m) => <rect key={m.entry} class={`k-${m.to}`} x={(m.x * width).toFixed(1)} y={m.to === "deny" ? 2 : 8} width="3" height={m.to === "deny" ? 29 : 23} />)}
    </svg>
  );
}

export function AsOf(): JSX.Element {
  const past = bar_is_past.value;
  const shown = is_past.value ? as_of.value : (log_end.value && as_of.value && log_end.value.index > as_of.value.index ? as_of.value : (as_of.value ?? log_end.value));
  const newer = held_back.value;
  const lost = lost_since.value;
  // The ground follows the log, at the pace of the pulse.
  useEffect(() => { void load_ground(); }, [pulse.value, past]);
  const asked = at_param.value;
  return (
    <form class="asof" aria-label={past ? "As of, in the past" : "As of"} onSubmit={(event) => event.preventDefault()}>
      <span class="when">
        {is_past.value ? <b>Past</b> : lost === null ? <span class="live">Live</span> : <span title="The stream of events is broken; the page asks again by itself.">Not live since {clock(lost.toISOString())}</span>}{" "}
        <span class="m">as of</span>{" "}
        {shown && shown.size === 0 ? "an empty log" : shown ? <a class="mono" href={href(`/log/${shown.index}`)}>{index_words(shown.index)}</a> : <span class="mono">{asked ?? "…"}</span>}
        {shown && shown.size > 0 ? <span class="m wide-only"> · {full(shown.time)}{past ? ` · ${ago(shown.time, wall.value)}` : ""}</span> : null}
        {shown && past ? <span class="m narrow-only"> · {full(shown.time)}</span> : null}
        {newer > 0 ? <button type="button" class="link newer" onClick={show_held}>{newer} newer</button> : null}
      </span>
      <Slider />
      {past
        ? <><a class="btn" href={`/log?since=${shown?.index ?? asked ?? ""}`}>What changed since</a><button type="button" class="btn main" aria-keyshortcuts="l" onClick={to_live}>Back to live</button></>
        : <button type="button" class="btn" aria-keyshortcuts="y" onClick={copy_link}>Copy link</button>}
    </form>
  );
}
