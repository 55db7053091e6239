// The proof that an entry is in the log, computed in this browser: the climb from the leaf to the root as a picture, and
// the computed root beside the signed one.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { href } from "../address";
import { browser_sha256, check_proof, short_hash, type Checked, type Proof } from "../merkle";
import { Section } from "../parts/frame";
import { Command, Copy, ProofBadge, Verdict } from "../parts/marks";
import { count, index, number } from "../words";

const kShown = 4;

function Picture({ proof, of, narrow }: { proof: Proof; of: Checked; narrow: boolean }): JSX.Element {
  const steps = [...of.steps].reverse();
  const left_out = Math.max(0, steps.length - kShown);
  // The top of the tree, then the last step above the leaf; what lies between is counted, not drawn.
  const drawn = left_out > 0 ? [...steps.slice(0, kShown - 1), steps[steps.length - 1]!] : steps;
  const width = narrow ? 358 : 760;
  const spread = narrow ? [84, 44, 26, 22] : [180, 90, 52, 40];
  const height = 76 + drawn.length * 40;
  let x = width / 2;
  let y = 46;
  const parts: JSX.Element[] = [];
  const dots: JSX.Element[] = [<circle key="root" class="on" cx={x} cy={y} r="7" />];
  drawn.forEach((step, i) => {
    const dx = spread[i] ?? 24;
    const mine = step.sibling_is_left ? x + dx : x - dx;
    const other = step.sibling_is_left ? x - dx : x + dx;
    const below = y + 40;
    const last = i === drawn.length - 1;
    parts.push(<path key={`e${i}`} class="e" d={`M${x} ${y} ${other} ${below}`} />, <path key={`p${i}`} class="p" d={`M${x} ${y} ${mine} ${below}`} stroke-dasharray={last && left_out > 0 ? "3 3" : undefined} />);
    const outward = other < mine ? -1 : 1;
    dots.push(<circle key={`s${i}`} class="pf" cx={other} cy={below} r="5.5" />, <text key={`t${i}`} x={outward < 0 && other < 80 ? Math.max(0, other - 6) : other + outward * 12} y={outward < 0 && other < 80 ? below - 10 : below + 4} text-anchor={outward < 0 && other >= 80 ? "end" : "start"}>{short_hash(step.sibling)}{last && left_out > 0 ? `, ${left_out} more between` : ""}</text>);
    dots.push(<circle key={`o${i}`} class="on" cx={mine} cy={below} r={last ? 7 : 5} />);
    x = mine;
    y = below;
    if (last) dots.push(<text key="leaf" class="on-t" x={Math.max(4, Math.min(width - 4, x))} y={y + 22} text-anchor={x < 60 ? "start" : x > width - 60 ? "end" : "middle"}>leaf {index(proof.index)}</text>);
  });
  return (
    <svg class={narrow ? "chart narrow merkle" : "chart wide merkle"} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={`Merkle path from leaf ${number(proof.index)} to the root of the checkpoint of size ${number(proof.size)}: ${count(of.steps.length, "sibling hash", "sibling hashes")}.`}>
      {parts}{dots}
      <text class="on-t" x={width / 2} y="12" text-anchor="middle">root {short_hash(of.signed)}</text>
      <text x={width / 2} y="28" text-anchor="middle">checkpoint {number(proof.size)}{of.checkpoint ? `, signed by ${of.checkpoint.signatures.map((s) => s.name).join(", ") || "nobody"}` : ""}</text>
    </svg>
  );
}

export function ProofSection({ proof, what = "this entry" }: { proof: Proof | null | undefined; what?: string }): JSX.Element {
  const [checked, set_checked] = useState<Checked | null>(null);
  const [cannot, set_cannot] = useState(false);
  const key = proof ? `${proof.leaf} ${proof.size} ${proof.root}` : "";
  useEffect(() => {
    let gone = false;
    const sha256 = browser_sha256();
    set_cannot(sha256 === null);
    set_checked(null);
    if (proof && sha256) void check_proof(proof, sha256).then((c) => { if (!gone) set_checked(c); });
    return () => { gone = true; };
  }, [key]);
  if (!proof) {
    return <Section id="proof" title={`Proof that ${what} is in the log`}><div class="empty unknown"><h3><Verdict of="unknown" word={false} />No proof came with the answer</h3><p class="s">Its entry is newer than the last checkpoint, or it has none. The next checkpoint covers it.</p></div></Section>;
  }
  const command = `waybill log prove ${proof.index}`;
  return (
    <Section id="proof" title={`Proof that ${what} is in the log`} meta={checked ? `checked in this browser, ${checked.milliseconds < 1 ? "under 1" : Math.round(checked.milliseconds)} ms` : cannot ? "not checked here" : "being checked"}>
      {cannot ? <div class="empty"><p class="s">This browser computes no hashes for pages over plain HTTP from another host. The proof is below; check it with the command, or open the console over HTTPS.</p><Command text={command} /></div> : null}
      <div class="two">
        <div>{checked && checked.steps.length > 0 ? <><Picture proof={proof} of={checked} narrow={false} /><Picture proof={proof} of={checked} narrow /></> : checked ? <p class="s">{proof.size === 1 ? "The log has one entry: its leaf is the root." : ""}</p> : null}</div>
        <dl class="kv">
          <dt>Entry</dt><dd><a class="mono" href={href(`/log/${proof.index}`)}>{index(proof.index)}</a> of {number(proof.size)}</dd>
          <dt>Leaf hash</dt><dd class="hash">{proof.leaf}</dd>
          <dt>Path</dt><dd>{count(proof.path.length, "hash", "hashes")}{proof.path.length > 0 ? ", rings in the picture" : ""} <Copy text={JSON.stringify(proof)} label="Copy the proof" /></dd>
          <dt>Root computed</dt><dd class="hash">{checked?.computed || (checked ? "none" : "…")}</dd>
          <dt>Root signed</dt><dd class="hash">{checked?.signed ?? proof.root}</dd>
          <dt>Result</dt>
          <dd><span role="status">{checked === null ? <span class="m">{cannot ? "not checked in this browser" : "…"}</span>
            : checked.holds ? <ProofBadge of="signed"><b>the same: it is in the log</b></ProofBadge>
              : <><ProofBadge of="missing"><b>The proof does not hold</b></ProofBadge>: {checked.why}{checked.computed ? ` (computed ${short_hash(checked.computed)}, signed ${short_hash(checked.signed)})` : ""}. Keep this page and tell your security team.</>}</span></dd>
          {checked?.holds ? <><dt>Signature</dt><dd class="m">that of the checkpoint needs the log’s public key: <code>waybill log verify</code></dd></> : null}
        </dl>
      </div>
    </Section>
  );
}
