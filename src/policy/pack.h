// Packs: versioned sets of rules, each rule one file of Rego with its metadata (packs.md).
//
// A pack is read from a directory (a policy author's), from the executable (the shipped ones) or from its document in
// the log, and is the same value in all three cases. Called by policy_set.h, decide.h, `waybill policy check|test` and
// replay. It compiles the rules to read their annotations and refuses what contradicts itself; it never evaluates one.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/base/disk.h"
#include "waybill/base/sha256.h"
#include "waybill/policy/words.h"
#include "waybill/rego/rego.h"

namespace waybill::policy {

constexpr size_t kMaxPackBytes = size_t{16} << 20;
constexpr size_t kMaxPackRules = 500;

// What the stricter side of a parameter is.
enum class Stricter : uint8_t { none, lower, higher, fewer, more, yes, no };
std::string_view to_string(Stricter side);

enum class ParameterType : uint8_t { boolean, integer, number, string, severity, list, days };

struct Parameter {
  std::string name;
  ParameterType type = ParameterType::integer;
  Stricter stricter = Stricter::none;
  std::string is;                           // what it means, a sentence
  std::array<std::string, 3> default_json;  // by tier; "" when the rule has no such parameter in that tier
};

// Compares two values of one parameter: is `now` on the stricter side of `before`, or equal to it? Both are JSON.
// A parameter with `none` accepts only equal values.
bool is_not_looser(const Parameter& parameter, std::string_view before_json, std::string_view now_json);
// Is this JSON a value that the parameter can have? The error says what was expected.
Result<void> check_value(const Parameter& parameter, std::string_view json);

struct Rule {
  std::string id;             // "sbom-present"
  std::string pack;           // "baseline"
  std::string package;        // "data.waybill.baseline.sbom_present"
  std::string parameter_key;  // "sbom_present": below input.parameters
  std::string title, description, remedy, since;
  std::string severity;  // critical, high, medium, low
  std::string deprecated_since, deprecated_use;
  std::vector<std::string> controls, replaces, needs, gates, related;
  std::vector<SubjectKind> applies_to;
  std::vector<Parameter> parameters;
  std::array<Verdict, 3> verdict{};  // by tier
  std::optional<std::array<Verdict, 3>> when_unknown;
  std::string file;    // within the pack
  rego::InputUse use;  // what it reads of `input`
  bool has_unknown = false, has_applies = false;

  const Parameter* find_parameter(std::string_view name) const;
};

struct PackFile {
  std::string name;  // "sbom-present.rego", "pack.yaml", "tables/x.json"
  std::string text;
};

struct Pack {
  std::string name, version, title, input;
  std::vector<Rule> rules;         // in the order of pack.yaml
  std::vector<std::string> takes;  // rules of other packs that this one names (compliance packs)
  std::vector<std::string> changes;
  std::vector<PackFile> files;  // all but tests, sorted by name
  std::vector<PackFile> tests;  // *_test.rego, sorted by name
  Sha256 digest;                // of to_document()

  const Rule* find_rule(std::string_view id) const;
  // The pack as one document for the log: canonical JSON {"files": {name: text, …}, "pack", "schema":
  // "waybill/pack/v1", "version"}. Tests are not in it.
  std::string to_document() const;
  // Its Rego, ready to compile; with its tests when asked.
  enum class With { rules, rules_and_tests };
  std::vector<rego::Module> modules(With with = With::rules) const;
  // Its data files as one JSON document below data.<pack>; "{}" when it has none.
  std::string data_json() const;
};

// Errors name the file, and the key or line in it: a missing or contradictory annotation, a rule that reads a slice that
// its `needs` does not name, an id that is not the file's name, a verdict that gets milder towards production, …
Result<Pack> load_pack(const Disk& disk, const std::string& directory);
Result<Pack> parse_pack(std::vector<PackFile> files);
Result<Pack> parse_pack_document(std::string_view json);

// The packs inside the executable, parsed at the first call and kept; the ones that packs.md lists first come first.
// A broken shipped pack is a broken build: it ends the program with a message.
const std::vector<Pack>& shipped_packs();
// The JSON Schema of waybill/input/v1, served at /schemas and used by `waybill policy check`.
std::string_view input_schema();

// All complaints about a directory (or file) of policies, for `waybill policy check`: Rego errors, metadata, needs,
// names of input fields that the schema does not have. Empty: fine.
struct Complaint {
  std::string file;
  uint32_t row = 0, column = 0;  // 0: no place
  std::string code;              // "rego_parse_error", "metadata", "needs", "schema", "test"
  std::string message;
  enum class Grade : uint8_t { error, warning } grade = Grade::error;
  std::string to_string() const;  // "FILE:ROW: code: message"
};
std::vector<Complaint> check_pack(const Disk& disk, const std::string& directory);

}  // namespace waybill::policy
