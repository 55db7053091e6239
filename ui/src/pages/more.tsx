// What does not fit into five tabs, and addresses that lead nowhere.
import type { JSX } from "preact";
import { here, href } from "../address";
import { log_out, session } from "../data/api";
import { Answered, usePageTitle } from "../parts/frame";
import { show_keys } from "../shell/keys";
import { next_theme } from "../shell/look";
import { PAGE_NAMES } from "../shell/pages";
import { actor_name } from "../words";

export function More(): JSX.Element {
  usePageTitle("More");
  return (
    <>
      <Answered>Everything else.</Answered>
      <nav class="more-list" aria-label="All pages">{PAGE_NAMES.map((p) => <a key={p.key} href={href(p.href)}>{p.name}</a>)}</nav>
      <section aria-label="You">
        <div class="h"><h2>You</h2><span class="meta">{session.value?.id ? `${actor_name(session.value.id)}, ${session.value.role}` : ""}</span></div>
        <p class="acts"><button type="button" class="btn" onClick={next_theme}>Theme</button> <button type="button" class="btn" onClick={show_keys}>Keys</button> <button type="button" class="btn" onClick={() => void log_out()}>Sign out</button></p>
      </section>
    </>
  );
}

export function Missing(): JSX.Element {
  usePageTitle("No such page");
  return (
    <>
      <Answered lead={<>Nothing of the console is at <code>{here.value.path}</code>. The link is mistyped, or from a newer version.</>}>There is no such page.</Answered>
      <nav class="more-list" aria-label="All pages">{PAGE_NAMES.map((p) => <a key={p.key} href={href(p.href)}>{p.name}</a>)}</nav>
    </>
  );
}
