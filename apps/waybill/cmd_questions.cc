// check, trace, show: what is asked.
#include <algorithm>
#include <cmath>
#include <map>

#include "apps/waybill/api.h"
#include "apps/waybill/check_path.h"
#include "apps/waybill/commands.h"
#include "apps/waybill/terminal.h"
#include "waybill/base/disk.h"
#include "waybill/base/json_out.h"
#include "waybill/policy/decision.h"
#include "waybill/policy/render.h"

namespace waybill::cli {
namespace {

int exit_of(policy::Verdict verdict) {
  switch (verdict) {
    case policy::Verdict::deny: return kDenied;
    case policy::Verdict::ask: return kWaitsForApproval;
    default: return kFine;
  }
}

int check(const Invocation& invocation) {
  std::vector<policy::Decision> decisions;
  std::vector<std::string> documents;
  std::unique_ptr<Api> api;
  for (const auto& subject : invocation.positionals) {
    Result<std::string> document = fail(Code::internal, "not asked");
    if (is_path(subject)) {
      document = check_path(invocation, subject);
    } else {
      if (!api) {
        auto opened = Api::open(invocation, invocation.has("preview") ? Access::read : Access::write);
        if (!opened) return report(invocation, opened.error());
        api = std::move(*opened);
      }
      JsonWriter w;
      w.begin_object().field("subject", subject);
      for (const auto& [flag, name] : std::initializer_list<std::pair<const char*, const char*>>{
               {"env", "environment"}, {"service", "service"}, {"action", "action"}, {"reason", "reason"}, {"ticket", "ticket"}})
        if (const auto value = invocation.value(flag)) w.field(name, *value);
      if (const auto at = invocation.value("at")) w.field("at", *at);
      if (invocation.has("preview")) w.field("preview", true);
      w.end_object();
      auto answer = api->post("/api/v1/gates/" + path_segment(invocation.value_or("gate", "ci")) + "/decisions", w.text());
      if (answer)
        document = answer->root().to_json();
      else
        document = fail(std::move(answer).error());
    }
    if (!document) return report(invocation, document.error());
    auto decision = policy::parse_decision(*document);
    if (!decision) return report(invocation, decision.error());
    decisions.push_back(std::move(*decision));
    documents.push_back(std::move(*document));
  }
  const std::string format = invocation.output();
  if (format == "json" || format == "yaml") {
    std::string json = documents.size() == 1 ? documents[0] : "[";
    if (documents.size() > 1) {
      for (size_t i = 0; i < documents.size(); ++i) json += (i > 0 ? "," : "") + documents[i];
      json += "]";
    }
    if (const auto document = JsonDocument::parse(json)) print_as(format, document->root());
  } else if (format == "markdown") {
    print(policy::to_markdown(decisions));
  } else if (format == "sarif") {
    print(policy::to_sarif(decisions) + "\n");
  } else if (format == "junit") {
    print(policy::to_junit(decisions));
  } else {
    const std::string reader = invocation.value_or("for", "developer");
    for (size_t i = 0; i < decisions.size(); ++i) {
      if (i > 0) print("\n");
      print(policy::to_text(decisions[i],
                            reader == "security"  ? policy::Reader::security
                            : reader == "auditor" ? policy::Reader::auditor
                                                  : policy::Reader::developer,
                            bold("x") != "x" ? policy::Colour::always : policy::Colour::never));
    }
  }
  int exit = kFine;
  for (const auto& decision : decisions) {
    const int this_one = exit_of(decision.verdict);
    if (this_one == kDenied || exit == kFine) exit = this_one;
  }
  return exit;
}

int trace(const Invocation& invocation) {
  auto api = Api::open(invocation, Access::read);
  if (!api) return report(invocation, api.error());
  auto answer = (*api)->get(target("/api/v1/trace", {{"of", invocation.positionals[0]}}));
  if (!answer) return report(invocation, answer.error());
  const auto root = answer->root();
  if (print_as(invocation.output(), root)) return kFine;

  // The edges as a tree: from what was asked about down to owners; each node under each of its parents.
  std::multimap<std::string, std::string> edges;
  for (const auto& edge : root["edges"].items()) edges.emplace(std::string(edge.at(0).string_or("")), std::string(edge.at(1).string_or("")));
  std::map<std::string, std::string> labels;
  for (const auto& item : root["packages"].items()) {
    std::string label(item["purl"].string_or(""));
    std::string fixed;
    for (const auto& version : item["fixed_in"].items()) fixed += (fixed.empty() ? "" : ", ") + std::string(version.string_or(""));
    if (!fixed.empty()) label += dim("  fixed in " + fixed);
    labels[std::string(item["id"].string_or(""))] = label;
  }
  for (const auto& item : root["artifacts"].items()) {
    const std::string name(item["name"].string_or(""));
    labels[std::string(item["id"].string_or(""))] = (name.empty() ? std::string() : name + "  ") + dim(short_digest(item["digest"].string_or("")));
  }
  for (const auto& item : root["deployments"].items())
    labels[std::string(item["id"].string_or(""))] = verdict(item["verdict"].string_or("unknown")) + "  " + bold(item["service"].string_or("")) + " in " +
                                                    std::string(item["environment"].string_or("")) +
                                                    dim("  since " + short_time(item["since"].string_or("")) + "  " + std::string(item["id"].string_or("")));
  for (const auto& item : root["owners"].items()) labels[std::string(item["id"].string_or(""))] = "owner " + std::string(item["name"].string_or(""));
  std::string out = bold(root["of"].string_or(""));
  if (const auto kind = root["kind"].string_or(""); !kind.empty()) out += dim("  " + std::string(kind));
  out += "\n";
  size_t lines = 0;
  constexpr size_t kMostLines = 2000;
  auto draw = [&](auto&& self, const std::string& node, const std::string& indent, size_t depth) -> void {
    if (depth > 8) return;
    std::vector<std::string> children;
    for (auto [it, end] = edges.equal_range(node); it != end; ++it) children.push_back(it->second);
    for (size_t i = 0; i < children.size() && lines < kMostLines; ++i) {
      const bool last = i + 1 == children.size();
      const auto label = labels.find(children[i]);
      out += dim(indent + (last ? "└─ " : "├─ ")) + (label == labels.end() ? children[i] : label->second) + "\n";
      ++lines;
      self(self, children[i], indent + (last ? "   " : "│  "), depth + 1);
    }
  };
  std::vector<std::string> roots;
  for (const auto& [from, to] : edges) {
    const bool child = std::any_of(edges.begin(), edges.end(), [&from = from](const auto& edge) { return edge.second == from; });
    if (!child && (roots.empty() || roots.back() != from)) roots.push_back(from);
  }
  for (const auto& node : roots) {
    if (labels.count(node) > 0) out += labels[node] + "\n";
    draw(draw, node, "", 0);
  }
  if (lines >= kMostLines) out += dim("… and more: ask with -o json\n");
  const auto totals = root["totals"];
  const auto number = [&](const char* key) { return totals[key].int_or(0); };
  const auto plural = [](int64_t n, const std::string& word) { return with_thousands(static_cast<uint64_t>(n)) + " " + word + (n == 1 ? "" : "s"); };
  if (number("deployments") == 0)
    out += root["of"].string_or("") == ""
               ? std::string()
               : std::string(root["of"].string_or("")) + " reaches nothing that runs" +
                     (root["not_deployed"].int_or(0) > 0 ? "; it is in " + plural(root["not_deployed"].int_or(0), "artifact") + " that " +
                                                               (root["not_deployed"].int_or(0) == 1 ? "is" : "are") + " not deployed.\n"
                                                         : ".\n");
  else
    out += plural(number("packages"), "package") + ", " + plural(number("artifacts"), "artifact") + ", " + plural(number("deployments"), "deployment") +
           (root["micros"].exists() ? dim("  answered in " + std::to_string(root["micros"].int_or(0)) + " µs") : "") + "\n";
  print(out);
  return kFine;
}

int show(const Invocation& invocation) {
  auto api = Api::open(invocation, Access::read);
  if (!api) return report(invocation, api.error());
  auto answer = (*api)->get("/api/v1/subjects/" + path_segment(invocation.positionals[0]));
  if (!answer) return report(invocation, answer.error());
  const auto root = answer->root();
  if (print_as(invocation.output(), root)) return kFine;
  const auto text = [](const JsonValue& value) { return std::string(value.string_or("")); };
  std::string out = bold(text(root["name"]).empty() ? text(root["id"]) : text(root["name"])) + "\n" + text(root["id"]) + "\n";
  if (const auto headline = text(root["headline"]["text"]); !headline.empty()) out += "\n" + headline + "\n";
  print(out);
  if (root["standing"].size() > 0) {
    Table table({"environment", "verdict", "decision", ""});
    for (const auto& row : root["standing"].items())
      table.add({text(row["environment"]), verdict(text(row["verdict"])), text(row["decision"]), text(row["summary"])});
    print("\n" + table.to_string());
  }
  if (root["facts"].size() > 0) {
    Table table({"", "", "from"});
    for (const auto& row : root["facts"].items()) table.add({dim(text(row["label"])), text(row["value"]), text(row["source"])});
    print("\n" + table.to_string());
  }
  if (root["vulnerabilities"].size() > 0) {
    Table table({"vulnerability", "severity", "in", "fixed in", "known"});
    for (const auto& row : root["vulnerabilities"].items())
      table.add({text(row["id"]), text(row["severity"]) + (row["open"].bool_or(true) ? "" : " (closed)"), text(row["package"]), text(row["fix"]),
                 ago(text(row["known_at"]))});
    print("\n" + table.to_string());
  }
  if (root["deployments"].size() > 0) {
    Table table({"deployment", "service", "environment", "from", "until"});
    for (const auto& row : root["deployments"].items())
      table.add({text(row["id"]), text(row["service"]), text(row["environment"]), short_time(text(row["from"])),
                 row["until"].is_string() ? short_time(text(row["until"])) : "runs"});
    print("\n" + table.to_string());
  }
  if (root["evidence"].size() > 0) {
    Table table({"entry", "evidence", "by", "at", "document", ""}, {Table::Align::right});
    for (const auto& row : root["evidence"].items())
      table.add({"#" + std::to_string(row["entry"].int_or(0)), text(row["format"]).empty() ? text(row["kind"]) : text(row["format"]), text(row["actor"]),
                 short_time(text(row["at"])), short_digest(text(row["document"])),
                 row["signed"].bool_or(false) ? (row["trusted"].bool_or(false) ? "signed, trusted" : "signed") : ""});
    print("\n" + table.to_string());
  }
  if (const auto total = root["components"]["total"].int_or(0); total > 0)
    print("\n" + with_thousands(static_cast<uint64_t>(total)) + " components; `waybill show … -o json` lists them\n");
  return kFine;
}

}  // namespace

std::vector<Command> question_commands() {
  return {
      {"check",
       "Asks for a decision: may it go there? Exit 0 allowed, 3 denied, 5 waits for an approval",
       "SUBJECT is sha256:…, an image reference, a purl, git+URL@commit, service@environment, or a path. A path is judged in memory, as a\npreview, and never "
       "recorded; without a data directory by the shipped packs, enforced.",
       {{"SUBJECT", "what is judged", Positional::Count::some}},
       with_connection({{"-e,--env", "ENVIRONMENT", "where it would run (default: the only environment there is)"},
                        {"--service", "SERVICE", "what it would run as (default: what it was built for)"},
                        {"--gate", "GATE", "the gate that asks (default: ci)"},
                        {"--action", "ACTION", "what would happen: deploy, promote, build, publish, merge (default: deploy)"},
                        {"--reason", "TEXT", "why"},
                        {"--ticket", "ID", "the change record"},
                        {"--preview", "", "no effect, no entry"},
                        {"--for", "READER", "developer, security or auditor: how much is shown", Option::Times::once, "developer|security|auditor"},
                        {"-o,--output", "FORMAT", "table, json, yaml, markdown, sarif or junit", Option::Times::once, "table|json|yaml|markdown|sarif|junit"},
                        kAt}),
       {{"waybill check registry.example/shop@sha256:9f2c… --env production", "may it go to production?"},
        {"waybill check ./sbom.cdx.json --env production -o markdown", "a preview in a pull request"}},
       check},
      {"trace",
       "Who is affected and what runs it, as a tree",
       "From a vulnerability (CVE, GHSA, …), a package (purl), an artifact (digest) or a service: vulnerability → packages → artifacts →\ndeployments → "
       "owners.",
       {{"CVE|GHSA|PURL|DIGEST|SERVICE", "where to begin"}},
       with_connection({kOutput, kAt}),
       {{"waybill trace CVE-2026-48112", "what runs it?"}, {"waybill trace pkg:npm/oakjson@4.2.1 --at 2026-11-01", "what did, on the first of November?"}},
       trace},
      {"show",
       "All that is known of a subject",
       "",
       {{"SUBJECT", "sha256:…, an image reference, a purl, git+URL@commit, service@environment"}},
       with_connection({kOutput, kAt}),
       {{"waybill show registry.example/shop:1.4.0", "an image"}, {"waybill show shop@production", "what runs there"}},
       show},
  };
}

}  // namespace waybill::cli
