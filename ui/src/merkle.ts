// RFC 6962 inclusion proofs, checked in the browser. The server is never asked whether its proof is good: the root is
// computed here from the leaf and the sibling hashes, and compared with the root that the signed checkpoint states.

export type Sha256 = (data: Uint8Array) => Promise<Uint8Array>;

/** WebCrypto, or null where the browser withholds it (pages over plain HTTP from another host). */
export function browser_sha256(): Sha256 | null {
  const subtle = globalThis.crypto?.subtle;
  if (!subtle) return null;
  return async (data) => new Uint8Array(await subtle.digest("SHA-256", data as BufferSource));
}

export function from_hex(text: string): Uint8Array | null {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return null;
  const out = new Uint8Array(text.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return out;
}

export function to_hex(bytes: Uint8Array): string {
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}

export async function leaf_hash(entry: Uint8Array, sha256: Sha256): Promise<Uint8Array> {
  const data = new Uint8Array(entry.length + 1);
  data.set(entry, 1);
  return sha256(data);
}

async function node_hash(left: Uint8Array, right: Uint8Array, sha256: Sha256): Promise<Uint8Array> {
  const data = new Uint8Array(1 + left.length + right.length);
  data[0] = 1;
  data.set(left, 1);
  data.set(right, 1 + left.length);
  return sha256(data);
}

export interface Step { sibling: Uint8Array; sibling_is_left: boolean; result: Uint8Array }
export interface Climb { steps: Step[]; root: Uint8Array }

/** The climb from a leaf to the root (RFC 9162 §2.1.3.2), or why it cannot be made. Indices up to 2^53. */
export async function climb(leaf: Uint8Array, index: number, size: number, path: readonly Uint8Array[], sha256: Sha256): Promise<Climb | string> {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0) return "index or size is not a whole number";
  if (index >= size) return `entry ${index} is not in a tree of ${size} entries`;
  if (leaf.length !== 32 || path.some((p) => p.length !== 32)) return "a hash is not 32 bytes long";
  let fn = index;
  let sn = size - 1;
  let hash = leaf;
  const steps: Step[] = [];
  for (const sibling of path) {
    if (sn === 0) return "the path is longer than the tree is high";
    const left = fn % 2 === 1 || fn === sn;
    hash = left ? await node_hash(sibling, hash, sha256) : await node_hash(hash, sibling, sha256);
    steps.push({ sibling, sibling_is_left: left, result: hash });
    if (left) {
      while (fn % 2 === 0 && fn !== 0) {
        fn = Math.floor(fn / 2);
        sn = Math.floor(sn / 2);
      }
    }
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  if (sn !== 0) return "the path is shorter than the tree is high";
  return { steps, root: hash };
}

export interface Checkpoint { origin: string; size: number; root: Uint8Array; signatures: { name: string; key: string }[] }

/** A C2SP checkpoint: origin, size, root in base64, then signature lines of the note. Null if it is none. */
export function parse_checkpoint(note: string): Checkpoint | null {
  const blank = note.indexOf("\n\n");
  const lines = (blank < 0 ? note : note.slice(0, blank)).split("\n");
  const [origin, size, root] = lines;
  if (!origin || !size || !root || !/^\d+$/.test(size)) return null;
  let bytes: Uint8Array;
  try { bytes = Uint8Array.from(atob(root), (c) => c.charCodeAt(0)); } catch { return null; }
  if (bytes.length !== 32) return null;
  const signatures = (blank < 0 ? "" : note.slice(blank + 2)).split("\n").flatMap((line) => {
    const found = /^— (\S+) (\S+)$/.exec(line);
    if (!found) return [];
    try {
      const raw = Uint8Array.from(atob(found[2]!), (c) => c.charCodeAt(0));
      return raw.length > 4 ? [{ name: found[1]!, key: to_hex(raw.slice(0, 4)) }] : [];
    } catch { return []; }
  });
  return { origin, size: Number(size), root: bytes, signatures };
}

export interface Proof { entry?: number; leaf: string; index: number; size: number; root: string; path: string[]; checkpoint?: string }

export interface Checked {
  holds: boolean;
  computed: string;
  signed: string;
  steps: { sibling: string; sibling_is_left: boolean; result: string }[];
  checkpoint: Checkpoint | null;
  why: string;
  milliseconds: number;
}

/** The whole check of one proof: climb, then compare with the root in the checkpoint (or the stated root if there is none). */
export async function check_proof(proof: Proof, sha256: Sha256, now: () => number = () => performance.now()): Promise<Checked> {
  const begin = now();
  const checkpoint = proof.checkpoint ? parse_checkpoint(proof.checkpoint) : null;
  const signed = checkpoint ? to_hex(checkpoint.root) : proof.root.toLowerCase();
  const no = (why: string): Checked => ({ holds: false, computed: "", signed, steps: [], checkpoint, why, milliseconds: now() - begin });
  const leaf = from_hex(proof.leaf);
  const path = proof.path.map(from_hex);
  if (!leaf || path.some((p) => p === null)) return no("a hash of the proof is not hexadecimal");
  if (proof.checkpoint && !checkpoint) return no("the checkpoint cannot be read");
  if (checkpoint && checkpoint.size !== proof.size) return no(`the proof is for ${proof.size} entries, the checkpoint for ${checkpoint.size}`);
  const climbed = await climb(leaf, proof.index, proof.size, path as Uint8Array[], sha256);
  if (typeof climbed === "string") return no(climbed);
  const computed = to_hex(climbed.root);
  return {
    holds: computed === signed,
    computed,
    signed,
    steps: climbed.steps.map((s) => ({ sibling: to_hex(s.sibling), sibling_is_left: s.sibling_is_left, result: to_hex(s.result) })),
    checkpoint,
    why: computed === signed ? "" : "the computed root is not the signed one",
    milliseconds: now() - begin,
  };
}

/** "5e0c…a917". */
export function short_hash(hex: string): string {
  return hex.length > 10 ? `${hex.slice(0, 4)}…${hex.slice(-4)}` : hex;
}
