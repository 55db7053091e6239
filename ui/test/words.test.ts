import { describe, expect, it } from "vitest";
import { as_verdict, bytes, by_verdict, count, index, list, may_hide_characters, middle, severity_level, short_digest, short_name, split_purl, unique_digits, visible, visible_all, worst_verdict } from "../src/words";

describe("verdicts", () => {
  it("OrdersThemWorstFirst", () => {
    expect(["allow", "deny", "unknown", "warn", "ask"].sort(by_verdict)).toEqual(["deny", "ask", "warn", "unknown", "allow"]);
  });
  it("TakesEverythingElseAsUnknownAndNeverAsAllow", () => {
    for (const word of ["", "ok", null, undefined, "ALLOW"]) expect(as_verdict(word)).toBe("unknown");
  });
  it("FindsTheWorstOfSeveralAndUnknownOfNone", () => {
    expect(worst_verdict(["allow", "warn", "allow"])).toBe("warn");
    expect(worst_verdict(["allow", "mystery"])).toBe("unknown");
    expect(worst_verdict([])).toBe("unknown");
  });
});

describe("numbers and lists", () => {
  it("GroupsDigitsAndCounts", () => {
    expect(index(48211907)).toBe("#48,211,907");
    expect(count(1, "entry", "entries")).toBe("1 entry");
    expect(count(1204, "entry", "entries")).toBe("1,204 entries");
    expect(bytes(999)).toBe("999 B");
    expect(bytes(41220)).toBe("41.2 kB");
    expect(bytes(312_000_000)).toBe("312 MB");
  });
  it("JoinsWordsAsASentenceDoes", () => {
    expect([list([]), list(["a"]), list(["a", "b"]), list(["a", "b", "c"])]).toEqual(["", "a", "a and b", "a, b and c"]);
  });
  it("SaysNotRatedForASeverityThatIsNotStated", () => {
    expect(["critical", "HIGH", "moderate", "low", null, "none"].map(severity_level)).toEqual([4, 3, 2, 1, 0, 0]);
  });
});

describe("names", () => {
  it("ShortensADigestAndLengthensItOnCollision", () => {
    expect(short_digest("sha256:a91f3c5be07d")).toBe("a91f3c");
    expect(unique_digits(["sha256:a91f3c5be0", "sha256:7d20be11aa"])).toBe(6);
    expect(unique_digits(["sha256:a91f3c5be07d41", "sha256:a91f3c77aa0000"])).toBe(8);
    expect(unique_digits(["sha256:aa", "sha256:aa"])).toBe(6);
  });
  it("TakesAPurlApart", () => {
    expect(split_purl("pkg:deb/debian/libwebp7@1.2.4-0.2?arch=amd64")).toEqual({ type: "deb", namespace: "debian", name: "libwebp7", version: "1.2.4-0.2", rest: "?arch=amd64" });
    expect(split_purl("pkg:npm/%40scope/name@1.0.0")).toMatchObject({ namespace: "@scope", name: "name", version: "1.0.0" });
    expect(split_purl("sha256:abc")).toBeNull();
  });
  it("NamesImagesAndPackagesAsPeopleDo", () => {
    expect(short_name("registry.example/shop/checkout:4.19.0")).toBe("checkout 4.19.0");
    expect(short_name("registry.example:5000/shop/checkout@sha256:a91f3c")).toBe("checkout");
    expect(short_name("pkg:npm/oakjson@4.2.1")).toBe("oakjson 4.2.1");
  });
  it("KeepsTheEndOfALongName", () => {
    expect(middle("express-kit-with-a-long-name-5.1.0", 20)).toBe("express…g-name-5.1.0");
    expect(middle("short", 20)).toBe("short");
  });
});

describe("text from outside", () => {
  it("ShowsBidirectionalControlsAndZeroWidthCharacters", () => {
    expect(visible("user\u202Egnp.exe")).toBe("user⟨U+202E⟩gnp.exe");
    expect(visible("oak\u200Bjson")).toBe("oak⟨U+200B⟩json");
    expect(visible("plain – “text” ü 漢字")).toBe("plain – “text” ü 漢字");
  });
  it("GoesThroughWholeAnswers", () => {
    expect(visible_all({ a: ["\u2066x"], n: 1, b: null })).toEqual({ a: ["⟨U+2066⟩x"], n: 1, b: null });
  });
  it("NoticesEscapedOnesInJsonToo", () => {
    expect(may_hide_characters('{"a":"x"}')).toBe(false);
    expect(may_hide_characters('{"a":"\\u202e"}')).toBe(true);
    expect(may_hide_characters('{"a":"\u202e"}')).toBe(true);
  });
});
