// What happens in the log while a page is open: server-sent events become one pulse (at most one a second), on which pages
// ask again, and one polite sentence (at most one in ten seconds) when a verdict turned. In the past nothing is followed.
import { effect, signal } from "@preact/signals";
import { is_past } from "../address";
import { list } from "../words";
import { session } from "./api";

/** Rises whenever pages should ask again. */
export const pulse = signal(0);
/** Entries that have come while the pointer rests on a list; they are shown when it leaves. */
export const held_back = signal(0);
export const newest = signal(-1);
/** Since when the stream is broken; null while it flows or was never needed. */
export const lost_since = signal<Date | null>(null);
export const announcement = signal("");

interface Transition { from: string; to: string; service: string; environment: string; cause?: string }

let source: EventSource | null = null;
let fresh = 0;
let timer: ReturnType<typeof setTimeout> | null = null;
let last_pulse = 0;
let told: Transition[] = [];
let last_told = 0;

const pointer_rests = (): boolean => document.querySelector("[data-hold]:hover") !== null && matchMedia("(hover: hover)").matches;

function beat(): void {
  timer = null;
  if (fresh === 0) return;
  if (pointer_rests()) {
    held_back.value += fresh;
    fresh = 0;
    return;
  }
  show_held();
}

/** Applies what was held back, now. */
export function show_held(): void {
  fresh = 0;
  held_back.value = 0;
  last_pulse = Date.now();
  pulse.value += 1;
}

function schedule(): void {
  fresh += 1;
  if (timer === null) timer = setTimeout(beat, Math.max(80, 1000 - (Date.now() - last_pulse)));
}

/** "Turned: checkout in production is now deny, cart in production is now deny." */
export function sentence(turned: readonly Transition[]): string {
  if (turned.length === 0) return "";
  const latest = new Map(turned.map((t) => [`${t.service} in ${t.environment}`, t.to]));
  return `Turned: ${list([...latest].map(([where, to]) => `${where} is now ${to}`))}.`;
}

function tell(): void {
  const wait = 10_000 - (Date.now() - last_told);
  if (wait > 0) {
    setTimeout(tell, wait);
    return;
  }
  if (told.length === 0) return;
  announcement.value = sentence(told);
  told = [];
  last_told = Date.now();
}

function listen(): void {
  source?.close();
  source = new EventSource("/events");
  source.onopen = () => {
    // Anything may have happened while the stream was away.
    if (lost_since.peek() !== null) show_held();
    lost_since.value = null;
  };
  source.onerror = () => { lost_since.value ??= new Date(); };
  source.addEventListener("entry", (event) => {
    try { newest.value = Math.max(newest.peek(), Number(JSON.parse(event.data).index)); } catch { /* the pulse is what matters */ }
    schedule();
  });
  source.addEventListener("transition", (event) => {
    try { told.push(JSON.parse(event.data) as Transition); } catch { return; }
    schedule();
    tell();
  });
}

export function follow_events(): void {
  effect(() => {
    const wanted = Boolean(session.value?.id) && !is_past.value;
    if (wanted && source === null) listen();
    if (!wanted && source !== null) {
      source.close();
      source = null;
      lost_since.value = null;
    }
  });
  addEventListener("pointerout", (event) => {
    if (held_back.peek() > 0 && (event.target as Element).closest?.("[data-hold]") && !pointer_rests()) show_held();
  });
}
