// The small marks that every page is made of: verdict, digest, purl, time, index, severity, proof, tag, sparkline. Each
// says its meaning in shape and word; colour belongs to verdicts alone.
import type { ComponentChildren, JSX } from "preact";
import { signal } from "@preact/signals";
import { href, is_past, subject_href } from "../address";
import { as_verdict, index as index_words, number, severity_level, short_digest, split_purl, type Verdict as Word } from "../words";
import { exact, reading } from "../time";
import { shown_time } from "./clock";
import { copy } from "../shell/toast";

export function Verdict({ of, chip, big, word = true, children }: { of: string | null | undefined; chip?: boolean; big?: boolean; word?: boolean; children?: ComponentChildren }): JSX.Element {
  const verdict = as_verdict(of);
  return (
    <span class={`v ${verdict}${chip ? " chip" : ""}${big ? " big" : ""}`}>
      {word || children !== undefined
        ? <svg aria-hidden="true"><use href={`#v-${verdict}`} /></svg>
        : <svg role="img" aria-label={verdict}><use href={`#v-${verdict}`} /></svg>}
      {children !== undefined ? children : word ? verdict : null}
    </span>
  );
}

/** "warn → deny": what a verdict was and what it is. */
export function Turn({ from, to }: { from: string; to: string }): JSX.Element {
  return <><Verdict of={from} /><span class="arrow" aria-label="turned to">→</span><Verdict of={to} /></>;
}

const just_copied = signal("");

export function Copy({ text, label }: { text: string; label: string }): JSX.Element {
  const done = just_copied.value === text;
  return (
    <button type="button" class="copy" aria-label={label} title={label} onClick={() => {
      void copy(text).then((worked) => {
        if (!worked) return;
        just_copied.value = text;
        setTimeout(() => { if (just_copied.peek() === text) just_copied.value = ""; }, 1500);
      });
    }}><svg aria-hidden="true"><use href={done ? "#i-done" : "#i-copy"} /></svg></button>
  );
}

export function Digest({ of, digits = 6, to, plain }: { of: string; digits?: number; to?: string; plain?: boolean }): JSX.Element {
  const short = short_digest(of, digits);
  return (
    <span class="dg">
      {plain ? <code title={of}>{short}</code> : <a href={href(to ?? subject_href(of))} title={of}><code>{short}</code></a>}
      <Copy text={of} label={`Copy the full digest of ${short}`} />
    </span>
  );
}

export function PurlName({ of, link = true }: { of: string; link?: boolean }): JSX.Element {
  const purl = split_purl(of);
  if (!purl) return <code>{of}</code>;
  const words = <>{purl.namespace ? <span class="m">{purl.namespace}/</span> : null}<b>{purl.name}</b>{purl.version ? ` ${purl.version}` : ""}</>;
  return link ? <a href={href(subject_href(of))} title={of}>{words}</a> : <span title={of}>{words}</span>;
}

export function Time({ of, words }: { of: string | null | undefined; words?: (iso: string) => string }): JSX.Element {
  if (!of) return <span class="m">time unknown</span>;
  return <time dateTime={of} title={exact(of)}>{words ? words(of) : reading(of, shown_time.value)}</time>;
}

export function Index({ of }: { of: number | null | undefined }): JSX.Element | null {
  if (of === null || of === undefined) return null;
  return <a class="mono nb" href={href(`/log/${of}`)}>{index_words(of)}</a>;
}

export function Severity({ of, after }: { of: string | null | undefined; after?: ComponentChildren }): JSX.Element {
  const level = severity_level(of);
  return <span class="sev"><svg aria-hidden="true"><use href={`#sev-${level}`} /></svg>{level === 0 ? "not rated" : of!.toLowerCase()}{after}</span>;
}

const kProof: Record<string, string> = { signed: "signed, in the log", logged: "in the log", missing: "missing" };

export function proof_kind(kind: string | null | undefined): "signed" | "logged" | "missing" {
  return kind === "signed" || kind === "logged" ? kind : "missing";
}

export function ProofBadge({ of, children }: { of: string | null | undefined; children?: ComponentChildren }): JSX.Element {
  const kind = proof_kind(of);
  return <span class="proof"><svg aria-hidden="true"><use href={`#p-${kind}`} /></svg>{children ?? kProof[kind]}</span>;
}

export function Tag({ children, hard, title }: { children: ComponentChildren; hard?: boolean; title?: string }): JSX.Element {
  return <span class={hard ? "tag hard" : "tag"} title={title}>{children}</span>;
}

/** Steps, not curves; no axis; one scale for the whole column. The number beside it is the link. */
export function Spark({ points, most, label }: { points: readonly number[]; most: number; label: string }): JSX.Element | null {
  if (points.length === 0) return null;
  const y = (n: number) => (18 - (Math.min(n, most) / Math.max(1, most)) * 15).toFixed(1);
  const step = 82 / points.length;
  let path = `M1 ${y(points[0]!)}`;
  points.forEach((n, i) => { path += `V${y(n)}H${(1 + (i + 1) * step).toFixed(1)}`; });
  return <svg class="spark" viewBox="0 0 84 20" preserveAspectRatio="none" role="img" aria-label={label}><path d={path} /></svg>;
}

/** Text of the server with `commands` in it. Still text: only the backticks become an element. */
export function Words({ of }: { of: string }): JSX.Element {
  return <>{of.split(/`([^`\n]+)`/).map((part, i) => (i % 2 === 1 ? <code key={i}>{part}</code> : part))}</>;
}

/** A command to copy, as a person would type it. */
export function Command({ text }: { text: string }): JSX.Element {
  return <div class="cmd"><span>{text}</span><Copy text={text} label="Copy the command" /></div>;
}

export function Count({ n, to, of }: { n: number | null | undefined; to: string; of?: string }): JSX.Element {
  if (n === null || n === undefined) return <Verdict of="unknown" />;
  return <a href={href(to)}>{number(n)}{of ? ` ${of}` : ""}</a>;
}

/** Off in the past: an act cannot change what has been. */
export function can_write(): boolean {
  return !is_past.value;
}

export type { Word };
