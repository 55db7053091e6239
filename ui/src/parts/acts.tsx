// Acts: approve, request, revoke. Each with a reason, inline and not in a modal; what it did is said with its receipt.
import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import { is_past } from "../address";
import { act, session } from "../data/api";
import { forget_all } from "../data/answer";
import type { Problem } from "../data/types";
import { say } from "../shell/toast";
import { index } from "../words";

interface Receipt { id?: string; index?: number; receipt?: { index?: number } | null }

const may_approve = (): boolean => ["approver", "admin"].includes(session.value?.role ?? "");

/** Why an act is off, in words; null when it is not. */
export function why_off(needs_approver = true): string | null {
  if (is_past.value) return "Nothing can be approved or changed in the past. Back to live: l";
  if (needs_approver && !may_approve()) return `You are signed in as ${session.value?.role || "reader"}; this needs the role approver.`;
  return null;
}

export interface Field { name: string; label: string; kind?: "text" | "date" | "area"; required?: boolean; hint?: string; value?: string; wide?: boolean }

/** A form for one act. `send` makes the body; the page asks again when it worked. */
export function ActForm({ fields, button, path, method = "POST", done, send, needs_approver = true, cancel, children }: {
  fields: Field[]; button: string; path: string; method?: "POST" | "DELETE"; done: string; send: (values: Record<string, string>) => unknown; needs_approver?: boolean; cancel?: () => void; children?: ComponentChildren;
}): JSX.Element {
  const [values, set_values] = useState<Record<string, string>>(() => Object.fromEntries(fields.map((f) => [f.name, f.value ?? ""])));
  const [problem, set_problem] = useState<Problem | null>(null);
  const [busy, set_busy] = useState(false);
  const off = why_off(needs_approver);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (busy || off) return;
    set_busy(true);
    const answer = await act<Receipt>(method, path, send(values));
    set_busy(false);
    set_problem(answer.ok ? null : answer.problem);
    if (!answer.ok) return;
    const entry = answer.data?.receipt?.index ?? answer.data?.index ?? (Number(/-(\d+)$/.exec(answer.data?.id ?? "")?.[1] ?? NaN));
    say(`${done}${Number.isFinite(entry) ? ` Entry ${index(entry)}.` : ""}`, Number.isFinite(entry) ? { text: "Show the entry", href: `/log/${entry}` } : undefined);
    cancel?.();
    forget_all();
  };
  return (
    <form class="form" onSubmit={(event) => void submit(event)}>
      {children ? <div class="wide s">{children}</div> : null}
      {fields.map((f) => {
        const id = `f-${path.replace(/\W+/g, "-")}-${f.name}`;
        const common = { id, name: `field-${f.name}`, required: f.required ?? false, disabled: off !== null, value: values[f.name] ?? "", onInput: (event: { currentTarget: { value: string } }) => set_values({ ...values, [f.name]: event.currentTarget.value }) };
        return <label key={f.name} for={id} class={f.wide || f.kind === "area" ? "wide" : undefined}>{f.label}{f.kind === "area" ? <textarea {...common} rows={2} /> : <input {...common} type={f.kind ?? "text"} autocomplete="off" />}{f.hint ? <span class="hint">{f.hint}</span> : null}</label>;
      })}
      <div class="acts">
        <button type="submit" class="btn main" disabled={off !== null || busy}>{button}</button>
        {cancel ? <button type="button" class="btn bare" onClick={cancel}>Not now</button> : null}
        <span class="hint">{off ?? "Your name and reason go into the log."}</span>
      </div>
      {problem ? <div class="fail wide" role="alert"><b>{problem.title}</b>{problem.detail ? <span class="s">{problem.detail}</span> : null}{problem.next ? <code>{problem.next}</code> : null}</div> : null}
    </form>
  );
}

/** A date field gives a day; the log wants a moment: the end of that day, UTC. */
export function end_of_day(date: string): string | undefined {
  return /^\d{4}-\d\d-\d\d$/.test(date) ? `${date}T23:59:59Z` : undefined;
}

export function in_days(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
}
