// The address is the state: which page, as of which log index, with which filter. Everything that matters is in it, so
// that the same link shows the same page for years. This file reads and writes it; wouter does the navigation itself.
import { computed, signal } from "@preact/signals";
import { navigate } from "wouter-preact/use-browser-location";

export type At = { index: number } | { time: string } | null;

/** `?at=` as the API takes it: an index, or a time. Anything else is not understood and counts as live. */
export function parse_at(text: string | null): At {
  if (text === null || text === "") return null;
  if (/^\d{1,15}$/.test(text)) return { index: Number(text) };
  return /^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(Date.parse(text)) ? { time: text } : null;
}

export function at_text(at: At): string | null {
  return at === null ? null : "index" in at ? String(at.index) : at.time;
}

/** An address inside the console, keeping the log index that the page speaks of. `query` adds, null removes. */
export function build_href(to: string, at: string | null, query: Record<string, string | number | null | undefined> = {}): string {
  const hash = to.indexOf("#") < 0 ? "" : to.slice(to.indexOf("#"));
  const bare = hash ? to.slice(0, to.indexOf("#")) : to;
  const mark = bare.indexOf("?");
  const params = new URLSearchParams(mark < 0 ? "" : bare.slice(mark + 1));
  if (at !== null && !params.has("at")) params.set("at", at);
  for (const [name, value] of Object.entries(query)) {
    if (value === null || value === undefined || value === "") params.delete(name);
    else params.set(name, String(value));
  }
  // ':' and ',' are harmless in a query and easier to read unescaped.
  const text = params.toString().replace(/%3A/g, ":").replace(/%2C/g, ",");
  return (mark < 0 ? bare : bare.slice(0, mark)) + (text ? `?${text}` : "") + hash;
}

/** A place in a path: '/', '@' and '?' of a purl must not end it. ':' stays, for digests. */
export function segment(id: string): string {
  return encodeURIComponent(id).replace(/%3A/g, ":");
}

export function decode_segment(text: string): string {
  try { return decodeURIComponent(text); } catch { return text; }
}

export const subject_href = (id: string): string => `/subjects/${segment(id)}`;

const read = () => typeof location === "undefined" ? { path: "/", search: "" } : { path: location.pathname, search: location.search };

export const here = signal(read());
export const params = computed(() => new URLSearchParams(here.value.search));
export const at = computed<At>(() => parse_at(params.value.get("at")));
export const at_param = computed(() => at_text(at.value));
export const is_past = computed(() => at.value !== null);

export function follow_address(): void {
  // wouter patches the history so that these two events say when a page was pushed or replaced.
  for (const event of ["popstate", "pushState", "replaceState", "hashchange"]) addEventListener(event, () => {
    const now = read();
    if (now.path !== here.peek().path || now.search !== here.peek().search) here.value = now;
  });
}

export function href(to: string, query: Record<string, string | number | null | undefined> = {}): string {
  return build_href(to, at_param.value, query);
}

export function go(to: string, options: { replace?: boolean } = {}): void {
  navigate(to, { replace: options.replace ?? false });
}

/** The same page with other parameters. */
export function with_query(query: Record<string, string | number | null | undefined>): string {
  return build_href(here.value.path + here.value.search, null, query);
}

export function set_query(query: Record<string, string | number | null | undefined>, options: { replace?: boolean } = {}): void {
  go(build_href(here.peek().path + here.peek().search, null, query), options);
}

/** What "Copy link" gives: this page as of the index that it shows, so that whoever opens it sees the same. */
export function permalink(as_of_index: number | null): string {
  const path = build_href(here.peek().path + here.peek().search, null, { at: as_of_index ?? params.peek().get("at") });
  return location.origin + path;
}
