// An invented world in the shape of docs/api.md, for developing and testing the console without a server. All names in it
// are made up. Its Merkle log is real (SHA-256, RFC 6962), so that proofs can be checked; nothing of this is shipped.
import { createHash } from "node:crypto";

const sha = (...parts) => { const h = createHash("sha256"); for (const p of parts) h.update(p); return h.digest(); };
const digest_of = (name) => `sha256:${sha(name).toString("hex")}`;

function subtree(leaves) {
  if (leaves.length === 0) return sha(Buffer.alloc(0));
  if (leaves.length === 1) return leaves[0];
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return sha(Buffer.from([1]), subtree(leaves.slice(0, k)), subtree(leaves.slice(k)));
}
function path_of(index, leaves) {
  if (leaves.length <= 1) return [];
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return index < k ? [...path_of(index, leaves.slice(0, k)), subtree(leaves.slice(k))] : [...path_of(index - k, leaves.slice(k)), subtree(leaves.slice(0, k))];
}

export function make_world(kind = "full", now = Date.now()) {
  const iso = (seconds_ago) => new Date(now - seconds_ago * 1000).toISOString().replace(/\.\d+Z/, "Z");
  const H = 3600, D = 86400;
  const empty = kind === "empty";
  const small = kind === "small";
  const envs = small ? [["staging", "staging"], ["production", "production"]] : [["dev", "development"], ["staging", "staging"], ["prod-eu", "production"], ["prod-us", "production"]];
  const environments = empty ? [] : envs.map(([name, tier], i) => ({ name, tier, order: i + 1 }));

  // name, owner, four cells "verdict digest age" (hours), findings history
  const rows = small ? [
    ["harbour", "team:harbour", ["allow h14 0.03", "deny h14 0.02 ask"], [0, 1, 3]],
    ["waybill", "team:waybill", ["warn w1 0.05", "warn w1 0.04"], [1, 1, 1]],
  ] : [
    ["checkout", "team:storefront", ["warn c19 3", "warn c19 2", "deny c18 144 ask", "deny c18 144"], [2, 2, 3, 2, 2, 2, 2, 9]],
    ["cart", "team:storefront", ["warn k273 48", "warn k273 24", "deny k273 96", "deny k273 96"], [1, 1, 2, 2, 2, 2, 2, 8]],
    ["web-front", "team:web", ["allow w4f 5", "allow w4f 4", "warn w88 192", "warn w88 192"], [3, 3, 3, 3, 2, 2, 2, 4]],
    ["recommendations", "team:discovery", ["", "warn r114 264", "allow r90 288", "allow r90 288"], [1, 1, 1, 1, 1, 1, 1, 2]],
    ["search", "team:discovery", ["allow s6c 24", "allow s6c 22", "warn sd3 384", "allow s6c 20"], [2, 2, 2, 3, 3, 3, 2, 3]],
    ["ledger-sync", "team:payments", ["allow l0b 72", "allow l0b 72", "unknown lc6 984", ""], [1, 1, 1, 1, 1, 1, 1, 1]],
    ["payments", "team:payments", ["allow p5f 5", "allow p5f 4", "allow p91 216 ask", "allow p91 216"], [1, 1, 0, 0, 0, 0, 0, 0]],
    ["identity", "team:platform", ["allow i2d 48", "allow i2d 48", "allow i2d 24", "allow i2d 24"], [1, 1, 1, 0, 0, 0, 0, 0]],
    ["catalog", "team:discovery", ["allow cf4 7", "allow cf4 6", "allow cf4 3", "allow cf4 2"], [1, 1, 0, 0, 1, 0, 0, 0]],
    ["pricing", "team:storefront", ["allow a7c 96", "allow a7c 96", "allow a7c 72", "allow a7c 72"], [0, 0, 0, 0, 0, 0, 0, 0]],
    ["shipping", "team:fulfilment", ["allow h17 24", "allow h17 24", "allow he8 144", "allow he8 144"], [2, 2, 1, 1, 1, 1, 1, 1]],
    ["notifications", "team:platform", ["allow ncc 9", "allow n58 72", "allow n58 48", "allow n58 48"], [0, 1, 1, 0, 0, 0, 0, 0]],
    ["media", "team:web", ["allow m73 192", "allow m73 192", "allow m73 168", "allow m73 168"], [1, 1, 1, 1, 1, 1, 1, 1]],
    ["fraud", "team:payments", ["allow fb5 48", "allow fb5 48", "allow fb5 24", ""], [1, 1, 1, 0, 0, 0, 0, 0]],
  ];

  // ── the log
  const size = empty ? 0 : small ? 42 : 412;
  const kinds = ["evidence", "decision", "deployment", "advisory", "approval", "policy"];
  const texts = { evidence: "SBOM of {s}, CycloneDX 1.6, 412 components", decision: "{s} to prod-eu: allow", deployment: "{s} runs in prod-eu", advisory: "OSV record for oakjson, 1 package", approval: "rowan approves {s} for prod-eu", policy: "pack baseline 1.0.0 in force" };
  const bodies = [], entries = [], leaves = [];
  const turn = Math.floor(size * 0.93);
  for (let i = 0; i < size; i++) {
    const s = rows[(i * 7) % rows.length][0];
    const kind_of = i === turn ? "advisory" : kinds[[0, 0, 1, 0, 2, 0, 1, 3, 0, 4, 1, 5][i % 12]];
    const t = small ? iso((size - i) * 2.1) : iso(Math.max(0, 7 * D * (1 - i / (size - 1)) ** 1.15));
    const body = JSON.stringify({ actor: i % 3 ? "machine:ci" : "person:ada", at: t, index: i, kind: kind_of, subject: digest_of(`${s}`) });
    bodies.push(body);
    leaves.push(sha(Buffer.from([0]), body));
    entries.push({ index: i, at: t, kind: kind_of, actor: i % 3 ? "machine:ci" : "person:ada", summary: texts[kind_of].replace("{s}", s), subject: digest_of(s), bytes: 200 + ((i * 7919) % 9000) * (kind_of === "evidence" ? 12 : 1), document: digest_of(`doc${i}`) });
  }
  const as_of_index = (at) => {
    if (at === null || at === undefined || at === "") return size - 1;
    if (/^\d+$/.test(at)) return Number(at);
    const t = Date.parse(at);
    let i = -1;
    while (i + 1 < size && Date.parse(entries[i + 1].at) <= t) i++;
    return i;
  };
  const as_of = (i) => ({ index: i, size: i + 1, time: entries[i]?.at ?? iso(0), live: i === size - 1 });
  const proof_of = (i, upto) => {
    const tree = leaves.slice(0, upto + 1);
    const root = subtree(tree);
    return { entry: i, leaf: leaves[i].toString("hex"), index: i, size: tree.length, root: root.toString("hex"), path: path_of(i, tree).map((p) => p.toString("hex")), checkpoint: `log.example/shop\n${tree.length}\n${root.toString("base64")}\n\n— log.example/shop ${Buffer.concat([Buffer.from("a1b2c3d4", "hex"), sha("sig")]).toString("base64")}\n` };
  };

  const version = { c19: "checkout:4.19.0", c18: "checkout:4.18.0", k273: "cart:2.7.3", w88: "web-front:88.2", w4f: "web-front:88.4", r114: "recommendations:1.14", h14: "harbour:1.4.0", w1: "waybill:0.1.0" };
  const image = (key, service) => `registry.example/shop/${version[key] ?? `${service}:${(key.charCodeAt(1) % 9) + 1}.${key.charCodeAt(0) % 20}.0`}`;
  const d_id = (n) => `d_01KAGQ7W3M5X8Y2Z4A6B9C0D${String(n).padStart(2, "0")}`;
  const vuln = small ? "DEMO-2026-0002" : "CVE-2026-48112";

  function services_at(i) {
    const before = i < turn;
    return rows.map(([name, owner, cells, history], r) => {
      const out = {};
      cells.forEach((cell, c) => {
        if (!cell) return;
        const [verdict, key, hours, next] = cell.split(" ");
        const v = before && (verdict === "deny" || (verdict === "warn" && key !== "sd3")) ? (verdict === "deny" ? "warn" : "allow") : verdict;
        out[environments[c].name] = { digest: digest_of(key), name: image(key, name), deployment: `r-${20 + r * 4 + c}`, since: iso(Number(hours) * H + 200), verdict: v, decision: d_id(r * 4 + c), summary: v === "deny" ? `oakjson 4.2.1 is being exploited; ${environments[c].name} allows none.` : v === "unknown" ? "No SBOM has arrived for this digest, so 4 rules can’t speak." : "", ...(next && !before ? { next: { verdict: next, decision: d_id(90 + r), digest: digest_of(`${key}-next`) } } : {}) };
      });
      return { name, scope: `shop/${name}`, owners: [owner], cells: out, findings: { now: before ? history.at(-2) : history.at(-1), history: history.slice(0, -1).map((n, w) => [iso((8 - w) * 7 * D), n]) } };
    });
  }

  const turned = empty ? [] : small ? [
    { entry: turn, at: entries[turn].at, from: "allow", to: "deny", cause: "DEMO-2026-0002 in oakjson 4.2.1 became known. Fixed in 4.2.3.", links: [{ text: "DEMO-2026-0002", href: "/vulnerabilities/DEMO-2026-0002" }], deployments: [{ service: "harbour", environment: "production", deployment: "r-21" }], told: [] },
  ] : [
    { entry: turn, at: entries[turn].at, from: "warn", to: "deny", cause: "oakjson 4.2.1 is now known to be exploited; prod allows none. Fixed in 4.2.3. No change that raises it in cart has been seen yet.", links: [{ text: "oakjson 4.2.1", href: "/subjects/pkg:npm%2Foakjson%404.2.1" }], deployments: ["checkout", "cart"].flatMap((s) => ["prod-eu", "prod-us"].map((e) => ({ service: s, environment: e, deployment: "r-22" }))), told: ["team:storefront"] },
    { entry: turn, at: entries[turn].at, from: "allow", to: "warn", cause: "oakjson 4.1.9, let through by exception x-310 until 1 Dec: parser not reachable.", links: [{ text: "x-310", href: "/approvals#x-310" }], deployments: [{ service: "web-front", environment: "prod-eu" }, { service: "web-front", environment: "prod-us" }], told: ["team:web"] },
    { entry: turn - 20, at: entries[turn - 20].at, from: "allow", to: "warn", cause: "Its last scan is more than 14 days old.", deployments: [{ service: "search", environment: "prod-eu" }], told: ["team:discovery"] },
    { entry: turn - 90, at: entries[turn - 90].at, from: "deny", to: "allow", cause: "Redeployed with a signed build.", deployments: [{ service: "catalog", environment: "prod-us" }] },
    { entry: turn - 130, at: entries[turn - 130].at, from: "unknown", to: "allow", cause: "Its SBOM arrived, 9 minutes after the image.", deployments: [{ service: "shipping", environment: "staging" }] },
  ];

  const purl = (n, v) => `pkg:npm/${n}@${v}`;
  const reach = small ? {
    of: vuln, kind: "vulnerability", micros: 41,
    packages: [{ id: "p0", purl: purl("oakjson", "4.2.1"), fixed_in: ["4.2.3"] }],
    artifacts: [{ id: "a0", digest: digest_of("h14"), name: image("h14", "harbour") }],
    deployments: [{ id: "r-20", service: "harbour", environment: "staging", tier: "staging", verdict: "warn", since: iso(100) }, { id: "r-21", service: "harbour", environment: "production", tier: "production", verdict: "deny", since: iso(80) }],
    owners: [{ id: "o0", name: "team:harbour" }],
    edges: [["v", "p0"], ["p0", "a0"], ["a0", "r-20"], ["a0", "r-21"], ["r-20", "o0"], ["r-21", "o0"]], not_deployed: 0, totals: { packages: 1, artifacts: 1, deployments: 2 },
  } : {
    of: vuln, kind: "vulnerability", micros: 312,
    packages: [{ id: "p0", purl: purl("oakjson", "4.2.1"), fixed_in: ["4.2.3"] }, { id: "p1", purl: purl("oakjson", "4.1.9"), fixed_in: ["4.1.12"] }],
    artifacts: [["a0", "c19"], ["a1", "c18"], ["a2", "k273"], ["a3", "w88"], ["a4", "r114"]].map(([id, k]) => ({ id, digest: digest_of(k), name: image(k, k) })),
    deployments: [["r0", "checkout", "dev", "warn"], ["r1", "checkout", "staging", "warn"], ["r2", "checkout", "prod-eu", "deny"], ["r3", "checkout", "prod-us", "deny"], ["r4", "cart", "dev", "warn"], ["r5", "cart", "staging", "warn"], ["r6", "cart", "prod-eu", "deny"], ["r7", "cart", "prod-us", "deny"], ["r8", "web-front", "prod-eu", "warn"], ["r9", "web-front", "prod-us", "warn"], ["r10", "recommendations", "staging", "warn"]].map(([id, service, environment, verdict]) => ({ id, service, environment, tier: environment.startsWith("prod") ? "production" : environment, verdict, since: iso(6 * D) })),
    owners: [{ id: "o0", name: "team:storefront" }, { id: "o1", name: "team:web" }, { id: "o2", name: "team:discovery" }],
    edges: [["v", "p0"], ["v", "p1"], ["p0", "a0"], ["p0", "a1"], ["p0", "a2"], ["p1", "a3"], ["p1", "a4"], ["a0", "r0"], ["a0", "r1"], ["a1", "r2"], ["a1", "r3"], ["a2", "r4"], ["a2", "r5"], ["a2", "r6"], ["a2", "r7"], ["a3", "r8"], ["a3", "r9"], ["a4", "r10"], ["r0", "o0"], ["r1", "o0"], ["r2", "o0"], ["r3", "o0"], ["r4", "o0"], ["r5", "o0"], ["r6", "o0"], ["r7", "o0"], ["r8", "o1"], ["r9", "o1"], ["r10", "o2"]],
    not_deployed: 1, totals: { packages: 2, artifacts: 5, deployments: 11 },
  };
  const vulns = empty ? [] : (small ? [
    ["DEMO-2026-0002", "oakjson", "4.2.1", "Merging parsed objects can change their prototype", [["no exception", false]], "critical", 9.1, null, 2, 1, ["team:harbour"], 0.02, ["4.2.3"], null, true],
    ["DEMO-2026-0001", "halyard-yaml", "2.0.6", "Alias expansion without a limit stalls the parser", [["excepted", false]], "high", 7.5, null, 2, 1, ["team:harbour"], 0.03, ["2.0.9"], null, true],
  ] : [
    ["CVE-2026-48112", "oakjson", "4.2.1", "Prototype pollution while merging parsed objects", [["exploited", true], ["reachable"], ["internet"]], "critical", 9.1, 0.71, 11, 6, ["team:storefront", "team:web", "team:discovery"], 2, ["4.2.3"], null, true],
    ["CVE-2026-40417", "halyard-yaml", "2.0.6", "Alias expansion without a limit stalls the parser", [["reachable"], ["internet"], ["due in 3 d"]], "high", 7.5, 0.18, 8, 4, ["team:storefront", "team:platform"], 288, ["2.0.9"], null, true],
    ["CVE-2026-39950", "quarrypool", "1.3.0", "Connection reuse across tenants after a time-out", [["reachable"], ["due in 2 d"]], "high", 8.1, 0.04, 4, 2, ["team:payments"], 816, ["1.3.2"], null, true],
    ["CVE-2026-44871", "pelican-xml", "0.9.12", "External entities resolved by default", [["internet"], ["scanners disagree"]], "high", 7.4, 0.11, 6, 4, ["team:fulfilment"], 216, ["0.9.13"], null, true],
    ["CVE-2026-47003", "tern-grpc", "2.22.1", "Header flood is not counted against the limit", [["internet"], ["due in 6 d"]], "medium", 5.9, 0.09, 3, 3, ["team:discovery"], 744, ["2.22.4"], null, true],
    ["CVE-2026-35208", "libfennel1", "1.8.4", "Heap overflow in the colour-profile reader", [["base image"], ["no fix yet"]], "critical", 9.8, 0.02, 31, 19, ["team:platform"], 1464, [], null, true],
    ["CVE-2026-31866", "mossauth", "5.0.2", "Token audience is not checked when empty", [["VEX: not affected"]], "high", 8.2, 0.05, 4, 4, ["team:platform"], 2112, ["5.0.3"], "not_affected", false],
  ]).map(([id, name, v, title, why, severity, cvss, epss, deployments, production, owners, hours, fixed_in, vex, open], n) => ({ rank: n + 1, id, aliases: n === 0 ? ["GHSA-oak1-merg-4211"] : [], title, packages: [purl(name, v), ...(n === 0 && !small ? [purl(name, "4.1.9")] : [])], why: why.map(([word, hard]) => ({ word, hard: Boolean(hard), text: word })), severity, cvss, epss, deployments, production, owners, known_at: iso(hours * H), fixed_in, vex, open, reasons: `${why.map((w) => w[0]).join(", ")}; severity ${severity}; ${deployments} deployments` }));

  const stage_heads = [["commit", "Commit", 3900, 0], ["build", "Build", 420, 120], ["evidence", "Evidence", 130, 20], ["gate-staging", "Gate, staging", 1, 60], ["staging", "Staging", 660, 300], ["gate-production", "Gate, production", 1, 16800], ["production", "Production", 660, 360]].map(([key, name, median_seconds, waiting_median_seconds]) => ({ key, name, median_seconds, waiting_median_seconds }));
  function stages(durations, last_state, verdict, texts_of = {}) {
    let t = 0;
    const total = durations.reduce((a, b) => a + b, 0) + (last_state === "done" ? 90000 : 0);
    return stage_heads.map((h, i) => {
      if (i >= durations.length) return { key: h.key, state: "none", from: null, until: null, verdict: null, entry: null, text: null, link: null };
      const last = i === durations.length - 1;
      const from = iso(total - t);
      t += durations[i];
      const state = last ? last_state : "done";
      const gate = h.key.startsWith("gate");
      return { key: h.key, state, from, until: last && last_state !== "done" ? null : iso(total - t), verdict: gate ? (last ? verdict : "allow") : null, entry: Math.max(0, Math.min(size - 1, 20 + i * 9)), text: texts_of[h.key] ?? null, link: gate ? `/decisions/${d_id(i)}` : null };
    });
  }
  const deliveries = empty ? [] : (small ? [
    ["h14", "harbour", "harbour 1.4.0", "Raise the page size to 200", stages([6, 3, 2, 1, 4, 6, 3], "done", "allow"), "deny", null],
    ["w1", "waybill", "waybill 0.1.0", "Lay the ground: build system and base", stages([60, 20, 4, 1, 5, 1, 2], "done", "warn"), "warn", null],
  ] : [
    ["c19", "checkout", "checkout 4.19.1", "Raise oakjson to 4.2.3", stages([840, 420, 660, 1, 700, 3420], "waiting", "ask"), "ask", { for: "one approval of 2, for prod-eu, by someone in storefront who did not write it", since: iso(3420), command: "waybill approve d_01KAGQ7W3M5X8Y2Z4A6B9C0D05", link: "/decisions/" + d_id(90) }],
    ["p5f", "payments", "payments 7.3.0", "Split card capture from authorise", stages([5700, 660, 1860, 2, 1200, 15120], "waiting", "ask"), "ask", { for: "the change window, which opens at 18:00 UTC, and one approval", since: iso(15120), command: "waybill approve d_…", link: "/decisions/" + d_id(96) }],
    ["c19b", "checkout", "checkout 4.19.0", "Remember last delivery address", stages([8400, 480, 720, 1, 900, 5700], "failed", "deny"), "deny", { for: "oakjson 4.2.3: 4.2.1 is being exploited and prod-eu allows none", since: iso(5700), command: "waybill check checkout@sha256:a91f3c… --env prod-eu", link: "/decisions/" + d_id(2) }],
    ["s88", "search", "search 3.2.0", "Rank by stock before margin", stages([2880, 8700], "waiting", "warn"), "warn", { for: "a build: none has begun since the commit", since: iso(8700), command: null, link: null }],
    ["a19", "pricing", "pricing 1.9.0", "Cache price lists per region", stages([3720, 540, 1560], "active", null), null, null],
    ["f06", "media", "media 9.0.1", "Drop the old thumbnail sizes", stages([1320, 360, 4 * D], "waiting", "unknown"), "unknown", { for: "its SBOM, which never arrived", since: iso(4 * D), command: "waybill collect sbom.json --subject sha256:f06c52…", link: null }],
    ["e05", "cart", "cart 2.7.3", "Show tax per line", stages([3060, 540, 840, 1, 960, 1860, 720], "done", "allow"), "deny", null],
    ["f40", "catalog", "catalog 6.1.0", "Sign image indexes, not only images", stages([1620, 420, 600, 1, 720, 1, 540], "done", "allow"), "allow", null],
  ]).map(([key, service, name, title, st, verdict, waits]) => ({ id: digest_of(key), service, name, revision: `git+https://git.example/shop/${service}@${sha(key).toString("hex").slice(0, 40)}`, title, verdict, stages: st, waits }));

  const component_names = ["oakjson", "halyard-yaml", "libfennel1", "express-kit", "quartzhttp", "tidewater-ui", "node", "body", "mossauth", "pelican-xml", "tern-grpc", "quarrypool", "larkspur", "fenwick", "osier-log", "bramble", "sedge", "teasel", "yarrow", "dunlin"];
  const components = component_names.flatMap((n, i) => (i === 0 ? [[n, "4.2.1", [vuln]]] : i === 1 ? [[n, "2.0.6", ["CVE-2026-40417"]]] : i === 2 ? [[n, "1.8.4-2", ["CVE-2026-35208"]]] : [[n, `${(i * 3) % 9}.${i}.${i % 4}`, []]])).map(([name, v, findings], i) => ({ purl: i === 2 ? `pkg:deb/debian/${name}@${v}` : purl(name, v), name, type: i === 2 ? "deb" : "npm", version: v, licence: i === 5 ? null : ["MIT", "Apache-2.0", "LGPL-2.1", "MIT", "ISC"][i % 5], scope: i % 4 ? "runtime" : "development", path: i % 3 ? [purl("express-kit", "5.1.0"), purl(name, v)] : [purl("express-kit", "5.1.0"), purl("body", "3.0.4"), purl(name, v)], findings, entry: Math.min(size - 1, 14) }));

  const standing = (i) => environments.map((e, n) => ({ environment: e.name, verdict: small ? (n ? (i < turn ? "allow" : "deny") : "allow") : n < 2 ? "warn" : i < turn ? "warn" : "deny", decision: d_id(n), at: iso(2 * H), summary: n < 2 ? "2 warnings" : "oakjson 4.2.1 is being exploited", deployed: n < 2 || small, deployment: n < 2 || small ? `r-${20 + n}` : null }));
  const decision_items = (i) => (empty ? [] : [["ci", "prod-eu", "deny", 12], ["standing", "staging", "warn", 30], ["kubernetes", "staging", "allow", 60], ["kubernetes", "dev", "allow", 80], ["ci", "dev", "allow", 100], ["ci", "prod-us", "ask", 14]].map(([gate, environment, verdict, back], n) => ({ id: d_id(n), at: entries[Math.max(0, size - back * (small ? 0.3 : 1) | 0)].at, gate, action: "deploy", verdict, summary: verdict === "deny" ? "Denied: checkout 4.19.0 may not go to prod-eu, because oakjson 4.2.1 is being exploited." : verdict === "ask" ? "Waits for one more approval, from anyone in storefront who did not write it." : "Allowed. Nothing blocks.", subject: { id: digest_of("c19"), name: image("c19", "checkout") }, environment: small ? environments[n % 2].name : environment, service: small ? "harbour" : "checkout", entry: Math.max(0, (size - back * (small ? 0.3 : 1)) | 0), asked: 1 + n * 3, superseded_by: null })).filter((d) => d.entry <= i));

  const decision_doc = (id) => ({
    schema: "waybill/decision/v1", id, at: entries[Math.max(0, size - 12)].at, gate: "ci", action: "deploy", preview: false, asked_by: "machine:ci",
    subject: { kind: "artifact", id: digest_of("c19"), name: image("c19", "checkout") }, environment: { name: environments.at(-1).name, tier: "production" }, service: { name: rows[0][0], scope: `shop/${rows[0][0]}`, owners: [rows[0][1]] },
    verdict: id.endsWith("05") || Number(id.slice(-2)) >= 90 ? "ask" : "deny",
    summary: id.endsWith("05") || Number(id.slice(-2)) >= 90 ? "Waits for one more approval, from anyone in storefront who did not write it." : `Denied: ${rows[0][0]} may not go to ${environments.at(-1).name}, because oakjson 4.2.1 is being exploited.`,
    counts: { holds: 6, broken: 2, unknown: 1, excepted: 0, failed: 0, does_not_apply: 2 },
    results: [
      { rule: "known-exploited-vulnerability", pack: "vulnerabilities", title: "No known-exploited vulnerability past its deadline", outcome: "broken", mode: "enforce", would: "deny", verdict: "deny", severity: "critical", remedy: "Upgrade as told in the finding, rebuild, and run `waybill check` again.", controls: ["SSDF:RV.2.2", "800-53:SI-2"], findings: [{ key: "f_5b1d0c4e9a72", on: `${vuln} pkg:npm/oakjson@4.2.1`, message: `oakjson 4.2.1 has ${vuln}, listed as exploited.`, fix: "oakjson 4.2.3", since: iso(2 * H), exception: null, evidence: [{ entry: turn, what: "advisory" }, { entry: 14, what: "bill of materials" }] }] },
      { rule: "licence-allowed", pack: "licences", title: "Every component states a licence", outcome: "broken", mode: "warn", would: "deny", verdict: "warn", severity: "low", remedy: "Ask its maintainers, or set it in licences.yaml.", controls: ["SSDF:PW.4.1"], findings: [{ key: "f_a1", on: "pkg:npm/tidewater-ui@12.4.0", message: "tidewater-ui 12.4.0 states no licence.", evidence: [{ entry: 14, what: "bill of materials" }] }] },
      { rule: "container-scan-current", pack: "scans", title: "The container scan is current", outcome: "unknown", mode: "warn", would: "ask", verdict: "warn", severity: "medium", remedy: "Run the scanner and collect its SARIF.", controls: [], findings: [{ key: "f_b2", on: "findings.container", message: "no container scan of this digest has arrived", fix: "waybill collect scan.sarif", evidence: [] }] },
    ],
    held: ["builder-trusted", "change-freeze", "four-eyes", "promotion-order", "provenance-authentic", "tests-passed"],
    exceptions_used: [], approvals_used: [],
    asks: id.endsWith("05") || Number(id.slice(-2)) >= 90 ? { needed: 1, groups: ["storefront"], not: ["person:ines"], until: iso(-8 * H), approve_with: { command: `waybill approve ${id}`, link: `/decisions/${id}` } } : null,
    flips: [{ to: "warn", do: [{ rule: "known-exploited-vulnerability", how: "upgrade", what: "raise oakjson from 4.2.1 to 4.2.3 and rebuild", who: rows[0][1], command: "npm install oakjson@4.2.3" }], checked: true }],
    valid: { from: iso(2 * H), until: iso(-6 * H), because: "subject.age_days becomes 2", cache_seconds: 60 },
    policy: { digest: digest_of("policy"), scope: "shop", packs: [{ pack: "vulnerabilities", version: "1.4.0", digest: digest_of("pv"), mode: "enforce" }, { pack: "licences", version: "1.0.1", digest: digest_of("pl"), mode: "warn" }] },
    input: { schema: "waybill/input/v1", digest: digest_of("input"), bytes: 41220, slices: ["builds", "components", "vulnerabilities"] },
    log: { index: Math.max(0, size - 13), size: Math.max(0, size - 12), root: digest_of("root"), entry: Math.max(0, size - 12) }, engine: { name: "waybill", version: "0.1.0", microseconds: 4120 },
  });

  const subject = (id, i) => {
    const is_purl = id.startsWith("pkg:");
    if (is_purl) {
      const name = id.split("/").at(-1).replace("@", " ");
      return { as_of: as_of(i), id, name, kind: "component", type: id.slice(4).split("/")[0], known: true, headline: { verdict: "deny", text: `${name} is in 3 artifacts; 8 deployments run it, and 4 of them may not go on.` }, standing: [], stations: [], facts: [{ label: "Licence", value: "MIT", source: "SBOM of checkout 4.19.0", entry: 14 }, { label: "First seen", value: "in checkout 4.17.0", source: "evidence", entry: 9 }], components: null, vulnerabilities: [{ id: vuln, key: vuln, severity: "critical", open: true, package: id, fix: "4.2.3", known_at: iso(2 * H) }], decisions: [], deployments: [], evidence: [{ entry: 14, at: entries[14]?.at, kind: "sbom", format: "CycloneDX 1.6", document: digest_of("doc14"), bytes: 31200, actor: "machine:ci", signed: true, trusted: true }], graph: null, proof: null };
    }
    const service = rows.find((r) => r[2].some((c) => c && digest_of(c.split(" ")[1]) === id))?.[0] ?? rows[0][0];
    const key = rows.flatMap((r) => r[2]).map((c) => c.split(" ")[1]).find((k) => k && digest_of(k) === id);
    if (!key) return null;
    const name = image(key, service);
    const s = standing(i);
    return {
      as_of: as_of(i), id, name, kind: "artifact", type: "image", known: true, headline: { verdict: "deny", text: small ? "harbour 1.4.0 may run in staging, not in production." : `${name.split("/").at(-1).replace(":", " ")} may run in dev and staging, not in production.` }, standing: s,
      stations: [["source", "Source", "a91c07e", `shop/${service}, main`, "signed", 12, null], ["build", "Build", "builder-k8s/4", "SLSA build level 3, hermetic, 6 min", "signed", 14, null], ["sbom", "Bill of materials", "412 components", "CycloneDX 1.6", "signed", 15, null], ["tests", "Tests", "1,204 of 1,204", "unit, contract, browser", "logged", 17, null], ["signature", "Signature", "2 identities", "builder and storefront release key", "signed", 18, null], ["decision", "Decision", "deny", `gate ci, ${environments.at(-1).name}`, "signed", Math.max(0, size - 12), `/decisions/${d_id(2)}`], ["deployment", "Deployment", "not in production", "runs in dev and staging", "missing", null, null]].map(([k, title, text, detail, proof, entry, link]) => ({ key: k, title, text, detail, proof, entry, link, ...(k === "decision" ? { verdict: "deny" } : {}) })),
      facts: [["Built from", "a91c07e on main", "tag v4.19.0", 12], ["Built by", "builder-k8s/4", "keyless identity, ci.example", 14], ["Signed by", "2 identities", "builder and storefront release key", 18], ["Reviewed", "1 of 1, four eyes kept", "rowan for ines", 13], ["Tests", "1,204 passed, 0 failed", "9 skipped, 84 % of lines", 17], ["Scans", "2 scanners, 12 findings", "they disagree on 1", 19], ["Owner", "storefront", "from CODEOWNERS at a91c07e", 12], ["First seen", iso(5 * H), "", 12]].map(([label, value, source, entry]) => ({ label, value, source, entry })),
      components: { total: 412, new: 6, items: components, next: "c20" },
      vulnerabilities: vulns.slice(0, 3).map((v) => ({ id: v.id, key: v.id, severity: v.severity, open: v.open, package: v.packages[0], fix: v.fixed_in[0] ?? null, known_at: v.known_at })),
      decisions: decision_items(i),
      deployments: environments.slice(0, 2).map((e, n) => ({ id: `r-${20 + n}`, service, environment: e.name, from: iso((3 - n) * H), until: null, entry: 20 + n })),
      evidence: [["sbom", "CycloneDX 1.6", 312000, true], ["provenance", "SLSA v1", 4100, true], ["tests", "JUnit XML", 88000, false], ["scan", "SARIF 2.1.0", 41000, false]].map(([k, format, bytes, signed], n) => ({ entry: 14 + n, at: entries[Math.min(size - 1, 14 + n)].at, kind: k, format, document: digest_of(`doc${14 + n}`), bytes, actor: "machine:ci", signed, trusted: signed })),
      graph: {
        nodes: [["s", "source", "a91c07e", `shop/${service}, main`, null, null], ["b", "build", "builder-k8s/4", "SLSA build level 3", null, "/log/14"], ["a", "artifact", name.split("/").at(-1).replace(":", " "), id.slice(7, 13), null, null], ["c0", "component", "oakjson 4.2.1", "npm", null, "/subjects/pkg:npm%2Foakjson%404.2.1"], ["c1", "component", "halyard-yaml 2.0.6", "npm", null, "/subjects/pkg:npm%2Fhalyard-yaml%402.0.6"], ["c2", "component", "410 more", "none with a finding", null, null], ["v0", "vulnerability", vuln, "critical, exploited", null, `/vulnerabilities/${vuln}`], ["v1", "vulnerability", "CVE-2026-40417", "high", null, "/vulnerabilities/CVE-2026-40417"], ["sv", "service", service, rows[0][1].slice(5), null, `/services/${service}`], ["d", "decision", "deny", `ci, ${environments.at(-1).name}`, "deny", `/decisions/${d_id(2)}`], ...environments.map((e, n) => [`e${n}`, "environment", e.name, n < 2 ? "runs there" : "not deployed", s[n].verdict, `/environments/${e.name}`])].map(([nid, k, label, detail, verdict, link]) => ({ id: nid, kind: k, label, detail, verdict, link })),
        edges: [["s", "b", "built from"], ["b", "a", "built"], ["v0", "c0", "is in"], ["v1", "c1", "is in"], ["c0", "a", "part of"], ["c1", "a", "part of"], ["c2", "a", "part of"], ["a", "sv", "is"], ["a", "d", "judged"], ["d", `e${environments.length - 1}`, "for"], ["sv", "e0", "runs in"], ["sv", "e1", "runs in"]],
      },
      proof: i >= 12 ? proof_of(12, i) : null,
    };
  };

  const exceptions = empty ? [] : [
    { id: "x-310", state: "approved", rule: "known-exploited-vulnerability", matches: `${vuln} pkg:npm/oakjson@4.1.9`, service: "web-front", environment: "prod-eu", reason: "The parser is not reachable: input is signed by us.", control: "weekly check of the ingress rules", requested_by: "person:alder", approved_by: ["person:ada"], until: iso(-14 * D), days_left: 14, used: 9, entry: Math.min(size - 1, 30) },
    { id: "x-377", state: "requested", rule: "container-scan-current", matches: "*", service: "media", environment: "prod-us", reason: "scan-2 is being moved; two days.", control: null, requested_by: "person:kestrel", approved_by: [], until: iso(-2 * D), days_left: 2, used: 0, entry: Math.min(size - 1, 36) },
    { id: "x-201", state: "expired", rule: "licence-allowed", matches: "pkg:npm/tidewater-ui", service: "checkout", environment: null, reason: "Asked its maintainers.", control: null, requested_by: "person:ines", approved_by: ["person:rowan"], until: iso(3 * D), days_left: -3, used: 41, entry: Math.min(size - 1, 9) },
  ];

  const tally = (services) => {
    const all = services.flatMap((s) => Object.values(s.cells));
    return { ...Object.fromEntries(["deny", "warn", "ask", "unknown", "allow"].map((v) => [v, all.filter((c) => c.verdict === v).length])), next: all.filter((c) => c.next).length };
  };
  const overview = (i) => {
    const services = i < 0 ? [] : services_at(i);
    const counts = tally(services);
    const total = services.flatMap((s) => Object.keys(s.cells)).length;
    const denied = counts.deny > 0;
    return {
      as_of: as_of(i), environments, services, counts,
      headline: empty ? { verdict: "unknown", text: "Nothing is known to run yet.", because: "No deployment has been recorded.", links: [] } : denied
        ? { verdict: "deny", text: small ? "1 of 4 deployments may not go on running: harbour in production." : `${counts.deny} of ${total} deployments may not go on running: checkout and cart, in both production regions.`, because: small ? `Since ${entries[turn].at.slice(11, 16)} UTC, when DEMO-2026-0002 in oakjson 4.2.1 arrived.` : `Since ${entries[turn].at.slice(11, 16)} UTC, when CVE-2026-48112 in oakjson 4.2.1 was listed as exploited. A fixed checkout is built and waits at the gate for one approval; cart has no fix under way.`, links: [{ text: vuln, href: `/vulnerabilities/${vuln}` }, { text: "waits at the gate for one approval", href: "/deliveries" }].slice(0, small ? 1 : 2) }
        : { verdict: "warn", text: "Everything that runs may run.", because: `${counts.warn} with warnings.`, links: [] },
      turned: turned.filter((t) => t.entry <= i),
      risk: empty ? null : { labels: ["high or critical", "exploited or overdue"], of: 26, points: Array.from({ length: 91 }, (_, n) => [iso((90 - n) * D), Math.max(0, Math.round(18 + 5 * Math.sin(n / 9) - (n > 86 ? 5 : 0))), n < 12 ? 9 - Math.floor(n / 3) : n > 89 ? 6 : Math.max(0, 3 - Math.floor(n / 26))]) },
    };
  };
  const knowledge = empty
    ? [{ what: "advisories", source: "osv", state: "none", records: 0, at: null, age_hours: null, text: "Advisories", remedy: "waybill advisories sync" }]
    : [{ what: "exploit predictions", source: "EPSS", state: "stale", records: 210000, at: iso(3 * D), age_hours: 72, text: "Exploit predictions", remedy: null }, { what: "SBOMs", state: "none", records: null, at: iso(41 * D), text: "SBOM of 1 artifact, ledger-sync", remedy: null }, { what: "advisories", source: "osv", state: "complete", records: 241000, at: iso(18 * 60), text: "Advisories, 4 sources", remedy: null }, { what: "known exploited", source: "KEV", state: "complete", records: 1300, at: iso(2 * H), text: "Known exploited", remedy: null }, { what: "checkpoint", state: "complete", at: iso(9), text: "Checkpoint", remedy: null }];
  const banners = empty
    ? [{ verdict: "deny", word: "Missing", text: "No advisories are loaded. So nothing can be said about vulnerabilities; this is not “0 found”.", remedy: "waybill advisories sync" }]
    : [{ verdict: "warn", word: "Stale", text: "Exploit predictions (EPSS) are 3 days old: the feed’s last two syncs failed with 403. Order on the vulnerabilities page may be off; verdicts don’t use it.", remedy: "waybill advisories sync" }];

  return { kind, now, size, entries, bodies, leaves, environments, rows, as_of, as_of_index, proof_of, overview, services_at, turned, reach, vulns, stage_heads, deliveries, components, subject, decision_items, decision_doc, exceptions, knowledge, banners, digest_of, image, turn, vuln };
}
