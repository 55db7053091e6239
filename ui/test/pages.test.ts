import { describe, expect, it } from "vitest";
import { deliveries_sentence, full_length, standing_of, timed } from "../src/pages/deliveries";
import { path_words, subject_sentence } from "../src/pages/subject";
import { packages_words } from "../src/pages/vulnerabilities";
import { reason_of } from "../src/pages/decision";
import { by_end } from "../src/pages/approvals";
import { grouped, guess, pages_named } from "../src/shell/guess";
import { page_of } from "../src/shell/pages";
import { sentence } from "../src/data/live";
import { question } from "../src/data/api";
import { end_of_day } from "../src/parts/acts";
import { make_world } from "../dev/world.mjs";
import type { Delivery, Subject } from "../src/data/types";

const now = new Date("2026-11-22T15:00:00Z");
const deliveries = make_world("full", now.getTime()).deliveries as Delivery[];

describe("deliveries", () => {
  it("KnowWhatIsStuckWhatMovesAndWhatHasArrived", () => {
    expect(deliveries.map(standing_of)).toEqual(["stuck", "stuck", "stuck", "stuck", "moving", "stuck", "arrived", "arrived"]);
  });
  it("SayItInOneSentence", () => {
    expect(deliveries_sentence(deliveries)).toBe("6 changes are on their way; 5 are stuck, 2 of them only for want of an approval.");
    expect(deliveries_sentence(deliveries.slice(0, 1))).toBe("1 change is on its way; 1 is stuck, only for want of an approval.");
    expect(deliveries_sentence(deliveries.slice(6))).toBe("Both changes that are known have arrived in production.");
    expect(deliveries_sentence([])).toBe("No change is on its way.");
  });
  it("MeasureWaitingBetweenStagesAndWhatStillRunsUntilNow", () => {
    const [a, b, c] = timed([
      { key: "commit", state: "done", from: "2026-11-22T10:00:00Z", until: "2026-11-22T10:10:00Z" },
      { key: "build", state: "done", from: "2026-11-22T10:40:00Z", until: "2026-11-22T10:45:00Z" },
      { key: "gate-production", state: "waiting", from: "2026-11-22T10:45:00Z", until: null },
    ], now);
    expect([a!.took, a!.waited, b!.took, b!.waited, c!.took]).toEqual([600, 0, 300, 1800, 4.25 * 3600]);
  });
  it("CutsAColumnThatOneStageWouldFill", () => {
    const cut = full_length(deliveries, now);
    expect(cut.cut).toBe(true);
    expect(cut.seconds).toBeLessThan(86400);
    expect(full_length(deliveries.slice(0, 2), now).cut).toBe(false);
  });
});

describe("sentences", () => {
  const base: Subject = { as_of: { index: 1, size: 2, time: "", live: true }, id: "sha256:ab", name: "r.example/shop/cart:2.7.3", kind: "artifact", known: true };
  it("SayWhereASubjectMayRun", () => {
    expect(subject_sentence({ ...base, standing: [] })).toBe("cart 2.7.3 is known; no gate has been asked about it.");
    expect(subject_sentence({ ...base, standing: [{ environment: "dev", verdict: "warn" }, { environment: "prod", verdict: "deny" }] })).toBe("cart 2.7.3 may run in dev, not in prod.");
    expect(subject_sentence({ ...base, standing: [{ environment: "prod", verdict: "unknown" }] })).toBe("Whether cart 2.7.3 may run is not known yet.");
  });
  it("SayTheVerdictOnceAndNotTwice", () => {
    expect(reason_of({ verdict: "deny", summary: "Denied: it is exploited." })).toBe("it is exploited.");
    expect(reason_of({ verdict: "warn", summary: "Allowed with 2 warnings. Nothing blocks." })).toBe("Nothing blocks.");
    expect(reason_of({ verdict: "deny", summary: "" })).toBe("no reason was given.");
  });
  it("SayByWhatPathAComponentComes", () => {
    expect(path_words(undefined)).toBe("not traced");
    expect(path_words(["pkg:npm/a@1"])).toBe("direct");
    expect(path_words(["pkg:npm/a@1", "pkg:npm/b@2"])).toBe("a › b");
  });
  it("PutVersionsOfOnePackageTogether", () => {
    expect(packages_words(["pkg:npm/oakjson@4.1.9", "pkg:npm/oakjson@4.2.1"])).toBe("oakjson 4.1.9, 4.2.1");
  });
  it("GroupTurnedVerdictsIntoOneAnnouncement", () => {
    expect(sentence([{ from: "warn", to: "deny", service: "cart", environment: "prod" }, { from: "deny", to: "allow", service: "cart", environment: "prod" }])).toBe("Turned: cart in prod is now allow.");
    expect(sentence([])).toBe("");
  });
  it("PutExceptionsThatEndSoonOnTop", () => {
    expect([{ id: "b", until: "2027-01-01T00:00:00Z", state: "", rule: "" }, { id: "a", until: "2026-12-01T00:00:00Z", state: "", rule: "" }, { id: "c", state: "", rule: "" }].sort(by_end).map((x) => x.id)).toEqual(["a", "b", "c"]);
    expect(end_of_day("2026-12-01")).toBe("2026-12-01T23:59:59Z");
    expect(end_of_day("soon")).toBeUndefined();
  });
});

describe("search", () => {
  it.each([
    ["sha256:" + "ab".repeat(32), "/subjects/sha256:" + "ab".repeat(32)], ["cve-2026-48112", "/vulnerabilities/CVE-2026-48112"], ["GHSA-OAK1-merg-4211", "/vulnerabilities/GHSA-oak1-merg-4211"],
    ["pkg:npm/oakjson@4.2.1", "/subjects/pkg:npm%2Foakjson%404.2.1"], ["#48,209,331", "/log/48209331"], ["a91f3c5be", "/subjects?q=a91f3c5be"],
  ])("GuessesTheKindOf %s by its form", (typed, href) => {
    expect(guess(typed)[0]?.href).toBe(href);
  });
  it("GuessesNothingFromAWord", () => {
    expect(guess("checkout")).toEqual([]);
    expect(guess("")).toEqual([]);
  });
  it("NamesPagesAndShowsEachResultOnce", () => {
    expect(pages_named("vul").map((p) => p.href)).toEqual(["/vulnerabilities"]);
    const same = { kind: "vulnerability", title: "CVE-1", href: "/vulnerabilities/CVE-1" };
    expect(grouped([same], [same, { kind: "service", title: "s", href: "/services/s" }]).map((g) => g.items.length)).toEqual([1, 1]);
  });
});

describe("the shell", () => {
  it("KnowsWhichPageAnAddressBelongsTo", () => {
    expect(["/", "/services/cart", "/subjects/sha256:ab", "/log/4", "/nowhere", "/logbook"].map(page_of)).toEqual(["/", "/", "/subjects", "/log", "", ""]);
  });
  it("AsksAsOfTheIndexOfThePage", () => {
    expect(question("/api/v1/overview", null)).toBe("/api/v1/overview");
    expect(question("/api/v1/subjects?q=a", "41")).toBe("/api/v1/subjects?q=a&at=41");
  });
});
