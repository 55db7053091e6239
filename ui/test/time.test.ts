import { describe, expect, it } from "vitest";
import { age, ago, bar_length, exact, full, reading, span } from "../src/time";

const now = new Date("2026-11-17T14:06:22Z");

describe("time", () => {
  it.each([[0.004, "4 ms"], [41, "41 s"], [840, "14 min"], [3600, "1 h"], [5700, "1 h 35"], [97200, "1 d 3 h"], [345600, "4 d"], [-5, "0 s"], [0, "under 1 s"]])("SaysASpanOf %d s as %s", (seconds, words) => {
    expect(span(seconds)).toBe(words);
  });
  it.each([[41, "41 s"], [1560, "26 min"], [7300, "2 h"], [47 * 3600, "47 h"], [49 * 3600, "2 d"]])("SaysAnAgeOf %d s as %s", (seconds, words) => {
    expect(age(seconds)).toBe(words);
  });
  it("IsRelativeFirstAndAbsoluteBesideIt", () => {
    expect(reading("2026-11-17T11:42:08Z", now)).toBe("2 h ago, 11:42");
    expect(reading("2026-11-14T09:12:00Z", now)).toBe("3 d ago, 14 Nov 09:12");
    expect(reading("2025-11-14T09:12:00Z", now)).toBe("368 d ago, 14 Nov 2025 09:12");
    expect(ago("2026-11-17T15:06:22Z", now)).toBe("in 1 h");
  });
  it("IsAlwaysUtc", () => {
    expect(full("2026-11-17T15:06:22+01:00")).toBe("Tue 17 Nov 2026, 14:06:22 UTC");
    expect(exact("2026-11-17T11:42:08Z")).toBe("2026-11-17 11:42:08 UTC");
    expect(exact("nonsense")).toBe("nonsense");
  });
  it("DrawsBarsByTheSquareRoot", () => {
    expect(bar_length(0, 100, 80)).toBe(0);
    expect(bar_length(100, 100, 80)).toBe(80);
    expect(bar_length(25, 100, 80)).toBe(40);
    expect(bar_length(0.001, 100000, 80)).toBe(2);
  });
});
