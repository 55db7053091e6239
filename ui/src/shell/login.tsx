// Before anything else: a token becomes a session cookie that no script can read. A link with `#token=…` fills the field,
// so that the address which `waybill serve` prints can be opened as it is; the part behind # never leaves the browser.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { log_in } from "../data/api";
import type { Problem } from "../data/types";
import { usePageTitle } from "../parts/frame";
import { Command } from "../parts/marks";

function token_of_link(): string {
  const found = /^#token=([A-Za-z0-9_.-]+)$/.exec(location.hash);
  return found ? found[1]! : "";
}

export function Login(): JSX.Element {
  const [token, set_token] = useState(token_of_link);
  const [problem, set_problem] = useState<Problem | null>(null);
  const [busy, set_busy] = useState(false);
  usePageTitle("Sign in");
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (busy || token.trim() === "") return;
    set_busy(true);
    if (location.hash.startsWith("#token=")) history.replaceState(null, "", location.pathname + location.search);
    const refused = await log_in(token.trim());
    set_busy(false);
    set_problem(refused);
  };
  return (
    <div class="login">
      <main id="main" tabIndex={-1}>
        <p class="mark"><svg aria-hidden="true"><use href="#i-mark" /></svg>Waybill</p>
        <h1 class="answer">Sign in with a token.</h1>
        <p class="lead">The first one was printed when the server first started. It becomes a cookie that ends with the session; the token itself is not kept here.</p>
        <form onSubmit={(event) => void submit(event)}>
          <label for="token">Token</label>
          <input id="token" type="password" name="token" autocomplete="current-password" autocapitalize="off" spellcheck={false} placeholder="wb_…" value={token} autofocus
            aria-invalid={problem ? "true" : undefined} aria-describedby={problem ? "refused" : undefined} onInput={(event) => set_token(event.currentTarget.value)} />
          <button type="submit" class="btn main" disabled={busy}>Sign in</button>
        </form>
        {problem ? (
          <div class="fail" id="refused" role="alert">
            <b>{problem.status === 401 || problem.status === 403 ? "This token lets nobody in." : "Signing in did not work."}</b>
            <span class="s">{problem.status === 401 || problem.status === 403 ? "It is mistyped, has expired, or was revoked." : `${problem.title} ${problem.detail ?? ""}`}</span>
          </div>
        ) : null}
        <p class="s">No token? Whoever runs the server makes one:</p>
        <Command text="waybill token create --role reader" />
      </main>
    </div>
  );
}
