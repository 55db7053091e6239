// Questions to the server and acts on it. A question carries the log index of the page; an act carries the CSRF token and
// is refused here already while the page shows the past. Refusals are values with the server's own words.
import { signal } from "@preact/signals";
import { at_param, is_past } from "../address";
import { may_hide_characters, visible_all } from "../words";
import type { Problem, Session } from "./types";

/** undefined: not asked yet; null: nobody is logged in. */
export const session = signal<Session | null | undefined>(undefined);
let csrf = "";

export type Outcome<T> = { ok: true; data: T } | { ok: false; problem: Problem };

const refuse = (problem: Problem): { ok: false; problem: Problem } => ({ ok: false, problem });

async function read_answer<T>(response: Response): Promise<Outcome<T>> {
  const text = await response.text();
  let value: unknown = null;
  if (text !== "" && /json/.test(response.headers.get("content-type") ?? "json")) {
    try {
      value = JSON.parse(text);
      if (may_hide_characters(text)) value = visible_all(value);
    } catch {
      return refuse({ title: "The answer could not be read.", status: response.status, detail: "It is not the JSON that this page expects." });
    }
  }
  if (response.ok) return { ok: true, data: value as T };
  if (response.status === 401) session.value = null;
  const problem = (value ?? {}) as Partial<Problem>;
  return refuse({ ...problem, title: problem.title ?? `The server answered ${response.status}.`, status: response.status });
}

const unreachable = (error: unknown): { ok: false; problem: Problem } => refuse({
  title: "The server does not answer.",
  status: 0,
  detail: error instanceof Error && error.name === "AbortError" ? "The question was given up." : "It is stopped, or the network between you and it is.",
});

/** The address of a question, with the index that the page speaks of. */
export function question(path: string, at: string | null): string {
  return at === null ? path : `${path}${path.includes("?") ? "&" : "?"}at=${encodeURIComponent(at)}`;
}

export async function ask<T>(path: string, options: { at?: string | null; signal?: AbortSignal } = {}): Promise<Outcome<T>> {
  const at = options.at === undefined ? at_param.peek() : options.at;
  try {
    return await read_answer<T>(await fetch(question(path, at), {
      headers: { accept: "application/json" }, credentials: "same-origin", signal: options.signal ?? null,
    }));
  } catch (error) {
    return unreachable(error);
  }
}

export async function act<T>(method: "POST" | "DELETE", path: string, body?: unknown): Promise<Outcome<T>> {
  if (is_past.peek() && !path.startsWith("/api/v1/session")) {
    return refuse({ title: "Nothing can be changed in the past.", status: 0, detail: "Go back to live first.", code: "denied" });
  }
  try {
    return await read_answer<T>(await fetch(path, {
      method,
      credentials: "same-origin",
      headers: { accept: "application/json", "content-type": "application/json", "x-waybill-csrf": csrf, "idempotency-key": random_key() },
      body: body === undefined ? null : JSON.stringify(body),
    }));
  } catch (error) {
    return unreachable(error);
  }
}

function random_key(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16).padStart(2, "0")).join("");
}

export async function who_am_i(): Promise<void> {
  const answer = await ask<Session>("/api/v1/session", { at: null });
  if (answer.ok) {
    csrf = answer.data?.csrf ?? csrf;
    session.value = answer.data ?? null;
  } else if (answer.problem.status === 401) {
    session.value = null;
  } else if (session.peek() === undefined) {
    // The server is away: show the pages' own words for that instead of a login that could not work either.
    session.value = { id: "", role: "", scopes: [] };
  }
}

export async function log_in(token: string): Promise<Problem | null> {
  const answer = await act<{ csrf?: string }>("POST", "/api/v1/session", { token });
  if (!answer.ok) return answer.problem;
  csrf = answer.data?.csrf ?? "";
  await who_am_i();
  return null;
}

export async function log_out(): Promise<void> {
  await act("DELETE", "/api/v1/session");
  csrf = "";
  session.value = null;
}
