// Pages of the browser as the tests want them: signed in, watched for errors and for violations of the content policy.
export function open_browser({ browser, base, token, axe, report, shots, is_real }) {
  /** A context of its own; `signed_in` false begins at the login. */
  async function context({ width = 1440, height = 900, theme = "light", signed_in = true, touch = false } = {}) {
    const made = await browser.newContext({ viewport: { width, height }, colorScheme: theme, hasTouch: touch, reducedMotion: "reduce", permissions: ["clipboard-read", "clipboard-write"] });
    await made.addInitScript(() => {
      window.__violations = [];
      document.addEventListener("securitypolicyviolation", (e) => window.__violations.push(`${e.violatedDirective} ${e.blockedURI}`));
    });
    if (signed_in) {
      const answer = await made.request.post(`${base}/api/v1/session`, { data: { token } });
      if (!answer.ok()) throw new Error(`the token lets nobody in: ${answer.status()} ${(await answer.text()).slice(0, 200)}`);
    }
    return made;
  }

  /** A page that remembers what went wrong on it. `allow` are statuses that a page provokes on purpose. */
  async function page(in_context, { allow = [] } = {}) {
    const made = await in_context.newPage();
    made.setDefaultTimeout(6000);
    const wrong = [], requests = [];
    made.on("console", (message) => {
      const text = message.text();
      if (message.type() === "error" && !(allow.length > 0 && /Failed to load resource/.test(text))) wrong.push(`console: ${text}`);
    });
    made.on("pageerror", (error) => wrong.push(`script: ${error.message}`));
    made.on("request", (request) => {
      requests.push(request.url());
      if (!request.url().startsWith(base) && !request.url().startsWith("about:") && !request.url().startsWith("blob:")) wrong.push(`asks another host: ${request.url()}`);
    });
    made.on("response", (response) => {
      if (response.status() >= 400 && !allow.includes(response.status())) wrong.push(`${response.status()} ${response.url()}`);
    });
    made.wrong = wrong;
    made.requests = requests;
    made.open = async (path) => {
      wrong.length = 0;
      requests.length = 0;
      await made.goto(base + path, { waitUntil: "domcontentloaded" });
      await made.waitForSelector("h1:not(.vh)");
      await settle(made);
    };
    return made;
  }

  /** Until nothing has been asked for 200 ms. The stream of events never ends, so "network idle" would not come. */
  async function settle(of) {
    let quiet = 0, last = of.requests.length;
    for (let i = 0; i < 60 && quiet < 4; i++) {
      await of.waitForTimeout(50);
      quiet = of.requests.length === last && (await of.locator("[aria-busy=true]").count()) === 0 ? quiet + 1 : 0;
      last = of.requests.length;
    }
  }

  async function troubles(of) {
    return [...of.wrong, ...(await of.evaluate(() => window.__violations)).map((v) => `content policy: ${v}`)].join("; ");
  }

  async function axe_findings(of) {
    // On a phone the tabs at the foot lie over whatever scrolls below them; a tall window shows everything at its place.
    const size = of.viewportSize();
    if (size.width < 900) await of.setViewportSize({ width: size.width, height: Math.min(16000, await of.evaluate(() => document.documentElement.scrollHeight + 80)) });
    // evaluate() runs in the page's world by way of the protocol, so the policy needs no hole for it.
    await of.evaluate(axe);
    const found = await of.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], resultTypes: ["violations"] }));
    if (size.width < 900) await of.setViewportSize(size);
    return found.violations.map((v) => `${v.id} (${v.nodes.length}): ${v.nodes.slice(0, 2).map((n) => `${n.target.join(" ")}${n.any[0]?.message ? ` [${n.any[0].message.slice(0, 120)}]` : ""}`).join(" | ")}`).join("; ");
  }

  async function shot(of, name) {
    if (shots) await of.screenshot({ path: `${shots}/${name}.png`, fullPage: true });
  }

  return { base, token, report, is_real, context, page, settle, troubles, axe_findings, shot };
}
