// A list that comes in pages: the first by the usual question, the next when asked for, by the server's cursor.
import { useEffect, useState } from "preact/hooks";
import { at_param } from "../address";
import { ask } from "./api";
import { useAnswer, type Answer } from "./answer";
import type { Page } from "./types";

export interface Listed<T> { answer: Answer<Page<T>>; items: T[]; more: (() => void) | null }

export function useMore<T>(path: string): Listed<T> {
  const answer = useAnswer<Page<T>>(path);
  const [extra, set_extra] = useState<{ of: unknown; items: T[]; next: string | null }>({ of: null, items: [], next: null });
  // Newer first page: what was fetched behind the old one no longer fits it.
  useEffect(() => set_extra({ of: answer.data, items: [], next: answer.data?.next ?? null }), [answer.data]);
  const fits = extra.of === answer.data;
  const next = fits ? extra.next : (answer.data?.next ?? null);
  const more = next === null ? null : (): void => {
    void ask<Page<T>>(`${path}${path.includes("?") ? "&" : "?"}cursor=${encodeURIComponent(next)}`, { at: at_param.peek() }).then((page) => {
      if (page.ok) set_extra((now) => ({ of: now.of, items: [...now.items, ...page.data.items], next: page.data.next ?? null }));
    });
  };
  return { answer, items: [...(answer.data?.items ?? []), ...(fits ? extra.items : [])], more };
}
