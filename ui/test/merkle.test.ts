import { createHash, webcrypto } from "node:crypto";
import { describe, expect, it } from "vitest";
import { browser_sha256, check_proof, climb, from_hex, leaf_hash, parse_checkpoint, to_hex } from "../src/merkle";
// The invented world builds its proofs by the recursive definition of RFC 6962; the console climbs iteratively.
import { make_world } from "../dev/world.mjs";

// Node 18 has WebCrypto, but not yet as a global.
if (!globalThis.crypto) Object.defineProperty(globalThis, "crypto", { value: webcrypto });

const sha256 = async (data: Uint8Array) => new Uint8Array(createHash("sha256").update(data).digest());
const world = make_world("small", Date.parse("2026-11-22T15:00:00Z"));

describe("inclusion proofs", () => {
  it("HoldForEveryLeafOfEveryTreeSize", async () => {
    for (let size = 1; size <= world.size; size++) {
      for (let i = 0; i < size; i++) {
        const checked = await check_proof(world.proof_of(i, size - 1), sha256, () => 0);
        expect(checked.holds, `leaf ${i} of ${size}: ${checked.why}`).toBe(true);
      }
    }
  });
  it("HashesTheLeafAsRfc6962Says", async () => {
    expect(to_hex(await leaf_hash(new Uint8Array(), sha256))).toBe("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    expect(to_hex(await leaf_hash(new TextEncoder().encode(world.bodies[7]), sha256))).toBe(world.leaves[7].toString("hex"));
  });
  it("FailWhenAnythingIsChanged", async () => {
    const proof = world.proof_of(13, 41);
    const flip = (hex: string) => (hex[0] === "0" ? "1" : "0") + hex.slice(1);
    const wrong = [
      { ...proof, leaf: flip(proof.leaf) },
      { ...proof, index: 12 },
      { ...proof, path: [flip(proof.path[0]!), ...proof.path.slice(1)] },
      { ...proof, path: proof.path.slice(1) },
      { ...proof, path: [...proof.path, proof.path[0]!] },
      { ...proof, index: 42 },
      { ...proof, leaf: "zz" },
      { ...proof, size: 41 },
      { ...proof, checkpoint: "no checkpoint" },
    ];
    for (const one of wrong) {
      const checked = await check_proof(one, sha256);
      expect(checked.holds).toBe(false);
      expect(checked.why).not.toBe("");
    }
  });
  it("TakeTheRootFromTheCheckpointAndNotFromWhatStandsBesideIt", async () => {
    const proof = world.proof_of(3, 20);
    expect((await check_proof({ ...proof, root: "00".repeat(32) }, sha256)).holds).toBe(true);
    const other = world.proof_of(3, 21).checkpoint.replace("\n22\n", "\n21\n");
    expect((await check_proof({ ...proof, checkpoint: other }, sha256)).holds).toBe(false);
  });
  it("WorkWithWebCrypto", async () => {
    const web = browser_sha256();
    expect(web).not.toBeNull();
    expect((await check_proof(world.proof_of(5, 41), web!)).holds).toBe(true);
  });
  it("RefuseHashesOfTheWrongLength", async () => {
    expect(await climb(new Uint8Array(31), 0, 1, [], sha256)).toBe("a hash is not 32 bytes long");
    expect(from_hex("abc")).toBeNull();
  });
});

describe("checkpoints", () => {
  it("AreReadWithTheirSignatures", () => {
    const read = parse_checkpoint(world.proof_of(0, 41).checkpoint);
    expect(read).toMatchObject({ origin: "log.example/shop", size: 42, signatures: [{ name: "log.example/shop", key: "a1b2c3d4" }] });
  });
  it.each(["", "origin\nx\nAAAA\n", "origin\n5\nnot base64!\n", "origin\n5\nAAAA\n"])("AreRefusedWhenTheyAreNone: %j", (text) => {
    expect(parse_checkpoint(text)).toBeNull();
  });
});
