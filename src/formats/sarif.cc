// SARIF 2.1.0 (OASIS): each run is a scan, each of its open results a finding.
//
// Fingerprints are the tool's where it gives one; else a hash over rule, file, message and the text of the line, so that a
// finding stays the same when it moves. Results that the tool's user suppressed are not findings: they are named in
// `excluded`.
#include <charconv>

#include "waybill/base/bytes.h"
#include "waybill/base/sha256.h"
#include "waybill/formats/reader.h"

namespace waybill::formats {
namespace {

using facts::FindingKind;
using facts::ScanKind;
using facts::Severity;
using facts::Text;

// What a tool looks for; a part of its name in lower case. SARIF itself has no word for it.
struct ToolRow {
  std::string_view name;
  FindingKind finding;
  ScanKind scan;
};
constexpr ToolRow kTools[] = {
    {"gitleaks", FindingKind::secret, ScanKind::secret},
    {"trufflehog", FindingKind::secret, ScanKind::secret},
    {"detect-secrets", FindingKind::secret, ScanKind::secret},
    {"checkov", FindingKind::infrastructure, ScanKind::infrastructure},
    {"tfsec", FindingKind::infrastructure, ScanKind::infrastructure},
    {"kics", FindingKind::infrastructure, ScanKind::infrastructure},
    {"terrascan", FindingKind::infrastructure, ScanKind::infrastructure},
    {"kube-linter", FindingKind::infrastructure, ScanKind::infrastructure},
    {"kubelinter", FindingKind::infrastructure, ScanKind::infrastructure},
    {"kubescape", FindingKind::infrastructure, ScanKind::infrastructure},
    {"hadolint", FindingKind::infrastructure, ScanKind::infrastructure},
    {"zap", FindingKind::dynamic, ScanKind::dynamic},
    {"nuclei", FindingKind::dynamic, ScanKind::dynamic},
    {"burp", FindingKind::dynamic, ScanKind::dynamic},
    {"clamav", FindingKind::malware, ScanKind::malware},
    {"trivy", FindingKind::vulnerability, ScanKind::container},
    {"grype", FindingKind::vulnerability, ScanKind::container},
    {"osv-scanner", FindingKind::vulnerability, ScanKind::dependency},
    {"dependency-check", FindingKind::vulnerability, ScanKind::dependency},
    {"snyk open source", FindingKind::vulnerability, ScanKind::dependency},
    {"govulncheck", FindingKind::vulnerability, ScanKind::dependency},
};

// Short names ("zap") only as a word of their own.
bool is_named(std::string_view tool, std::string_view part) {
  for (size_t at = tool.find(part); at != std::string_view::npos; at = tool.find(part, at + 1)) {
    const auto letter = [&](size_t i) { return i < tool.size() && tool[i] >= 'a' && tool[i] <= 'z'; };
    if (!(at > 0 && letter(at - 1)) && !letter(at + part.size())) return true;
  }
  return false;
}

bool is_vulnerability_id(std::string_view rule) {
  return rule.starts_with("CVE-") || rule.starts_with("GHSA-") || rule.starts_with("GO-") || rule.starts_with("RUSTSEC-") || rule.starts_with("PYSEC-") ||
         rule.starts_with("DSA-");
}

// Grype writes "CVE-2026-99002-oakjson".
std::string_view vulnerability_of(std::string_view rule) {
  if (rule.starts_with("GHSA-")) return rule.substr(0, 19);
  if (rule.starts_with("CVE-")) return rule.substr(0, rule.find_first_not_of("0123456789", std::min<size_t>(9, rule.size())));
  return rule.substr(0, rule.find_first_of(" /"));
}

Severity severity_of_level(std::string_view level) {
  return level == "error"     ? Severity::high
         : level == "warning" ? Severity::medium
         : level == "note"    ? Severity::low
         : level == "none"    ? Severity::none
                              : Severity::unknown;
}
// GitHub's convention: a CVSS-like number in `security-severity`, as text or number.
std::optional<Severity> security_severity(JsonValue properties) {
  const JsonValue value = properties["security-severity"];
  double number = value.number_or(-1);
  if (const auto text = value.string_or(""); !text.empty()) {
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (wrong != std::errc()) return facts::parse_severity(text) == Severity::unknown ? std::nullopt : std::optional(facts::parse_severity(text));
  }
  if (!(number >= 0)) return std::nullopt;
  return number >= 9 ? Severity::critical : number >= 7 ? Severity::high : number >= 4 ? Severity::medium : number > 0 ? Severity::low : Severity::none;
}

class SarifReader {
 public:
  explicit SarifReader(const Reading& reading) : reading_(reading), batch_(reading.batch) {}

  Result<void> read() {
    TRY(const auto tree, read_tree(reading_));
    const Field root(tree.root(), "");
    TRY_DO(root.expect_object());
    TRY(const Text version, root["version"].required_text());
    if (version != "2.1.0")
      return fail(root["version"]
                      .wrong("expected 2.1.0, found \"" + std::string(version.substr(0, 40)) + "\"")
                      .next("let the tool write SARIF 2.1.0, or convert it: `sarif-multitool transform`"));
    const Field runs = root["runs"];
    if (!runs.value().is_array()) return fail(runs.wrong("expected an array of runs"));
    if (batch_.kind.empty() || batch_.kind == "statement") {
      batch_.kind = "findings";
      if (batch_.format.empty()) batch_.format = "SARIF 2.1.0";
    }
    return each_item(runs, [&](const Field& item) { return run(item); });
  }

 private:
  Result<void> run(const Field& run) {
    TRY_DO(run.expect_object());
    const Field driver = run["tool"]["driver"];
    TRY_DO(driver.expect_object());
    facts::Scanned scan;
    TRY(const Text name, driver["name"].required_text());
    TRY(Text version, driver["semanticVersion"].text());
    if (version.empty()) {
      TRY(version, driver["version"].text());
    }
    scan.tool = batch_.keep(name);
    scan.version = batch_.keep(version);
    const std::string lower = to_lower(name);
    finding_kind_ = FindingKind::static_;
    scan.kind = ScanKind::static_;
    for (const ToolRow& row : kTools) {
      if (!is_named(lower, row.name)) continue;
      finding_kind_ = row.finding;
      scan.kind = row.scan;
      break;
    }
    TRY_DO(subject_of(run, scan));
    TRY_DO(invocations(run, scan));
    rules_.clear();
    TRY_DO(collect_rules(driver));
    extensions_.clear();
    TRY_DO(each_item(run["tool"]["extensions"], [&](const Field& extension) -> Result<void> {
      extensions_.push_back(extension.value());
      return collect_rules(extension);
    }));
    driver_rules_ = driver["rules"].value();
    excluded_.clear();
    seen_.clear();
    TRY_DO(each_item(run["results"], [&](const Field& item) { return result(item, scan); }));
    if (scan.outcome == facts::Outcome::unknown && run["results"].value().is_array()) scan.outcome = facts::Outcome::done;
    scan.excluded = batch_.keep(excluded_);
    batch_.scanned.push_back(scan);
    return {};
  }

  // A revision from versionControlProvenance, an image's digest from what Trivy puts into its properties.
  Result<void> subject_of(const Field& run, facts::Scanned& scan) {
    std::string found;
    TRY_DO(each_item(run["versionControlProvenance"], [&](const Field& item) -> Result<void> {
      TRY(const Text repository, item["repositoryUri"].text());
      TRY(const Text revision, item["revisionId"].text());
      if (found.empty() && !repository.empty() && !revision.empty()) found = std::string(keep_revision(batch_, repository, revision));
      return {};
    }));
    const Field properties = run["properties"];
    for (const JsonValue digest : properties["repoDigests"].value().items()) {
      const Text text = digest.string_or("");
      const size_t at = text.find("@sha256:");
      if (at != Text::npos && !found.starts_with("sha256:")) found = std::string(keep_sha256(batch_, text.substr(at + 8)));
    }
    if (batch_.subject_name.empty()) batch_.subject_name = std::string(properties["imageName"].value().string_or(""));
    if (!found.empty()) {
      scan.subject = batch_.keep(found);
      if (batch_.subject.empty())
        batch_.subject = std::move(found);
      else if (batch_.subject != found && std::find(batch_.more_subjects.begin(), batch_.more_subjects.end(), found) == batch_.more_subjects.end())
        batch_.more_subjects.push_back(std::move(found));
    }
    return {};
  }

  Result<void> invocations(const Field& run, facts::Scanned& scan) {
    size_t good = 0, bad = 0;
    TRY_DO(each_item(run["invocations"], [&](const Field& item) -> Result<void> {
      TRY_DO(item.expect_object());
      const JsonValue successful = item["executionSuccessful"].value();
      if (successful.exists() && successful.kind() != JsonKind::boolean) return fail(item["executionSuccessful"].wrong("expected true or false"));
      if (successful.exists()) ++(successful.bool_or(false) ? good : bad);
      TRY(const Text end, item["endTimeUtc"].text());
      TRY_DO(item["startTimeUtc"].text());
      scan.at = std::max(scan.at, time_or_warn(batch_, end.empty() ? item["startTimeUtc"] : item["endTimeUtc"]));
      return {};
    }));
    if (good + bad > 0) scan.outcome = bad == 0 ? facts::Outcome::done : good == 0 ? facts::Outcome::failed : facts::Outcome::partial;
    return {};
  }

  Result<void> collect_rules(const Field& component) {
    return each_item(component["rules"], [&](const Field& rule) -> Result<void> {
      TRY_DO(rule.expect_object());
      TRY(const Text id, rule["id"].text());
      if (!id.empty()) rules_.emplace(std::string(id), rule.value());
      return {};
    });
  }

  JsonValue rule_of(const Field& result, Text id) {
    const JsonValue reference = result["rule"].value();
    const int64_t component = reference["toolComponent"]["index"].int_or(-1);
    const int64_t index = reference["index"].int_or(result["ruleIndex"].value().int_or(-1));
    const JsonValue list =
        component >= 0 && static_cast<size_t>(component) < extensions_.size() ? extensions_[static_cast<size_t>(component)]["rules"] : driver_rules_;
    if (!id.empty()) {
      // "CA1001/1" is a sub-rule of "CA1001".
      for (std::string_view name = id; !name.empty();) {
        const auto it = rules_.find(name);
        if (it != rules_.end()) return it->second;
        const size_t slash = name.rfind('/');
        if (slash == std::string_view::npos) break;
        name = name.substr(0, slash);
      }
    }
    return index >= 0 ? list.at(static_cast<size_t>(index)) : JsonValue();
  }

  Result<void> result(const Field& result, facts::Scanned& scan) {
    TRY_DO(result.expect_object());
    if (batch_.found.size() >= reading_.options.limits.items && !reading_.options.trusted)
      return fail(Error(Code::exhausted, "too many results").at(result.pointer()));
    TRY(const Text kind, result["kind"].text());
    TRY(const Text baseline, result["baselineState"].text());
    if (kind == "pass" || kind == "notApplicable" || kind == "informational" || baseline == "absent") return {};
    facts::Found found;
    found.subject = scan.subject;
    found.tool = scan.tool;
    TRY(Text id, result["ruleId"].text());
    if (id.empty()) id = result["rule"]["id"].value().string_or("");
    const JsonValue rule = rule_of(result, id);
    if (id.empty()) id = rule["id"].string_or("");
    found.rule = batch_.keep(id);

    TRY(const Text message, result["message"]["text"].text());
    Text title = rule["shortDescription"]["text"].string_or("");
    if (title.empty()) title = message;
    if (title.empty()) title = rule["name"].string_or("");
    found.title = batch_.keep(title.substr(0, 500));

    TRY(Text level, result["level"].text());
    if (level.empty()) level = rule["defaultConfiguration"]["level"].string_or("warning");
    const auto own = security_severity(result["properties"].value());
    const auto of_rule = own ? own : security_severity(rule["properties"]);
    found.severity = of_rule ? *of_rule : severity_of_level(level);

    const Field place = result["locations"].item(result["locations"].value().at(0), 0);
    const Field physical = place["physicalLocation"];
    TRY(Text uri, physical["artifactLocation"]["uri"].text());
    if (uri.starts_with("file://")) uri.remove_prefix(7);
    TRY(const int64_t line, physical["region"]["startLine"].integer(0));
    if (!uri.empty())
      found.location = line > 0 ? keep_joined(batch_, uri, ":", std::to_string(line)) : batch_.keep(uri);
    else
      found.location = batch_.keep(place["logicalLocations"].value().at(0)["fullyQualifiedName"].string_or(""));

    std::vector<Text> cwes;
    for (const JsonValue tag : rule["properties"]["tags"].items()) {
      std::string_view text = tag.string_or("");
      const std::string word = to_lower(text);
      size_t at = word.find("cwe-");
      if (at == std::string::npos) continue;
      at += 4;
      while (at < word.size() && word[at] == '0') ++at;
      size_t end = at;
      while (end < word.size() && word[end] >= '0' && word[end] <= '9') ++end;
      if (end > at) cwes.push_back(batch_.keep("CWE-" + word.substr(at, end - at)));
    }
    found.cwe = batch_.keep(cwes);
    found.kind = finding_kind_;
    if (is_vulnerability_id(id)) {
      found.kind = FindingKind::vulnerability;
      found.vulnerability = batch_.keep(vulnerability_of(id));
    } else if (found.kind == FindingKind::vulnerability) {
      // Trivy finds other things too.
      const auto has_tag = [&](std::string_view word) {
        for (const JsonValue tag : rule["properties"]["tags"].items())
          if (tag.string_or("") == word) return true;
        return false;
      };
      if (has_tag("secret"))
        found.kind = FindingKind::secret;
      else if (has_tag("misconfiguration"))
        found.kind = FindingKind::infrastructure;
      else if (has_tag("license"))
        found.kind = FindingKind::licence;
    }
    for (const Text text : {result["properties"]["purl"].value().string_or(""), result["properties"]["package"].value().string_or("")})
      if (text.starts_with("pkg:")) found.package = batch_.keep(text);
    found.fingerprint = fingerprint(result, found, uri, message, physical["region"]["snippet"]["text"].value().string_or(""));

    if (is_suppressed(result["suppressions"].value())) {
      const Text note = keep_joined(batch_, "suppressed: ", "", found.rule);
      if (std::find(excluded_.begin(), excluded_.end(), note) == excluded_.end()) excluded_.push_back(note);
      return {};
    }
    switch (found.severity) {
      case Severity::critical: ++scan.critical; break;
      case Severity::high: ++scan.high; break;
      case Severity::medium: ++scan.medium; break;
      case Severity::low: ++scan.low; break;
      case Severity::none: break;
      case Severity::unknown: ++scan.unknown; break;
    }
    batch_.found.push_back(found);
    return {};
  }

  // SARIF §3.27.23: suppressed when there is one and all of them are accepted (the default).
  static bool is_suppressed(JsonValue suppressions) {
    if (suppressions.size() == 0) return false;
    for (const JsonValue one : suppressions.items()) {
      const Text status = one["status"].string_or("accepted");
      if (status != "accepted") return false;
    }
    return true;
  }

  Text fingerprint(const Field& result, const facts::Found& found, Text uri, Text message, Text snippet) {
    for (const char* group : {"fingerprints", "partialFingerprints"}) {
      // The first by name: the order of members means nothing.
      std::string_view best_name, best;
      for (const auto& [name, value] : result[group].value().members()) {
        const Text text = value.string_or("");
        if (!text.empty() && (best.empty() || name < best_name)) {
          best_name = name;
          best = text;
        }
      }
      if (!best.empty()) {
        // A partial one says "this line here"; rule and file belong to it.
        if (group[0] == 'f') return batch_.keep(best);
        return hashed({found.tool, found.rule, uri, best});
      }
    }
    return hashed({found.tool, found.rule, uri, message, trim(snippet)});
  }
  Text hashed(std::initializer_list<Text> parts) {
    std::string text;
    for (const Text part : parts) {
      text += part;
      text += '\0';
    }
    // Equal ones are told apart by their order.
    const uint32_t nth = seen_[text]++;
    if (nth > 0) text += std::to_string(nth);
    return batch_.keep(sha256(text).hex().substr(0, 32));
  }

  const Reading& reading_;
  facts::Batch& batch_;
  FindingKind finding_kind_ = FindingKind::static_;
  std::map<std::string, JsonValue, std::less<>> rules_;
  std::vector<JsonValue> extensions_;
  JsonValue driver_rules_;
  std::vector<Text> excluded_;
  absl::flat_hash_map<std::string, uint32_t> seen_;
};

}  // namespace

Result<void> read_sarif(Reading reading) { return SarifReader(reading).read(); }

}  // namespace waybill::formats
