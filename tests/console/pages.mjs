// Every page, in light and dark, wide and on a phone: it renders its data, says nothing to the error console, keeps to the
// content policy, does not scroll sideways, and axe finds nothing.
export async function check_pages(tools, known) {
  const { report, context, page, troubles, axe_findings, shot } = tools;
  const enc = encodeURIComponent;
  const at = Math.max(0, Math.floor(known.end / 2));
  // name, address, what must be there
  const pages = [
    ["overview", "/", "table.matrix tbody tr th a"],
    ["deliveries", "/deliveries", ".lanes .lane:not(.head) .stages"],
    known.delivery && ["delivery", `/deliveries/${enc(known.delivery)}`, ".lane .stages"],
    ["subjects", "/subjects", "tbody tr th a"],
    known.digest && ["subject", `/subjects/${known.digest}`, ".chain li"],
    known.purl && ["component", `/subjects/${enc(known.purl)}`, "h1"],
    ["vulnerabilities", "/vulnerabilities", known.vulnerability ? "tbody tr th a" : ".empty"],
    known.vulnerability && ["vulnerability", `/vulnerabilities/${enc(known.vulnerability)}`, "#reach"],
    known.vulnerability && ["vulnerability-table", `/vulnerabilities/${enc(known.vulnerability)}?reach=table`, "#reach"],
    ["decisions", "/decisions", "tbody tr"],
    known.decision && ["decision", `/decisions/${known.decision}`, ".verdict h1"],
    known.decision && ["decision-auditor", `/decisions/${known.decision}?depth=aud`, ".verdict h1"],
    ["approvals", "/approvals", "h1"],
    ["log", "/log", "tbody tr"],
    known.entry !== undefined && ["entry", `/log/${known.entry}`, ".kv"],
    ["since", `/log?since=${Math.max(0, known.end - 20)}`, "h1"],
    known.service && ["service", `/services/${enc(known.service)}`, "tbody tr"],
    known.environment && ["environment", `/environments/${enc(known.environment)}`, "tbody tr"],
    ["more", "/more", ".more-list a"],
    ["missing", "/no-such-page", "h1"],
    ["unknown-subject", `/subjects/sha256:${"0".repeat(64)}`, ".empty"],
    ["past", `/?at=${at}`, ".bar.past"],
  ].filter(Boolean);

  for (const theme of ["light", "dark"]) {
    for (const width of [1440, 390]) {
      const where = `${theme} ${width}`;
      const made = await context({ theme, width, touch: width < 500 });
      const of = await page(made, { allow: [404] });
      for (const [name, path, wanted] of pages) {
        await report.check(`${name} (${where}) renders`, async () => {
          await of.open(path);
          if ((await of.locator(wanted).count()) === 0) return `nothing matches ${wanted}; h1 is “${(await of.locator("h1").first().textContent())?.slice(0, 120)}”`;
          const heads = await of.locator("h1").count();
          return heads === 1 ? "" : `${heads} h1`;
        });
        await report.check(`${name} (${where}) is quiet`, () => troubles(of));
        await report.check(`${name} (${where}) does not scroll sideways`, async () => {
          const over = await of.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
          return over > 0 ? `${over} px too wide` : "";
        });
        await report.check(`${name} (${where}) has no axe finding`, () => axe_findings(of));
        await shot(of, `${name}-${theme}-${width}`);
      }
      await made.close();
    }
  }

  // 400 % zoom of a 1280 px window is 320 px.
  const narrow = await context({ width: 320 });
  const of = await page(narrow, { allow: [404] });
  for (const [name, path] of pages) {
    await report.check(`${name} (320 px) does not scroll sideways`, async () => {
      await of.open(path);
      const over = await of.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      return over > 0 ? `${over} px too wide` : "";
    });
  }
  await narrow.close();
}
