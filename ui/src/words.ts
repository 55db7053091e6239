// How the console says things: numbers, lists, verdicts. Pure functions, used by every page; nothing here touches the
// document or the network.

export const VERDICTS = ["deny", "ask", "warn", "unknown", "allow"] as const;
export type Verdict = (typeof VERDICTS)[number];

/** Anything that is not one of the five words is unknown: silence is never "allow". */
export function as_verdict(word: string | null | undefined): Verdict {
  return (VERDICTS as readonly string[]).includes(word ?? "") ? (word as Verdict) : "unknown";
}

/** Worst first: deny, ask, warn, unknown, allow. */
export function by_verdict(a: string | null | undefined, b: string | null | undefined): number {
  return VERDICTS.indexOf(as_verdict(a)) - VERDICTS.indexOf(as_verdict(b));
}

export function worst_verdict(words: Iterable<string | null | undefined>): Verdict {
  let worst: Verdict | null = null;
  for (const word of words) if (worst === null || by_verdict(word, worst) < 0) worst = as_verdict(word);
  return worst ?? "unknown";
}

const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 2 });

export function number(n: number): string {
  return grouped.format(n);
}

export function index(n: number): string {
  return `#${grouped.format(n)}`;
}

/** `count(1, "entry", "entries")` is "1 entry"; without a plural an s is added. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${number(n)} ${n === 1 ? one : many}`;
}

/** "a", "a and b", "a, b and c". */
export function list(words: readonly string[]): string {
  if (words.length < 2) return words[0] ?? "";
  return `${words.slice(0, -1).join(", ")} and ${words[words.length - 1]}`;
}

export function bytes(n: number): string {
  if (n < 1000) return `${n} B`;
  if (n < 1_000_000) return `${number(Math.round(n / 100) / 10)} kB`;
  return `${number(Math.round(n / 100_000) / 10)} MB`;
}

/** Four bars of ink: 0 is "not rated", never "harmless". */
export function severity_level(word: string | null | undefined): 0 | 1 | 2 | 3 | 4 {
  switch ((word ?? "").toLowerCase()) {
    case "critical": return 4;
    case "high": return 3;
    case "medium": case "moderate": return 2;
    case "low": return 1;
    default: return 0;
  }
}

/** The part of a digest that a person reads: six hex digits behind the algorithm. */
export function short_digest(digest: string, digits = 6): string {
  const colon = digest.indexOf(":");
  return digest.slice(colon + 1, colon + 1 + digits);
}

/** As short as possible, at least six, and still different from every other digest on the page. */
export function unique_digits(digests: readonly string[]): number {
  const all = [...new Set(digests)];
  for (const digits of [6, 8, 12, 16]) {
    if (new Set(all.map((d) => short_digest(d, digits))).size === all.length) return digits;
  }
  return 64;
}

/** Long names lose their middle: the end is the version, and versions matter. */
export function middle(text: string, most: number): string {
  if (text.length <= most) return text;
  const tail = Math.ceil((most - 1) * 0.6);
  return `${text.slice(0, most - 1 - tail)}…${text.slice(-tail)}`;
}

/** A name of a person or machine without its kind: "person:ada" is "ada". */
export function actor_name(actor: string): string {
  return actor.replace(/^(person|machine|team):/, "");
}

export interface Purl { type: string; namespace: string; name: string; version: string; rest: string }

/** Parts of a package URL for showing it; null if it is none. Never used to compare packages. */
export function split_purl(purl: string): Purl | null {
  const found = /^pkg:([A-Za-z0-9.+-]+)\/(?:(.*)\/)?([^/@?#]+)(?:@([^?#]*))?(.*)$/.exec(purl);
  if (!found) return null;
  const plain = (text: string | undefined): string => {
    try { return decodeURIComponent(text ?? ""); } catch { return text ?? ""; }
  };
  return { type: found[1]!.toLowerCase(), namespace: plain(found[2]), name: plain(found[3]), version: plain(found[4]), rest: found[5] ?? "" };
}

/** "registry.example/shop/checkout:4.19.0" is "checkout 4.19.0"; purls likewise; other names stay. */
export function short_name(name: string): string {
  const purl = split_purl(name);
  if (purl) return purl.version ? `${purl.name} ${purl.version}` : purl.name;
  const bare = name.replace(/@sha256:[0-9a-f]+$/, "");
  const last = bare.slice(bare.lastIndexOf("/") + 1);
  const colon = last.indexOf(":");
  return colon > 0 ? `${last.slice(0, colon)} ${last.slice(colon + 1)}` : last || name;
}

// Bidirectional controls, zero-width characters and other invisible ones: shown, so that a name cannot look like another.
const kInvisible = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]/g;

export function visible(text: string): string {
  return text.replace(kInvisible, (c) => `⟨U+${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`);
}

/** Every string of an answer through `visible`; most answers hold none and come back as they are. */
export function visible_all<T>(value: T): T {
  if (typeof value === "string") return visible(value) as T;
  if (Array.isArray(value)) return value.map(visible_all) as T;
  if (value !== null && typeof value === "object") {
    const out: Record<string, unknown> = {};
    for (const [key, inner] of Object.entries(value)) out[visible(key)] = visible_all(inner);
    return out as T;
  }
  return value;
}

export function may_hide_characters(json: string): boolean {
  kInvisible.lastIndex = 0;
  return kInvisible.test(json.replace(/[\n\r\t]/g, "")) || /\\u(00|06|18|20|fe|ff|FE|FF)/.test(json);
}
