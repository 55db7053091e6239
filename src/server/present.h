// The same thing said the same way on every page: services, environments, verdicts, owners.
//
// Used by the routes that answer questions. Functions of a View and the standing verdicts; nothing is remembered.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/graph/graph.h"
#include "waybill/server/routes.h"

namespace waybill::server {

struct EnvironmentInfo {
  graph::Id id;
  std::string name, tier;
  int64_t order = 0;
  bool configured = false;
};
// In the order in which deliveries go through them.
std::vector<EnvironmentInfo> environments_of(const graph::View& view);

struct ServiceInfo {
  graph::Id id;
  std::string name, scope;  // name: what people call it, the last part of the scope
  std::vector<std::string> owners;
};
ServiceInfo service_info(const graph::View& view, graph::Id service);
// All that the caller may see.
std::vector<ServiceInfo> services_of(const graph::View& view, const Context& context);

struct StandingInfo {
  std::string verdict = "unknown";  // allow, warn, ask, deny, unknown
  std::string decision, summary;
  Time at;
};
// Standing verdicts by deployment entry: the live ones, or as they were.
class Verdicts {
 public:
  Verdicts(Context& context, const graph::View& view);
  StandingInfo of(const graph::Deployment& deployment) const;

 private:
  const graph::View& view_;
  bool live_;
  std::map<std::string, StandingInfo> by_deployment_;
};

// deny > ask > warn > unknown > allow.
int badness(std::string_view verdict);
std::string short_digest(std::string_view digest);  // "sha256:9f2c7d1e0b6a"
std::string ref_of(char letter, uint64_t entry);    // "r-31"
std::string_view last_part(std::string_view scope);
std::string severity_word(facts::Severity severity);
// "in the last hour", "3 days": spans that people read.
std::string span_text(int64_t ms);
// "1 deployment", "2 deployments"
std::string count_text(size_t count, std::string_view one, std::string_view many);
// "14:43 UTC" on the same day as `now`, else "2026-11-22 14:43 UTC".
std::string clock_text(Time at, Time now);
// Sub-document helpers for configuration JSON.
std::vector<std::string> strings_of(JsonValue list);
// null when not set
void append_time(JsonWriter& w, std::string_view name, Time at);
void append_id_or_null(JsonWriter& w, std::string_view name, std::string_view text);

// As `/trace` answers, without the braces: also part of a vulnerability's page.
void append_trace(JsonWriter& w, Context& context, const graph::View& view, const Verdicts& verdicts, const graph::Trace& trace, std::string_view of,
                  int64_t micros);

}  // namespace waybill::server
