// What runs where, and since when.
#include <algorithm>

#include "waybill/graph/ask.h"
#include "waybill/graph/graph.h"

namespace waybill::graph {

Deployment Ask::deployment(const DeploymentRow& row, bool texts) const {
  Deployment out;
  out.entry = row.entry;
  out.artifact = Id::of_value(row.artifact);
  out.place = Id::of_value(row.place);
  out.service = Id::of_value(load(s_.extra(out.place).x));
  out.environment = Id::of_value(load(s_.extra(out.place).y));
  out.from = {row.from};
  if (const uint32_t ended = load(row.ended); ended < size_) {
    out.ended_entry = ended;
    out.until = {std::atomic_ref<int64_t>(const_cast<int64_t&>(row.until)).load(std::memory_order_relaxed)};
  }
  if (!texts) return out;
  const auto fact = unpack<facts::Deployed>(row.record);
  out.digest = s_.text(out.artifact);
  out.name = fact.name;
  out.service_name = s_.text(out.service);
  out.environment_name = s_.text(out.environment);
  out.by = fact.by;
  out.decision = fact.decision;
  return out;
}

Id View::find_service(std::string_view name_or_scope) const { return find(Kind::service, name_or_scope); }
Id View::find_environment(std::string_view name) const { return find(Kind::environment, name); }

Id View::place(Id service, Id environment) const {
  if (!service || !environment) return {};
  return find(Kind::place, std::string(text(service)) + "@" + std::string(text(environment)));
}
std::pair<Id, Id> View::service_and_environment(Id place) const {
  if (!Ask(*this).sees(place) || place.kind() != Kind::place) return {};
  return {Id::of_value(load(store_->extra(place).x)), Id::of_value(load(store_->extra(place).y))};
}

// Only what was configured or deployed to: a question about an environment does not make one.
std::optional<Service> View::service(Id id) const {
  const Ask ask(*this);
  if (!ask.sees(id) || id.kind() != Kind::service) return std::nullopt;
  const uint32_t set_up = load(store_->extra(id).x);
  if (set_up == 0 || !ask.sees(set_up - 1)) return std::nullopt;
  Service out;
  out.id = id;
  out.entry = set_up - 1;
  out.scope = text(id);
  ask.for_each_touch(id, [&](const TouchRow& row) {
    if (row.kind != static_cast<uint32_t>(FactKind::configured)) return true;
    const auto fact = ask.unpack<facts::Configured>(row.record);
    out.scope = fact.name;
    out.json = fact.json;
    out.entry = row.entry;
    return false;
  });
  const size_t slash = out.scope.rfind('/');
  out.name = slash == Text::npos ? out.scope : out.scope.substr(slash + 1);
  return out;
}
std::optional<Environment> View::environment(Id id) const {
  const Ask ask(*this);
  if (!ask.sees(id) || id.kind() != Kind::environment) return std::nullopt;
  const uint32_t set_up = load(store_->extra(id).x);
  if (set_up == 0 || !ask.sees(set_up - 1)) return std::nullopt;
  Environment out;
  out.id = id;
  out.entry = set_up - 1;
  out.name = text(id);
  if (const auto configured = configuration("environment", out.name)) {
    out.json = configured->json;
    out.entry = configured->entry;
  }
  return out;
}

std::vector<Service> View::services() const {
  std::vector<Service> out;
  for (const Id id : all(Kind::service)) {
    if (auto service = this->service(id)) out.push_back(*service);
  }
  std::sort(out.begin(), out.end(), [](const Service& a, const Service& b) { return std::tie(a.name, a.id) < std::tie(b.name, b.id); });
  return out;
}
std::vector<Environment> View::environments() const {
  std::vector<Environment> out;
  for (const Id id : all(Kind::environment)) {
    if (auto environment = this->environment(id)) out.push_back(*environment);
  }
  return out;
}

std::optional<Deployment> View::running(Id place) const {
  const Ask ask(*this);
  std::optional<Deployment> out;
  if (place.kind() != Kind::place) return out;
  ask.for_each_deployment(place, [&](const DeploymentRow& row) {
    if (ask.is_running(row)) out = ask.deployment(row);
    return false;
  });
  return out;
}

// Another artifact than the one that runs: the same one reported again is no change.
std::optional<Deployment> View::previous(Id place) const {
  const Ask ask(*this);
  std::optional<Deployment> out;
  uint32_t current = 0;
  if (place.kind() != Kind::place) return out;
  ask.for_each_deployment(place, [&](const DeploymentRow& row) {
    if (ask.is_running(row))
      current = row.artifact;
    else if (row.artifact != current) {
      out = ask.deployment(row);
      return false;
    }
    return true;
  });
  return out;
}

std::vector<Deployment> View::running_everywhere() const {
  std::vector<Deployment> out;
  for (const Id place : all(Kind::place)) {
    if (auto deployment = running(place)) out.push_back(*deployment);
  }
  return out;
}

std::vector<Deployment> View::history(Id place, Page page) const {
  const Ask ask(*this);
  std::vector<Deployment> out;
  size_t skip = page.from;
  if (place.kind() != Kind::place) return out;
  ask.for_each_deployment(place, [&](const DeploymentRow& row) {
    if (skip > 0)
      --skip;
    else
      out.push_back(ask.deployment(row));
    return out.size() < page.limit;
  });
  return out;
}

std::vector<Deployment> View::deployments_of(Id artifact) const {
  const Ask ask(*this);
  std::vector<Deployment> out;
  if (artifact.kind() != Kind::artifact) return out;
  ask.for_each_deployment(artifact, [&](const DeploymentRow& row) {
    out.push_back(ask.deployment(row));
    return true;
  });
  return out;
}

std::vector<Deployment> View::deployments_of_service(Id service) const {
  std::vector<Deployment> out;
  for (const Id place : all(Kind::place)) {
    if (service_and_environment(place).first != service) continue;
    for (auto& deployment : history(place)) out.push_back(deployment);
  }
  std::sort(out.begin(), out.end(), [](const Deployment& a, const Deployment& b) { return std::tie(b.entry, b.place) < std::tie(a.entry, a.place); });
  return out;
}

std::vector<Id> View::places_running(Id artifact) const {
  const Ask ask(*this);
  std::vector<Id> out;
  if (artifact.kind() != Kind::artifact) return out;
  ask.for_each_deployment(artifact, [&](const DeploymentRow& row) {
    if (ask.is_running(row)) out.push_back(Id::of_value(row.place));
    return true;
  });
  std::sort(out.begin(), out.end());
  return out;
}

std::optional<Deployment> View::deployment(uint64_t entry) const {
  const Ask ask(*this);
  const auto& rows = store_->deployments;
  const uint32_t first = entry >= size_ ? kNever : rows_before(rows, static_cast<uint32_t>(entry));
  if (first >= rows.size() || rows[first].entry != entry) return std::nullopt;
  return ask.deployment(rows[first]);
}

std::vector<Earlier> View::earlier(Id artifact, Id service, std::span<const std::string_view> environments, Time now) const {
  const Ask ask(*this);
  std::vector<Earlier> out;
  for (const std::string_view name : environments) {
    Earlier earlier;
    earlier.environment = find_environment(name);
    earlier.name = name;
    int64_t ms = 0;
    if (const Id where = place(service, earlier.environment)) {
      ask.for_each_deployment(where, [&](const DeploymentRow& row) {
        if (Id::of_value(row.artifact) != artifact) return true;
        const Deployment deployment = ask.deployment(row);
        earlier.reached = true;
        earlier.entries.push_back(row.entry);
        const Time until = deployment.until.is_set() ? deployment.until : now;
        ms += std::max<int64_t>(0, until.ms - deployment.from.ms);
        return true;
      });
      std::sort(earlier.entries.begin(), earlier.entries.end());
    }
    earlier.hours = ms / kHourMs;
    out.push_back(std::move(earlier));
  }
  return out;
}

}  // namespace waybill::graph
