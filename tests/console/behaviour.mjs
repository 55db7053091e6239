// What the console does: login, keys, search, the past, proofs, failures, text from outside, acts.
export async function check_behaviour(tools, known) {
  const { base, token, report, context, page, settle, troubles, axe_findings, shot } = tools;

  // ── login
  {
    const made = await context({ signed_in: false });
    const of = await page(made, { allow: [401, 403] });
    await report.check("without a session the login stands there", async () => {
      await of.open("/deliveries");
      return (await of.locator("input#token").count()) === 1 ? "" : await of.locator("h1").textContent();
    });
    await report.check("the login has no axe finding", () => axe_findings(of));
    await shot(of, "login-light-1440");
    await report.check("a wrong token is refused in words", async () => {
      await of.fill("#token", "wb_wrong");
      await of.press("#token", "Enter");
      await of.waitForSelector("#refused");
      return /lets nobody in|did not work/.test(await of.locator("#refused").textContent()) ? "" : await of.locator("#refused").textContent();
    });
    await report.check("the right token opens the page that was asked for", async () => {
      await of.fill("#token", token);
      await of.press("#token", "Enter");
      await of.waitForSelector(".rail", { state: "attached" });
      return new URL(of.url()).pathname === "/deliveries" ? "" : of.url();
    });
    await report.check("a link with #token= fills the field and leaves the address", async () => {
      const other = await context({ signed_in: false });
      const mine = await page(other, { allow: [401] });
      await mine.open(`/#token=${token}`);
      await mine.press("#token", "Enter");
      await mine.waitForSelector(".rail", { state: "attached" });
      const address = mine.url();
      await other.close();
      return address.includes("token") ? address : "";
    });
    await report.check("no script can read the session", async () => ((await of.evaluate(() => document.cookie)).includes("waybill_session") ? "the cookie is readable" : ""));
    await made.close();
  }

  const made = await context();
  const of = await page(made, { allow: [404] });

  // ── keys
  const path = () => new URL(of.url()).pathname;
  await report.check("g and a letter goes to a page", async () => {
    await of.open("/");
    for (const [key, to] of [["d", "/deliveries"], ["s", "/subjects"], ["v", "/vulnerabilities"], ["a", "/approvals"], ["e", "/decisions"], ["l", "/log"], ["o", "/"]]) {
      await of.keyboard.press("g");
      await of.keyboard.press(key);
      await of.waitForFunction((p) => location.pathname === p, to).catch(() => {});
      if (path() !== to) return `g ${key} went to ${path()}`;
    }
    return "";
  });
  await report.check("j and k move through rows, Enter opens", async () => {
    await of.open("/decisions");
    await of.keyboard.press("j");
    const first = await of.evaluate(() => document.activeElement?.getAttribute("href"));
    await of.keyboard.press("j");
    await of.keyboard.press("k");
    const again = await of.evaluate(() => document.activeElement?.getAttribute("href"));
    if (!first || first !== again) return `${first} then ${again}`;
    await of.keyboard.press("Enter");
    await of.waitForSelector(".verdict h1");
    return path().startsWith("/decisions/d_") ? "" : path();
  });
  await report.check("keys do nothing while somebody types", async () => {
    await of.open("/subjects");
    await of.keyboard.press("f");
    await of.keyboard.type("gd/t?");
    const typed = await of.inputValue("[data-filter]");
    return typed === "gd/t?" && path() === "/subjects" ? "" : `${typed} at ${path()}`;
  });
  await report.check("a filter that matches nothing says so and can be taken back", async () => {
    await of.waitForSelector(".empty.no-match");
    await of.click(".empty.no-match a");
    await of.waitForSelector("tbody tr");
    return new URL(of.url()).search === "" ? "" : of.url();
  });
  await report.check("? shows the keys, Escape closes them, focus returns", async () => {
    await of.open("/");
    await of.focus(".rail .foot button");
    await of.keyboard.press("?");
    await of.waitForSelector("dialog[open] .keys");
    const findings = await axe_findings(of);
    await shot(of, "keys-light-1440");
    await of.keyboard.press("Escape");
    await of.waitForSelector("dialog[open]", { state: "detached" });
    return findings;
  });
  await report.check("t changes the theme and it is kept", async () => {
    await of.open("/");
    await of.keyboard.press("t");
    await of.keyboard.press("t");
    const theme = await of.evaluate(() => document.documentElement.dataset.theme);
    await of.open("/log");
    const kept = await of.evaluate(() => document.documentElement.dataset.theme);
    await of.keyboard.press("t");
    const back = await of.evaluate(() => document.documentElement.dataset.theme);
    return theme === "dark" && kept === "dark" && back === undefined ? "" : `${theme}, ${kept}, ${back}`;
  });
  await report.check("y copies a link that carries the index", async () => {
    await of.open("/vulnerabilities");
    await of.keyboard.press("y");
    await of.waitForSelector(".toast");
    const copied = await of.evaluate(() => navigator.clipboard.readText());
    return copied.startsWith(`${base}/vulnerabilities`) && /[?&]at=\d+/.test(copied) ? "" : copied;
  });
  await report.check("Tab reaches the skip link first", async () => {
    await of.open("/");
    await of.keyboard.press("Tab");
    return (await of.evaluate(() => document.activeElement?.className)) === "skip" ? "" : await of.evaluate(() => document.activeElement?.outerHTML.slice(0, 80));
  });

  // ── search
  await report.check("/ finds a service and Enter opens it", async () => {
    if (!known.service) return "no service is known";
    await of.open("/");
    await of.keyboard.press("/");
    await of.waitForSelector("dialog.palette[open] input");
    await of.keyboard.type(known.service);
    await of.waitForFunction((s) => [...document.querySelectorAll(".palette .hit")].some((h) => h.textContent.includes(s)), known.service);
    const findings = await axe_findings(of);
    await shot(of, "palette-light-1440");
    await of.keyboard.press("Enter");
    await of.waitForSelector("dialog.palette[open]", { state: "detached" });
    await settle(of);
    return findings || (path().startsWith("/services/") || path().startsWith("/subjects/") ? "" : path());
  });
  await report.check("search knows a vulnerability by its form", async () => {
    await of.keyboard.press("Control+k");
    await of.waitForSelector("dialog.palette[open] input");
    await of.keyboard.type("CVE-2099-12345");
    await of.keyboard.press("Enter");
    await of.waitForSelector(".empty");
    return /is not known here/.test(await of.locator("h1").textContent()) ? "" : await of.locator("h1").textContent();
  });

  // ── the past
  const past = Math.max(0, Math.floor(known.end / 2));
  await report.check("?at= drives every question of every page", async () => {
    for (const to of ["/", "/deliveries", "/subjects", "/vulnerabilities", "/decisions", "/approvals", "/log"]) {
      await of.open(`${to}?at=${past}`);
      const asked = of.requests.map((r) => new URL(r)).filter((u) => u.pathname.startsWith("/api/v1/") && !/\/(session|timeline)$/.test(u.pathname));
      // The ground of the slider is the one thing that always speaks of the whole log.
      const stray = asked.filter((u) => u.searchParams.get("at") !== String(past) && !(u.pathname === "/api/v1/entries" && u.searchParams.get("limit") === "160"));
      if (asked.length === 0 || stray.length > 0) return `${to}: ${stray.map((u) => u.pathname + u.search).join(", ") || "asked nothing"}`;
      if (!(await of.locator(".bar.past").count())) return `${to}: the bar is not turned`;
    }
    return "";
  });
  await report.check("links keep the index", async () => {
    const links = await of.$$eval(".rail li a", (all) => all.map((a) => a.getAttribute("href")));
    return links.every((l) => l.includes(`at=${past}`)) ? "" : links.join(", ");
  });
  await report.check("nothing can be written in the past", async () => {
    await of.open(`/approvals?at=${known.end > 0 ? known.end - 1 : 0}`);
    const on = await of.locator("main .btn:not(:disabled)").count();
    return on === 0 ? "" : `${on} buttons are on`;
  });
  await report.check("l goes back to live", async () => {
    await of.keyboard.press("l");
    await of.waitForSelector(".bar:not(.past)");
    return new URL(of.url()).searchParams.has("at") ? of.url() : "";
  });
  if (known.transition !== undefined && known.transition < known.end) {
    await report.check("[ and ] step from one turned verdict to the next", async () => {
      await of.open("/");
      await of.waitForSelector(".slide input:not(:disabled)");
      await of.keyboard.press("[");
      await of.waitForSelector(".bar.past");
      const index = Number(new URL(of.url()).searchParams.get("at"));
      await of.keyboard.press("]");
      await of.waitForTimeout(200);
      return index >= known.transition || index > 0 ? "" : `at=${index}`;
    });
    await report.check("the past shows what was known then", async () => {
      await of.open("/");
      const now = await of.locator("h1").textContent();
      await of.open(`/?at=${Math.floor(known.end / 4)}`);
      const then = await of.locator("h1").textContent();
      return now !== then ? "" : `both say “${now}”`;
    });
  } else report.skip("[ and ] step from one turned verdict to the next", "no verdict has turned on this server");
  await report.check("the slider's keys move the index and say so", async () => {
    await of.open("/");
    await of.waitForSelector(".slide input:not(:disabled)");
    await of.focus(".slide input");
    await of.keyboard.press("Shift+ArrowLeft");
    await of.waitForSelector(".bar.past");
    await settle(of);
    const index = new URL(of.url()).searchParams.get("at");
    const said = await of.getAttribute(".slide input", "aria-valuetext");
    return index === String(known.end - 1) && said?.replace(/,/g, "").includes(index) ? "" : `${index}: ${said}`;
  });
  await report.check("dragging the slider asks as of where it stands", async () => {
    await of.open("/");
    await of.waitForSelector(".slide input:not(:disabled)");
    const box = await of.locator(".slide").boundingBox();
    await of.mouse.move(box.x + box.width - 2, box.y + 16);
    await of.mouse.down();
    for (let i = 1; i <= 8; i++) await of.mouse.move(box.x + box.width * (1 - i / 16), box.y + 16);
    await of.mouse.up();
    await of.waitForSelector(".bar.past");
    await settle(of);
    const index = Number(new URL(of.url()).searchParams.get("at"));
    return index > 0 && index < known.end ? "" : String(index);
  });
  await report.check("a link beyond the end of the log says so and offers the newest", async () => {
    await of.open(`/?at=${known.end + 1_000_000}`);
    await of.waitForSelector(".empty button");
    const text = await of.locator("main").textContent();
    if (!/This link speaks of #.*the log ends at #/.test(text)) return text.slice(0, 200);
    await of.click(".empty button");
    await of.waitForSelector("table.matrix");
    return "";
  });

  // ── proofs
  if (known.entry !== undefined) {
    await report.check("a proof is computed in the browser and holds", async () => {
      await of.open(`/log/${known.entry}`);
      await of.waitForFunction(() => /the same: it is in the log|does not hold/.test(document.querySelector("main")?.textContent ?? ""));
      const text = await of.locator("main").textContent();
      return text.includes("the same: it is in the log") ? "" : text.slice(-400);
    });
    await report.check("a proof that was tampered with does not hold", async () => {
      await of.route(`**/api/v1/entries/${known.entry}*`, async (route) => {
        const answer = await route.fetch();
        const value = await answer.json();
        value.proof.leaf = (value.proof.leaf[0] === "0" ? "1" : "0") + value.proof.leaf.slice(1);
        await route.fulfill({ response: answer, json: value });
      });
      await of.open(`/log/${known.entry}`);
      await of.waitForFunction(() => /the same: it is in the log|does not hold/.test(document.querySelector("main")?.textContent ?? ""));
      const text = await of.locator("main").textContent();
      await of.unroute(`**/api/v1/entries/${known.entry}*`);
      return text.includes("does not hold") ? "" : "the console believed it";
    });
  }
  if (known.digest && known.subject?.proof) {
    await report.check("the subject's own proof holds", async () => {
      await of.open(`/subjects/${known.digest}`);
      await of.waitForFunction(() => /the same: it is in the log|does not hold/.test(document.querySelector("main")?.textContent ?? ""));
      return (await of.locator("main").textContent()).includes("the same: it is in the log") ? "" : "it does not";
    });
  }

  // ── decisions
  if (known.decision) {
    await report.check("1, 2 and 3 choose the depth, and deeper only adds", async () => {
      await of.open(`/decisions/${known.decision}`);
      const shallow = await of.locator("section").count();
      await of.keyboard.press("3");
      await of.waitForFunction(() => location.search.includes("depth=aud"));
      const deep = await of.locator("section").count();
      await of.keyboard.press("1");
      await of.waitForFunction(() => location.search.includes("depth=dev"));
      return deep > shallow ? "" : `${shallow} sections, then ${deep}`;
    });
  }

  // ── failures
  await report.check("a failed question keeps the old data and says so", async () => {
    await of.open("/");
    const before = await of.locator("table.matrix tbody tr").count();
    await of.route("**/api/v1/overview*", (route) => route.fulfill({ status: 503, contentType: "application/problem+json", body: JSON.stringify({ title: "The server is replaying the log.", status: 503 }) }));
    await of.evaluate(() => history.replaceState(null, "", "/?turned=all"));
    await of.goto(`${base}/?x=1`).catch(() => {});
    await of.waitForSelector(".fail");
    const first = await of.locator("main").textContent();
    await of.unroute("**/api/v1/overview*");
    await of.click(".fail button");
    await of.waitForSelector("table.matrix tbody tr");
    const after = await of.locator("table.matrix tbody tr").count();
    return /could not be read|cannot be shown/.test(first) && after === before ? "" : `${first.slice(0, 120)}; ${before} rows, then ${after}`;
  });
  await report.check("nothing waits in silence for more than 2 s", async () => {
    await of.route("**/api/v1/overview*", async (route) => { await new Promise((done) => setTimeout(done, 2600)); await route.continue().catch(() => {}); });
    await of.goto(`${base}/`);
    await of.waitForSelector("[aria-busy=true]", { timeout: 1500 });
    await of.waitForFunction(() => /Still waiting/.test(document.querySelector("main")?.textContent ?? ""), null, { timeout: 2600 });
    await of.unroute("**/api/v1/overview*");
    await of.waitForSelector("table.matrix");
    return "";
  });

  // ── text from outside
  await report.check("text from outside stays text, and hidden characters are shown", async () => {
    await of.route("**/api/v1/overview*", async (route) => {
      const answer = await route.fetch();
      const value = await answer.json();
      value.headline.text = "<img src=x onerror=alert(1)> and \u202Eevil";
      value.headline.because = "";
      await route.fulfill({ response: answer, json: value });
    });
    await of.open("/");
    const text = await of.locator("h1").textContent();
    const images = await of.locator("h1 img").count();
    await of.unroute("**/api/v1/overview*");
    return images === 0 && text.includes("<img src=x") && text.includes("⟨U+202E⟩") ? "" : text;
  });

  // ── print
  await report.check("on paper the shell is gone and the permalink stands", async () => {
    await of.open("/");
    await of.emulateMedia({ media: "print" });
    const rail = await of.locator(".railbox").isVisible();
    const line = await of.locator(".print").textContent();
    const visible = await of.locator(".print").isVisible();
    await of.emulateMedia({ media: "screen" });
    return !rail && visible && /at=\d+/.test(line) ? "" : `${rail} ${visible} ${line}`;
  });

  // ── live, and an act
  const may_ask = known.status?.me?.role !== "reader";
  if (may_ask) {
    await report.check("an exception can be asked for, with a receipt", async () => {
      await of.open(`/approvals?rule=known-exploited-vulnerability&on=pkg:npm/console-test@1.0.0&service=${encodeURIComponent(known.service ?? "")}`);
      await of.waitForSelector("form.form textarea");
      await of.fill("form.form textarea", "Asked for by the console's own test.");
      await of.click("form.form button[type=submit]");
      await of.waitForSelector(".toast, .fail");
      if (await of.locator(".fail").count()) return await of.locator(".fail").textContent();
      return /Asked for an exception/.test(await of.locator(".toast").textContent()) ? "" : await of.locator(".toast").textContent();
    });
    if (tools.is_real) {
      await report.check("a page that is open follows the log", async () => {
        const other = await page(made);
        await other.open("/log");
        const size = async () => Number((await other.locator("h1").textContent()).replace(/\D/g, ""));
        const before = await size();
        await of.open("/approvals?rule=licence-allowed&on=pkg:npm/console-test-2@1.0.0");
        await of.fill("form.form textarea", "Asked for by the console's own test, to see a page follow the log.");
        await of.click("form.form button[type=submit]");
        await other.waitForFunction((n) => Number((document.querySelector("h1")?.textContent ?? "").replace(/\D/g, "")) > n, before, { timeout: 5000 });
        const after = await size();
        await other.close();
        return after > before ? "" : `${before}, then ${after}`;
      });
    } else report.skip("a page that is open follows the log", "the invented world does not change");
  } else report.skip("an exception can be asked for, with a receipt", "the token is only a reader's");
  await report.check("nothing of all this broke the content policy", () => troubles(of).then((t) => t.split("; ").filter((line) => line.startsWith("content policy") || line.startsWith("script")).join("; ")));
  await made.close();
}
