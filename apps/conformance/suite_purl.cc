// package-url/purl-spec's own test files: parse, build and validate (roundtrip) cases.
#include <string>

#include "suites.h"
#include "waybill/base/json_in.h"
#include "waybill/base/json_out.h"
#include "waybill/identity/purl.h"

namespace waybill::conformance {
namespace {

using identity::Purl;
using identity::PurlRules;

// Cases that contradict others of the same suite.
struct Known {
  std::string_view file, input, type, reason;
};
constexpr Known kKnown[] = {
    {"gem-test.json", "pkg:gem/jruby-launcher@1.1.2?Platform=java", "parse",
     "refuses a capital in a qualifier's key, which maven-test.json (repositorY_url) and the validate case of the same purl accept"},
};

std::string to_json(const Purl& purl) {
  JsonWriter w;
  const auto text = [&](std::string_view key, const std::string& value) {
    w.key(key);
    if (value.empty())
      w.null();
    else
      w.value(value);
  };
  w.begin_object();
  text("type", purl.type);
  text("namespace", purl.namespace_);
  text("name", purl.name);
  text("version", purl.version);
  w.key("qualifiers");
  if (purl.qualifiers.empty()) {
    w.null();
  } else {
    w.begin_object();
    for (const auto& [key, value] : purl.qualifiers) w.field(key, value);
    w.end_object();
  }
  text("subpath", purl.subpath);
  w.end_object();
  return std::move(w).take();
}

Purl parts_of(JsonValue input) {
  Purl parts;
  parts.type = input["type"].string_or("");
  parts.namespace_ = input["namespace"].string_or("");
  parts.name = input["name"].string_or("");
  parts.version = input["version"].string_or("");
  parts.subpath = input["subpath"].string_or("");
  for (const auto [key, value] : input["qualifiers"].members()) parts.qualifiers.emplace_back(key, value.string_or(""));
  return parts;
}

Result<Counts> run(const std::string& path) {
  Counts counts;
  for (const auto& file : list_files(path, "-test.json")) {
    TRY(const auto bytes, read_file(file));
    auto document = JsonDocument::parse(bytes);
    if (!document) return fail(std::move(document).error().at(file));
    const auto name = file.substr(file.rfind('/') + 1);
    for (const auto test : document->root()["tests"].items()) {
      const auto type = test["test_type"].string_or("");
      const bool must_fail = test["expected_failure"].bool_or(false);
      const auto input = test["input"];
      const auto label = std::string(type) + " " + (input.is_string() ? std::string(input.string_or("")) : input.to_json());
      bool known = false;
      for (const auto& one : kKnown)
        if (one.file == name && one.type == type && input.string_or("") == one.input) {
          report_skip(counts, name, label, one.reason);
          known = true;
        }
      if (known) continue;
      const auto purl = type == "build" ? Purl::build(parts_of(input), PurlRules::strict) : Purl::parse(input.string_or(""), PurlRules::strict);
      std::string got, wanted;
      if (must_fail) {
        wanted = "a refusal";
        got = purl ? purl->to_string() : wanted;
      } else if (!purl) {
        wanted = test["expected_output"].to_json();
        got = "error: " + purl.error().to_string();
      } else if (type == "parse") {
        TRY(wanted, canonical_json(to_json(parts_of(test["expected_output"]))));
        TRY(got, canonical_json(to_json(*purl)));
      } else {
        wanted = test["expected_output"].string_or("");
        got = purl->to_string();
      }
      if (got == wanted)
        ++counts.passed;
      else
        report_failure(counts, name, label, wanted, got);
    }
  }
  return counts;
}

const Registration suite{"purl", "package-url/purl-spec: parse, build and validate cases", run};

}  // namespace
}  // namespace waybill::conformance
