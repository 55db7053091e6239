// The log: entries, newest first, and one entry with its body, its documents and its proof.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { href, params, subject_href, with_query } from "../address";
import { ask } from "../data/api";
import { useAnswer } from "../data/answer";
import { useMore } from "../data/more";
import type { Entry, Page, Timeline } from "../data/types";
import { Answered, Empty, Section, Shown, ShownOf, Skeleton, usePageTitle } from "../parts/frame";
import { browser_sha256, leaf_hash, to_hex } from "../merkle";
import { Copy, Digest, Index, ProofBadge, Time, Verdict } from "../parts/marks";
import { log_end } from "../parts/clock";
import { ProofSection } from "../pictures/merkle-path";
import { actor_name, bytes, count, index, number, short_name } from "../words";
import { full } from "../time";

const subject_words = (id: string): JSX.Element => (id.startsWith("sha256:") ? <Digest of={id} /> : <a href={href(subject_href(id))}>{short_name(id)}</a>);

function Rows({ of }: { of: readonly Entry[] }): JSX.Element {
  return (
    <table class="stack sticky" data-hold><caption>Entries of the log, newest first</caption>
      <thead><tr><th scope="col">Entry</th><th scope="col">When</th><th scope="col">Kind</th><th scope="col">What</th><th scope="col">Subject</th><th scope="col">Actor</th><th scope="col" class="r">Size</th></tr></thead>
      <tbody>{of.map((e) => (
        <tr key={e.index} data-row>
          <th scope="row"><Index of={e.index} /></th>
          <td class="end"><Time of={e.at} /></td>
          <td><a href={with_query({ kind: e.kind })}>{e.kind}</a></td>
          <td class="full">{e.summary ?? ""}</td>
          <td class="off">{e.subject ? subject_words(e.subject) : ""}</td>
          <td class="end">{e.actor ? actor_name(e.actor) : ""}</td>
          <td class="r off">{e.bytes ? bytes(e.bytes) : ""}</td>
        </tr>
      ))}</tbody></table>
  );
}

/** Everything after one index: what changed since. */
function Since({ since }: { since: number }): JSX.Element {
  const [entries, set_entries] = useState<Entry[] | null>(null);
  const [cut, set_cut] = useState(false);
  const timeline = useAnswer<Timeline>("/api/v1/timeline?hours=2160&buckets=1");
  useEffect(() => {
    let gone = false;
    void (async () => {
      const all: Entry[] = [];
      let cursor: string | null = "";
      while (cursor !== null && all.length < 2000) {
        const page: Awaited<ReturnType<typeof ask<Page<Entry>>>> = await ask<Page<Entry>>(`/api/v1/entries?limit=500${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
        if (!page.ok) break;
        all.push(...page.data.items.filter((e) => e.index > since));
        cursor = page.data.items.some((e) => e.index <= since) ? null : (page.data.next ?? null);
      }
      if (!gone) { set_entries(all); set_cut(cursor !== null); }
    })();
    return () => { gone = true; };
  }, [since]);
  const turned = (timeline.data?.transitions ?? []).filter((t) => t.entry > since);
  usePageTitle("What changed since");
  if (entries === null) return <><h1 class="vh">What changed since {index(since)}</h1><Skeleton lines={4} /></>;
  return (
    <>
      <Answered crumb={<><a href={href("/log")}>Log</a> / since {index(since)}</>}>Since {index(since)}, {cut ? "more than " : ""}{count(entries.length, "entry", "entries")} came and {turned.length === 0 ? "no verdict turned" : `${count(turned.length, "verdict")} turned`}.</Answered>
      {turned.length > 0 ? <Section title="What turned"><ol class="turns">{turned.map((t) => <li key={`${t.entry} ${t.to}`}><span class="from"><span class="m">to</span> <Verdict of={t.to} /> <Index of={t.entry} /> <span class="m"><Time of={t.at} /></span></span></li>)}</ol></Section> : null}
      <Section title="What came" meta="newest first">{entries.length === 0 ? <Empty kind="nothing-to-do" title="Nothing has been added" /> : <Rows of={entries.slice(0, 500)} />}{entries.length > 500 ? <p class="more">The newest 500 of {number(entries.length)}.</p> : null}</Section>
    </>
  );
}

function Entries(): JSX.Element {
  const kind = params.value.get("kind") ?? "";
  const listed = useMore<Entry>(`/api/v1/entries?limit=100${kind ? `&kind=${encodeURIComponent(kind)}` : ""}`);
  usePageTitle("Log");
  const size = listed.answer.data?.as_of?.size;
  return (
    <Shown answer={listed.answer} what="The log">
      {() => (
        <>
          <Answered lead={size ? "Nothing is ever taken out of it or changed; every entry can be proven against the signed checkpoint." : null}>
            {size === undefined ? "The log." : size === 0 ? "The log is empty." : `The log has ${count(size, "entry", "entries")}.`}
          </Answered>
          <Section title="Entries" meta={kind ? <>only {kind} · <a href={with_query({ kind: null })}>show all kinds</a></> : "newest first"} right={<a href="/log/checkpoint" target="_blank" rel="noreferrer">checkpoint</a>}>
            {listed.items.length === 0
              ? kind ? <Empty kind="no-match" title={`No entries of kind “${kind}”.`} clear={{ words: "Show all kinds", query: ["kind"] }} />
                : <Empty kind="unknown" title="No entry yet" command="waybill collect FILE…">The first piece of evidence makes the first entry.</Empty>
              : <><Rows of={listed.items} /><ShownOf shown={listed.items.length} total={kind || size === undefined ? null : size} more={listed.more} /></>}
          </Section>
        </>
      )}
    </Shown>
  );
}

export function Log(): JSX.Element {
  const since = params.value.get("since");
  return since !== null && /^\d+$/.test(since) ? <Since key={since} since={Number(since)} /> : <Entries />;
}

/** Whether the hash that the proof begins with is that of the entry shown: computed here, said only when it is. */
function Recomputed({ entry, leaf }: { entry: string | undefined; leaf: string }): JSX.Element | null {
  const [same, set_same] = useState(false);
  useEffect(() => {
    const sha256 = browser_sha256();
    set_same(false);
    let gone = false;
    if (entry && sha256) void leaf_hash(new TextEncoder().encode(entry), sha256).then((hash) => { if (!gone) set_same(to_hex(hash) === leaf.toLowerCase()); });
    return () => { gone = true; };
  }, [entry, leaf]);
  return same ? <ProofBadge of="logged">computed here from the entry itself</ProofBadge> : null;
}

export function LogEntry({ index: text }: { index: string }): JSX.Element {
  const n = Number(text.replace(/\D/g, "") || "NaN");
  const answer = useAnswer<Entry>(Number.isSafeInteger(n) ? `/api/v1/entries/${n}` : null);
  usePageTitle(Number.isSafeInteger(n) ? `Entry ${index(n)}` : "Entry");
  if (!Number.isSafeInteger(n)) return <Answered>“{text}” is no index of an entry.</Answered>;
  const end = log_end.value;
  if (end && n > end.index) {
    return <><Answered crumb={<a href={href("/log")}>Log</a>}>There is no entry {index(n)} yet; the log ends at {index(end.index)}.</Answered><p class="more"><a href={href(`/log/${end.index}`)}>Show the newest</a></p></>;
  }
  return (
    <Shown answer={answer} what={`Entry ${index(n)}`}>
      {(data) => {
        const body = data.body === undefined || data.body === null ? null : typeof data.body === "string" ? data.body : JSON.stringify(data.body, null, 2);
        return (
          <>
            <Answered crumb={<><a href={href("/log")}>Log</a> / {index(n)}</>} lead={<>{data.kind}{data.actor ? `, by ${actor_name(data.actor)}` : ""}, {full(data.at)}</>}>{data.summary || `Entry ${index(n)}: ${data.kind}.`}</Answered>
            <Section title="The entry" right={<>{n > 0 ? <a href={href(`/log/${n - 1}`)}>before</a> : null}{end && n < end.index ? <a href={href(`/log/${n + 1}`)}>next</a> : null}<a href={href("/", { at: n })}>see everything as of it</a></>}>
              <dl class="kv">
                <dt>When</dt><dd><Time of={data.at} /> <span class="m">{full(data.at)}</span></dd>
                <dt>Kind</dt><dd><a href={href("/log", { kind: data.kind })}>{data.kind}</a></dd>
                <dt>Actor</dt><dd>{data.actor ?? <span class="m">not stated</span>}</dd>
                {data.subject ? <><dt>Subject</dt><dd>{subject_words(data.subject)}</dd></> : null}
                {data.document ? <><dt>Document</dt><dd><span class="hash">{data.document}</span> <Copy text={data.document} label="Copy the digest of the document" /> <a href={`/api/v1/documents/${data.document}`} download={data.document.replace(/^sha256:/, "").slice(0, 16)}>download</a>{data.bytes !== undefined ? <span class="m"> {bytes(data.bytes)}</span> : null}</dd></> : null}
                {data.leaf ? <><dt>Leaf hash</dt><dd><span class="hash">{data.leaf}</span> <Recomputed entry={data.entry} leaf={data.leaf} /></dd></> : null}
              </dl>
            </Section>
            {body ? <Section title="Body" right={<Copy text={body} label="Copy the body" />}><pre class="body" tabIndex={0}>{body}</pre></Section> : null}
            <ProofSection proof={data.proof} />
          </>
        );
      }}
    </Shown>
  );
}
