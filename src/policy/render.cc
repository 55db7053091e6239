#include "waybill/policy/render.h"

#include <algorithm>

#include "waybill/base/json_out.h"
#include "waybill/policy/json_object.h"

namespace waybill::policy {
namespace {

std::string upper(std::string_view text) {
  std::string out(text);
  for (auto& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

// "checkout 4.12.0" rather than the whole reference: the last part of the repository and its tag.
std::string short_name(const Decision& d) {
  auto name = d.subject_name.empty() ? d.subject_id : d.subject_name;
  if (d.subject_kind == SubjectKind::service || name.starts_with("sha256:")) return name.starts_with("sha256:") ? name.substr(0, 19) + "…" : name;
  if (name.starts_with("pkg:") || name.starts_with("git+")) return name;
  if (const auto at = name.find('@'); at != std::string::npos) name.erase(at);
  if (const auto slash = name.rfind('/'); slash != std::string::npos) name.erase(0, slash + 1);
  std::replace(name.begin(), name.end(), ':', ' ');
  return name;
}

// Control characters, and the marks that turn text round, are shown as what they are.
std::string shown(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 || c == 0x7f) {
      out += c == '\n' || c == '\t' ? " " : "\\x" + to_hex(Bytes(reinterpret_cast<const uint8_t*>(&text[i]), 1));
    } else if (c == 0xe2 && i + 2 < text.size() &&
               ((static_cast<unsigned char>(text[i + 1]) == 0x80 &&
                 ((static_cast<unsigned char>(text[i + 2]) >= 0xaa && static_cast<unsigned char>(text[i + 2]) <= 0xae) ||
                  (static_cast<unsigned char>(text[i + 2]) >= 0x8b && static_cast<unsigned char>(text[i + 2]) <= 0x8f))) ||
                (static_cast<unsigned char>(text[i + 1]) == 0x81 && static_cast<unsigned char>(text[i + 2]) >= 0xa6 &&
                 static_cast<unsigned char>(text[i + 2]) <= 0xa9))) {
      out += "\\x" + to_hex(as_bytes(text.substr(i, 3)));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

struct Paint {
  Colour colour;
  std::string verdict(Verdict verdict, std::string_view text) const {
    if (colour == Colour::never) return std::string(text);
    constexpr std::string_view kCodes[] = {"\x1b[32m", "\x1b[33m", "\x1b[35m", "\x1b[1;31m"};
    return std::string(kCodes[static_cast<size_t>(verdict)]) + std::string(text) + "\x1b[0m";
  }
};

std::string padded(std::string_view text, size_t width) {
  std::string out(text);
  size_t columns = 0;
  for (const char c : text) columns += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  if (columns < width) out.append(width - columns, ' ');
  return out;
}

std::string plural(size_t n, std::string_view one, std::string_view many) { return std::to_string(n) + " " + std::string(n == 1 ? one : many); }

std::string list_of(const std::vector<std::string>& words, std::string_view separator = ", ") {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : std::string(separator)) + word;
  return out;
}

std::string fix_of(const RuleResult& result, const Finding& finding) { return finding.fix.empty() ? result.remedy : finding.fix; }

bool is_shown_to_developers(const RuleResult& result) { return result.mode >= Mode::warn && result.outcome != Outcome::excepted; }

std::string heading(const Decision& d) {
  constexpr std::string_view kWords[] = {"ALLOWED", "ALLOWED WITH WARNINGS", "WAITS FOR AN APPROVAL", "DENIED"};
  return std::string(kWords[static_cast<size_t>(d.verdict)]);
}

std::string target_of(const Decision& d) { return d.environment.empty() ? std::string() : " → " + d.environment; }

std::string closing(const Decision& d) {
  std::string out = plural(d.held.size(), "rule holds", "rules hold");
  if (const auto n = d.counts[static_cast<size_t>(Outcome::excepted)]; n > 0) {
    std::vector<std::string> names;
    for (const auto& one : d.exceptions_used) names.push_back(one.rule + " until " + to_date(one.until));
    out += ", " + std::to_string(n) + " excepted (" + list_of(names) + ")";
  }
  if (const auto n = d.not_applicable.size(); n > 0) out += ", " + std::to_string(n) + " " + (n == 1 ? "does" : "do") + " not apply";
  size_t observed = 0;
  for (const auto& result : d.results) observed += result.mode == Mode::observe ? 1 : 0;
  if (observed > 0) out += ", " + std::to_string(observed) + " only observed";
  return out + ".";
}

std::string developer(const Decision& d, Paint paint) {
  std::string out =
      paint.verdict(d.verdict, heading(d)) + "  " + shown(short_name(d)) + target_of(d) + "   " + d.id + (d.preview ? " (preview: not recorded)" : "") + "\n";
  out += "  " + shown(d.summary) + "\n";
  const Flip* way = nullptr;
  for (const auto& flip : d.flips)
    if (flip.to <= Verdict::warn && (!way || flip.to > way->to)) way = &flip;  // the shortest that lets it through
  if (d.verdict >= Verdict::ask && way) {
    out += "\n  To get it through" + std::string(way->checked ? "  (tried against the same policy)" : "") + "\n";
    size_t n = 0;
    for (const auto& step : way->steps) {
      out += "    " + std::to_string(++n) + "  ";
      if (step.how == "approve")
        out += "ask someone" + std::string(d.asked_by.starts_with("person:") ? " other than " + d.asked_by.substr(7) : "") + " to run: waybill approve " +
               d.id + "\n";
      else
        out += shown(step.what) + "\n";
    }
  }
  bool first = true;
  for (const auto& result : d.results) {
    if (!is_shown_to_developers(result) || result.verdict == Verdict::allow) continue;
    if (first) out += "\n";
    first = false;
    out += "  " + paint.verdict(result.verdict, padded(to_string(result.verdict), 5)) + " " + result.rule + "\n";
    size_t shown_findings = 0;
    for (const auto& finding : result.findings) {
      if (!finding.exception.empty()) continue;
      if (++shown_findings > 5) continue;
      out += "        " + std::string(result.outcome == Outcome::unknown ? "cannot be judged: " : "") + shown(finding.message) + "\n";
      const auto fix = fix_of(result, finding);
      out += "        → " + shown(fix) + "\n";
    }
    if (shown_findings > 5) out += "        and " + plural(shown_findings - 5, "more finding", "more findings") + "\n";
  }
  out += "\n  " + closing(d) + (d.verdict == Verdict::deny || d.verdict == Verdict::ask ? " Nothing else stands in the way." : "") + "\n";
  return out;
}

std::string security(const Decision& d, Paint paint) {
  std::string out =
      paint.verdict(d.verdict, upper(to_string(d.verdict))) + "  " + (d.service_scope.empty() ? shown(short_name(d)) : d.service_scope) + target_of(d);
  if (!d.environment.empty()) out += " (" + std::string(to_string(d.tier)) + ")";
  out += "   " + to_rfc3339(d.at) + "\n      " + d.subject_id + "   asked by " + shown(d.asked_by) + " through " + d.gate + "   policy " +
         d.policy_digest.substr(0, 19) + "…\n\n";
  const auto row = [&](std::string_view label, const std::string& text) { out += "  " + padded(label, 13) + " " + text + "\n"; };
  for (const auto& result : d.results) {
    const bool let_pass = result.outcome == Outcome::excepted;
    const auto label = let_pass ? "Let pass" : result.outcome == Outcome::unknown ? "Not known" : result.outcome == Outcome::failed ? "Failed" : "Broken";
    bool first = true;
    for (const auto& finding : result.findings) {
      row(first ? label : "", shown(finding.message) + (first ? "   [" + result.rule + ", " + result.severity +
                                                                    (result.mode == Mode::enforce ? ""
                                                                                                  : ", rule in " + std::string(to_string(result.mode)) +
                                                                                                        ": would " + std::string(to_string(result.would))) +
                                                                    "]"
                                                              : ""));
      if (!finding.exception.empty())
        for (const auto& exception : d.exceptions_used)
          if (exception.id == finding.exception)
            row("", exception.id + " until " + to_date(exception.until) + ", approved by " + list_of(exception.approved_by));
      if (finding.on.find(' ') != std::string::npos && (finding.on.find(" pkg:") != std::string::npos))
        row("", "everywhere: waybill trace " + shown(finding.on.substr(0, finding.on.find(' '))));
      if (finding.since.is_set() && finding.since < d.at) row("", "since " + to_rfc3339(finding.since));
      first = false;
    }
  }
  for (const auto& approval : d.approvals_used)
    row(approval.break_glass ? "Glass broken" : "Approved", approval.by + " (" + approval.id + ") until " + to_rfc3339(approval.until));
  row("Holds", d.held.empty() ? "nothing" : list_of(d.held));
  row("Valid", "until " + to_rfc3339(d.valid_until) + ": " + shown(d.valid_because));
  return out;
}

std::string auditor(const Decision& d) {
  std::string out = "Decision " + d.id + "      " +
                    (d.log_entry ? "log entry " + std::to_string(*d.log_entry)
                     : d.preview ? "a preview: not recorded"
                                 : "not written yet") +
                    "\n";
  const auto row = [&](std::string_view label, const std::string& text) { out += "  " + padded(label, 11) + " " + text + "\n"; };
  row("question", "may " + d.subject_id + (d.service_scope.empty() ? std::string() : " run as " + d.service_scope) +
                      (d.environment.empty() ? std::string(" pass") : " in " + d.environment) + "?");
  row("asked", to_rfc3339(d.at) + " by " + shown(d.asked_by) + ", gate " + d.gate + ", action " + d.action);
  row("answer", std::string(to_string(d.verdict)) + ": " + shown(d.summary));
  row("knowledge", "log index " + std::to_string(d.log_index) + ", root " + d.log_root);
  std::string packs;
  for (const auto& pack : d.packs) packs += (packs.empty() ? "" : ", ") + pack.pack + " " + pack.version + " (" + std::string(to_string(pack.mode)) + ")";
  row("policy", d.policy_digest + "   " + packs);
  row("input", d.input_digest + "   " + std::to_string(d.input_bytes) + " bytes, " + plural(d.slices.size(), "slice", "slices"));
  out += "\n  " + padded("rule", 32) + padded("outcome", 11) + padded("verdict", 9) + padded("controls", 46) + "evidence (log entries)\n";
  for (const auto& result : d.results) {
    std::string evidence;
    std::vector<uint64_t> seen;
    for (const auto& finding : result.findings)
      for (const auto& one : finding.evidence)
        if (std::find(seen.begin(), seen.end(), one.entry) == seen.end())
          seen.push_back(one.entry), evidence += (evidence.empty() ? "" : " ") + std::to_string(one.entry);
    if (evidence.empty()) evidence = "none: this is the finding";
    for (const auto& exception : d.exceptions_used)
      if (exception.rule == result.rule) {
        evidence += "; exception " + exception.id + ":";
        for (const auto entry : exception.entries) evidence += " " + std::to_string(entry);
      }
    auto controls = list_of(result.controls);
    if (controls.size() > 44) controls = controls.substr(0, 41) + "…";
    out +=
        "  " + padded(result.rule, 32) + padded(to_string(result.outcome), 11) + padded(to_string(result.verdict), 9) + padded(controls, 46) + evidence + "\n";
    for (const auto& finding : result.findings) out += "      " + shown(finding.message) + "   " + finding.key + "\n";
  }
  if (!d.held.empty()) out += "  " + list_of(d.held) + "  hold\n";
  if (!d.not_applicable.empty()) out += "  " + list_of(d.not_applicable) + "  do not apply\n";
  if (!d.approvals_used.empty()) {
    out += "\n";
    for (const auto& approval : d.approvals_used) row("approval", approval.id + " by " + approval.by + ", until " + to_rfc3339(approval.until));
  }
  out += "\n";
  row("digest", d.digest().to_string());
  row("to check", "waybill replay " + d.id + "     evaluates again from the pinned input and policy");
  return out;
}

std::string escape_xml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t')
      out += '?';
    else
      out += c;
  }
  return out;
}

// Text from outside is text: nothing of it may become mark-up.
std::string escape_markdown(std::string_view text) {
  std::string out;
  for (const char c : shown(text)) {
    if (c == '|' || c == '<' || c == '>' || c == '[' || c == ']' || c == '*' || c == '_' || c == '`' || c == '\\' || c == '#') out += '\\';
    out += c;
  }
  return out;
}

std::string code(std::string_view text) {
  auto inner = shown(text);
  std::erase(inner, '`');
  return "`" + inner + "`";
}

}  // namespace

std::string to_text(const Decision& decision, Reader reader, Colour colour) {
  const Paint paint{colour};
  switch (reader) {
    case Reader::developer: return developer(decision, paint);
    case Reader::security: return security(decision, paint);
    case Reader::auditor: return auditor(decision);
  }
  return {};
}

std::string to_markdown(std::span<const Decision> decisions) {
  std::string out;
  for (const auto& d : decisions) {
    out += "### " + heading(d).substr(0, 1) + to_lower(heading(d)).substr(1) + ": " + escape_markdown(short_name(d)) + target_of(d) + "\n\n" +
           escape_markdown(d.summary) + "\n\n";
    const Flip* way = nullptr;
    for (const auto& flip : d.flips)
      if (flip.to <= Verdict::warn && (!way || flip.to > way->to)) way = &flip;
    if (d.verdict >= Verdict::ask && way) {
      out += "**To get it through**\n\n";
      size_t n = 0;
      for (const auto& step : way->steps)
        out += std::to_string(++n) + ". " + (step.how == "approve" ? "a colleague runs " + code("waybill approve " + d.id) : escape_markdown(step.what)) + "\n";
      out += "\n";
    }
    bool table = false;
    for (const auto& result : d.results) {
      if (!is_shown_to_developers(result)) continue;
      if (!table) out += "| verdict | rule | finding | what to do |\n|---|---|---|---|\n";
      table = true;
      size_t n = 0;
      for (const auto& finding : result.findings) {
        if (++n > 5) break;
        out += "| " + std::string(n == 1 ? to_string(result.verdict) : "") + " | " + (n == 1 ? code(result.rule) : "") + " | " +
               (result.outcome == Outcome::unknown ? "cannot be judged: " : "") + escape_markdown(finding.message) + " | " +
               escape_markdown(fix_of(result, finding)) + " |\n";
      }
      if (result.findings.size() > 5) out += "| | | and " + std::to_string(result.findings.size() - 5) + " more | |\n";
    }
    if (table) out += "\n";
    out += closing(d) + " Decision " + code(d.id) + (d.see.empty() ? std::string() : " ([details](" + d.see + "))") + ".\n\n";
  }
  return out;
}

std::string to_sarif(std::span<const Decision> decisions) {
  std::vector<std::string> rule_ids, rules, results;
  for (const auto& d : decisions) {
    for (const auto& result : d.results) {
      auto it = std::find(rule_ids.begin(), rule_ids.end(), result.rule);
      const auto index = static_cast<int64_t>(it - rule_ids.begin());
      if (it == rule_ids.end()) {
        rule_ids.push_back(result.rule);
        JsonObject rule, text, help, properties;
        text.text("text", result.title);
        help.text("text", result.remedy);
        properties.texts("tags", result.controls).text("pack", result.pack).text("severity", result.severity);
        rule.text("id", result.rule).object("shortDescription", std::move(text)).object("help", std::move(help)).object("properties", std::move(properties));
        rules.push_back(std::move(rule).take());
      }
      for (const auto& finding : result.findings) {
        JsonObject one, message, fingerprints, properties;
        const auto fix = fix_of(result, finding);
        message.text("text", (result.outcome == Outcome::unknown ? "cannot be judged: " : "") + finding.message + (fix.empty() ? "" : " To mend it: " + fix));
        fingerprints.text("waybill/v1", finding.key);
        properties.text("decision", d.id).text("outcome", to_string(result.outcome)).text("on", finding.on);
        std::vector<std::string> evidence;
        for (const auto& entry : finding.evidence) evidence.push_back(std::to_string(entry.entry));
        properties.raw("evidence", to_json_array(evidence));
        const auto level = result.mode == Mode::observe          ? "note"
                           : result.outcome == Outcome::excepted ? (result.would == Verdict::deny ? "error" : "warning")
                           : result.verdict == Verdict::deny     ? "error"
                           : result.verdict == Verdict::allow    ? "note"
                                                                 : "warning";
        one.text("ruleId", result.rule).number("ruleIndex", index).text("level", level).object("message", std::move(message));
        one.object("partialFingerprints", std::move(fingerprints)).object("properties", std::move(properties));
        // A place in a file when the finding has one; else the subject itself, by name.
        JsonObject location, physical, artifact, region, logical;
        bool in_file = false;
        if (auto json = finding.location_json.empty() ? Result<JsonDocument>(Error(Code::not_found, "none")) : JsonDocument::parse(finding.location_json)) {
          artifact.text("uri", json->root()["path"].string_or(""));
          physical.object("artifactLocation", std::move(artifact));
          if (const auto line = json->root()["line"].int_or(0); line > 0) physical.object("region", std::move(region.number("startLine", line)));
          location.object("physicalLocation", std::move(physical));
          in_file = true;
        }
        if (!in_file) {
          logical.text("fullyQualifiedName", d.subject_id).text("name", d.subject_name).text("kind", "module");
          location.raw("logicalLocations", to_json_array({std::move(logical).take()}));
        }
        one.raw("locations", to_json_array({std::move(location).take()}));
        if (!finding.exception.empty()) {
          JsonObject suppression;
          suppression.text("kind", "external").text("status", "accepted").text("justification", "exception " + finding.exception);
          one.raw("suppressions", to_json_array({std::move(suppression).take()}));
        }
        results.push_back(std::move(one).take());
      }
    }
  }
  JsonObject driver, tool, run, sarif;
  driver.text("name", "waybill")
      .text("version", decisions.empty() ? "" : decisions.front().engine_version)
      .text("informationUri", "https://waybill.example")
      .raw("rules", to_json_array(rules));
  tool.object("driver", std::move(driver));
  run.object("tool", std::move(tool)).raw("results", to_json_array(results));
  sarif.text("$schema", "https://json.schemastore.org/sarif-2.1.0.json").text("version", "2.1.0").raw("runs", to_json_array({std::move(run).take()}));
  return std::move(sarif).take();
}

std::string to_junit(std::span<const Decision> decisions) {
  struct Case {
    std::string pack, name, class_name, inner;
    enum class End : uint8_t { passed, failed, error, skipped } end = End::passed;
  };
  std::vector<Case> cases;
  for (const auto& d : decisions) {
    const auto class_name = short_name(d) + target_of(d);
    for (const auto& result : d.results) {
      Case one{result.pack, result.rule, class_name, {}, Case::End::passed};
      std::string lines;
      for (const auto& finding : result.findings)
        lines += finding.message + (finding.exception.empty() ? "" : " (exception " + finding.exception + ")") + "\n  -> " + fix_of(result, finding) + "\n";
      const auto first = result.findings.empty() ? result.title : result.findings.front().message;
      if (result.outcome == Outcome::failed) {
        one.end = Case::End::error;
        one.inner = "<error type=\"failed\" message=\"" + escape_xml(first) + "\">" + escape_xml(lines) + "</error>";
      } else if (result.outcome == Outcome::excepted) {
        one.end = Case::End::skipped;
        one.inner = "<skipped message=\"excepted: " + escape_xml(first) + "\"/>";
      } else if (result.verdict >= Verdict::ask) {
        one.end = Case::End::failed;
        one.inner = "<failure type=\"" + std::string(result.outcome == Outcome::unknown ? "unknown" : to_string(result.verdict)) + "\" message=\"" +
                    escape_xml(first) + "\">" + escape_xml(lines) + "</failure>";
      } else {
        one.inner = "<system-out>" + escape_xml(std::string(to_string(result.verdict)) + ": " + lines) + "</system-out>";
      }
      cases.push_back(std::move(one));
    }
    // Of those that hold or do not apply, the decision keeps the ids: their pack is that of a result, or unknown here.
    for (const auto& id : d.held) cases.push_back({"rules that hold", id, class_name, {}, Case::End::passed});
    for (const auto& id : d.not_applicable)
      cases.push_back({"rules that do not apply", id, class_name, "<skipped message=\"does not apply\"/>", Case::End::skipped});
  }
  std::vector<std::string> packs;
  for (const auto& one : cases)
    if (std::find(packs.begin(), packs.end(), one.pack) == packs.end()) packs.push_back(one.pack);
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"waybill\">\n";
  for (const auto& pack : packs) {
    size_t tests = 0, failures = 0, errors = 0, skipped = 0;
    std::string inner;
    for (const auto& one : cases) {
      if (one.pack != pack) continue;
      ++tests;
      failures += one.end == Case::End::failed, errors += one.end == Case::End::error, skipped += one.end == Case::End::skipped;
      inner += "    <testcase name=\"" + escape_xml(one.name) + "\" classname=\"" + escape_xml(one.class_name) + "\">" + one.inner + "</testcase>\n";
    }
    out += "  <testsuite name=\"" + escape_xml(pack) + "\" tests=\"" + std::to_string(tests) + "\" failures=\"" + std::to_string(failures) + "\" errors=\"" +
           std::to_string(errors) + "\" skipped=\"" + std::to_string(skipped) + "\">\n" + inner + "  </testsuite>\n";
  }
  return out + "</testsuites>\n";
}

}  // namespace waybill::policy
