import { describe, expect, it } from "vitest";
import { hot_lines, layout, type Box } from "../src/pictures/columns";
import { ticks } from "../src/pictures/steps";
import { columns_of, reach_sentence, ways } from "../src/pictures/reach";
import { graph_columns, root_of } from "../src/pictures/around";
import { make_world } from "../dev/world.mjs";
import type { Reach, Subject } from "../src/data/types";

const world = make_world("full", Date.parse("2026-11-22T15:00:00Z"));
const reach = world.reach as Reach;

describe("boxes in columns", () => {
  const { columns, edges } = columns_of(reach);
  const flow = layout(columns, edges);
  it("NeverOverlap", () => {
    for (const a of flow.boxes) for (const b of flow.boxes) {
      if (a === b || a.column !== b.column) continue;
      expect(a.y + a.h <= b.y || b.y + b.h <= a.y, `${a.id} and ${b.id}`).toBe(true);
    }
    for (const b of flow.boxes) expect(b.y).toBeGreaterThanOrEqual(0);
  });
  it("StayInsideThePicture", () => {
    for (const b of flow.boxes) expect(b.x + b.w).toBeLessThanOrEqual(1082);
    expect(flow.boxes).toHaveLength(1 + 2 + 5 + 11 + 3);
  });
  it("DrawWaysToDeniedDeploymentsInFullInk", () => {
    const hot = new Set(flow.lines.filter((l) => l.hot).map((l) => `${l.from}>${l.to}`));
    for (const line of ["v>p0", "p0>a1", "a1>r2", "r2>o0", "p0>a2", "a2>r6"]) expect(hot.has(line), line).toBe(true);
    for (const line of ["v>p1", "p0>a0", "a0>r0", "r0>o0", "a2>r4"]) expect(hot.has(line), line).toBe(false);
  });
  it("HaveNoHotLineWithoutADenial", () => {
    const boxes: Box[] = [{ id: "a", label: "", look: "box" }, { id: "b", label: "", look: "box", verdict: "warn" }];
    expect(hot_lines(boxes, [["a", "b"]]).size).toBe(0);
  });
  it("GroupMoreThanFortyDeploymentsByService", () => {
    const many: Reach = { ...reach, deployments: Array.from({ length: 60 }, (_, i) => ({ id: `d${i}`, service: `s${i % 6}`, environment: `e${i}`, verdict: i === 5 ? "deny" : "allow" })), edges: [["v", "p0"], ["p0", "a0"], ...Array.from({ length: 60 }, (_, i): [string, string] => ["a0", `d${i}`])] };
    const grouped = columns_of(many);
    expect(grouped.columns[3]!.boxes).toHaveLength(6);
    expect(grouped.columns[3]!.boxes.find((b) => b.id === "s s5")!.verdict).toBe("deny");
    expect(new Set(grouped.edges.map((e) => e.join())).size).toBe(grouped.edges.length);
  });
});

describe("what reaches what", () => {
  it("ListsEveryWayWorstFirst", () => {
    const all = ways(reach);
    expect(all).toHaveLength(11);
    expect(all.slice(0, 4).map((w) => w.deployment.verdict)).toEqual(["deny", "deny", "deny", "deny"]);
    expect(all[0]).toMatchObject({ artifact: { id: "a1" }, package: { id: "p0" }, owners: ["storefront"] });
  });
  it("SaysTheFindingInASentence", () => {
    expect(reach_sentence(reach)).toBe("CVE-2026-48112 reaches 2 versions of oakjson, 5 artifacts, 11 deployments and 3 owners; 4 of the deployments are denied.");
  });
});

describe("the graph around a subject", () => {
  const subject = world.subject(world.digest_of("c19"), world.size - 1) as Subject;
  it("PutsTheSubjectInTheMiddle", () => {
    const root = root_of(subject.graph!.nodes, "artifact");
    const { columns } = graph_columns(subject.graph!, root);
    expect(columns[2]!.boxes.map((b) => b.look)).toEqual(["root"]);
  });
  it("FoldsWhatIsTooMuchToDraw", () => {
    const nodes = [...subject.graph!.nodes, ...Array.from({ length: 30 }, (_, i) => ({ id: `x${i}`, kind: "component", label: `x${i}` }))];
    const { columns } = graph_columns({ nodes, edges: [] }, "a");
    expect(columns[1]!.boxes.filter((b) => b.label.endsWith(" more"))).toHaveLength(2);
    expect(columns[1]!.boxes.length).toBeLessThan(12);
  });
});

describe("axes", () => {
  it.each([[1, [0, 1]], [4, [0, 2, 4]], [25, [0, 10, 20, 30]], [9, [0, 5, 10]]])("HaveRoundStepsUpTo %d", (most, steps) => {
    expect(ticks(most)).toEqual(steps);
  });
});
