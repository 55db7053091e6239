#include "waybill/server/routes.h"

#include "waybill/server/handlers.h"

namespace waybill::server {
namespace {

constexpr Parameter kPage[] = {{"cursor", "where the last answer ended"}, {"limit", "how many at once, 1 to 500"}};
constexpr Parameter kEvidence[] = {{"subject", "what the document is about, where it does not say: sha256:…, image@digest, purl, git+URL@commit"},
                                   {"keep_unknown", "1: store what no format fits, as opaque evidence"},
                                   {"name", "a file's name, for messages"}};
constexpr Parameter kDecisions[] = {{"verdict", "allow, warn, ask or deny"},
                                    {"environment", "its name"},
                                    {"service", "name or scope"},
                                    {"cursor", "where the last answer ended"},
                                    {"limit", "how many at once, 1 to 500"}};
constexpr Parameter kRender[] = {{"render", "text, markdown, sarif or junit instead of JSON"}};
constexpr Parameter kQuery[] = {{"q", "part of a name"}, {"cursor", "where the last answer ended"}, {"limit", "how many at once, 1 to 500"}};
constexpr Parameter kTrace[] = {{"of", "CVE, GHSA, purl, digest, image or service"}};
constexpr Parameter kSearch[] = {{"q", "part of a name or id"}, {"limit", "at most 50"}};
constexpr Parameter kVulnerabilities[] = {{"q", "part of an id or title"},           {"env", "only what runs there"},
                                          {"owner", "only what they own"},           {"sort", "rank (first what matters), severity, known, deployments"},
                                          {"cursor", "where the last answer ended"}, {"limit", "how many at once, 1 to 500"}};
constexpr Parameter kDeliveries[] = {
    {"service", "name or scope"}, {"q", "part of a name"}, {"cursor", "where the last answer ended"}, {"limit", "how many at once, 1 to 500"}};
constexpr Parameter kEntries[] = {
    {"kind", "evidence, deployment, decision, …"}, {"cursor", "where the last answer ended"}, {"limit", "how many at once, 1 to 500"}};
constexpr Parameter kTimeline[] = {{"hours", "how far back, 1 to 87600"}, {"buckets", "1 to 1000"}};
constexpr Parameter kProof[] = {
    {"index", "an entry's"}, {"size", "of the tree; the newest when left out"}, {"from", "an older size: a consistency proof instead"}};
constexpr Parameter kDbom[] = {{"with_documents", "1: a zip that holds the evidence too"}};
constexpr Parameter kAdvisories[] = {{"source", "where they come from, for the entry"}};
constexpr Parameter kDeployments[] = {{"service", "name or scope"},
                                      {"environment", "its name"},
                                      {"all", "1: also those that have ended"},
                                      {"cursor", "where the last answer ended"},
                                      {"limit", "how many at once, 1 to 500"}};
constexpr Parameter kScope[] = {{"scope", "organisation/team/service: what holds there"}};
constexpr Parameter kConfiguration[] = {{"kind", "service, environment, trust, list"}};

constexpr Route kRoutes[] = {
    // --- evidence
    {"POST", "/api/v1/evidence", kCollectors, Run::collect, post_evidence, "evidence",
     "Stores a document and gives a receipt once it is durable. NDJSON or a tar (also .zst, .gz): a receipt for each, streamed", kEvidence,
     "the document's bytes, of any kind that is understood", R"({"index":14,"document":"sha256:…","format":"CycloneDX 1.6","duplicate":false})", false},
    {"GET",
     "/api/v1/documents/{sha256}",
     kReaders,
     Run::worker,
     show_document,
     "evidence",
     "The bytes as they came",
     {},
     {},
     "application/octet-stream",
     false},
    {"GET",
     "/api/v1/documents/{sha256}/facts",
     kReaders,
     Run::worker,
     show_document_facts,
     "evidence",
     "What was read out of a document",
     {},
     {},
     R"({"entry":14,"facts":{}})",
     false},
    {"GET",
     "/api/v1/documents/{sha256}/proof",
     kReaders,
     Run::worker,
     show_document_proof,
     "evidence",
     "The entries that name it, with inclusion proofs",
     {},
     {},
     R"({"items":[]})",
     false},
    {"POST", "/api/v1/advisories", kCollectors, Run::worker, post_advisories, "evidence",
     "Imports OSV records (one, a list, one a line, an archive), the known-exploited catalogue or EPSS: one entry with what changed", kAdvisories,
     "the file's bytes", R"({"changed":true,"records":120,"added":12,"updated":1,"same":107,"refused":0})", false},
    {"GET", "/api/v1/advisories", kReaders, Run::here, list_advisories, "evidence", "What advisories are loaded, by source", {}, {}, R"({"items":[]})"},
    // --- what runs where
    {"POST",
     "/api/v1/deployments",
     kCollectors,
     Run::worker,
     post_deployment,
     "deployments",
     "Records that an artifact runs as a service in an environment, or its end",
     {},
     R"({"subject":"registry.example/harbour@sha256:…","service":"harbour","environment":"production","remove":false})",
     R"({"id":"r-31"})",
     false},
    {"GET", "/api/v1/deployments", kReaders, Run::here, list_deployments, "deployments", "What runs where", kDeployments, {}, R"({"items":[]})"},
    {"GET", "/api/v1/deployments/{id}", kReaders, Run::here, show_deployment, "deployments", "One deployment", {}, {}, R"({"id":"r-31"})"},
    {"GET",
     "/api/v1/deployments/{id}/dbom",
     kReaders,
     Run::worker,
     show_dbom,
     "deployments",
     "Its Delivery Bill of Materials: signed, with proofs",
     kDbom,
     {},
     "application/vnd.waybill.dbom.v1+json"},
    {"GET",
     "/api/v1/services",
     kReaders,
     Run::here,
     list_services,
     "deployments",
     "Services, their owners and what runs of them",
     kPage,
     {},
     R"({"items":[]})"},
    {"GET", "/api/v1/services/{name*}", kReaders, Run::here, show_service, "deployments", "One service", {}, {}, R"({"name":"harbour"})"},
    {"GET", "/api/v1/environments", kReaders, Run::here, list_environments, "deployments", "Environments in their order", {}, {}, R"({"items":[]})"},
    {"POST",
     "/api/v1/configuration",
     kAdmins,
     Run::worker,
     post_configuration,
     "deployments",
     "Sets up a service, an environment, a trust list or a list",
     {},
     R"({"kind":"environment","name":"production","tier":"production","order":2})",
     R"({"entry":3})",
     false},
    {"GET",
     "/api/v1/configuration",
     kReaders,
     Run::here,
     list_configuration,
     "deployments",
     "What was set up, as it holds",
     kConfiguration,
     {},
     R"({"items":[]})"},
    // --- decisions
    {"POST",
     "/api/v1/gates/{gate}/decisions",
     kAnyone,
     Run::decide,
     post_decision,
     "decisions",
     "May this go on? The same question about unchanged facts gets the same decision",
     {},
     R"({"subject":"registry.example/harbour@sha256:…","environment":"production","service":"harbour","action":"deploy"})",
     R"({"schema":"waybill/decision/v1"})",
     false},
    {"GET", "/api/v1/decisions", kReaders, Run::here, list_decisions, "decisions", "Decisions, newest first", kDecisions, {}, R"({"items":[]})"},
    {"GET",
     "/api/v1/decisions/{id}",
     kAnyone,
     Run::worker,
     show_decision,
     "decisions",
     "The decision as it was taken",
     kRender,
     {},
     R"({"schema":"waybill/decision/v1"})",
     false},
    {"POST",
     "/api/v1/decisions/{id}/replay",
     kReaders,
     Run::worker,
     replay_decision,
     "decisions",
     "Evaluates it again from its inputs",
     {},
     {},
     R"({"same":true})",
     false},
    {"POST",
     "/api/v1/decisions/{id}/approvals",
     kApprovers,
     Run::worker,
     post_approval,
     "decisions",
     "Consents to a decision that asks",
     {},
     R"({"reason":"…","until":"…"})",
     R"({"id":"a-41"})",
     false},
    {"GET", "/api/v1/decisions/{id}/approvals", kReaders, Run::here, list_approvals, "decisions", "Who consented", {}, {}, R"({"items":[]})", false},
    {"GET", "/api/v1/exceptions", kReaders, Run::here, list_exceptions, "decisions", "Exceptions, newest first", kPage, {}, R"({"items":[]})"},
    {"POST",
     "/api/v1/exceptions",
     kAnyone,
     Run::worker,
     post_exception,
     "decisions",
     "Requests an exception from a rule",
     {},
     R"({"rule":"known-exploited-vulnerability","matches":"*","service":"harbour","environment":"production","reason":"…","until":"…"})",
     R"({"id":"x-44"})",
     false},
    {"POST",
     "/api/v1/exceptions/{id}/approvals",
     kApprovers,
     Run::worker,
     approve_exception_route,
     "decisions",
     "Approves an exception",
     {},
     R"({"reason":"…"})",
     R"({"id":"x-44"})",
     false},
    {"DELETE",
     "/api/v1/exceptions/{id}",
     kApprovers,
     Run::worker,
     revoke_exception_route,
     "decisions",
     "Revokes an exception",
     {},
     {},
     R"({"id":"x-44"})",
     false},
    {"GET",
     "/api/v1/policies",
     kReaders,
     Run::here,
     list_policies,
     "decisions",
     "Packs and policy documents in force",
     kScope,
     {},
     R"({"packs":[],"documents":[]})",
     false},
    {"POST",
     "/api/v1/policies",
     kAdmins,
     Run::worker,
     post_policy,
     "decisions",
     "Applies a policy document (YAML or JSON)",
     {},
     "a policy document",
     R"({"entry":12})",
     false},
    // --- questions
    {"GET",
     "/api/v1/trace",
     kReaders,
     Run::here,
     trace_of,
     "questions",
     "From a vulnerability, package, artifact or service to what runs it",
     kTrace,
     {},
     R"({"of":"CVE-…"})"},
    {"GET", "/api/v1/subjects", kReaders, Run::here, list_subjects, "questions", "Artifacts, newest first", kQuery, {}, R"({"items":[]})"},
    {"GET", "/api/v1/subjects/{id*}", kReaders, Run::worker, show_subject, "questions", "All that is known of a subject", {}, {}, R"({"id":"sha256:…"})"},
    {"GET",
     "/api/v1/vulnerabilities",
     kReaders,
     Run::here,
     list_vulnerabilities,
     "questions",
     "Vulnerabilities that reach what is known, what matters most first",
     kVulnerabilities,
     {},
     R"({"items":[]})"},
    {"GET",
     "/api/v1/vulnerabilities/{id}",
     kReaders,
     Run::here,
     show_vulnerability,
     "questions",
     "One vulnerability and the way to every deployment",
     {},
     {},
     R"({"id":"CVE-…"})"},
    {"GET", "/api/v1/overview", kReaders, Run::here, show_overview, "questions", "What runs where, what turned and why", {}, {}, R"({"services":[]})"},
    {"GET", "/api/v1/deliveries", kReaders, Run::here, list_deliveries, "questions", "How far each delivery has come", kDeliveries, {}, R"({"items":[]})"},
    {"GET",
     "/api/v1/deliveries/{id*}",
     kReaders,
     Run::here,
     show_delivery,
     "questions",
     "One delivery from commit to deployment",
     {},
     {},
     R"({"id":"sha256:…"})"},
    {"GET",
     "/api/v1/search",
     kReaders,
     Run::here,
     search_all,
     "questions",
     "Services, subjects, packages, vulnerabilities and decisions by part of a name",
     kSearch,
     {},
     R"({"items":[]})"},
    {"GET", "/api/v1/status", kReaders, Run::here, show_status, "questions", "What is here, what is known and what is missing", {}, {}, R"({"counts":{}})"},
    // --- the log
    {"GET", "/api/v1/entries", kReaders, Run::worker, list_entries, "log", "Entries, newest first", kEntries, {}, R"({"items":[]})"},
    {"GET", "/api/v1/entries/{index}", kReaders, Run::worker, show_entry, "log", "One entry with body and inclusion proof", {}, {}, R"({"index":14})"},
    {"GET", "/api/v1/timeline", kReaders, Run::here, show_timeline, "log", "Entries over time", kTimeline, {}, R"({"buckets":[]})"},
    {"GET", "/api/v1/proof", kLogReaders, Run::worker, show_proof, "log", "An inclusion or consistency proof", kProof, {}, R"({"path":[]})", false},
    {"GET", "/log/checkpoint", kLogReaders, Run::here, show_checkpoint, "log", "The signed checkpoint (C2SP tlog-checkpoint)", {}, {}, "text/plain", false},
    {"GET",
     "/log/tile/{tile*}",
     kLogReaders,
     Run::worker,
     show_tile,
     "log",
     "Tiles and entry bundles (C2SP tlog-tiles)",
     {},
     {},
     "application/octet-stream",
     false},
    // --- running it
    {"POST",
     "/api/v1/session",
     kEverybody,
     Run::worker,
     begin_session,
     "running",
     "Exchanges a token for the console's cookie",
     {},
     R"({"token":"wb_…"})",
     R"({"csrf":"…"})",
     false},
    {"GET",
     "/api/v1/session",
     kAnyone,
     Run::here,
     show_session,
     "running",
     "Who is logged in",
     {},
     {},
     R"({"id":"person:ada","role":"admin","scopes":["*"],"csrf":"…"})",
     false},
    {"DELETE", "/api/v1/session", kAnyone, Run::here, end_session, "running", "Logs out", {}, {}, "204", false},
    {"GET", "/api/v1/tokens", kAdmins, Run::here, list_tokens, "running", "Tokens, without their secrets", {}, {}, R"({"items":[]})", false},
    {"POST",
     "/api/v1/tokens",
     kAdmins,
     Run::worker,
     post_token,
     "running",
     "Makes a token; shown once",
     {},
     R"({"id":"machine:ci","roles":["collector"],"scopes":["*"],"label":"…"})",
     R"({"token":"wb_…"})",
     false},
    {"DELETE", "/api/v1/tokens/{id}", kAdmins, Run::worker, delete_token, "running", "Ends a token and the sessions of its owner", {}, {}, "204", false},
    {"GET",
     "/events",
     kReaders,
     Run::events,
     show_events,
     "running",
     "Entries, transitions and checkpoints as they come (server-sent events; Last-Event-ID is a log index)",
     {},
     {},
     "text/event-stream",
     false},
    {"GET", "/metrics", kReaders, Run::here, show_metrics, "running", "Counters and histograms (Prometheus)", {}, {}, "text/plain", false},
    {"GET", "/healthz", kEverybody, Run::here, show_health, "running", "Alive", {}, {}, "text/plain", false},
    {"GET", "/readyz", kEverybody, Run::here, show_ready, "running", "Ready to answer", {}, {}, "text/plain", false},
    {"GET", "/openapi.json", kEverybody, Run::here, show_openapi, "running", "This description", {}, {}, R"({"openapi":"3.1.0"})", false},
};

// One path against one pattern; fills `parts` as it goes.
bool matches(std::string_view pattern, std::string_view path, std::array<std::string, kMaxParts>& parts) {
  size_t part = 0;
  while (true) {
    if (pattern.empty() || path.empty()) return pattern.empty() && path.empty();
    if (pattern[0] != '/' || path[0] != '/') return false;
    pattern.remove_prefix(1);
    path.remove_prefix(1);
    const auto wanted = pattern.substr(0, pattern.find('/'));
    if (wanted.starts_with('{')) {
      const bool rest = wanted.size() >= 2 && wanted[wanted.size() - 2] == '*';
      const auto found = rest ? path : path.substr(0, path.find('/'));
      auto decoded = http::percent_decode(found);
      if (!decoded || decoded->empty()) return false;
      parts[part++] = std::move(*decoded);
      path.remove_prefix(found.size());
    } else {
      const auto found = path.substr(0, path.find('/'));
      if (found != wanted) return false;
      path.remove_prefix(found.size());
    }
    pattern.remove_prefix(wanted.size());
  }
}

}  // namespace

std::span<const Route> routes() { return kRoutes; }

Match match_route(std::string_view method, std::string_view raw_path) {
  Match match;
  if (method == "HEAD") method = "GET";
  for (const Route& route : kRoutes) {
    // Cheap first: nearly all rows differ within the fixed part.
    const auto fixed = route.path.substr(0, route.path.find('{'));
    if (!raw_path.starts_with(fixed)) continue;
    if (!matches(route.path, raw_path, match.parts)) continue;
    match.path_known = true;
    if (route.method == method) {
      match.route = &route;
      return match;
    }
    if (!match.allow.empty()) match.allow += ", ";
    match.allow += route.method;
  }
  return match;
}

}  // namespace waybill::server
