// Decisions: what gates were asked and what they answered, newest first.
import type { JSX } from "preact";
import { params, with_query } from "../address";
import { useMore } from "../data/more";
import type { DecisionItem } from "../data/types";
import { Answered, Empty, Section, Shown, ShownOf, usePageTitle } from "../parts/frame";
import { Verdict } from "../parts/marks";
import { count, list, VERDICTS } from "../words";
import { DecisionRows } from "./subject";

export function Decisions(): JSX.Element {
  const verdict = params.value.get("verdict") ?? "";
  const environment = params.value.get("env") ?? "";
  const service = params.value.get("service") ?? "";
  const query = new URLSearchParams([["verdict", verdict], ["environment", environment], ["service", service]].filter(([, v]) => v)).toString();
  const decided = useMore<DecisionItem>(`/api/v1/decisions${query ? `?${query}` : ""}`);
  usePageTitle("Decisions");
  const filters = [verdict && `verdict ${verdict}`, environment && `environment ${environment}`, service && `service ${service}`].filter(Boolean) as string[];
  return (
    <Shown answer={decided.answer} what="The list of decisions">
      {() => {
        const items = decided.items;
        const denied = items.filter((d) => d.verdict === "deny" && !d.superseded_by).length;
        const asks = items.filter((d) => d.verdict === "ask" && !d.superseded_by).length;
        const parts = [denied > 0 ? `${denied} ${denied === 1 ? "was" : "were"} denied` : "", asks > 0 ? `${asks} ${asks === 1 ? "waits" : "wait"} for an approval` : ""].filter(Boolean);
        return (
          <>
            <Answered>{items.length === 0 ? (filters.length > 0 ? `No decision has ${list(filters)}.` : "No gate has been asked yet.") : `Of ${decided.more ? "the newest " : ""}${count(items.length, "decision")}, ${parts.length > 0 ? list(parts) : "none was denied"}.`}</Answered>
            <Section title="Decisions" meta={filters.length > 0 ? list(filters) : "newest first"} right={items.length === 0 && filters.length === 0 ? null : <>{VERDICTS.filter((v) => v !== "unknown").map((v) => <a key={v} href={with_query({ verdict: verdict === v ? null : v })} aria-current={verdict === v ? "true" : undefined}><Verdict of={v} /></a>)}{filters.length > 0 ? <a href={with_query({ verdict: null, env: null, service: null })}>all</a> : null}</>}>
              {items.length === 0
                ? filters.length > 0 ? <Empty kind="no-match" title={`No decisions match ${list(filters)}.`} clear={{ words: "Show all decisions", query: ["verdict", "env", "service"] }} />
                  : <Empty kind="unknown" title="No decisions yet" command="waybill check IMAGE --env dev">Ask a gate once and it appears here.</Empty>
                : <><DecisionRows of={items} with_subject /><ShownOf shown={items.length} total={null} more={decided.more} /></>}
            </Section>
          </>
        );
      }}
    </Shown>
  );
}
