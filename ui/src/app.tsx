// Which page an address shows. Pages beyond the Overview are files of their own, fetched when they are opened.
import type { ComponentType, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Route, Switch } from "wouter-preact";
import { decode_segment, here } from "./address";
import { session } from "./data/api";
import { Failure, Skeleton } from "./parts/frame";
import { Overview } from "./pages/overview";
import { Login } from "./shell/login";
import { Shell } from "./shell/shell";

type Loaded<P> = () => Promise<ComponentType<P>>;

function late<P extends object>(load: Loaded<P>): ComponentType<P> {
  let page: ComponentType<P> | null = null;
  return function Late(props: P): JSX.Element | null {
    const [, redraw] = useState(0);
    const [state, set_state] = useState<"quiet" | "waiting" | "failed">("quiet");
    useEffect(() => {
      if (page) return;
      const timer = setTimeout(() => set_state("waiting"), 100);
      load().then((loaded) => { page = loaded; redraw((n) => n + 1); }, () => set_state("failed")).finally(() => clearTimeout(timer));
      return () => clearTimeout(timer);
    }, []);
    const Page = page;
    if (Page) return <Page {...props} />;
    if (state === "failed") {
      return <Failure what="This page" problem={{ title: "A file of the console did not arrive.", status: 0, detail: "The server was perhaps renewed since this page was opened." }} again={() => location.reload()} />;
    }
    return state === "waiting" ? <Skeleton lines={4} /> : null;
  };
}

const Deliveries = late(() => import("./pages/deliveries").then((m) => m.Deliveries));
const Delivery = late<{ id: string }>(() => import("./pages/deliveries").then((m) => m.Delivery));
const Subjects = late(() => import("./pages/subjects").then((m) => m.Subjects));
const Subject = late<{ id: string }>(() => import("./pages/subject").then((m) => m.Subject));
const Vulnerabilities = late(() => import("./pages/vulnerabilities").then((m) => m.Vulnerabilities));
const Vulnerability = late<{ id: string }>(() => import("./pages/vulnerabilities").then((m) => m.Vulnerability));
const Decisions = late(() => import("./pages/decisions").then((m) => m.Decisions));
const Decision = late<{ id: string }>(() => import("./pages/decision").then((m) => m.Decision));
const Approvals = late(() => import("./pages/approvals").then((m) => m.Approvals));
const Log = late(() => import("./pages/log").then((m) => m.Log));
const LogEntry = late<{ index: string }>(() => import("./pages/log").then((m) => m.LogEntry));
const Service = late<{ name: string }>(() => import("./pages/service").then((m) => m.Service));
const Environment = late<{ name: string }>(() => import("./pages/service").then((m) => m.Environment));
const More = late(() => import("./pages/more").then((m) => m.More));
const Missing = late(() => import("./pages/more").then((m) => m.Missing));

/** What follows `/subjects/` in the address, decoded once: purls hold slashes, escaped or not. */
const rest = (prefix: string): string => decode_segment(here.value.path.slice(prefix.length));

function Routes(): JSX.Element {
  return (
    <Switch>
      <Route path="/"><Overview /></Route>
      <Route path="/deliveries"><Deliveries /></Route>
      <Route path="/deliveries/*">{() => { const id = rest("/deliveries/"); return <Delivery key={id} id={id} />; }}</Route>
      <Route path="/subjects"><Subjects /></Route>
      <Route path="/subjects/*">{() => { const id = rest("/subjects/"); return <Subject key={id} id={id} />; }}</Route>
      <Route path="/vulnerabilities"><Vulnerabilities /></Route>
      <Route path="/vulnerabilities/*">{() => { const id = rest("/vulnerabilities/"); return <Vulnerability key={id} id={id} />; }}</Route>
      <Route path="/decisions"><Decisions /></Route>
      <Route path="/decisions/*">{() => { const id = rest("/decisions/"); return <Decision key={id} id={id} />; }}</Route>
      <Route path="/approvals"><Approvals /></Route>
      <Route path="/log"><Log /></Route>
      <Route path="/log/*">{() => { const id = rest("/log/"); return <LogEntry key={id} index={id} />; }}</Route>
      <Route path="/services/*">{() => { const id = rest("/services/"); return <Service key={id} name={id} />; }}</Route>
      <Route path="/environments/*">{() => { const id = rest("/environments/"); return <Environment key={id} name={id} />; }}</Route>
      <Route path="/more"><More /></Route>
      <Route><Missing /></Route>
    </Switch>
  );
}

export function App(): JSX.Element | null {
  const who = session.value;
  const path = here.value.path;
  // A new page begins at its top, and readers begin there too; links into a page (#…) go where they say.
  useEffect(() => {
    if (!location.hash || location.hash.startsWith("#token=")) scrollTo(0, 0);
  }, [path]);
  if (who === undefined) return null;
  if (who === null) return <Login />;
  return <Shell><Routes /></Shell>;
}
