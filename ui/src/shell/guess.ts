// What a person means by what they type into the search: the form tells the kind, before any server has answered.
import { subject_href } from "../address";
import type { Found } from "../data/types";
import { PAGE_NAMES } from "./pages";

export function guess(text: string): Found[] {
  const typed = text.trim();
  if (typed === "") return [];
  if (/^sha256:[0-9a-f]{64}$/i.test(typed)) return [{ kind: "subject", title: typed, detail: "open this digest", href: subject_href(typed.toLowerCase()) }];
  if (/^pkg:/.test(typed)) return [{ kind: "package", title: typed, detail: "open this package", href: subject_href(typed) }];
  if (/^(CVE-\d{4}-\d{4,}|GHSA(-[0-9a-z]{4}){3}|DEMO-\d{4}-\d+)$/i.test(typed)) {
    const id = /^GHSA/i.test(typed) ? `GHSA${typed.slice(4).toLowerCase()}` : typed.toUpperCase();
    return [{ kind: "vulnerability", title: id, detail: "how far it reaches", href: `/vulnerabilities/${id}` }];
  }
  if (/^d_[0-9A-Za-z]{20,}$/.test(typed)) return [{ kind: "decision", title: typed, detail: "open this decision", href: `/decisions/${typed}` }];
  if (/^#[\d,]+$/.test(typed)) return [{ kind: "page", title: `Entry ${typed}`, detail: "in the log", href: `/log/${typed.replace(/\D/g, "")}` }];
  if (/^[0-9a-f]{7,63}$/i.test(typed)) return [{ kind: "subject", title: typed, detail: "digests and commits that begin so", href: `/subjects?q=${typed}` }];
  return [];
}

export function pages_named(text: string): Found[] {
  const typed = text.trim().toLowerCase();
  return PAGE_NAMES.filter((p) => typed === "" || p.name.toLowerCase().startsWith(typed)).map((p) => ({ kind: "page", title: p.name, detail: `g ${p.key}`, href: p.href }));
}

const kOrder = ["service", "subject", "package", "vulnerability", "decision", "page"];
const kHeads: Record<string, string> = { service: "Services", subject: "Subjects", package: "Packages", vulnerability: "Vulnerabilities", decision: "Decisions", page: "Pages" };

/** Groups in a fixed order, each result once; what the form says for certain comes first. */
export function grouped(certain: readonly Found[], found: readonly Found[]): { head: string; items: Found[] }[] {
  const seen = new Set(certain.map((f) => f.href));
  const groups = kOrder.map((kind) => ({ head: kHeads[kind]!, items: found.filter((f) => f.kind === kind && !seen.has(f.href) && seen.add(f.href)) }));
  const others = found.filter((f) => !kOrder.includes(f.kind) && !seen.has(f.href));
  return [{ head: "Go to", items: [...certain] }, ...groups, { head: "Other", items: others }].filter((g) => g.items.length > 0);
}
