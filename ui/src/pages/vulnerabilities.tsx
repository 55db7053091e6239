// Vulnerabilities: what do I do first? An order with its reasons, how far the chosen one reaches, and the smallest fixes.
import type { JSX } from "preact";
import { href, params, segment, set_query, with_query } from "../address";
import { useAnswer } from "../data/answer";
import type { Fix, Overview, Status, Vulnerabilities as Data, Vulnerability as Item, VulnerabilityDetail } from "../data/types";
import { shown_time } from "../parts/clock";
import { Answered, Empty, Failure, Filter, Section, Shown, Skeleton, usePageTitle } from "../parts/frame";
import { Copy, Index, PurlName, Severity, Tag, Time, Verdict, Words } from "../parts/marks";
import { ReachSection } from "../pictures/reach";
import { Banners } from "../shell/shell";
import { actor_name, count, list, number, split_purl } from "../words";
import { age, reading, seconds_between } from "../time";

/** "oakjson 4.1.9, 4.2.1": versions of one package together. */
export function packages_words(purls: readonly string[]): string {
  const names = new Map<string, string[]>();
  for (const purl of purls) {
    const parts = split_purl(purl);
    const name = parts ? (parts.namespace ? `${parts.namespace}/${parts.name}` : parts.name) : purl;
    names.set(name, [...(names.get(name) ?? []), ...(parts?.version ? [parts.version] : [])]);
  }
  return [...names].slice(0, 3).map(([name, versions]) => `${name} ${versions.slice(0, 3).join(", ")}`.trim()).join(", ") + (names.size > 3 ? ` and ${names.size - 3} more` : "");
}

const score = (n: number | null | undefined, digits: number): JSX.Element => (n === null || n === undefined ? <span class="m" title="not stated">–</span> : <>{n.toFixed(digits)}</>);

function Row({ of, chosen }: { of: Item; chosen: boolean }): JSX.Element {
  const choose = (): void => { if (params.peek().get("v") !== of.id) set_query({ v: of.id }, { replace: true }); };
  return (
    <tr data-row aria-selected={chosen} onFocusIn={choose} onClick={(event) => { if (!(event.target as Element).closest("a, button")) choose(); }}>
      <td class="r m off" title={of.reasons}>{of.rank ?? ""}</td>
      <th scope="row" class="full"><a href={href(`/vulnerabilities/${segment(of.id)}`)}><b>{of.id}</b></a> <span>{packages_words(of.packages)}</span>{of.title ? <span class="sub">{of.title}</span> : null}</th>
      <td class="full"><span class="why">{(of.why ?? []).map((w) => <Tag key={w.word} hard={w.hard ?? false} title={w.text ?? ""}>{w.word}</Tag>)}{of.vex ? <Tag title="stated by VEX">{of.vex.replace(/_/g, " ")}</Tag> : null}</span></td>
      <td><Severity of={of.severity} /></td>
      <td class="r off mid-off">{score(of.cvss, 1)}</td>
      <td class="r off mid-off">{score(of.epss, 2)}</td>
      <td class="r end"><a href={href(`/vulnerabilities/${segment(of.id)}#reach`)}>{number(of.deployments)}</a><span class="nar m"> {of.deployments === 1 ? "deployment" : "deployments"}, </span><span class="sub in">{of.production === undefined ? "" : `${number(of.production)} in prod`}</span></td>
      <td class="off mid-off">{(of.owners ?? []).map(actor_name).join(", ") || <span class="m">unknown</span>}</td>
      <td class="r off nb gapr">{of.known_at ? <Time of={of.known_at} words={(iso) => age(seconds_between(iso, shown_time.value))} /> : <span class="m">unknown</span>}</td>
      <td class="off">{of.fixed_in?.length ? <code>{of.fixed_in.join(", ")}</code> : <span class="m nb">none yet</span>}</td>
    </tr>
  );
}

function NoAdvisories(): JSX.Element {
  return <Empty kind="unknown" title="No advisories are loaded" command="waybill advisories sync">So nothing can be said about vulnerabilities; this is not “0 found”. Everything that depends on it shows as unknown.</Empty>;
}

export function Vulnerabilities(): JSX.Element {
  const q = params.value.get("q") ?? "";
  const env = params.value.get("env") ?? "";
  const owner = params.value.get("owner") ?? "";
  const query = new URLSearchParams([["q", q], ["env", env], ["owner", owner]].filter(([, v]) => v)).toString();
  const answer = useAnswer<Data>(`/api/v1/vulnerabilities${query ? `?${query}` : ""}`);
  const status = useAnswer<Status>("/api/v1/status");
  usePageTitle("Vulnerabilities");
  const wanted = params.value.get("v");
  const chosen = answer.data?.items.find((v) => v.id === wanted)?.id ?? answer.data?.items[0]?.id ?? null;
  const detail = useAnswer<VulnerabilityDetail>(chosen === null ? null : `/api/v1/vulnerabilities/${segment(chosen)}`);
  const overview = useAnswer<Overview>("/api/v1/overview");
  const production = (overview.data?.environments ?? []).filter((e) => e.tier === "production").map((e) => e.name).slice(0, 3);
  const blind = status.data?.knowledge.some((k) => k.what === "advisories") && status.data.knowledge.filter((k) => k.what === "advisories").every((k) => k.state === "none");
  return (
    <Shown answer={answer} what="The list of vulnerabilities">
      {(data) => {
        const total = data.total ?? data.items.length;
        const filtered = Boolean(q || env || owner);
        return (
          <>
            <Answered lead={data.headline?.sub}>{data.headline?.text ?? `${count(total, "vulnerability", "vulnerabilities")} in what runs.`}</Answered>
            <Banners of={(status.data?.banners ?? []).filter((b) => b.verdict !== "deny" && /advisor|exploit|EPSS|KEV|vulnerab/i.test(b.text))} />
            <Section title="In the order that matters" meta={number(total)} right={data.items.length === 0 && !filtered ? null : <>
              {production.map((e) => <a key={e} href={with_query({ env: env === e ? null : e })} aria-current={env === e ? "true" : undefined}>in {e}</a>)}
              {env ? <a href={with_query({ env: null })}>everywhere</a> : null}
              {owner ? <a href={with_query({ owner: null })}>any owner</a> : null}
              <Filter label="Filter by name or package" value={q} />
            </>}>
              {data.items.length === 0
                ? filtered ? <Empty kind="no-match" title={`No vulnerabilities match ${[q && `“${q}”`, env && `environment ${env}`, owner && `owner ${actor_name(owner)}`].filter(Boolean).join(" and ")}.`} clear={{ words: "Show all", query: ["q", "env", "owner"] }}>Without the filter there are {number(total)}.</Empty>
                  : blind ? <NoAdvisories /> : <Empty kind="nothing-to-do" title="No known vulnerability reaches what runs">The loaded advisories name none of the packages that are known here.</Empty>
                : (
                  <>
                    <table class="stack sticky" data-hold>
                      <caption>Vulnerabilities ordered by urgency, with the reasons</caption>
                      <thead><tr><th scope="col" class="r" aria-sort="ascending">#</th><th scope="col">Vulnerability</th><th scope="col">Why here</th><th scope="col">Severity</th><th scope="col" class="r mid-off">CVSS</th><th scope="col" class="r mid-off">EPSS</th><th scope="col" class="r">Deployments</th><th scope="col" class="mid-off">Owner</th><th scope="col" class="r gapr">Known</th><th scope="col">Fixed in</th></tr></thead>
                      <tbody>{data.items.map((v) => <Row key={v.id} of={v} chosen={v.id === chosen} />)}</tbody>
                    </table>
                    <p class="more">{data.items.length} of {number(total)}.{data.unreached ? ` ${count(data.unreached, "more", "more")} ${data.unreached === 1 ? "reaches" : "reach"} nothing that runs.` : ""} <kbd>j</kbd> <kbd>k</kbd> move, <kbd>Enter</kbd> opens</p>
                  </>
                )}
            </Section>
            {chosen === null ? null
              : detail.data ? <Detail of={detail.data} brief />
                : detail.problem ? <Failure problem={detail.problem} what={`What is known of ${chosen}`} again={detail.again} /> : detail.waiting ? <Skeleton /> : null}
          </>
        );
      }}
    </Shown>
  );
}

function FixRow({ of, n }: { of: Fix; n: number }): JSX.Element {
  const clears = of.clears ?? {};
  return (
    <div class="fix">
      <span class="num">{n}</span>
      <div><b><Words of={of.text} /></b>{" "}
        <span class="s">{clears.deny || clears.warn ? <>Clears {clears.deny ? <Verdict of="deny">{number(clears.deny)}</Verdict> : null}{clears.deny && clears.warn ? " and " : null}{clears.warn ? count(clears.warn, "warning") : null}.</> : null}{of.checked === false ? " Not tried against the policy." : ""}</span>
        {of.command ? <><br /><code class="s">{of.command}</code> <Copy text={of.command} label="Copy the command" /></> : null}
      </div>
      <span class="do">{of.href ? <a class="btn" href={href(of.href)}>Show</a> : null}</span>
    </div>
  );
}

function Detail({ of, brief = false }: { of: VulnerabilityDetail; brief?: boolean }): JSX.Element {
  const hard = (of.why ?? []).filter((w) => w.hard).map((w) => w.word);
  const words = [...hard, of.cvss !== null && of.cvss !== undefined ? of.cvss.toFixed(1) : of.severity ?? ""].filter(Boolean).join(", ");
  const fixes = of.fixes ?? [];
  const tried = fixes.length > 0 && fixes.every((f) => f.checked);
  return (
    <>
      {of.reach ? <ReachSection of={{ ...of.reach, of: of.id, kind: "vulnerability" }} detail={words} /> : null}
      {fixes.length > 0 ? (
        <Section title="The smallest fix" meta={tried ? "fewest changes first; each was checked against the policy with the new version put in" : "fewest changes first"}>
          {fixes.map((f, i) => <FixRow key={f.text} of={f} n={i + 1} />)}
        </Section>
      ) : of.open !== false ? (
        <Section title="The smallest fix"><Empty kind="unknown" title={of.fixed_in?.length ? `Fixed in ${list(of.fixed_in)}` : "No fix is known"}>{of.fixed_in?.length ? "Raise the package where it is used, rebuild, and ask the gate again." : "No version without it has been published. What is left: take the package out, state by VEX why it does not matter, or ask for an exception that ends."}</Empty></Section>
      ) : null}
      {of.when?.length ? (
        <Section title="When did we know?" id="when">
          <dl class="kv">{of.when.map((w) => <><dt key={w.what}>{w.what.charAt(0).toUpperCase() + w.what.slice(1)}</dt><dd>{w.at ? <Time of={w.at} words={(iso) => reading(iso, shown_time.value)} /> : <span class="m">{w.text ? "" : "not yet, or not known"}</span>} <span class="m">{w.text ?? ""}</span> <Index of={w.entry} /></dd></>)}</dl>
        </Section>
      ) : null}
      {brief ? null : (
        <Section title="What it is" meta={of.aliases?.length ? `also known as ${list(of.aliases)}` : undefined}>
          {of.details ? <p class="prose s">{of.details}</p> : <Empty kind="unknown" title="The advisory says nothing more" />}
          {of.references?.length ? <dl class="kv refs">{of.references.map((r) => { const url = typeof r === "string" ? r : r.url; return <><dt>{typeof r === "string" ? "See" : (r.type ?? "See").toLowerCase()}</dt><dd><code>{url}</code> <Copy text={url} label="Copy the address" /></dd></>; })}</dl> : null}
        </Section>
      )}
    </>
  );
}

export function Vulnerability({ id }: { id: string }): JSX.Element {
  const answer = useAnswer<VulnerabilityDetail>(`/api/v1/vulnerabilities/${segment(id)}`);
  usePageTitle(id);
  if (answer.problem?.status === 404 && !answer.data) {
    return (
      <>
        <p class="crumb"><a href={href("/vulnerabilities")}>Vulnerabilities</a> / {id}</p>
        <Answered>{id} is not known here.</Answered>
        <Empty kind="unknown" title="No loaded advisory has that name" command="waybill advisories sync">{answer.problem.detail ?? "So nothing can be said about it; this is not “not affected”."}</Empty>
      </>
    );
  }
  return (
    <Shown answer={answer} what={`What is known of ${id}`}>
      {(data) => {
        const denied = data.reach?.deployments.filter((d) => d.verdict === "deny").length ?? 0;
        const running = data.reach?.deployments.length ?? data.deployments;
        return (
          <>
            <Answered crumb={<><a href={href("/vulnerabilities")}>Vulnerabilities</a> / {data.id}</>}
              lead={<>{data.title ? `${data.title.replace(/\.$/, "")}. ` : ""}{data.reasons ? `It stands ${data.rank ? `at ${data.rank} ` : "there "}because: ${data.reasons}.` : ""}</>}>
              {running === 0 ? `${data.id} reaches nothing that runs.` : denied > 0 ? `${data.id} reaches ${count(running, "deployment")}; ${denied} of them may not go on running.` : `${data.id} reaches ${count(running, "deployment")}; all of them may go on running.`}
            </Answered>
            <p class="id"><Severity of={data.severity} />{data.cvss !== null && data.cvss !== undefined ? <span class="m">CVSS {data.cvss.toFixed(1)}</span> : null}{data.epss !== null && data.epss !== undefined ? <span class="m">EPSS {data.epss.toFixed(2)}</span> : null}
              <span class="why">{(data.why ?? []).map((w) => <Tag key={w.word} hard={w.hard ?? false} title={w.text ?? ""}>{w.word}</Tag>)}</span>
              <span>{data.packages.slice(0, 4).map((p, i) => <>{i > 0 ? ", " : ""}<PurlName of={p} /></>)}{data.packages.length > 4 ? ` and ${data.packages.length - 4} more` : ""}</span>
              {data.fixed_in?.length ? <span class="m">fixed in <code>{data.fixed_in.join(", ")}</code></span> : <span class="m">no fix known</span>}</p>
            <Detail of={data} />
          </>
        );
      }}
    </Shown>
  );
}

