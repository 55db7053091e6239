// What an act of yours did, with its receipt. Stays 8 seconds, or longer while the pointer or the focus rests on it.
import type { JSX } from "preact";
import { signal } from "@preact/signals";
import { href } from "../address";

interface Told { text: string; link?: { text: string; href: string } }

const told = signal<Told | null>(null);
let timer: ReturnType<typeof setTimeout> | undefined;

function leave_later(): void {
  clearTimeout(timer);
  timer = setTimeout(() => { told.value = null; }, 8000);
}

export function say(text: string, link?: Told["link"]): void {
  told.value = link ? { text, link } : { text };
  leave_later();
}

/** Onto the clipboard; a page over plain HTTP has none, so it falls back to a selection. */
export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "vh";
    document.body.append(field);
    field.select();
    const worked = document.execCommand("copy");
    field.remove();
    if (!worked) say("The browser did not allow copying.");
    return worked;
  }
}

export function Toast(): JSX.Element {
  const now = told.value;
  return (
    <div class="toasts" role="status" aria-live="polite">
      {now ? (
        <div class="toast" onPointerEnter={() => clearTimeout(timer)} onPointerLeave={leave_later} onFocusIn={() => clearTimeout(timer)} onFocusOut={leave_later}>
          <span>{now.text}</span>{now.link ? <a href={href(now.link.href)}>{now.link.text}</a> : null}
          <button type="button" class="link" onClick={() => { told.value = null; }}>Close</button>
        </div>
      ) : null}
    </div>
  );
}
