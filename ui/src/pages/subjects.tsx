// Subjects: every artifact and component that anything is known of.
import type { JSX } from "preact";
import { href, params, subject_href } from "../address";
import { useMore } from "../data/more";
import type { SubjectItem } from "../data/types";
import { Answered, Empty, Filter, Section, Shown, ShownOf, usePageTitle } from "../parts/frame";
import { Digest, Index, Time, Verdict } from "../parts/marks";
import { by_verdict, count, short_name, unique_digits } from "../words";

export function Subjects(): JSX.Element {
  const q = params.value.get("q") ?? "";
  const list = useMore<SubjectItem>(`/api/v1/subjects${q ? `?q=${encodeURIComponent(q)}` : ""}`);
  usePageTitle("Subjects");
  return (
    <Shown answer={list.answer} what="The list of subjects">
      {() => {
        const items = list.items;
        const digits = unique_digits(items.map((s) => s.id).filter((id) => id.startsWith("sha256:")));
        const more = list.more ? ", and more" : "";
        return (
          <>
            <Answered>{items.length === 0 && !q ? "Nothing is known yet." : q ? `${count(items.length, "subject")}${more} ${items.length === 1 ? "matches" : "match"} “${q}”.` : `${count(items.length, "subject")}${more}: everything that evidence speaks of.`}</Answered>
            <Section title="Subjects" meta="newest evidence first" right={items.length === 0 && !q ? null : <Filter label="Filter by name or digest" value={q} />}>
              {items.length === 0
                ? q ? <Empty kind="no-match" title={`No subjects match “${q}”.`} clear={{ words: "Show all subjects", query: ["q"] }} />
                  : <Empty kind="unknown" title="No evidence has arrived" command="waybill collect sbom.cdx.json --subject sha256:…">An SBOM, a provenance statement, a test result: each names the artifact that it speaks of, and that artifact appears here.</Empty>
                : (
                  <>
                    <table class="stack sticky" data-hold>
                      <caption>Subjects with their standing verdicts</caption>
                      <thead><tr><th scope="col">Name</th><th scope="col">Identity</th><th scope="col">Kind</th><th scope="col">Services</th><th scope="col">Standing</th><th scope="col">Last evidence</th><th scope="col" class="r">Entry</th></tr></thead>
                      <tbody>{items.map((s) => (
                        <tr key={s.id} data-row>
                          <th scope="row" class="full"><a href={href(subject_href(s.id))}><b>{short_name(s.name || s.id)}</b></a></th>
                          <td>{s.id.startsWith("sha256:") ? <Digest of={s.id} digits={digits} /> : <code>{s.id}</code>}</td>
                          <td class="off">{s.type ?? s.kind}</td>
                          <td class="end">{(s.services ?? []).join(", ") || <span class="m">no service</span>}</td>
                          <td class="full">{Object.keys(s.verdicts ?? {}).length === 0 ? <span class="m">nobody has asked</span> : <span class="stands">{Object.entries(s.verdicts!).sort((a, b) => by_verdict(a[1], b[1])).map(([env, v]) => <span key={env}><Verdict of={v} /> <span class="m">{env}</span></span>)}</span>}</td>
                          <td>{s.at ? <Time of={s.at} /> : <span class="m">unknown</span>}</td>
                          <td class="r end"><Index of={s.entry} /></td>
                        </tr>
                      ))}</tbody>
                    </table>
                    {list.more ? <ShownOf shown={items.length} total={null} more={list.more} /> : <p class="more">{count(items.length, "subject")}. <kbd>j</kbd> <kbd>k</kbd> move, <kbd>Enter</kbd> opens</p>}
                  </>
                )}
            </Section>
          </>
        );
      }}
    </Shown>
  );
}
