import { describe, expect, it } from "vitest";
import { at_text, build_href, decode_segment, parse_at, segment, subject_href } from "../src/address";

describe("the address as state", () => {
  it("ReadsAnIndexOrATimeAndNothingElse", () => {
    expect(parse_at("41")).toEqual({ index: 41 });
    expect(parse_at("2026-11-14T09:12:00Z")).toEqual({ time: "2026-11-14T09:12:00Z" });
    for (const text of [null, "", "-1", "1e5", "now", "2026-99-99", "99999999999999999999"]) expect(parse_at(text)).toBeNull();
    expect(at_text(parse_at("41"))).toBe("41");
    expect(at_text(null)).toBeNull();
  });
  it("CarriesTheIndexFromPageToPage", () => {
    expect(build_href("/deliveries", "41")).toBe("/deliveries?at=41");
    expect(build_href("/deliveries", null)).toBe("/deliveries");
    expect(build_href("/vulnerabilities/CVE-1#reach", "41")).toBe("/vulnerabilities/CVE-1?at=41#reach");
    expect(build_href("/x?at=7", "41")).toBe("/x?at=7");
    expect(build_href("/x", "2026-11-14T09:12:00Z")).toBe("/x?at=2026-11-14T09:12:00Z");
  });
  it("AddsAndRemovesParameters", () => {
    expect(build_href("/x?q=oak&env=prod", null, { q: null })).toBe("/x?env=prod");
    expect(build_href("/x", null, { v: "CVE-1", at: 5 })).toBe("/x?v=CVE-1&at=5");
    expect(build_href("/x?at=5", null, { at: null })).toBe("/x");
  });
  it("KeepsPurlsInOnePieceOfThePath", () => {
    const purl = "pkg:npm/%40scope/name@1.0.0?arch=x#sub";
    expect(subject_href(purl)).not.toMatch(/[?#@]/);
    expect(decode_segment(segment(purl))).toBe(purl);
    expect(subject_href("sha256:ab")).toBe("/subjects/sha256:ab");
    expect(decode_segment("%zz")).toBe("%zz");
  });
});
