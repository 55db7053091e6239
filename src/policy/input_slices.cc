// The slices about builds, signatures, tests, scans, findings, deployments and what people said.
#include <cmath>

#include "waybill/policy/exceptions.h"
#include "waybill/policy/frame.h"
#include "waybill/policy/input_parts.h"

namespace waybill::policy {
namespace {

constexpr std::string_view kMainKinds[] = {"static", "dynamic", "secret", "infrastructure", "malware", "licence", "penetration"};

std::string id_of(char kind, uint64_t entry) { return std::string(1, kind) + "-" + std::to_string(entry); }

// The last part of a list for messages: "a, b and 3 more".
std::string shortened(const std::vector<std::string>& words, size_t most = 5) {
  std::string out;
  for (size_t i = 0; i < words.size() && i < most; ++i) out += (i ? ", " : "") + words[i];
  if (words.size() > most) out += " and " + std::to_string(words.size() - most) + " more";
  return out;
}

}  // namespace

Slices::Slices(const Asked& asked, const InputSources& from)
    : asked_(asked), from_(from), view_(*from.view), trust_(load_trust(*from.view, asked.service_scope)) {}

const std::vector<graph::Component>& Slices::components() {
  if (!components_) components_ = asked_.artifact ? view_.components(asked_.artifact) : std::vector<graph::Component>{};
  return *components_;
}
const std::vector<graph::Match>& Slices::matches() {
  if (!matches_) matches_ = asked_.artifact ? view_.vulnerabilities(asked_.artifact) : std::vector<graph::Match>{};
  return *matches_;
}
const std::vector<graph::Inventory>& Slices::inventories() {
  if (!inventories_) {
    inventories_ = asked_.artifact ? view_.inventories(asked_.artifact) : std::vector<graph::Inventory>{};
    std::erase_if(*inventories_, [](const auto& one) { return !one.in_force; });
  }
  return *inventories_;
}
const std::vector<graph::Known<facts::Signed>>& Slices::signatures() {
  if (!signatures_) {
    const auto id = asked_.kind == SubjectKind::revision ? asked_.source : asked_.artifact;
    signatures_ = id ? view_.signatures(id) : std::vector<graph::Known<facts::Signed>>{};
  }
  return *signatures_;
}
const graph::Known<facts::Signed>* Slices::signature_of(uint64_t entry) {
  const graph::Known<facts::Signed>* best = nullptr;
  for (const auto& one : signatures())
    if (one.entry == entry && (!best || (one.fact.verified && !best->fact.verified))) best = &one;
  return best;
}
const std::vector<graph::Known<facts::BuiltBy>>& Slices::builds() {
  if (!builds_) builds_ = asked_.artifact ? view_.builds(asked_.artifact) : std::vector<graph::Known<facts::BuiltBy>>{};
  return *builds_;
}
const std::optional<graph::Deployment>& Slices::running() {
  if (!running_) running_ = asked_.place ? view_.running(asked_.place) : std::nullopt;
  return *running_;
}
const std::vector<graph::Id>& Slices::running_packages() {
  if (!running_packages_) running_packages_ = running() ? view_.packages(running()->artifact) : std::vector<graph::Id>{};
  return *running_packages_;
}
bool Slices::is_new(graph::Id package) { return !std::binary_search(running_packages().begin(), running_packages().end(), package); }

Time Slices::time_of(uint64_t entry) const {
  const auto found = view_.entry(entry);
  return found ? Time{found->at.ms / 1000 * 1000} : asked_.now;
}
int64_t Slices::age_days(Time from) const { return std::max<int64_t>(0, days_between(from, asked_.now)); }

void Slices::gap(std::string_view slice, std::string reason, std::string remedy) {
  for (const auto& one : gaps_)
    if (one.slice == slice && one.reason == reason) return;
  gaps_.push_back({std::string(slice), std::move(reason), std::move(remedy)});
}

const std::string& Slices::approvals() {
  if (!approvals_) approvals_ = build_approvals();
  return *approvals_;
}

std::string Slices::build(std::string_view slice) {
  if (slice == "approvals") return approvals();
  if (slice == "builds") return build_builds();
  if (slice == "changes") return build_changes();
  if (slice == "components") return build_components();
  if (slice == "deployments") return build_deployments();
  if (slice == "exceptions") return build_exceptions();
  if (slice == "findings") return build_findings();
  if (slice == "sboms") return build_sboms();
  if (slice == "scans") return build_scans();
  if (slice == "signatures") return build_signatures();
  if (slice == "sources") return build_sources();
  if (slice == "tests") return build_tests();
  if (slice == "vulnerabilities") return build_vulnerabilities();
  return "[]";  // nothing of this kind has facts yet; its state says "none"
}

std::string Slices::state_of(std::string_view name) {
  if (const auto it = states_.find(name); it != states_.end()) return it->second;
  const auto subject = asked_.digest.empty() ? asked_.id : asked_.digest;
  std::string state = "none";
  if (name == "approvals" || name == "exceptions" || name == "signatures") {
    state = "complete";  // what the log holds is all that counts
  } else if (name == "deployments" || name == "changes") {
    state = "complete";
  } else if (name == "sboms" || name == "components") {
    state = inventories().empty() ? "none" : "complete";
    if (state == "none") gap(name, "no bill of materials of this very artifact has arrived", "waybill sbom " + subject + " | waybill collect -");
  } else if (name == "builds") {
    state = builds().empty() ? "none" : "complete";
    if (state == "none")
      gap(name, "no provenance of this very artifact has arrived", "collect the statement that the builder signed: waybill collect provenance.json");
  } else if (name == "sources") {
    // Which revision is known; its commits and reviews are not read from a forge yet.
    state = asked_.artifact && !view_.sources(asked_.artifact).empty() ? "partial" : "none";
    gap(name, state == "partial" ? "commits and reviews since the last deployment are not known" : "nothing says which source it was built from",
        "collect provenance that names the revision");
  } else if (name == "tests") {
    (void)build_tests();
    const auto it = states_.find("tests");
    state = it == states_.end() ? "none" : it->second;
  } else if (name == "scans") {
    state = "complete";  // an empty list is a finding of the rules about scans, not a hole
  } else if (name == "vulnerabilities") {
    state = vulnerability_state();
  } else if (name.starts_with("findings")) {
    const auto scans = asked_.artifact ? view_.scans(asked_.artifact) : std::vector<graph::Known<facts::Scanned>>{};
    const auto looked = [&](std::string_view kind) {
      for (const auto& scan : scans)
        if (facts::to_string(scan.fact.kind) == kind && scan.fact.outcome != facts::Outcome::failed) return true;
      return false;
    };
    if (name == "findings") {
      size_t done = 0;
      for (const auto kind : kMainKinds) done += looked(kind) ? 1 : 0;
      state = done == 0 ? "none" : done == std::size(kMainKinds) ? "complete" : "partial";
    } else {
      const auto kind = name.substr(name.find('.') + 1);
      state = looked(kind) ? "complete" : "none";
      if (state == "none")
        gap(name, "no " + std::string(kind) + " scan of this very subject has arrived", "waybill collect <report.sarif> --subject " + subject);
    }
  } else {
    gap(name, "nothing of this kind has been collected", "see docs/policy.md for what fills it");
  }
  states_[std::string(name)] = state;
  return state;
}

std::string Slices::build_signatures() {
  std::vector<std::string> out;
  for (const auto& one : signatures()) {
    const auto& fact = one.fact;
    const bool trusted = trust_.trusts(fact);
    JsonObject o;
    o.text("of", fact.of).text("about", fact.about.empty() ? "other" : fact.about).text("method", fact.method.empty() ? "key" : fact.method);
    if (!fact.identity.empty()) o.text("identity", fact.identity);
    if (!fact.issuer.empty()) o.text("issuer", fact.issuer);
    if (!fact.key.empty()) o.text("key", fact.key);
    o.yes("verified", fact.verified).yes("trusted", trusted).yes("logged", fact.logged).yes("timestamped", false);
    if (fact.logged && fact.logged_at.is_set()) o.time("logged_at", fact.logged_at);
    if (!fact.verified)
      o.text("reason", fact.reason.empty() ? std::string_view("it does not verify") : std::string_view(fact.reason));
    else if (!trusted)
      o.text("reason", (fact.identity.empty() ? std::string("its key") : std::string(fact.identity)) + " is not on the list of signers that we trust here");
    o.entries({one.entry});
    out.push_back(std::move(o).take());
  }
  return to_json_array(out);
}

std::string Slices::build_builds() {
  std::vector<std::string> out;
  for (const auto& one : builds()) {
    const auto& fact = one.fact;
    const auto* signature = signature_of(one.entry);
    const bool verified = signature && signature->fact.verified;
    const auto* listed = trust_.find_builder(fact.builder);
    // A builder that is listed counts only for what is signed by someone we trust here: anyone can write its name.
    const bool trusted = listed && verified && trust_.trusts(signature->fact);
    JsonObject o, builder, provenance;
    builder.text("id", fact.builder).yes("trusted", trusted);
    if (listed && listed->knows_hosted)
      builder.yes("hosted", listed->hosted);
    else
      o.unknown("builder.hosted");
    if (listed && listed->knows_isolated)
      builder.yes("isolated", listed->isolated);
    else
      o.unknown("builder.isolated");
    if (fact.builder_version.empty())
      o.unknown("builder.version");
    else
      builder.text("version", fact.builder_version);
    o.text("id", fact.invocation.empty() ? "build in entry " + std::to_string(one.entry) : std::string(fact.invocation)).object("builder", std::move(builder));
    o.text("type", fact.type.empty() ? "unknown:" : fact.type);
    o.text_or_unknown("source", fact.source).text_or_unknown("trigger", fact.trigger).text_or_unknown("started_by", fact.started_by);
    o.time_or_unknown("started_at", fact.started_at).time_or_unknown("finished_at", fact.finished_at);
    if (fact.from_fork == facts::Yes::unknown)
      o.unknown("from_fork");
    else
      o.yes("from_fork", fact.from_fork == facts::Yes::yes);
    if (fact.hermetic == facts::Yes::unknown)
      o.unknown("hermetic");
    else
      o.yes("hermetic", fact.hermetic == facts::Yes::yes);
    if (fact.dependencies_complete == facts::Yes::unknown)
      o.unknown("dependencies_complete");
    else
      o.yes("dependencies_complete", fact.dependencies_complete == facts::Yes::yes);
    JsonObject workflow;
    if (fact.workflow_path.empty())
      o.unknown("workflow.path");
    else
      workflow.text("path", fact.workflow_path);
    if (fact.workflow_ref.empty())
      o.unknown("workflow.ref");
    else
      workflow.text("ref", fact.workflow_ref);
    o.unknown("workflow.pinned").object("workflow", std::move(workflow));
    JsonObject runner;
    if (fact.runner.empty())
      o.unknown("runner.kind");
    else
      runner.text("kind", fact.runner);
    o.unknown("runner.ephemeral").object("runner", std::move(runner));
    o.texts("open_parameters", fact.parameters).unknown("reproduced").unknown("secrets_used");
    provenance.yes("present", true).yes("verified", verified);
    if (!fact.predicate.empty()) provenance.text("format", fact.predicate);
    if (verified && !signature->fact.identity.empty())
      provenance.text("signer", signature->fact.identity);
    else
      o.unknown("provenance.signer");
    if (!verified)
      provenance.text("reason", !signature                       ? std::string("it is not signed")
                                : signature->fact.reason.empty() ? std::string("its signature does not verify")
                                                                 : std::string(signature->fact.reason));
    o.object("provenance", std::move(provenance));
    // From the trust list's word on the builder, never from what the statement says of itself.
    int level = 1;
    std::vector<std::string> missing;
    if (trusted && listed->hosted) {
      level = 2;
      if (listed->isolated)
        level = 3;
      else
        missing = {"isolated", "provenance-unforgeable"};
    } else {
      if (!verified) missing.emplace_back("provenance-authentic");
      if (!trusted) missing.emplace_back("builder-trusted");
      if (!listed || !listed->hosted) missing.emplace_back("hosted");
    }
    o.number("slsa_level", level).texts("slsa_missing", missing);
    std::vector<uint64_t> entries = {one.entry};
    o.entries(std::move(entries));
    out.push_back(std::move(o).take());
  }
  return to_json_array(out);
}

std::string Slices::build_sources() {
  std::vector<std::string> out;
  const auto facts = asked_.artifact ? view_.sources(asked_.artifact) : std::vector<graph::Known<facts::BuiltFrom>>{};
  std::vector<std::string_view> seen;
  for (const auto& one : facts) {
    const auto source = one.fact.source;
    const auto at = source.rfind('@');
    if (source.empty() || at == std::string_view::npos || std::find(seen.begin(), seen.end(), source) != seen.end()) continue;
    seen.push_back(source);
    const auto* signature = signature_of(one.entry);
    JsonObject o, repository;
    auto url = source.substr(0, at);
    if (url.starts_with("git+")) url.remove_prefix(4);
    repository.text("url", url);
    o.text("id", source)
        .text("role", one.fact.role.empty() ? "main" : one.fact.role)
        .text("revision", source.substr(at + 1))
        .object("repository", std::move(repository));
    o.unknown("repository.visibility").unknown("repository.two_factor").unknown("protection").unknown("level");
    o.text_or_unknown("branch", one.fact.branch);
    if (!one.fact.tag.empty()) o.text("tag", one.fact.tag);
    o.text("linked_by", one.fact.linked_by.empty() ? "claim" : one.fact.linked_by).yes("linked_verified", signature && signature->fact.verified);
    o.raw("commits", "[]");
    std::vector<std::string> requests;
    std::vector<uint64_t> entries = {one.entry};
    if (const auto id = view_.find(graph::Kind::source, source)) {
      std::map<std::string_view, std::vector<const graph::Known<facts::Reviewed>*>> by_request;
      const auto reviews = view_.reviews(id);
      for (const auto& review : reviews) by_request[review.fact.pull_request].push_back(&review);
      for (const auto& [request, list] : by_request) {
        JsonObject r;
        int approvals = 0;
        std::vector<std::string_view> people;
        std::vector<uint64_t> from;
        for (const auto* review : list) {
          from.push_back(review->entry);
          if (!review->fact.approved || review->fact.reviewer == review->fact.author ||
              std::find(people.begin(), people.end(), review->fact.reviewer) != people.end())
            continue;
          people.push_back(review->fact.reviewer);
          ++approvals;
        }
        r.text("id", request)
            .text("author", list.front()->fact.author)
            .text_or_unknown("merged_by", list.front()->fact.merged_by)
            .number("independent_approvals", approvals);
        r.unknown("merged_at").unknown("owner_approved").unknown("bypassed").unknown("ticket").entries(from);
        requests.push_back(std::move(r).take());
      }
    }
    o.raw("pull_requests", to_json_array(requests)).entries(entries);
    out.push_back(std::move(o).take());
  }
  return to_json_array(out);
}

std::string Slices::build_tests() {
  struct Run {
    graph::Known<facts::Tested> known;
    bool on_subject;
  };
  std::vector<Run> runs;
  const auto id = asked_.kind == SubjectKind::revision ? asked_.source : asked_.artifact;
  if (id)
    for (auto& one : view_.tests(id)) runs.push_back({one, true});
  if (asked_.artifact)
    for (const auto& from : view_.sources(asked_.artifact)) {
      // Unit tests of the revision count when verified provenance says that it was built from it.
      const auto source = from.fact.source.empty() ? graph::Id{} : view_.find(graph::Kind::source, from.fact.source);
      if (!source) continue;
      const auto* signature = signature_of(from.entry);
      const bool proved = signature && signature->fact.verified;
      for (auto& one : view_.tests(source)) {
        const bool there =
            std::any_of(runs.begin(), runs.end(), [&](const Run& run) { return run.known.entry == one.entry && run.known.fact.suite == one.fact.suite; });
        if (!there) runs.push_back({one, proved && one.fact.kind == facts::TestKind::unit});
      }
    }
  std::map<std::string_view, double> before;
  const bool compares = running() && running()->artifact != asked_.artifact;
  if (compares)
    for (const auto& one : view_.tests(running()->artifact))
      if (one.fact.coverage_percent >= 0) before.emplace(one.fact.suite, one.fact.coverage_percent);
  bool any_own = false;
  std::vector<std::pair<std::string, std::string>> sorted;
  for (const auto& run : runs) {
    const auto& fact = run.known.fact;
    any_own = any_own || run.on_subject;
    JsonObject o;
    const auto at = fact.at.is_set() ? Time{fact.at.ms / 1000 * 1000} : time_of(run.known.entry);
    o.text("suite", fact.suite)
        .text("kind", facts::to_string(fact.kind))
        .number("passed", fact.passed)
        .number("failed", fact.failed)
        .number("skipped", fact.skipped);
    if (fact.flaky < 0)
      o.unknown("flaky");
    else
      o.number("flaky", fact.flaky);
    if (fact.coverage_percent < 0)
      o.unknown("coverage_percent");
    else
      o.real("coverage_percent", fact.coverage_percent);
    const auto it = before.find(fact.suite);
    if (fact.coverage_percent < 0 || it == before.end())
      o.unknown("coverage_change");
    else
      o.real("coverage_change", std::round((fact.coverage_percent - it->second) * 100) / 100);
    o.yes("on_subject", run.on_subject).time("at", at).number("age_days", age_days(at)).entries({run.known.entry});
    sorted.emplace_back(std::string(facts::to_string(fact.kind)) + "\n" + std::string(fact.suite) + "\n" + std::to_string(~run.known.entry),
                        std::move(o).take());
  }
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::string> out;
  for (auto& [key, json] : sorted) out.push_back(std::move(json));
  states_["tests"] = any_own ? "complete" : runs.empty() ? "none" : "partial";
  if (!any_own)
    gap("tests", "no test results of this very subject have arrived",
        "waybill collect junit.xml --subject " + (asked_.digest.empty() ? asked_.id : asked_.digest));
  return to_json_array(out);
}

std::string Slices::build_scans() {
  std::vector<std::pair<std::string, std::string>> sorted;
  const auto add = [&](const graph::Known<facts::Scanned>& one, bool on_subject, std::string_view on) {
    const auto& fact = one.fact;
    const auto at = fact.at.is_set() ? Time{fact.at.ms / 1000 * 1000} : time_of(one.entry);
    const auto* signature = signature_of(one.entry);
    JsonObject o, counts;
    o.text("kind", facts::to_string(fact.kind))
        .text("tool", fact.tool)
        .text_or_unknown("version", fact.version)
        .yes("approved", trust_.approves(fact.tool, fact.version));
    // A tool that does not say how it ended has not said that it failed, nor that it was done.
    o.text("outcome", fact.outcome == facts::Outcome::unknown ? std::string_view("partial") : facts::to_string(fact.outcome));
    o.text("on", on).yes("on_subject", on_subject).time("at", at).number("age_days", age_days(at));
    if (fact.data_at.is_set())
      o.number("data_age_days", std::max<int64_t>(0, days_between(fact.data_at, at)));
    else
      o.unknown("data_age_days");
    if (fact.covered_percent < 0)
      o.unknown("covered_percent");
    else
      o.real("covered_percent", fact.covered_percent);
    o.texts("excluded", fact.excluded).yes("signed", signature && trust_.trusts(signature->fact)).raw("disagrees", "[]");
    counts.number("critical", fact.critical).number("high", fact.high).number("medium", fact.medium).number("low", fact.low).number("unknown", fact.unknown);
    o.object("counts", std::move(counts)).entries({one.entry});
    sorted.emplace_back(std::string(facts::to_string(fact.kind)) + "\n" + std::to_string(~static_cast<uint64_t>(at.ms)) + "\n" + std::string(fact.tool) +
                            std::to_string(one.entry),
                        std::move(o).take());
  };
  const auto id = asked_.kind == SubjectKind::revision ? asked_.source : asked_.artifact;
  if (id)
    for (const auto& one : view_.scans(id)) add(one, true, asked_.digest.empty() ? asked_.id : asked_.digest);
  if (asked_.artifact)
    for (const auto& from : view_.sources(asked_.artifact)) {
      const auto source = from.fact.source.empty() ? graph::Id{} : view_.find(graph::Kind::source, from.fact.source);
      if (!source) continue;
      const auto* signature = signature_of(from.entry);
      for (const auto& one : view_.scans(source)) {
        const bool of_source = one.fact.kind == facts::ScanKind::static_ || one.fact.kind == facts::ScanKind::secret ||
                               one.fact.kind == facts::ScanKind::infrastructure || one.fact.kind == facts::ScanKind::licence ||
                               one.fact.kind == facts::ScanKind::dependency;
        const auto at = from.fact.source.rfind('@');
        add(one, of_source && signature && signature->fact.verified, "gitcommit:" + std::string(from.fact.source.substr(at + 1)));
      }
    }
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::string> out;
  for (auto& [key, json] : sorted) out.push_back(std::move(json));
  return to_json_array(out);
}

std::string Slices::build_findings() {
  std::vector<std::pair<std::string, std::string>> sorted;
  const auto id = asked_.kind == SubjectKind::revision ? asked_.source : asked_.artifact;
  std::map<std::string, bool> seen;
  const auto found = id ? view_.findings(id) : std::vector<graph::Known<facts::Found>>{};
  for (auto it = found.rbegin(); it != found.rend(); ++it) {  // oldest first: the first sight counts
    const auto& fact = it->fact;
    if (fact.kind == facts::FindingKind::vulnerability) continue;
    auto fingerprint =
        fact.fingerprint.empty() ? std::string(fact.tool) + ":" + std::string(fact.rule) + ":" + std::string(fact.location) : std::string(fact.fingerprint);
    if (!seen.emplace(fingerprint, true).second) continue;
    const auto first = time_of(it->entry);
    JsonObject o;
    o.text("fingerprint", fingerprint)
        .text("kind", facts::to_string(fact.kind))
        .text("tool", fact.tool)
        .text("rule", fact.rule)
        .text("title", fact.title.empty() ? fact.rule : fact.title);
    o.text("severity", facts::to_string(fact.severity)).texts("cwe", fact.cwe).yes("open", true).unknown("new").text_or_unknown("location", fact.location);
    o.time("first_seen_at", first).number("age_days", age_days(first)).entries({it->entry});
    if (fact.kind == facts::FindingKind::secret) o.unknown("live").unknown("managed");
    sorted.emplace_back(std::to_string(9 - static_cast<int>(fact.severity)) + "\n" + fingerprint, std::move(o).take());
  }
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::string> out;
  for (auto& [key, json] : sorted) out.push_back(std::move(json));
  return to_json_array(out);
}

std::string Slices::build_deployments() {
  JsonObject o;
  std::vector<uint64_t> entries;
  if (const auto& now = running()) {
    JsonObject one;
    const auto since = Time{now->from.ms / 1000 * 1000};
    one.text("digest", now->digest).time("since", since).number("days", age_days(since));
    if (now->decision.empty())
      o.unknown("running.decision");
    else
      one.text("decision", now->decision);
    entries.push_back(now->entry);
    o.object("running", std::move(one));
  }
  bool ran_before = false;
  if (asked_.place) {
    if (const auto before = view_.previous(asked_.place)) {
      JsonObject one;
      one.text("digest", before->digest);
      o.object("previous", std::move(one));
      entries.push_back(before->entry);
    }
    if (asked_.artifact)
      for (const auto& one : view_.deployments_of(asked_.artifact))
        ran_before = ran_before || (one.place == asked_.place && one.ended_entry != graph::kNoEntry);
  }
  o.yes("is_rollback", ran_before && running() && running()->artifact != asked_.artifact);
  std::vector<std::string> earlier;
  if (asked_.environment && asked_.artifact) {
    const auto known = view_.environment(asked_.environment);
    auto document = JsonDocument::parse(known && !known->json.empty() ? known->json : std::string_view("{}"));
    std::vector<std::string_view> after;
    if (document)
      for (const auto item : document->root()["after"].items())
        if (item.is_string()) after.push_back(item.string_or(""));
    for (const auto& one : view_.earlier(asked_.artifact, asked_.service, after, asked_.now)) {
      JsonObject e;
      e.text("environment", one.name).yes("reached", one.reached).number("hours", one.hours).unknown("healthy").entries(one.entries);
      earlier.push_back(std::move(e).take());
    }
  }
  o.raw("earlier", to_json_array(earlier)).unknown("drift").unknown("snapshot_age_minutes").entries(entries);
  return std::move(o).take();
}

std::string Slices::build_changes() {
  if (!running()) return {};
  JsonObject o, components_o, vulnerabilities_o;
  o.unknown("commits").unknown("authors").unknown("lines").unknown("configuration").unknown("migrations").unknown("risk");
  std::vector<std::string> added, removed;
  const auto mine = asked_.artifact ? view_.packages(asked_.artifact) : std::vector<graph::Id>{};
  for (const auto id : mine)
    if (!std::binary_search(running_packages().begin(), running_packages().end(), id)) added.emplace_back(view_.text(id));
  for (const auto id : running_packages())
    if (!std::binary_search(mine.begin(), mine.end(), id)) removed.emplace_back(view_.text(id));
  std::sort(added.begin(), added.end());
  std::sort(removed.begin(), removed.end());
  // The same package in another version is an upgrade (or its opposite), not a removal and an addition.
  const auto name_of = [](std::string_view purl) {
    const auto at = purl.rfind('@');
    return std::string(at == std::string_view::npos ? purl.substr(0, purl.find('?')) : purl.substr(0, at));
  };
  const auto version_of = [](std::string_view purl) {
    const auto at = purl.rfind('@');
    if (at == std::string_view::npos) return std::string();
    const auto rest = purl.substr(at + 1);
    return std::string(rest.substr(0, rest.find_first_of("?#")));
  };
  std::map<std::string, std::string> went;
  for (const auto& purl : removed) went[name_of(purl)] = purl;
  std::vector<std::string> only_added, upgraded;
  for (const auto& purl : added) {
    const auto it = went.find(name_of(purl));
    if (it == went.end()) {
      only_added.push_back(purl);
      continue;
    }
    upgraded.push_back(it->first + " " + version_of(it->second) + " → " + version_of(purl));
    std::erase(removed, it->second);
    went.erase(it);
  }
  components_o.texts("added", only_added).texts("removed", removed).texts("upgraded", upgraded);
  const auto keys_of = [&](const std::vector<graph::Match>& list) {
    std::map<std::string, facts::Severity> keys;
    for (const auto& match : list) {
      const auto vulnerability = view_.vulnerability(match.vulnerability);
      const auto purl = view_.text(match.package);
      if (vulnerability) keys[std::string(vulnerability->name) + " " + std::string(purl.substr(0, purl.find('?')))] = vulnerability->severity;
    }
    return keys;
  };
  const auto now = keys_of(matches()), before = keys_of(view_.vulnerabilities(running()->artifact));
  std::vector<std::string> introduced, fixed;
  bool serious = false;
  for (const auto& [key, severity] : now)
    if (!before.contains(key)) introduced.push_back(key);
  for (const auto& [key, severity] : before)
    if (!now.contains(key)) fixed.push_back(key), serious = serious || severity >= facts::Severity::high;
  vulnerabilities_o.texts("introduced", introduced).texts("fixed", fixed);
  o.object("components", std::move(components_o))
      .object("vulnerabilities", std::move(vulnerabilities_o))
      .yes("security_fix", serious && introduced.empty())
      .entries({running()->entry});
  return std::move(o).take();
}

std::string Slices::build_approvals() {
  std::vector<std::pair<uint64_t, std::string>> sorted;
  const auto id = asked_.kind == SubjectKind::revision ? asked_.source : asked_.artifact;
  const auto digest = asked_.digest.empty() ? asked_.id : asked_.digest;
  for (const auto& one : id ? view_.approvals(id) : std::vector<graph::Known<facts::Approved>>{}) {
    const auto& fact = one.fact;
    bool covers = !fact.rejected && fact.subject == digest && fact.environment == asked_.environment_name && fact.until.ms > asked_.now.ms;
    // Used up by a deployment of it here that has ended; while that one runs, restarts need no new consent.
    if (covers && asked_.artifact)
      for (const auto& deployment : view_.deployments_of(asked_.artifact))
        if (deployment.environment_name == asked_.environment_name && deployment.entry > one.entry && deployment.ended_entry != graph::kNoEntry) covers = false;
    std::vector<std::string> conflicts;
    if (fact.by == asked_.who) conflicts.emplace_back("requester");
    for (const auto& build : builds())
      if (!fact.by.empty() && build.fact.started_by == fact.by) {
        conflicts.emplace_back("builder");
        break;
      }
    JsonObject o;
    o.text("id", id_of('a', one.entry))
        .text("by", fact.by)
        .texts("groups", fact.groups)
        .yes("machine", fact.machine)
        .time("at", Time{fact.at.ms / 1000 * 1000})
        .yes("covers", covers);
    o.texts("conflicts", conflicts).time("until", Time{fact.until.ms / 1000 * 1000}).text_or_unknown("reason", fact.reason);
    if (fact.break_glass) o.yes("break_glass", true);
    o.text("decision", fact.decision).texts("asked", from_.asked_in ? from_.asked_in(fact.decision) : std::vector<std::string>{}).entries({one.entry});
    sorted.emplace_back(~one.entry, std::move(o).take());
  }
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::string> out;
  for (auto& [key, json] : sorted) out.push_back(std::move(json));
  return to_json_array(out);
}

std::string Slices::build_exceptions() {
  std::vector<std::pair<std::string, std::string>> sorted;
  for (const auto& one : view_.exceptions(asked_.now)) {
    if (one.state != graph::Exception::State::approved || one.until <= asked_.now) continue;
    if (!touches(one.scope, one.service, one.environment, asked_.service_scope, asked_.service_name, asked_.environment_name)) continue;
    JsonObject o;
    o.text("id", one.name)
        .text("rule", one.rule)
        .text("matches", one.matches.empty() ? "*" : one.matches)
        .text("reason", one.reason)
        .text_or_unknown("control", one.control);
    o.text("requested_by", one.requested_by).texts("approved_by", one.approved_by).time("until", Time{one.until.ms / 1000 * 1000});
    o.number("days_left", days_between(asked_.now, one.until)).number("renewals", one.renewals).entries(one.entries);
    sorted.emplace_back(std::string(one.rule) + "\n" + std::string(one.name), std::move(o).take());
  }
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::string> out;
  for (auto& [key, json] : sorted) out.push_back(std::move(json));
  return to_json_array(out);
}

std::string Slices::advisories() {
  std::vector<std::string> out;
  for (const auto& source : view_.advisories_loaded()) {
    const auto at = source.at.is_set() ? Time{source.at.ms / 1000 * 1000} : time_of(source.entry);
    JsonObject o;
    o.text("source", source.source)
        .number("records", static_cast<int64_t>(source.records))
        .number("age_hours", std::max<int64_t>(0, hours_between(at, asked_.now)))
        .time("at", at);
    if (source.entry != graph::kNoEntry) o.entries({source.entry});
    out.push_back(std::move(o).take());
  }
  std::sort(out.begin(), out.end());
  return to_json_array(out);
}

std::string Slices::vulnerability_state() {
  const auto subject = asked_.digest.empty() ? asked_.id : asked_.digest;
  if (inventories().empty()) {
    gap("vulnerabilities", "no bill of materials of this very artifact has arrived, so nobody can look for vulnerabilities in it",
        "waybill sbom " + subject + " | waybill collect -");
    return "none";
  }
  bool any = false;
  Time oldest_allowed;
  for (const auto& rule : from_.policy->rules)
    if (rule.rule->id == "advisories-fresh")
      for (const auto& [name, json] : rule.parameters)
        if (name == "max_age_hours") {
          auto hours = JsonDocument::parse(json);
          if (hours) oldest_allowed = Time{asked_.now.ms - hours->root().int_or(0) * kHourMs};
        }
  bool stale = false;
  for (const auto& source : view_.advisories_loaded()) {
    if (source.source == "kev" || source.source == "epss" || source.records == 0) continue;
    any = true;
    if (oldest_allowed.is_set() && source.at.is_set() && source.at < oldest_allowed) stale = true;
  }
  if (!any) {
    gap("vulnerabilities", "no advisories are loaded, so nothing can be said about vulnerabilities; this is not \"0 found\"", "waybill advisories sync");
    return "none";
  }
  static const std::vector<std::string> kNothing;
  const auto uncovered = find_uncovered(from_.ecosystems ? *from_.ecosystems : kNothing, components());
  std::string state = "complete";
  if (!uncovered.ecosystems.empty()) {
    std::vector<std::string> names;
    uint32_t packages = 0;
    for (const auto& [name, count] : uncovered.ecosystems) names.push_back(name), packages += count;
    gap("vulnerabilities",
        "advisories for " + shortened(names) + " are not loaded, so " + std::to_string(packages) + " of " + std::to_string(components().size()) +
            " components cannot be judged",
        "waybill advisories sync");
    state = "partial";
  }
  if (uncovered.judged == 0 && !components().empty()) {
    gap("vulnerabilities", "none of the " + std::to_string(components().size()) + " components is of a kind that advisories speak of",
        "give the components package URLs in the bill of materials");
    state = "partial";
  }
  if (uncovered.without_version > 0) {
    gap("vulnerabilities", std::to_string(uncovered.without_version) + " components have no version",
        "give each component an exact version in the bill of materials");
    state = "partial";
  }
  if (stale && state == "complete") {
    gap("vulnerabilities", "advisories are older than this scope allows", "waybill advisories sync");
    state = "stale";
  }
  return state;
}

}  // namespace waybill::policy
