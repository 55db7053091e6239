// What the files themselves promise: contrast of every token, the budget of a first load, the content policy.
import { brotliCompressSync, constants } from "node:zlib";

const kFirstLoad = 60_000, kFurther = 20_000;

const channel = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
const luminance = (hex) => {
  const full = hex.length === 4 ? hex.replace(/[0-9a-f]/gi, "$&$&") : hex;
  const [r, g, b] = [1, 3, 5].map((i) => channel(parseInt(full.slice(i, i + 2), 16) / 255));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
export const contrast = (a, b) => { const [hi, lo] = [luminance(a), luminance(b)].sort((x, y) => y - x); return (hi + 0.05) / (lo + 0.05); };

/** `--name: light-dark(#…, #…)` of a style sheet. */
export function tokens(css) {
  const out = {};
  for (const [, name, light, dark] of css.matchAll(/--([a-z0-9-]+):\s*light-dark\((#[0-9a-f]{3,6}),\s*(#[0-9a-f]{3,6})\)/gi)) out[name] = { light, dark };
  return out;
}

const squeezed = (data) => brotliCompressSync(data, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;

export async function check_looks({ base, report, context, page }) {
  const html = await (await fetch(`${base}/`)).text();
  const policy = (await fetch(`${base}/`)).headers.get("content-security-policy") ?? "";
  await report.check("the content policy is strict", () => {
    const wanted = ["default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'", "font-src 'self'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"];
    const missing = wanted.filter((w) => !policy.includes(w));
    return missing.length > 0 ? `missing: ${missing.join(", ")}; it is “${policy}”` : /unsafe|data:|https?:/.test(policy) ? `too wide: ${policy}` : "";
  });
  await report.check("the page has no inline script or style", () => (/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=/i.test(html) ? "found one" : ""));
  const sheet = /href="(\/[^"]+\.css)"/.exec(html)?.[1];
  const css = sheet ? await (await fetch(base + sheet)).text() : "";
  const t = tokens(css);
  await report.check("the tokens are in the style sheet", () => (Object.keys(t).length >= 20 ? "" : `${Object.keys(t).length} found in ${sheet}`));
  for (const theme of ["light", "dark"]) {
    const papers = ["paper", "paper-2", "paper-3"];
    const lowest = (name) => Math.min(...papers.map((p) => contrast(t[name][theme], t[p][theme])));
    for (const [name, limit] of [["ink", 4.5], ["ink-2", 4.5], ["ink-3", 4.5], ["edge", 3], ["allow", 4.5], ["warn", 4.5], ["ask", 4.5], ["deny", 4.5], ["none", 4.5]]) {
      await report.check(`contrast of ${name} on paper (${theme})`, () => { const c = lowest(name); return c >= limit ? "" : `${c.toFixed(2)}, needs ${limit}`; });
    }
    for (const verdict of ["allow", "warn", "ask", "deny", "none"]) {
      const tint = t[`${verdict}-tint`][theme];
      await report.check(`contrast of ${verdict} on its tint (${theme})`, () => { const c = contrast(t[verdict][theme], tint); return c >= 4.5 ? "" : c.toFixed(2); });
      await report.check(`contrast of ink on the tint of ${verdict} (${theme})`, () => { const c = contrast(t.ink[theme], tint); return c >= 12 ? "" : c.toFixed(2); });
    }
  }

  const made = await context();
  const of = await page(made);
  await of.open("/");
  const first = of.requests.filter((url) => /\.(js|css)$|\/$/.test(new URL(url).pathname));
  await report.check("the first load keeps its budget", async () => {
    let sum = 0;
    for (const url of new Set(first)) sum += squeezed(Buffer.from(await (await fetch(url)).arrayBuffer()));
    console.log(`     first load: ${sum} bytes of brotli in ${new Set(first).size} files, of ${kFirstLoad}`);
    return sum <= kFirstLoad ? "" : `${sum} bytes`;
  });
  const script = first.find((url) => url.endsWith(".js"));
  const source = script ? await (await fetch(script)).text() : "";
  const chunks = [...new Set([...source.matchAll(/["'](?:\.\/|assets\/|\/assets\/)([\w-]+\.js)["']/g)].map((m) => m[1]))];
  for (const chunk of chunks) {
    const url = new URL(`/assets/${chunk}`, base).href;
    if (first.includes(url)) continue;
    await report.check(`${chunk.replace(/-[\w-]{8}\.js$/, "")} keeps the budget of a further page`, async () => {
      const answer = await fetch(url);
      if (!answer.ok) return `${answer.status}`;
      const n = squeezed(Buffer.from(await answer.arrayBuffer()));
      return n <= kFurther ? "" : `${n} bytes`;
    });
  }
  await made.close();
}
