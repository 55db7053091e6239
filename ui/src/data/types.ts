// The answers of the API (docs/api.md), as far as the console reads them. Fields that may be missing are optional here,
// and every page says "unknown" where they are, never 0.
import type { Proof } from "../merkle";

export interface AsOf { index: number; size: number; time: string; live: boolean }
export interface Link { text: string; href: string }
export interface Page<T> { as_of?: AsOf; items: T[]; next?: string | null; total?: number }
export interface Problem { title: string; status: number; detail?: string; code?: string; where?: string[]; next?: string }
export interface Session { id: string; role: string; scopes: string[]; csrf?: string }

export interface Knowledge { what: string; source?: string; state: string; records?: number | null; at?: string | null; age_hours?: number | null; text?: string; remedy?: string | null }
export interface Banner { verdict: string; word: string; text: string; remedy?: string | null; href?: string | null }
export interface Status {
  as_of: AsOf; version?: string; me: Session; scope: string;
  counts: Partial<Record<"services" | "environments" | "subjects" | "packages" | "entries" | "waiting" | "open_vulnerabilities" | "deliveries", number>>;
  knowledge: Knowledge[]; banners: Banner[];
}

export interface Headline { verdict?: string; text: string; because?: string; sub?: string; links?: Link[] }
export interface Environment { name: string; tier: string; order: number }
export interface Cell { digest: string; name: string; deployment: string; since: string; verdict: string; decision?: string | null; summary?: string; next?: { verdict: string; decision?: string; digest?: string } | null }
export interface ServiceRow { name: string; scope?: string; owners?: string[]; cells: Record<string, Cell>; findings?: { now: number | null; history?: [string, number][] } | null }
export interface Turned { entry: number; at: string; from: string; to: string; cause: string; links?: Link[]; deployments: { service: string; environment: string; deployment?: string }[]; told?: string[] }
export interface Overview {
  as_of: AsOf; headline: Headline; environments: Environment[]; services: ServiceRow[];
  counts: Partial<Record<"deny" | "warn" | "ask" | "unknown" | "allow" | "next", number>>;
  turned: Turned[]; risk?: { labels: [string, string] | string[]; points: [string, number, number][]; of: number } | null;
}

export interface Stage { key: string; state: string; from?: string | null; until?: string | null; verdict?: string | null; entry?: number | null; text?: string | null; link?: string | null }
export interface StageHead { key: string; name: string; median_seconds?: number | null; waiting_median_seconds?: number | null }
export interface Waits { for: string; since?: string | null; command?: string | null; link?: string | null }
export interface Delivery { id: string; service?: string; name: string; revision?: string | null; title?: string | null; verdict?: string | null; stages: Stage[]; waits?: Waits | null; entries?: { entry: number; at: string; kind: string; text: string }[] }
export interface Deliveries extends Page<Delivery> { stages: StageHead[] }

export interface SubjectItem { id: string; name: string; kind: string; type?: string; services?: string[]; verdicts?: Record<string, string>; entry?: number; at?: string }
export interface Standing { environment: string; verdict: string; decision?: string | null; at?: string; summary?: string; deployed?: boolean; deployment?: string | null }
export interface Station { key: string; title: string; text?: string | null; detail?: string | null; proof: string; entry?: number | null; link?: string | null; verdict?: string | null }
export interface Fact { label: string; value: string; source?: string | null; entry?: number | null }
export interface Component { purl: string; name: string; type?: string; version?: string | null; licence?: string | null; scope?: string | null; path?: string[]; findings?: string[]; entry?: number | null }
export interface SubjectVulnerability { id: string; key?: string; severity?: string | null; open: boolean; package: string; fix?: string | null; known_at?: string | null }
export interface DecisionItem { id: string; at: string; gate?: string; action?: string; verdict: string; summary?: string; subject?: { id: string; name?: string }; environment?: string | null; service?: string | null; entry?: number | null; asked?: number; superseded_by?: string | null }
export interface DeploymentItem { id: string; service: string; environment: string; from: string; until?: string | null; entry?: number }
export interface Evidence { entry: number; at: string; kind: string; format?: string; document?: string; bytes?: number; actor?: string; signed?: boolean; trusted?: boolean }
export interface GraphNode { id: string; kind: string; label: string; detail?: string | null; verdict?: string | null; link?: string | null }
export interface Subject {
  as_of: AsOf; id: string; name: string; kind: string; type?: string; known: boolean; headline?: Headline;
  standing?: Standing[]; stations?: Station[]; facts?: Fact[];
  components?: { total: number; new?: number; items: Component[]; next?: string | null } | null;
  vulnerabilities?: SubjectVulnerability[]; decisions?: DecisionItem[]; deployments?: DeploymentItem[]; evidence?: Evidence[];
  graph?: { nodes: GraphNode[]; edges: [string, string, string?][] } | null; proof?: Proof | null;
}

export interface Vulnerability {
  rank?: number; id: string; aliases?: string[]; title?: string; packages: string[]; why?: { word: string; hard?: boolean; text?: string }[];
  severity?: string | null; cvss?: number | null; epss?: number | null; deployments: number; production?: number; owners?: string[];
  known_at?: string | null; fixed_in?: string[]; vex?: string | null; open?: boolean; reasons?: string;
}
export interface Vulnerabilities extends Page<Vulnerability> { headline?: Headline; unreached?: number }
export interface Reach {
  as_of?: AsOf; of: string; kind?: string; micros?: number;
  packages: { id: string; purl: string; fixed_in?: string[] }[];
  artifacts: { id: string; digest: string; name: string }[];
  deployments: { id: string; service: string; environment: string; tier?: string; verdict: string; since?: string }[];
  owners: { id: string; name: string; detail?: string }[];
  edges: [string, string][]; not_deployed?: number; totals?: { packages?: number; artifacts?: number; deployments?: number };
}
export interface Fix { text: string; command?: string | null; clears?: { deny?: number; warn?: number }; checked?: boolean; href?: string | null }
export interface VulnerabilityDetail extends Vulnerability {
  as_of: AsOf; details?: string; references?: (string | { url: string; type?: string })[];
  when?: { what: string; at?: string | null; entry?: number | null; text?: string }[]; reach?: Reach; fixes?: Fix[];
}

export interface Finding { key?: string; on?: string; message: string; fix?: string | null; since?: string | null; exception?: string | null; evidence?: { entry: number; what?: string; document?: string }[] }
export interface RuleResult { rule: string; pack?: string; title?: string; outcome: string; mode?: string; would?: string; verdict: string; severity?: string; remedy?: string; controls?: string[]; findings?: Finding[] }
export interface Flip { to: string; do: { rule?: string; how?: string; what: string; who?: string; command?: string }[]; checked?: boolean }
export interface Decision {
  as_of?: AsOf; schema?: string; id: string; at: string; gate?: string; action?: string; asked_by?: string; preview?: boolean;
  subject?: { kind?: string; id: string; name?: string }; environment?: { name: string; tier?: string } | null; service?: { name?: string; scope?: string; owners?: string[] } | null;
  verdict: string; summary?: string; counts?: Record<string, number>; results?: RuleResult[]; held?: string[];
  exceptions_used?: { id: string; rule?: string; until?: string; approved_by?: string[]; entries?: number[] }[];
  approvals_used?: { id: string; decision?: string; until?: string; approved_by?: string[]; by?: string; uses_left?: number; entries?: number[] }[];
  asks?: { needed?: number; groups?: string[]; not?: string[]; until?: string; approve_with?: string | { command?: string; link?: string } } | null;
  flips?: Flip[]; valid?: { from?: string; until?: string; because?: string; cache_seconds?: number };
  policy?: { digest?: string; scope?: string; packs?: { pack: string; version?: string; digest?: string; mode?: string }[] };
  input?: { digest?: string; schema?: string; slices?: string[]; bytes?: number };
  log?: { index?: number; size?: number; root?: string; entry?: number | null };
  engine?: { name?: string; version?: string; microseconds?: number }; supersedes?: string | null; superseded_by?: string | null;
}

export interface Exception { id: string; state: string; rule: string; matches?: string | string[] | null; service?: string | null; environment?: string | null; reason?: string; control?: string | null; requested_by?: string; approved_by?: string[]; until?: string; days_left?: number | null; used?: number; entry?: number }

export interface Entry { index: number; at: string; kind: string; actor?: string; summary?: string; subject?: string | null; bytes?: number; document?: string | null; body?: unknown; /** The entry exactly as it was hashed, as text. */ entry?: string; leaf?: string; proof?: Proof | null; as_of?: AsOf }
export interface Timeline { as_of: AsOf; from: string; until: string; buckets: number[]; first_index: (number | null)[]; transitions: { at: string; entry: number; to: string }[]; first_entry?: { index: number; at: string } | null }
export interface Found { kind: string; title: string; detail?: string; href: string }
