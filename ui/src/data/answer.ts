// One question of a page and what is known of its answer so far. Old data stays while newer is on its way and when it
// fails (marked as old); a skeleton only after 100 ms, words only after 2 s; a failed question is asked again by itself.
import { useEffect, useRef, useState } from "preact/hooks";
import { useComputed } from "@preact/signals";
import { at_param, is_past } from "../address";
import { ask, question } from "./api";
import { pulse } from "./live";
import type { AsOf, Problem } from "./types";

export interface Answer<T> {
  data: T | undefined;
  problem: Problem | null;
  /** Nothing to show yet and 100 ms have gone. */
  waiting: boolean;
  /** Nothing to show yet and 2 s have gone. */
  slow: boolean;
  again: () => void;
}

const base_of = (path: string | null): string | null => (path === null ? null : path.split("?")[0]!);

const kAgainAfterMs = 8000;
const kRemembered = 40;
const remembered = new Map<string, unknown>();

function remember(key: string, value: unknown): void {
  remembered.delete(key);
  remembered.set(key, value);
  if (remembered.size > kRemembered) remembered.delete(remembered.keys().next().value!);
}

/** After an act: what pages remember is no longer how things stand. */
export function forget_all(): void {
  remembered.clear();
  pulse.value += 1;
}

export function last_answer<T>(path: string): T | undefined {
  return remembered.get(question(path, at_param.peek())) as T | undefined;
}

/** `path` null asks nothing. `at: null` asks about now, whatever the page shows. */
export function useAnswer<T extends { as_of?: AsOf }>(path: string | null, options: { at?: null; still?: boolean } = {}): Answer<T> {
  const wants_now = options.at === null;
  // Every pulse asks again, but only when the page is live: the past does not change.
  const beat = useComputed(() => (is_past.value && !wants_now) || options.still ? 0 : pulse.value).value;
  const at = wants_now ? null : at_param.value;
  const key = path === null ? null : question(path, at);
  const [, redraw] = useState(0);
  const [tries, set_tries] = useState(0);
  const state = useRef<{ path: string | null; key: string | null; data: T | undefined; problem: Problem | null; waiting: boolean; slow: boolean }>(
    { path: null, key: null, data: undefined, problem: null, waiting: false, slow: false });
  const now = state.current;
  if (now.key !== key) {
    const known = key === null ? undefined : (remembered.get(key) as T | undefined);
    // The same list at another index or with another filter keeps what it shows until the answer is there (and the field
    // that somebody types into keeps its focus); another thing does not.
    if (known !== undefined || base_of(now.path) !== base_of(path)) Object.assign(now, { data: known, problem: null, waiting: false, slow: false });
    now.key = key;
    now.path = path;
  }
  useEffect(() => {
    if (key === null || path === null) return;
    const abort = new AbortController();
    let retry: ReturnType<typeof setTimeout> | undefined;
    const mark = (change: Partial<typeof now>) => { Object.assign(state.current, change); redraw((n) => n + 1); };
    const wait = setTimeout(() => { if (state.current.data === undefined && !state.current.problem) mark({ waiting: true }); }, 100);
    const slow = setTimeout(() => { if (state.current.data === undefined && !state.current.problem) mark({ slow: true }); }, 2000);
    void ask<T>(path, { at, signal: abort.signal }).then((answer) => {
      if (abort.signal.aborted) return;
      clearTimeout(wait);
      clearTimeout(slow);
      if (answer.ok) {
        remember(key, answer.data);
        mark({ data: answer.data, problem: null, waiting: false, slow: false });
      } else {
        mark({ problem: answer.problem, waiting: false, slow: false });
        const passing = answer.problem.status === 0 || answer.problem.status === 429 || answer.problem.status >= 500;
        if (passing) retry = setTimeout(() => set_tries((n) => n + 1), kAgainAfterMs);
      }
    });
    return () => {
      abort.abort();
      clearTimeout(wait);
      clearTimeout(slow);
      clearTimeout(retry);
    };
  }, [key, beat, tries]);
  return { data: now.data, problem: now.problem, waiting: now.waiting, slow: now.slow, again: () => set_tries((n) => n + 1) };
}
