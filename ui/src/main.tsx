// The console begins here: look, address, session, events, keys, then the pages.
import { render } from "preact";
import { App } from "./app";
import { follow_address, go } from "./address";
import { who_am_i } from "./data/api";
import { follow_events } from "./data/live";
import { keep_time } from "./parts/clock";
import { follow_keys } from "./shell/keys";
import { restore_look } from "./shell/look";

/** Plain links move inside the console, keep the index of the page, and stay links for everything else (new tab, copy). */
function follow_links(): void {
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element).closest?.("a[href]");
    const to = link?.getAttribute("href");
    if (!link || !to || !to.startsWith("/") || to.startsWith("//") || to.startsWith("/api/") || link.hasAttribute("download") || link.hasAttribute("target")) return;
    event.preventDefault();
    go(to);
    if (!to.includes("#")) document.getElementById("main")?.focus({ preventScroll: true });
  });
}

restore_look();
follow_address();
follow_links();
keep_time();
follow_events();
follow_keys();
void who_am_i();
render(<App />, document.getElementById("console")!);

