// `npm run dev`: Vite with the invented world behind it (WORLD=full|small|empty), or with a real server (WAYBILL_URL=…).
import { createServer } from "vite";
import { make_fixture } from "./fixture.mjs";

const real = process.env.WAYBILL_URL;
let target = real;
if (!real) {
  const fixture = make_fixture({ world: process.env.WORLD ?? "full" });
  await new Promise((done) => fixture.server.listen(0, "127.0.0.1", done));
  target = `http://127.0.0.1:${fixture.server.address().port}`;
}
const vite = await createServer({ server: { proxy: { "/api": target, "/events": target, "/log/checkpoint": target, "/log/tile": target } } });
await vite.listen();
vite.printUrls();
