// The console in a real browser, on a running server: `WAYBILL_URL=http://127.0.0.1:8620 WAYBILL_TOKEN=wb_… node tests/console/run.mjs`.
// The caller starts the server with the demonstration's data in it, and throws that data away afterwards: an exception is
// asked for. With --fixture the invented world of ui/dev takes the server's place. Needs Debian's chromium and `npm ci` in ui/.
// Prints a line for each failure and closes with "N passed, N failed, N skipped". WAYBILL_SHOTS=DIR keeps screenshots.
import { existsSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { make_report } from "./report.mjs";
import { open_browser } from "./browser.mjs";
import { discover } from "./discover.mjs";
import { check_pages } from "./pages.mjs";
import { check_behaviour } from "./behaviour.mjs";
import { check_looks } from "./looks.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const ui = join(here, "../../ui");
const report = make_report();

async function main() {
  const chromium_path = process.env.WAYBILL_CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find(existsSync);
  if (!chromium_path) return report.skip("everything", "no Chromium is installed (Debian's package: chromium)");
  const require = createRequire(join(ui, "package.json"));
  let playwright, axe;
  try {
    playwright = require("playwright-core");
    axe = require("axe-core").source;
  } catch {
    return report.skip("everything", "playwright-core or axe-core is missing: run `npm ci` in ui/");
  }
  let base = process.env.WAYBILL_URL, token = process.env.WAYBILL_TOKEN, fixture = null;
  if (process.argv.includes("--fixture")) {
    const { make_fixture } = await import(join(ui, "dev/fixture.mjs"));
    fixture = make_fixture({ world: process.env.WORLD ?? "full", dist: join(ui, "dist"), open: false, token: "wb_fixture" });
    await new Promise((done) => fixture.server.listen(0, "127.0.0.1", done));
    base = `http://127.0.0.1:${fixture.server.address().port}`;
    token = "wb_fixture";
  }
  if (!base || !token) return report.skip("everything", "WAYBILL_URL and WAYBILL_TOKEN name no running server");
  base = base.replace(/\/$/, "");
  const shots = process.env.WAYBILL_SHOTS ?? null;
  if (shots) mkdirSync(shots, { recursive: true });

  const browser = await playwright.chromium.launch({ executablePath: chromium_path, args: ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage"] });
  try {
    const tools = open_browser({ browser, base, token, axe, report, shots, is_real: fixture === null });
    const known = await discover(base, token, report);
    if (known) {
      await check_looks(tools, known);
      await check_pages(tools, known);
      await check_behaviour(tools, known);
    }
  } finally {
    await browser.close();
    if (fixture) {
      fixture.server.closeAllConnections?.();
      fixture.server.close();
    }
  }
}

await main().catch((error) => report.fail("the run itself", error?.stack ?? String(error)));
process.exit(report.close());
