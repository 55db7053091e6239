// What there is to look at on this server: ids for the pages that need one, asked from the same API as the console asks.
export async function discover(base, token, report) {
  const opened = await fetch(`${base}/api/v1/session`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ token }) }).catch((e) => ({ ok: false, status: String(e), text: async () => "" }));
  if (!opened.ok) {
    report.fail("signing in with the token", `${opened.status} ${(await opened.text()).slice(0, 200)}`);
    return null;
  }
  const cookie = opened.headers.getSetCookie?.().map((c) => c.split(";")[0]).join("; ") ?? opened.headers.get("set-cookie")?.split(";")[0] ?? "";
  const ask = async (path) => {
    const answer = await fetch(`${base}/api/v1${path}`, { headers: { cookie, accept: "application/json" } });
    return answer.ok ? answer.json() : null;
  };
  const status = await ask("/status"), overview = await ask("/overview"), deliveries = await ask("/deliveries"), subjects = await ask("/subjects");
  const vulnerabilities = await ask("/vulnerabilities"), decisions = await ask("/decisions"), entries = await ask("/entries?limit=50");
  const cells = (overview?.services ?? []).flatMap((s) => Object.entries(s.cells).map(([environment, cell]) => ({ service: s.name, environment, ...cell })));
  const worst = cells.find((c) => c.verdict === "deny") ?? cells[0];
  const digest = worst?.digest ?? subjects?.items?.[0]?.id;
  const subject = digest ? await ask(`/subjects/${encodeURIComponent(digest)}`) : null;
  const purl = subject?.components?.items?.find((c) => c.findings?.length)?.purl ?? subject?.components?.items?.[0]?.purl;
  return {
    status, overview, subject, deliveries, cells,
    end: status?.as_of?.index ?? 0,
    digest, purl,
    service: worst?.service ?? overview?.services?.[0]?.name,
    environment: worst?.environment ?? overview?.environments?.[0]?.name,
    delivery: deliveries?.items?.[0]?.id,
    vulnerability: vulnerabilities?.items?.[0]?.id,
    decision: (decisions?.items?.find((d) => d.verdict === "deny") ?? decisions?.items?.[0])?.id,
    asks: decisions?.items?.find((d) => d.verdict === "ask" && !d.superseded_by)?.id,
    entry: entries?.items?.[Math.min(5, (entries?.items?.length ?? 1) - 1)]?.index,
    transition: overview?.turned?.[0]?.entry,
  };
}
