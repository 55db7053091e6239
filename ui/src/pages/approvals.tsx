// Approvals and exceptions: what waits for a person, what has been let through, until when and by whom.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { href, params, segment, set_query } from "../address";
import { useAnswer } from "../data/answer";
import type { DecisionItem, Exception, Page } from "../data/types";
import { ActForm, end_of_day, in_days, why_off } from "../parts/acts";
import { Answered, Empty, Failure, Section, Shown, usePageTitle } from "../parts/frame";
import { Index, Tag, Time, Verdict } from "../parts/marks";
import { actor_name, count, list, number, short_name } from "../words";
import { full } from "../time";

/** Soonest end first; what is over comes last. */
export function by_end(a: Exception, b: Exception): number {
  return Date.parse(a.until ?? "9999-12-31") - Date.parse(b.until ?? "9999-12-31");
}

const scope_words = (x: Exception): string => [x.service ?? "every service", x.environment ? `in ${x.environment}` : "everywhere"].join(" ");
const matches_words = (x: Exception): string => (Array.isArray(x.matches) ? x.matches.join(", ") : x.matches ?? "*");

function Days({ of }: { of: Exception }): JSX.Element {
  if (!of.until) return <Verdict of="unknown">no end</Verdict>;
  const days = of.days_left ?? Math.floor((Date.parse(of.until) - Date.now()) / 86_400_000);
  return <><Time of={of.until} words={full} />{" "}<span class="m nb">{days < 0 ? `ended ${count(-days, "day")} ago` : `${count(days, "day")} left`}</span></>;
}

function ExceptionRows({ of, act }: { of: readonly Exception[]; act: "approve" | "revoke" | null }): JSX.Element {
  const [open, set_open] = useState<string | null>(null);
  const off = why_off();
  return (
    <table class="stack"><caption>Exceptions</caption>
      <thead><tr><th scope="col">Exception</th><th scope="col">For</th><th scope="col">Where</th><th scope="col">Why</th><th scope="col">Until</th><th scope="col">By</th><th scope="col" class="r">Used</th>{act ? <th scope="col" class="r">Act</th> : null}</tr></thead>
      <tbody>{of.map((x) => (
        <>
          <tr key={x.id} id={x.id} data-row>
            <th scope="row"><a href={href(`/log/${x.entry ?? x.id.replace(/\D/g, "")}`)}>{x.id}</a></th>
            <td class="end">{x.rule}<span class="sub">{matches_words(x)}</span></td>
            <td>{scope_words(x)}</td>
            <td class="s full">{x.reason}{x.control ? <span class="sub">meanwhile: {x.control}</span> : null}</td>
            <td class="full"><Days of={x} /></td>
            <td>{x.requested_by ? actor_name(x.requested_by) : ""}{" "}{x.approved_by?.length ? <span class="sub in">approved by {list(x.approved_by.map(actor_name))}</span> : null}</td>
            <td class="r end" data-l="used">{x.used === undefined ? "" : `${number(x.used)} ×`}</td>
            {act ? <td class="r full"><button type="button" class="btn" disabled={off !== null} title={off ?? undefined} onClick={() => set_open(open === x.id ? null : x.id)}>{act === "approve" ? "Approve" : "Revoke"}<span class="vh"> {x.id}</span></button></td> : null}
          </tr>
          {open === x.id ? (
            <tr key={`${x.id} act`}><td colSpan={8} class="full">{act === "approve"
              ? <ActForm button={`Approve ${x.id}`} path={`/api/v1/exceptions/${segment(x.id)}/approvals`} done={`Approved ${x.id}.`} cancel={() => set_open(null)} fields={[{ name: "reason", label: "Reason", kind: "area", required: true }]} send={(v) => ({ reason: v["reason"] })} />
              : <ActForm button={`Revoke ${x.id}`} method="DELETE" path={`/api/v1/exceptions/${segment(x.id)}`} done={`Revoked ${x.id}. What it let through is decided again.`} cancel={() => set_open(null)} fields={[{ name: "reason", label: "Reason", kind: "area", required: true }]} send={(v) => ({ reason: v["reason"] })}>{`Revoke ${x.id}? What it lets through (${scope_words(x)}) is judged without it at once. Nothing is stopped by itself.`}</ActForm>}</td></tr>
          ) : null}
        </>
      ))}</tbody></table>
  );
}

function Request(): JSX.Element {
  const asked = params.value;
  const rule = asked.get("rule") ?? "";
  const [open, set_open] = useState(rule !== "");
  const close = (): void => { set_open(false); set_query({ rule: null, on: null, service: null, env: null }, { replace: true }); };
  const off = why_off(false);
  return (
    <Section title="Ask for an exception" meta="scoped, approved by somebody else, and it ends by itself">
      {open ? (
        <ActForm button="Ask for it" path="/api/v1/exceptions" needs_approver={false} done="Asked for an exception. It counts once somebody else has approved it." cancel={close}
          fields={[
            { name: "rule", label: "Rule", required: true, value: rule }, { name: "matches", label: "For what", required: true, value: asked.get("on") ?? "", hint: "a vulnerability, a package, or both as the finding names them" },
            { name: "service", label: "Service", value: asked.get("service") ?? "", hint: "empty: every service" }, { name: "environment", label: "Environment", value: asked.get("env") ?? "", hint: "empty: every environment" },
            { name: "reason", label: "Why it may be let through", kind: "area", required: true }, { name: "control", label: "What is done meanwhile" }, { name: "until", label: "Until the end of", kind: "date", required: true, value: in_days(7) },
          ]}
          send={(v) => ({ rule: v["rule"], matches: v["matches"], service: v["service"] || null, environment: v["environment"] || null, reason: v["reason"], control: v["control"] || null, until: end_of_day(v["until"] ?? "") })} />
      ) : <p class="acts-row"><button type="button" class="btn" disabled={off !== null} title={off ?? undefined} onClick={() => set_open(true)}>Ask for an exception</button></p>}
    </Section>
  );
}

export function Approvals(): JSX.Element {
  const waiting = useAnswer<Page<DecisionItem>>("/api/v1/decisions?verdict=ask");
  const exceptions = useAnswer<Page<Exception>>("/api/v1/exceptions");
  usePageTitle("Approvals");
  const all = [...(exceptions.data?.items ?? [])].sort(by_end);
  const requested = all.filter((x) => x.state === "requested");
  const approved = all.filter((x) => x.state === "approved");
  const over = all.filter((x) => x.state !== "requested" && x.state !== "approved");
  const still = over.filter((x) => x.state === "expired" && (x.used ?? 0) > 0);
  return (
    <Shown answer={waiting} what="What waits for an approval">
      {(data) => {
        const asks = data.items.filter((d) => !d.superseded_by);
        const n = asks.length + requested.length;
        return (
          <>
            <Answered lead={approved.length > 0 ? `${count(approved.length, "exception is", "exceptions are")} in force${approved[0]?.until ? `; the next one ends ${full(approved[0].until)}` : ""}.` : null}>
              {n === 0 ? "Nothing waits for an approval." : `${asks.length > 0 ? count(asks.length, "decision") : ""}${asks.length > 0 && requested.length > 0 ? " and " : ""}${requested.length > 0 ? count(requested.length, "exception") : ""} ${n === 1 ? "waits" : "wait"} for an approval.`}
            </Answered>
            <Section title="Waits for an approval" meta={number(n)}>
              {asks.length === 0 ? <Empty kind="nothing-to-do" title="No decision waits">A gate that needs a person puts its question here.</Empty> : (
                <table class="stack" data-hold><caption>Decisions that wait for an approval</caption>
                  <thead><tr><th scope="col">What</th><th scope="col">Where to</th><th scope="col">Why a person is needed</th><th scope="col">Asked</th><th scope="col" class="r">Entry</th></tr></thead>
                  <tbody>{asks.map((d) => (
                    <tr key={d.id} data-row><th scope="row"><a href={href(`/decisions/${d.id}`)}><b>{short_name(d.subject?.name || d.subject?.id || d.id)}</b></a></th><td class="end"><Verdict of="ask" word={false} /> {d.environment ?? ""}</td><td class="full">{d.summary ?? ""}</td><td><Time of={d.at} /></td><td class="r end"><Index of={d.entry} /></td></tr>
                  ))}</tbody></table>
              )}
            </Section>
            {exceptions.problem && !exceptions.data ? <Failure problem={exceptions.problem} what="The exceptions" again={exceptions.again} /> : null}
            {requested.length > 0 ? <Section title="Exceptions asked for" meta={number(requested.length)}><ExceptionRows of={requested} act="approve" /></Section> : null}
            <Section title="Exceptions in force" meta="those about to end first">
              {approved.length === 0 ? <Empty kind="nothing-to-do" title="No exception is in force">Every verdict stands on the rules alone.</Empty> : <ExceptionRows of={approved} act="revoke" />}
            </Section>
            <Request />
            {over.length > 0 ? <Section title="Ended or revoked" meta={still.length > 0 ? <>{still.map((x) => <Tag key={x.id}>{x.id} was used {number(x.used!)} ×</Tag>)}</> : number(over.length)}><ExceptionRows of={over} act={null} /></Section> : null}
          </>
        );
      }}
    </Shown>
  );
}
