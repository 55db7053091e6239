// The time that relative times are told from: the wall clock while live, the time of the log index in the past.
import { computed, signal } from "@preact/signals";
import { is_past } from "../address";
import type { AsOf } from "../data/types";

export const wall = signal(new Date());
/** What the last answer said it speaks of. */
export const as_of = signal<AsOf | null>(null);
/** Where the log ends now, whatever is shown. */
export const log_end = signal<AsOf | null>(null);

export const shown_time = computed(() => (is_past.value && as_of.value ? new Date(as_of.value.time) : wall.value));

export function keep_time(): void {
  setInterval(() => { if (!document.hidden) wall.value = new Date(); }, 10_000);
  addEventListener("visibilitychange", () => { if (!document.hidden) wall.value = new Date(); });
}
