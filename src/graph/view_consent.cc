// Decisions, standing verdicts, approvals, exceptions.
#include <algorithm>

#include "waybill/graph/ask.h"
#include "waybill/graph/graph.h"

namespace waybill::graph {

Decision Ask::decision(const GlobalRow& row) const {
  Decision out;
  out.entry = row.entry;
  out.fact = unpack<facts::Decided>(row.record);
  Unpack ids(s_, s_.record(row.record), arena_);
  const Id self = ids.id();
  out.subject = ids.id();
  const Id environment = ids.id(), service = ids.id();
  if (service && environment) out.place = s_.find_node(Kind::place, std::string(s_.text(service)) + "@" + std::string(s_.text(environment)));
  out.document.bytes = s_.entries[row.entry].document;
  for_each_touch(self, [&](const TouchRow& touch) {  // decisions that name it are itself and what took its place
    if (touch.kind != static_cast<uint32_t>(FactKind::decided) || touch.record == row.record) return true;
    const auto other = unpack<facts::Decided>(touch.record);
    if (other.supersedes == out.fact.id) out.superseded_by = other.id;
    return out.superseded_by.empty();
  });
  return out;
}

std::vector<Decision> View::decisions(const DecisionFilter& filter, Page page) const {
  const Ask ask(*this);
  std::vector<Decision> out;
  size_t skip = page.from;
  const Id environment = filter.environment.empty() ? Id{} : find_environment(filter.environment);
  const Id service = filter.service.empty() ? Id{} : find_service(filter.service);
  if ((!filter.environment.empty() && !environment) || (!filter.service.empty() && !service)) return out;
  const auto take = [&](const GlobalRow& row) {
    Unpack ids(*store_, store_->record(row.record), ask.arena());
    ids.id();
    const Id subject = ids.id(), of_environment = ids.id(), of_service = ids.id();
    if (filter.subject && subject != filter.subject) return true;
    if ((environment && of_environment != environment) || (service && of_service != service)) return true;
    if (!filter.verdict.empty() || !filter.gate.empty()) {
      const auto fact = ask.unpack<facts::Decided>(row.record);
      if ((!filter.verdict.empty() && fact.verdict != filter.verdict) || (!filter.gate.empty() && fact.gate != filter.gate)) return true;
    }
    if (skip > 0)
      --skip;
    else
      out.push_back(ask.decision(row));
    return out.size() < page.limit;
  };
  // Through the shortest chain that holds them all.
  const Id chain = filter.subject ? filter.subject : service && environment ? place(service, environment) : service ? service : environment;
  if (!filter.subject && service && environment && !chain) return out;
  if (!chain) {
    ask.for_each_of_kind(FactKind::decided, take);
    return out;
  }
  ask.for_each_touch(chain, [&](const TouchRow& touch) { return touch.kind != static_cast<uint32_t>(FactKind::decided) || take({touch.entry, touch.record}); });
  return out;
}

std::optional<Decision> View::decision(std::string_view id) const {
  const Ask ask(*this);
  std::optional<Decision> out;
  ask.for_each_touch(find(Kind::decision, id), [&](const TouchRow& touch) {
    if (touch.kind != static_cast<uint32_t>(FactKind::decided) || ask.unpack<facts::Decided>(touch.record).id != id) return true;
    out = ask.decision({touch.entry, touch.record});
    return false;
  });
  return out;
}

std::optional<Decision> View::standing(Id place) const {
  const Ask ask(*this);
  std::optional<Decision> out;
  const auto runs = running(place);
  if (!runs) return out;
  ask.for_each_touch(place, [&](const TouchRow& touch) {
    if (touch.kind != static_cast<uint32_t>(FactKind::decided)) return true;
    Unpack ids(*store_, store_->record(touch.record), ask.arena());
    ids.id();
    const Id subject = ids.id();
    if (subject != runs->artifact && subject != place) return true;
    // A decision about the place itself speaks of what ran when it was made.
    if (subject == place && touch.entry < runs->entry) return true;
    out = ask.decision({touch.entry, touch.record});
    return false;
  });
  return out;
}

std::optional<Decision> View::standing(Id artifact, Id environment) const {
  const Ask ask(*this);
  std::optional<Decision> out;
  ask.for_each_touch(artifact, [&](const TouchRow& touch) {
    if (touch.kind != static_cast<uint32_t>(FactKind::decided)) return true;
    Unpack ids(*store_, store_->record(touch.record), ask.arena());
    ids.id();
    if (ids.id() != artifact || ids.id() != environment) return true;
    out = ask.decision({touch.entry, touch.record});
    return false;
  });
  return out;
}

std::vector<Known<facts::Turned>> View::transitions(Page page) const {
  const Ask ask(*this);
  std::vector<Known<facts::Turned>> out;
  size_t skip = page.from;
  ask.for_each_of_kind(FactKind::turned, [&](const GlobalRow& row) {
    if (skip > 0)
      --skip;
    else
      out.push_back({row.entry, ask.unpack<facts::Turned>(row.record)});
    return out.size() < page.limit;
  });
  return out;
}
std::vector<Known<facts::Turned>> View::transitions_of(Id place) const { return Ask(*this).facts_of<facts::Turned>(place, FactKind::turned); }

std::vector<Known<facts::Approved>> View::approvals(Id subject_or_decision) const {
  return Ask(*this).facts_of<facts::Approved>(subject_or_decision, FactKind::approved);
}
std::vector<Known<facts::Approved>> View::all_approvals(Page page) const {
  const Ask ask(*this);
  std::vector<Known<facts::Approved>> out;
  size_t skip = page.from;
  ask.for_each_of_kind(FactKind::approved, [&](const GlobalRow& row) {
    if (skip > 0)
      --skip;
    else
      out.push_back({row.entry, ask.unpack<facts::Approved>(row.record)});
    return out.size() < page.limit;
  });
  return out;
}

std::optional<Exception> View::exception(std::string_view name, Time now) const {
  const Ask ask(*this);
  const Id id = find(Kind::exception, name);
  auto acts = ask.facts_of<facts::Excepted>(id, FactKind::excepted);
  if (acts.empty()) return std::nullopt;
  std::reverse(acts.begin(), acts.end());
  Exception out;
  out.id = id;
  out.name = text(id);
  uint32_t requests = 0;
  for (const auto& [entry, fact] : acts) {
    out.entries.push_back(entry);
    switch (fact.act) {
      case facts::Excepted::Act::request:
        // Asked for again: what it covers and until when is new, and so must be who approved.
        if (requests++ > 0) ++out.renewals;
        out.rule = fact.rule;
        out.matches = fact.matches;
        out.scope = fact.scope;
        out.service = fact.service;
        out.environment = fact.environment;
        out.reason = fact.reason;
        out.control = fact.control;
        out.requested_by = fact.by;
        out.requested_at = fact.at.is_set() ? fact.at : ask.time_of(static_cast<uint32_t>(entry));
        out.until = fact.until;
        out.approved_by.clear();
        out.state = Exception::State::requested;
        break;
      case facts::Excepted::Act::approve:
        if (out.state == Exception::State::revoked || requests == 0) break;
        if (std::find(out.approved_by.begin(), out.approved_by.end(), fact.by) == out.approved_by.end()) out.approved_by.push_back(fact.by);
        if (fact.until.is_set() && (!out.until.is_set() || fact.until < out.until)) out.until = fact.until;  // may shorten, not prolong
        out.state = Exception::State::approved;
        break;
      case facts::Excepted::Act::revoke:
        out.state = Exception::State::revoked;
        out.revoked_by = fact.by;
        break;
    }
  }
  if (out.state != Exception::State::revoked && out.until.is_set() && out.until <= now) out.state = Exception::State::expired;
  return out;
}

std::vector<Exception> View::exceptions(Time now) const {
  std::vector<Exception> out;
  const auto ids = all(Kind::exception);
  for (auto id = ids.rbegin(); id != ids.rend(); ++id) {
    if (auto exception = this->exception(text(*id), now)) out.push_back(std::move(*exception));
  }
  return out;
}

}  // namespace waybill::graph
