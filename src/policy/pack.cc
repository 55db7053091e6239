#include "waybill/policy/pack.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>

#include "waybill/base/json_in.h"
#include "waybill/base/json_out.h"
#include "waybill/formats/formats.h"
#include "waybill/policy/embedded_packs.h"
#include "waybill/policy/frame.h"

namespace waybill::policy {
namespace {

constexpr std::array<std::string_view, 7> kStricter = {"none", "lower", "higher", "fewer", "more", "yes", "no"};
constexpr std::array<std::string_view, 7> kParameterTypes = {"boolean", "integer", "number", "string", "severity", "list of string", "days"};
constexpr std::array<std::string_view, 5> kSeverities = {"none", "low", "medium", "high", "critical"};

int rank_of_severity(std::string_view word) {
  for (size_t i = 0; i < kSeverities.size(); ++i)
    if (kSeverities[i] == word) return static_cast<int>(i);
  return -1;
}

bool is_kebab(std::string_view id) {
  if (id.empty() || id.size() > 80) return false;
  for (char c : id)
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) return false;
  return id.front() != '-' && id.back() != '-';
}

std::string with_underscores(std::string_view id) {
  std::string out(id);
  std::replace(out.begin(), out.end(), '-', '_');
  return out;
}

bool ends_with(std::string_view text, std::string_view end) { return text.size() >= end.size() && text.substr(text.size() - end.size()) == end; }

// A word of a scalar that YAML may have read as a boolean ("yes").
std::string scalar_word(JsonValue value) {
  if (value.is_string()) return std::string(value.string_or(""));
  if (value.exists() && value.kind() == JsonKind::boolean) return value.bool_or(false) ? "yes" : "no";
  return {};
}

std::vector<std::string> texts_of(JsonValue list) {
  std::vector<std::string> out;
  for (const auto item : list.items())
    if (item.is_string()) out.emplace_back(item.string_or(""));
  return out;
}

Result<std::vector<std::string>> read_texts(JsonValue object, std::string_view key, bool required) {
  const auto list = object[key];
  if (!list.exists()) {
    if (required) return fail(Code::invalid, std::string(key) + " is missing: a list is expected, which may be empty");
    return std::vector<std::string>{};
  }
  if (!list.is_array()) return fail(Code::invalid, std::string(key) + " must be a list of words");
  for (const auto item : list.items())
    if (!item.is_string()) return fail(Code::invalid, std::string(key) + " must hold words only");
  return texts_of(list);
}

Result<std::array<Verdict, 3>> read_verdicts(JsonValue value, std::string_view key) {
  std::array<Verdict, 3> out{};
  if (!value.is_object()) return fail(Code::invalid, std::string(key) + " must say a verdict for development, staging and production");
  for (const auto& member : value.members())
    if (!find_tier(member.name)) return fail(Code::invalid, std::string(key) + ": there is no tier \"" + std::string(member.name) + "\"");
  for (const auto tier : kTiers) {
    const auto word = value[to_string(tier)].string_or("");
    const auto verdict = find_verdict(word);
    if (!verdict)
      return fail(Code::invalid,
                  std::string(key) + "." + std::string(to_string(tier)) + " must be allow, warn, ask or deny, found \"" + std::string(word) + "\"");
    out[static_cast<size_t>(tier)] = *verdict;
  }
  for (size_t i = 1; i < 3; ++i)
    if (out[i] < out[i - 1])
      return fail(Code::invalid, std::string(key) + " gets milder from " + std::string(to_string(kTiers[i - 1])) + " to " + std::string(to_string(kTiers[i])));
  return out;
}

Result<Parameter> read_parameter(std::string_view name, JsonValue value) {
  Parameter parameter;
  parameter.name = name;
  const auto where = "parameters." + std::string(name);
  if (!value.is_object()) return fail(Code::invalid, where + " must say type, stricter and default");
  const auto type = value["type"].string_or("");
  const auto known = std::find(kParameterTypes.begin(), kParameterTypes.end(), type);
  if (known == kParameterTypes.end())
    return fail(Code::invalid, where + ".type must be boolean, integer, number, string, severity, list of string or days, found \"" + std::string(type) + "\"");
  parameter.type = static_cast<ParameterType>(known - kParameterTypes.begin());
  const auto side_word = scalar_word(value["stricter"]);
  const auto side = std::find(kStricter.begin(), kStricter.end(), side_word);
  if (side == kStricter.end()) return fail(Code::invalid, where + ".stricter must be lower, higher, fewer, more, yes, no or none, found \"" + side_word + "\"");
  parameter.stricter = static_cast<Stricter>(side - kStricter.begin());
  parameter.is = value["is"].string_or("");
  const auto given = value["default"];
  if (!given.exists()) return fail(Code::invalid, where + ".default is missing");
  for (const auto tier : kTiers) {
    const auto own = given.is_object() ? given[to_string(tier)] : given;
    if (!own.exists() || own.is_null()) continue;
    const auto json = own.to_json();
    if (auto fits = check_value(parameter, json); !fits) return fail(std::move(fits.error()).at(where + ".default." + std::string(to_string(tier))));
    parameter.default_json[static_cast<size_t>(tier)] = json;
  }
  for (size_t i = 1; i < 3; ++i) {
    const auto &before = parameter.default_json[i - 1], &now = parameter.default_json[i];
    if (parameter.stricter != Stricter::none && !before.empty() && !now.empty() && !is_not_looser(parameter, before, now))
      return fail(Code::invalid, where + ".default gets looser from " + std::string(to_string(kTiers[i - 1])) + " to " + std::string(to_string(kTiers[i])));
  }
  return parameter;
}

std::string severity_for(Verdict verdict) {
  switch (verdict) {
    case Verdict::deny: return "high";
    case Verdict::ask: return "medium";
    default: return "low";
  }
}

constexpr std::string_view kRuleKeys[] = {"id",    "input",    "since",  "replaces", "deprecated",   "applies_to", "gates",
                                          "needs", "severity", "remedy", "controls", "when_unknown", "parameters", "verdict"};

// The metadata of one rule. Errors name the key.
Result<Rule> read_rule(std::string_view annotation, std::string_view pack, const PackFile& file) {
  Rule rule;
  rule.pack = pack;
  rule.file = file.name;
  rule.id = file.name.substr(0, file.name.size() - 5);
  if (const auto slash = rule.id.rfind('/'); slash != std::string::npos) rule.id.erase(0, slash + 1);
  std::replace(rule.id.begin(), rule.id.end(), '_', '-');
  rule.parameter_key = with_underscores(rule.id);
  rule.package = "data.waybill." + with_underscores(pack) + "." + rule.parameter_key;
  if (annotation.empty())
    return fail(Code::invalid, "there is no METADATA with scope package for package waybill." + with_underscores(pack) + "." + rule.parameter_key +
                                   ": every rule carries title, verdict and remedy");
  TRY(auto document, JsonDocument::parse(annotation));
  const auto root = document.root();
  rule.title = root["title"].string_or("");
  if (rule.title.empty()) return fail(Code::invalid, "title is missing: what a developer reads when the rule holds");
  rule.description = root["description"].string_or("");
  for (const auto link : root["related_resources"].items()) rule.related.emplace_back(link.is_string() ? link.string_or("") : link["ref"].string_or(""));
  const auto ours = root["custom"]["waybill"];
  if (!ours.is_object()) return fail(Code::invalid, "custom.waybill is missing");
  for (const auto& member : ours.members())
    if (std::find(std::begin(kRuleKeys), std::end(kRuleKeys), member.name) == std::end(kRuleKeys))
      return fail(Code::invalid, "custom.waybill has no key \"" + std::string(member.name) + "\"");
  const auto id = ours["id"].string_or("");
  if (!is_kebab(id)) return fail(Code::invalid, "id must be words in lower case joined by -, found \"" + std::string(id) + "\"");
  if (id != rule.id) return fail(Code::invalid, "id \"" + std::string(id) + "\" is not the file's name \"" + rule.id + "\"");
  if (const auto input = ours["input"].string_or("waybill/input/v1"); input != "waybill/input/v1")
    return fail(Code::invalid, "input \"" + std::string(input) + "\" is not served: waybill/input/v1 is");
  rule.since = ours["since"].string_or("");
  TRY(rule.replaces, read_texts(ours, "replaces", false));
  rule.deprecated_since = ours["deprecated"]["since"].string_or("");
  rule.deprecated_use = ours["deprecated"]["use"].string_or("");
  TRY(const auto kinds, read_texts(ours, "applies_to", true));
  for (const auto& word : kinds) {
    const auto kind = find_subject_kind(word);
    if (!kind) return fail(Code::invalid, "applies_to must hold artifact, revision, service or manifest, found \"" + word + "\"");
    rule.applies_to.push_back(*kind);
  }
  if (rule.applies_to.empty()) return fail(Code::invalid, "applies_to is empty: the rule would never be asked");
  TRY(rule.gates, read_texts(ours, "gates", false));
  TRY(rule.needs, read_texts(ours, "needs", true));
  for (const auto& need : rule.needs)
    if (!is_slice(need.substr(0, need.find('.')))) return fail(Code::invalid, "needs: there is no slice \"" + need + "\"");
  if (const auto parameters = ours["parameters"]; parameters.exists()) {
    if (!parameters.is_object()) return fail(Code::invalid, "parameters must be an object");
    for (const auto& member : parameters.members()) {
      TRY(auto parameter, read_parameter(member.name, member.value));
      rule.parameters.push_back(std::move(parameter));
    }
    std::sort(rule.parameters.begin(), rule.parameters.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  }
  TRY(rule.verdict, read_verdicts(ours["verdict"], "verdict"));
  if (ours["when_unknown"].exists()) {
    TRY(rule.when_unknown, read_verdicts(ours["when_unknown"], "when_unknown"));
  }
  rule.remedy = ours["remedy"].string_or("");
  if (rule.remedy.empty()) return fail(Code::invalid, "remedy is missing: the command or the change that mends it");
  TRY(rule.controls, read_texts(ours, "controls", true));
  for (const auto& control : rule.controls)
    if (control.find(':') == std::string::npos) return fail(Code::invalid, "controls must be framework:control, found \"" + control + "\"");
  rule.severity = ours["severity"].string_or(severity_for(rule.verdict[2]));
  if (rank_of_severity(rule.severity) < 1) return fail(Code::invalid, "severity must be critical, high, medium or low, found \"" + rule.severity + "\"");
  return rule;
}

Result<void> check_needs(const Rule& rule) {
  for (const auto& slice : rule.use.slices) {
    if (is_frame(slice)) continue;
    if (!is_slice(slice)) return fail(Code::invalid, "it reads input." + slice + ", which waybill/input/v1 does not have");
    const auto named = std::any_of(rule.needs.begin(), rule.needs.end(), [&](const std::string& need) { return need.substr(0, need.find('.')) == slice; });
    if (!named) return fail(Code::invalid, "it reads input." + slice + ", but needs does not name \"" + slice + "\"");
  }
  return {};
}

std::string join(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

bool is_version(std::string_view text) {
  int dots = 0;
  bool digit = false;
  for (char c : text) {
    if (c == '.') {
      if (!digit) return false;
      ++dots, digit = false;
    } else if (c >= '0' && c <= '9') {
      digit = true;
    } else {
      return false;
    }
  }
  return digit && dots == 2;
}

}  // namespace

std::string_view to_string(Stricter side) { return kStricter[static_cast<size_t>(side)]; }

Result<void> check_value(const Parameter& parameter, std::string_view json) {
  TRY(auto document, JsonDocument::parse(json));
  const auto value = document.root();
  const auto expected = [&](std::string_view what) -> Result<void> {
    return fail(Code::invalid, "expected " + std::string(what) + ", found " + std::string(json.substr(0, 80)));
  };
  switch (parameter.type) {
    case ParameterType::boolean: return value.kind() == JsonKind::boolean ? Result<void>{} : expected("true or false");
    case ParameterType::integer:
    case ParameterType::days:
      return value.kind() == JsonKind::integer ? Result<void>{} : expected(parameter.type == ParameterType::days ? "a number of days" : "a whole number");
    case ParameterType::number: return value.kind() == JsonKind::integer || value.kind() == JsonKind::number ? Result<void>{} : expected("a number");
    case ParameterType::string: return value.is_string() ? Result<void>{} : expected("a text");
    case ParameterType::severity: return rank_of_severity(value.string_or("")) >= 0 ? Result<void>{} : expected("critical, high, medium, low or none");
    case ParameterType::list:
      if (!value.is_array()) return expected("a list of texts");
      for (const auto item : value.items())
        if (!item.is_string()) return expected("a list of texts");
      return {};
  }
  return {};
}

bool is_not_looser(const Parameter& parameter, std::string_view before_json, std::string_view now_json) {
  auto before = JsonDocument::parse(before_json), now = JsonDocument::parse(now_json);
  if (!before || !now) return false;
  const auto b = before->root(), n = now->root();
  const auto within = [](JsonValue inner, JsonValue outer) {
    for (const auto item : inner.items()) {
      bool there = false;
      for (const auto other : outer.items()) there = there || other.string_or("") == item.string_or("?");
      if (!there) return false;
    }
    return true;
  };
  const auto number = [&](JsonValue value) {
    return parameter.type == ParameterType::severity ? static_cast<double>(rank_of_severity(value.string_or(""))) : value.number_or(0);
  };
  switch (parameter.stricter) {
    case Stricter::none: return b.to_json() == n.to_json();
    case Stricter::lower: return number(n) <= number(b);
    case Stricter::higher: return number(n) >= number(b);
    case Stricter::fewer: return within(n, b);
    case Stricter::more: return within(b, n);
    case Stricter::yes: return n.bool_or(false) || !b.bool_or(false);
    case Stricter::no: return !n.bool_or(true) || b.bool_or(true);
  }
  return false;
}

const Parameter* Rule::find_parameter(std::string_view name) const {
  for (const auto& parameter : parameters)
    if (parameter.name == name) return &parameter;
  return nullptr;
}

const Rule* Pack::find_rule(std::string_view id) const {
  for (const auto& rule : rules)
    if (rule.id == id) return &rule;
  for (const auto& rule : rules)
    if (std::find(rule.replaces.begin(), rule.replaces.end(), id) != rule.replaces.end()) return &rule;
  return nullptr;
}

std::string Pack::to_document() const {
  JsonWriter w;
  w.begin_object().key("files").begin_object();
  for (const auto& file : files) w.field(file.name, file.text);
  w.end_object().field("pack", name).field("schema", "waybill/pack/v1").field("version", version).end_object();
  return std::move(w).take();
}

std::vector<rego::Module> Pack::modules(With with) const {
  std::vector<rego::Module> out;
  for (const auto& file : files)
    if (ends_with(file.name, ".rego")) out.push_back({name + "/" + file.name, file.text});
  if (with == With::rules_and_tests)
    for (const auto& file : tests) out.push_back({name + "/" + file.name, file.text});
  return out;
}

std::string Pack::data_json() const {
  // tables/x.json is data.<pack>.tables.x
  JsonWriter w;
  w.begin_object();
  bool any = false;
  for (const auto& file : files) {
    if (!ends_with(file.name, ".json")) continue;
    if (!any) w.key(with_underscores(name)).begin_object().key("tables").begin_object();
    any = true;
    auto stem = file.name.substr(0, file.name.size() - 5);
    if (const auto slash = stem.rfind('/'); slash != std::string::npos) stem.erase(0, slash + 1);
    w.field_raw(stem, file.text);
  }
  if (any) w.end_object().end_object();
  w.end_object();
  return std::move(w).take();
}

Result<Pack> parse_pack(std::vector<PackFile> files) {
  Pack pack;
  size_t bytes = 0;
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  const PackFile* manifest = nullptr;
  for (auto& file : files) {
    bytes += file.text.size();
    if (bytes > kMaxPackBytes) return fail(Code::exhausted, "a pack may have 16 MiB of files at most");
    if (ends_with(file.name, "_test.rego")) {
      pack.tests.push_back(std::move(file));
    } else if (ends_with(file.name, ".rego") || ends_with(file.name, ".json") || file.name == "pack.yaml") {
      pack.files.push_back(std::move(file));
    }
  }
  for (const auto& file : pack.files)
    if (file.name == "pack.yaml") manifest = &file;
  if (!manifest) return fail(Error(Code::invalid, "there is no pack.yaml").next("say in it: pack, version, input, title and rules"));

  const auto broken = [](Error error, const std::string& file) { return fail(std::move(error).at(file)); };
  auto json = formats::yaml_to_json(manifest->text);
  if (!json) return broken(std::move(json).error(), "pack.yaml");
  TRY(auto document, JsonDocument::parse(*json));
  const auto root = document.root();
  pack.name = root["pack"].string_or("");
  pack.version = root["version"].string_or("");
  pack.title = root["title"].string_or("");
  pack.input = root["input"].string_or("waybill/input/v1");
  if (!is_kebab(pack.name)) return broken(Error(Code::invalid, "pack must be words in lower case joined by -, found \"" + pack.name + "\""), "pack.yaml");
  if (!is_version(pack.version))
    return broken(Error(Code::invalid, "version must be MAJOR.MINOR.PATCH in quotation marks if it looks like a number, found \"" + pack.version + "\""),
                  "pack.yaml");
  if (pack.title.empty()) return broken(Error(Code::invalid, "title is missing"), "pack.yaml");
  if (pack.input != "waybill/input/v1") return broken(Error(Code::invalid, "input \"" + pack.input + "\" is not served: waybill/input/v1 is"), "pack.yaml");
  auto listed = read_texts(root, "rules", true);
  if (!listed) return broken(std::move(listed).error(), "pack.yaml");
  if (listed->size() > kMaxPackRules) return fail(Code::exhausted, "a pack may have 500 rules at most");
  auto takes = read_texts(root, "takes", false);
  if (!takes) return broken(std::move(takes).error(), "pack.yaml");
  pack.takes = std::move(*takes);
  for (const auto change : root["changes"].items()) pack.changes.emplace_back(change.is_string() ? std::string(change.string_or("")) : change.to_json());

  auto compiled = rego::Policy::compile_all(pack.modules(), pack.data_json());
  if (!compiled.errors.empty()) {
    const auto& first = compiled.errors.front();
    return fail(Error(Code::invalid, first.to_text() + (compiled.errors.size() > 1 ? " (and " + std::to_string(compiled.errors.size() - 1) + " more)" : "")));
  }
  std::map<std::string, Rule> found;
  for (const auto& file : pack.files) {
    if (!ends_with(file.name, ".rego")) continue;
    // The package is fixed by pack and file, so that nothing can drift.
    auto stem = file.name.substr(0, file.name.size() - 5);
    if (const auto slash = stem.rfind('/'); slash != std::string::npos) stem.erase(0, slash + 1);
    const auto package = "data.waybill." + with_underscores(pack.name) + "." + with_underscores(stem);
    auto rule = read_rule(compiled.policy->package_annotation(package), pack.name, file);
    if (!rule) return broken(std::move(rule).error(), file.name);
    if (!compiled.policy->has(package + ".broken"))
      return broken(Error(Code::invalid, "package " + package.substr(5) + " has no `broken contains finding`: it could never be broken"), file.name);
    rule->has_unknown = compiled.policy->has(package + ".unknown");
    rule->has_applies = compiled.policy->has(package + ".applies");
    rule->use = compiled.policy->input_use(std::vector<std::string>{package});
    if (auto ok = check_needs(*rule); !ok) return broken(std::move(ok).error(), file.name);
    auto id = rule->id;
    if (!found.emplace(id, std::move(*rule)).second) return broken(Error(Code::invalid, "two files make the rule " + id), file.name);
  }
  for (const auto& id : *listed) {
    const auto it = found.find(id);
    if (it == found.end()) return broken(Error(Code::invalid, "rules names \"" + id + "\", but there is no file " + id + ".rego"), "pack.yaml");
    pack.rules.push_back(std::move(it->second));
    found.erase(it);
  }
  if (!found.empty()) return broken(Error(Code::invalid, "rules does not name \"" + found.begin()->first + "\", whose file is there"), "pack.yaml");
  pack.digest = sha256(pack.to_document());
  return pack;
}

Result<Pack> load_pack(const Disk& disk, const std::string& directory) {
  auto names = disk.list_files(directory);
  if (!names) return fail(std::move(names).error());
  std::vector<PackFile> files;
  for (const auto& name : *names) {
    // list_files gives paths below the directory, or with it: keep what comes after.
    auto relative = name.starts_with(directory) ? name.substr(directory.size()) : name;
    while (relative.starts_with("/")) relative.erase(0, 1);
    if (!ends_with(relative, ".rego") && !ends_with(relative, ".json") && relative != "pack.yaml") continue;
    const auto path = name.starts_with(directory) ? name : directory + "/" + name;
    TRY(auto text, disk.read_file(path, kMaxPackBytes));
    files.push_back({std::move(relative), std::move(text)});
  }
  auto pack = parse_pack(std::move(files));
  if (!pack) return fail(std::move(pack.error()).at(directory));
  return pack;
}

Result<Pack> parse_pack_document(std::string_view json) {
  TRY(auto document, JsonDocument::parse(json, {.bytes = kMaxPackBytes * 2, .depth = 20}));
  const auto root = document.root();
  if (root["schema"].string_or("") != "waybill/pack/v1") return fail(Code::invalid, "/schema: expected waybill/pack/v1");
  std::vector<PackFile> files;
  for (const auto& member : root["files"].members()) {
    if (!member.value.is_string()) return fail(Code::invalid, "/files/" + std::string(member.name) + ": expected the text of a file");
    files.push_back({std::string(member.name), std::string(member.value.string_or(""))});
  }
  return parse_pack(std::move(files));
}

const std::vector<Pack>& shipped_packs() {
  static const std::vector<Pack> packs = [] {
    std::map<std::string, std::vector<PackFile>> by_pack;
    for (const auto& file : embedded_files()) {
      const auto slash = file.name.find('/');
      const auto directory = std::string(file.name.substr(0, slash));
      if (directory == "schemas" || slash == std::string_view::npos) continue;
      by_pack[directory].push_back({std::string(file.name.substr(slash + 1)), std::string(file.text)});
    }
    constexpr std::string_view kOrder[] = {"baseline", "slsa", "vulnerabilities", "supply-chain", "secrets-and-code", "kubernetes", "change-control"};
    std::vector<Pack> made;
    const auto add = [&](std::vector<PackFile>& files, const std::string& name) {
      auto pack = parse_pack(std::move(files));
      if (!pack) {
        std::fprintf(stderr, "waybill: the shipped pack %s is broken: %s\n", name.c_str(), pack.error().to_string().c_str());
        std::abort();
      }
      made.push_back(std::move(*pack));
    };
    for (const auto name : kOrder) {
      const auto it = by_pack.find(std::string(name));
      if (it == by_pack.end()) continue;
      add(it->second, it->first);
      by_pack.erase(it);
    }
    for (auto& [name, files] : by_pack) add(files, name);
    return made;
  }();
  return packs;
}

std::string_view input_schema() {
  for (const auto& file : embedded_files())
    if (file.name == "schemas/input-v1.json") return file.text;
  return "{}";
}

std::string Complaint::to_string() const {
  auto out = file;
  if (row) out += ":" + std::to_string(row);
  return out + ": " + (grade == Grade::warning ? "warning: " : "") + code + ": " + message;
}

std::vector<Complaint> check_pack(const Disk& disk, const std::string& directory) {
  std::vector<Complaint> out;
  const auto complain = [&](std::string file, std::string code, std::string message, Complaint::Grade grade = Complaint::Grade::error) {
    out.push_back({std::move(file), 0, 0, std::move(code), std::move(message), grade});
  };
  auto names = disk.list_files(directory);
  if (!names) {
    complain(directory, "file", names.error().to_string());
    return out;
  }
  std::vector<rego::Module> modules;
  for (const auto& name : *names) {
    if (!ends_with(name, ".rego")) continue;
    const auto path = name.starts_with(directory) ? name : directory + "/" + name;
    auto text = disk.read_file(path, kMaxPackBytes);
    if (!text) {
      complain(name, "file", text.error().to_string());
      continue;
    }
    modules.push_back({path, std::move(*text)});
  }
  auto compiled = rego::Policy::compile_all(modules, "{}", {.strict = true});
  for (const auto& error : compiled.errors) out.push_back({error.location.file, error.location.row, error.location.column, error.code, error.message});
  if (!out.empty()) return out;
  auto pack = load_pack(disk, directory);
  if (!pack) {
    complain(directory, "metadata", pack.error().to_string());
    return out;
  }
  auto schema = JsonDocument::parse(input_schema());
  for (const auto& rule : pack->rules) {
    const auto file = directory + "/" + rule.file;
    if (rule.use.all) complain(file, "needs", "input[x] with an x that is not known touches every slice: name what is read", Complaint::Grade::warning);
    if (!rule.deprecated_since.empty())
      complain(file, "metadata", "deprecated since " + rule.deprecated_since + (rule.deprecated_use.empty() ? "" : ": use " + rule.deprecated_use),
               Complaint::Grade::warning);
    // A field that the schema does not have is a slip of the pen: name those that exist.
    for (const auto& path : rule.use.paths) {
      auto at = schema->root();
      for (const auto step : split(path, '.')) {
        const auto properties = at["properties"];
        if (!properties.exists() || at["additionalProperties"].bool_or(false)) break;
        const auto next = properties[step];
        if (!next.exists()) {
          std::vector<std::string> known;
          for (const auto& member : properties.members()) known.emplace_back(member.name);
          std::sort(known.begin(), known.end());
          complain(file, "schema", "input." + path + ": there is no field \"" + std::string(step) + "\"; there are: " + join(known));
          break;
        }
        at = next;
      }
    }
    const auto test = rule.id + "_test.rego";
    if (std::none_of(pack->tests.begin(), pack->tests.end(), [&](const PackFile& tests) {
          auto name = tests.name;
          std::replace(name.begin(), name.end(), '_', '-');
          auto wanted = test;
          std::replace(wanted.begin(), wanted.end(), '_', '-');
          return name == wanted;
        }))
      complain(file, "test", "there is no " + test + " beside it", Complaint::Grade::warning);
  }
  return out;
}

}  // namespace waybill::policy
