// A small server that answers like docs/api.md from an invented world, so that the console can be worked on without the
// real one: `node dev/fixture.mjs --world full|small|empty --port 8621 [--dist dist]`. Never part of the executable.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { make_world } from "./world.mjs";

const kTypes = { ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".woff2": "font/woff2" };
export const kPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

export function make_fixture({ world: kind = "full", dist = null, token = "wb_fixture", open = true, slow_ms = 0 } = {}) {
  const world = make_world(kind);
  const sessions = new Set();
  const listeners = new Set();
  const me = { id: "person:kestrel", role: "admin", scopes: ["*"], csrf: "c5rf" };

  function api(method, url, body) {
    const path = url.pathname.replace(/^\/api\/v1/, "");
    const q = url.searchParams;
    const i = world.as_of_index(q.get("at"));
    const problem = (status, title, detail, code = "not_found") => ({ status, body: { title, status, detail, code } });
    if (q.get("at") && i > world.size - 1) return problem(404, "The log is not that long.", `It ends at #${world.size - 1}.`);
    const as_of = world.as_of(i);
    const matches = (text) => !q.get("q") || text.toLowerCase().includes(q.get("q").toLowerCase());
    const ok = (value) => ({ status: 200, body: value });
    const seg = path.split("/").slice(1).map(decodeURIComponent);
    switch (seg[0]) {
      case "status": return ok({ as_of, version: "0.1.0", me, scope: kind === "small" ? "demo" : "shop", counts: { services: world.size ? world.rows.length : 0, environments: world.environments.length, subjects: world.size ? 31 : 0, packages: 412, entries: world.size, waiting: world.size ? 2 : 0, open_vulnerabilities: world.vulns.filter((v) => v.open).length, deliveries: world.deliveries.length }, knowledge: world.knowledge, banners: world.banners });
      case "overview": return ok(world.overview(i));
      case "deliveries":
        if (seg[1]) {
          const one = world.deliveries.find((d) => d.id === seg[1]);
          return one ? ok({ as_of, ...one, entries: world.entries.slice(10, 20).map((e) => ({ entry: e.index, at: e.at, kind: e.kind, text: e.summary })) }) : problem(404, "No such delivery.", "No artifact of this digest was built or deployed.");
        }
        return ok({ as_of, stages: world.stage_heads, items: world.deliveries.filter((d) => matches(`${d.name} ${d.title} ${d.service}`) && (!q.get("service") || d.service === q.get("service"))), next: null });
      case "subjects": {
        if (seg[1]) {
          const one = world.size ? world.subject(seg.slice(1).join("/"), i) : null;
          return one ? ok(one) : ok({ as_of, id: seg.slice(1).join("/"), name: seg.slice(1).join("/"), kind: "artifact", known: false });
        }
        const items = (world.size ? world.services_at(i) : []).flatMap((s) => {
          const seen = new Map();
          for (const [env, cell] of Object.entries(s.cells)) {
            const item = seen.get(cell.digest) ?? { id: cell.digest, name: cell.name, kind: "artifact", type: "image", services: [s.name], verdicts: {}, entry: 20, at: cell.since };
            item.verdicts[env] = cell.verdict;
            seen.set(cell.digest, item);
          }
          return [...seen.values()];
        });
        return ok({ as_of, items: items.filter((s) => matches(`${s.name} ${s.id}`)), next: null });
      }
      case "vulnerabilities":
        if (seg[1]) {
          const one = world.vulns.find((v) => v.id === seg[1]);
          if (!one) return problem(404, `${seg[1]} is not known here.`, "No advisory of that name has been loaded.");
          return ok({ as_of, ...one, details: `${one.title}.\n\nA crafted document can do what the caller did not ask for. The fix checks keys before merging.`, references: [{ type: "ADVISORY", url: `https://osv.example/${one.id}` }],
            when: [["published", 5], ["listed", 2.03], ["known here", 2], ["told", 2], ["fixed", null]].map(([what, hours], n) => ({ what, at: hours === null ? null : new Date(world.now - hours * 3600_000).toISOString(), entry: n >= 2 && n < 4 ? world.turn : null, text: ["by its maintainers", "in the known-exploited catalogue", "2 minutes after it was listed", "storefront, web and discovery", "not yet in cart"][n] })),
            reach: one.id === world.vuln ? world.reach : { ...world.reach, of: one.id, packages: world.reach.packages.slice(0, 1).map((p) => ({ ...p, purl: one.packages[0], fixed_in: one.fixed_in })) },
            fixes: [{ text: "Deploy checkout 4.18.1. It is built, tested and scanned, and waits for one approval.", command: null, href: "/deliveries", clears: { deny: 2, warn: 0 }, checked: true }, { text: "Raise oakjson to 4.2.3 in cart. One line of one lockfile; no other package moves.", command: "npm install oakjson@4.2.3", clears: { deny: 2, warn: 2 }, checked: true }, { text: "Raise oakjson to 4.1.12 in web-front and recommendations.", command: "npm install oakjson@4.1.12", clears: { deny: 0, warn: 3 }, checked: true }] });
        }
        return ok({ as_of, headline: world.size ? { text: "One vulnerability needs hands today; five more are worth this week.", sub: "412 are known in what you run. 406 of them are unreachable, ruled out by a VEX statement, or within their time." } : { text: "Nothing can be said about vulnerabilities.", sub: "No advisories are loaded; this is not “0 found”." }, items: world.vulns.filter((v) => matches(`${v.id} ${v.title} ${v.packages.join(" ")}`) && (!q.get("owner") || v.owners.includes(q.get("owner"))) && (q.get("env") !== "production" || v.production > 0)), total: world.vulns.length, unreached: 1 });
      case "trace": return ok({ as_of, ...world.reach, of: q.get("of"), kind: q.get("of").startsWith("pkg:") ? "package" : "vulnerability" });
      case "decisions":
        if (seg[2] === "approvals") return ok({ id: `a-${world.size}`, receipt: { index: world.size } });
        if (seg[1]) return world.size && seg[1].startsWith("d_") ? ok(world.decision_doc(seg[1])) : problem(404, "No such decision.", `${seg[1]} is not in the log.`);
        return ok({ as_of, items: world.decision_items(i).filter((d) => (!q.get("verdict") || d.verdict === q.get("verdict")) && (!q.get("service") || d.service === q.get("service")) && (!q.get("environment") || d.environment === q.get("environment"))), next: null });
      case "exceptions":
        if (method !== "GET") return ok({ id: seg[1] ?? `x-${world.size}`, receipt: { index: world.size } });
        return ok({ as_of, items: world.exceptions, next: null });
      case "entries":
        if (seg[1]) {
          const n = Number(seg[1]);
          return n < world.size ? ok({ as_of, ...world.entries[n], body: JSON.parse(world.bodies[n]), leaf: world.leaves[n].toString("hex"), proof: world.proof_of(n, i) }) : problem(404, "No such entry.", `The log ends at #${world.size - 1}.`);
        }
        {
          const all = world.entries.slice(0, i + 1).reverse().filter((e) => !q.get("kind") || e.kind === q.get("kind"));
          const begin = Number(q.get("cursor") ?? 0);
          const limit = Math.min(500, Number(q.get("limit") ?? 100));
          return ok({ as_of, items: all.slice(begin, begin + limit), next: begin + limit < all.length ? String(begin + limit) : null });
        }
      case "timeline": {
        const hours = Number(q.get("hours") ?? 168), n = Number(q.get("buckets") ?? 168);
        const until = world.now, from = until - hours * 3600_000;
        const buckets = new Array(n).fill(0), first_index = new Array(n).fill(null);
        for (const e of world.entries) {
          const b = Math.min(n - 1, Math.floor(((Date.parse(e.at) - from) / (until - from)) * n));
          if (b < 0) continue;
          buckets[b]++;
          first_index[b] ??= e.index;
        }
        return ok({ as_of: world.as_of(world.size - 1), from: new Date(from).toISOString(), until: new Date(until).toISOString(), buckets, first_index, transitions: world.turned.map((t) => ({ at: t.at, entry: t.entry, to: t.to })), first_entry: world.size ? { index: 0, at: world.entries[0].at } : null });
      }
      case "search": {
        const text = q.get("q").toLowerCase();
        const hits = [
          ...world.rows.map((r) => ({ kind: "service", title: r[0], detail: r[1].slice(5), href: `/services/${r[0]}` })),
          ...world.components.map((c) => ({ kind: "package", title: `${c.name} ${c.version}`, detail: c.type, href: `/subjects/${encodeURIComponent(c.purl)}` })),
          ...world.vulns.map((v) => ({ kind: "vulnerability", title: v.id, detail: v.title, href: `/vulnerabilities/${v.id}` })),
        ];
        return ok({ items: hits.filter((h) => `${h.title} ${h.detail}`.toLowerCase().includes(text)).slice(0, 12) });
      }
      default: return problem(404, "No such question.", path);
    }
  }

  const handle = async (request, response) => {
    const url = new URL(request.url, "http://fixture");
    const cookie = /waybill_session=(\w+)/.exec(request.headers.cookie ?? "")?.[1];
    const known = open || sessions.has(cookie);
    const send = (status, value, headers = {}) => {
      response.writeHead(status, { "content-type": status >= 400 ? "application/problem+json" : "application/json", "cache-control": "no-store", ...headers });
      response.end(value === null ? "" : JSON.stringify(value));
    };
    if (url.pathname === "/events") {
      if (!known) return send(401, { title: "Who are you?", status: 401 });
      response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
      response.write(": here\n\n");
      listeners.add(response);
      request.on("close", () => listeners.delete(response));
      return;
    }
    if (url.pathname.startsWith("/api/v1/")) {
      let body = "";
      for await (const chunk of request) body += chunk;
      if (url.pathname === "/api/v1/session") {
        if (request.method === "POST") {
          if (JSON.parse(body || "{}").token !== token) return send(401, { title: "This token is not known.", status: 401, code: "denied" });
          const id = Math.random().toString(36).slice(2);
          sessions.add(id);
          return send(200, { csrf: me.csrf }, { "set-cookie": `waybill_session=${id}; HttpOnly; SameSite=Strict; Path=/` });
        }
        if (request.method === "DELETE") { sessions.delete(cookie); return send(204, null); }
        return known ? send(200, me) : send(401, { title: "Nobody is logged in.", status: 401 });
      }
      if (!known) return send(401, { title: "Nobody is logged in.", status: 401 });
      if (request.method !== "GET" && request.headers["x-waybill-csrf"] !== me.csrf) return send(403, { title: "The CSRF token is missing.", status: 403 });
      if (slow_ms) await new Promise((done) => setTimeout(done, slow_ms));
      const answer = api(request.method, url, body);
      return send(answer.status, answer.body);
    }
    if (!dist) return send(404, { title: "No files here.", status: 404 });
    const asked = normalize(url.pathname).replace(/^\/+/, "");
    for (const name of [asked, "index.html"]) {
      try {
        const data = await readFile(join(dist, name));
        response.writeHead(200, { "content-type": kTypes[extname(name)] ?? "application/octet-stream", "content-security-policy": kPolicy, "x-content-type-options": "nosniff" });
        return response.end(data);
      } catch { /* the next one */ }
    }
    send(404, { title: "Not built yet: npm run build", status: 404 });
  };
  const emit = (event, data) => { for (const to of listeners) to.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`); };
  return { world, handle, emit, server: createServer((a, b) => void handle(a, b).catch((e) => { b.writeHead(500, { "content-type": "application/problem+json" }); b.end(JSON.stringify({ title: String(e), status: 500 })); })) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const option = (name, otherwise) => { const n = process.argv.indexOf(`--${name}`); return n < 0 ? otherwise : process.argv[n + 1]; };
  const fixture = make_fixture({ world: option("world", "full"), dist: option("dist", null), open: option("login", "no") !== "yes", slow_ms: Number(option("slow", 0)) });
  fixture.server.listen(Number(option("port", 8621)), "127.0.0.1", () => console.log(`fixture on http://127.0.0.1:${fixture.server.address().port}, world ${fixture.world.kind}`));
}
