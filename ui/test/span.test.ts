import { describe, expect, it } from "vitest";
import { entries_ground, first_span, next_span, step_entry, step_transition, time_ground } from "../src/shell/span";
import type { Timeline } from "../src/data/types";

const timeline: Timeline = {
  as_of: { index: 99, size: 100, time: "2026-11-22T10:00:00Z", live: true },
  from: "2026-11-22T00:00:00Z", until: "2026-11-22T10:00:00Z",
  buckets: [10, 0, 50, 40, 0], first_index: [0, null, 10, 60, null],
  transitions: [{ at: "2026-11-22T05:00:00Z", entry: 35, to: "deny" }, { at: "2026-11-22T07:00:00Z", entry: 70, to: "allow" }],
  first_entry: { index: 0, at: "2026-11-22T00:00:00Z" },
};

describe("the slider's ground over time", () => {
  const ground = time_ground(timeline);
  it("FindsAnIndexForEveryPlaceAndNeverOneBeyondTheLog", () => {
    let last = -1;
    for (let x = 0; x <= 1; x += 0.01) {
      const index = ground.index_at(x);
      expect(index).toBeGreaterThanOrEqual(last);
      expect(index).toBeLessThanOrEqual(99);
      last = index;
    }
    expect(ground.index_at(1)).toBe(99);
    expect(ground.index_at(0)).toBe(0);
  });
  it("PutsAnIndexWhereItWouldBeFoundAgain", () => {
    for (const index of [0, 5, 10, 35, 60, 98]) expect(Math.abs(ground.index_at(ground.place(index)) - index)).toBeLessThanOrEqual(1);
    expect(ground.place(99)).toBe(1);
  });
  it("MarksWhereAVerdictTurned", () => {
    expect(ground.marks).toEqual([{ x: 0.5, to: "deny", entry: 35 }, { x: 0.7, to: "allow", entry: 70 }]);
  });
});

describe("the slider's ground by entries", () => {
  const ground = entries_ground({ ...timeline, as_of: { ...timeline.as_of, index: 41, size: 42 } }, [{ index: 3, bytes: 4000 }, { index: 4, bytes: 10 }]);
  it("GivesEveryEntryItsOwnPlace", () => {
    expect(ground.bars).toHaveLength(42);
    for (let i = 0; i <= 41; i++) expect(ground.index_at(ground.place(i))).toBe(i);
    expect(ground.bars[3]!).toBeGreaterThan(ground.bars[4]!);
  });
});

describe("steps", () => {
  it("GoOneTransitionBackOrOn", () => {
    expect(step_transition([35, 70], 99, -1, 0)).toBe(70);
    expect(step_transition([35, 70], 70, -1, 0)).toBe(35);
    expect(step_transition([35, 70], 35, -1, 0)).toBe(0);
    expect(step_transition([35, 70], 35, 1, 0)).toBe(70);
    expect(step_transition([35, 70], 70, 1, 0)).toBeNull();
  });
  it("GoOneEntryBackOrOn", () => {
    expect(step_entry(0, -1, 99)).toBe(0);
    expect(step_entry(97, 1, 99)).toBe(98);
    expect(step_entry(98, 1, 99)).toBeNull();
  });
  it("ChooseASpanThatFitsTheAgeOfTheLog", () => {
    expect(first_span(0.01)).toBe(1);
    expect(first_span(30)).toBe(168);
    expect(first_span(5000)).toBe(168);
    expect(next_span(168, 1)).toBe(720);
    expect(next_span(1, -1)).toBe(1);
    expect(next_span(2160, 1)).toBe(2160);
  });
});
