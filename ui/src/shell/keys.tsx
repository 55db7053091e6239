// Keys for everything: they work when nobody is typing, are shown in titles and in one dialog, and can be turned off.
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { signal } from "@preact/signals";
import { go, href, is_past } from "../address";
import { copy_link, to_live, to_transition } from "./asof";
import { open_palette } from "./palette";
import { next_density, next_theme } from "./look";
import { PAGE_NAMES } from "./pages";


const kKept = "waybill.keys";
export const keys_on = signal(typeof localStorage === "undefined" || localStorage.getItem(kKept) !== "off");
const shown = signal(false);

export function show_keys(): void {
  shown.value = true;
}

function is_typing(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null;
  if (!element?.matches) return false;
  if (element.matches("input[type=range], input[type=radio], input[type=checkbox]")) return false;
  return element.matches("input, textarea, select, [contenteditable]");
}

/** `j` and `k`: the next row's own link gets the focus, so that Enter opens it without a line of script. */
function move_row(direction: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>("main [data-row]")].filter((row) => row.offsetParent !== null);
  if (rows.length === 0) return;
  const now = rows.findIndex((row) => row.contains(document.activeElement));
  const chosen = rows.findIndex((row) => row.getAttribute("aria-selected") === "true");
  const from = now >= 0 ? now : chosen >= 0 ? chosen - (direction === 1 ? 1 : 0) : direction === 1 ? -1 : rows.length;
  const row = rows[Math.min(rows.length - 1, Math.max(0, from + direction))]!;
  (row.querySelector<HTMLElement>("a, button") ?? row).focus();
  row.scrollIntoView({ block: "nearest" });
}

export function follow_keys(): void {
  let after_g = 0;
  addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      open_palette();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || is_typing(event.target)) return;
    if (!keys_on.peek() || document.querySelector("dialog[open]")) return;
    if (after_g > Date.now() - 1500) {
      after_g = 0;
      const page = PAGE_NAMES.find((p) => p.key === event.key);
      if (page) {
        event.preventDefault();
        go(href(page.href));
        return;
      }
    }
    const acts: Record<string, () => void> = {
      "/": open_palette,
      "g": () => { after_g = Date.now(); },
      "?": show_keys,
      "j": () => move_row(1),
      "k": () => move_row(-1),
      "t": next_theme,
      ".": next_density,
      "l": () => { if (is_past.peek()) to_live(); },
      "[": () => to_transition(-1),
      "]": () => to_transition(1),
      "y": copy_link,
      "f": () => document.querySelector<HTMLElement>("main [data-filter]")?.focus(),
    };
    const what = acts[event.key];
    if (!what) return;
    event.preventDefault();
    what();
  });
}

const kAll: [string, string][] = [
  ["/", "search; also Ctrl K"], ["j", "next row"], ["k", "row before"], ["Enter", "open the row"], ["f", "filter the list"],
  ["[", "one turned verdict back"], ["]", "one turned verdict on"], ["l", "back to live"], ["y", "copy the link, with the index"],
  ["1 2 3", "depth of a decision"], ["t", "theme: system, light, dark"], [".", "density"], ["?", "these keys"],
];

export function Keys(): JSX.Element | null {
  const dialog = useRef<HTMLDialogElement>(null);
  const open = shown.value;
  useEffect(() => {
    if (open && dialog.current && !dialog.current.open) dialog.current.showModal();
  }, [open]);
  if (!open) return null;
  return (
    <dialog ref={dialog} class="sheet-over" aria-labelledby="keys-title" onClose={() => { shown.value = false; }}
      onClick={(event) => { if (event.target === dialog.current) dialog.current?.close(); }}>
      <div class="in">
        <div class="h"><h2 id="keys-title">Keys</h2><span class="right"><button type="button" class="link" onClick={() => dialog.current?.close()}>Close</button></span></div>
        <dl class="keys">
          {kAll.map(([key, does]) => <div key={key}><dt><kbd>{key}</kbd></dt><dd>{does}</dd></div>)}
          {PAGE_NAMES.map((p) => <div key={p.key}><dt><kbd>g {p.key}</kbd></dt><dd>{p.name}</dd></div>)}
        </dl>
        <label class="check"><input type="checkbox" checked={keys_on.value} onChange={(event) => {
          keys_on.value = event.currentTarget.checked;
          localStorage.setItem(kKept, keys_on.peek() ? "on" : "off");
        }} /> Single keys work. Turn them off when they get in the way of speech input or a screen reader; Ctrl K stays.</label>
      </div>
    </dialog>
  );
}
