// Facts as they were told, by subject.
#include <algorithm>

#include "waybill/graph/ask.h"
#include "waybill/graph/graph.h"

namespace waybill::graph {

std::vector<Known<facts::BuiltBy>> View::builds(Id subject) const { return Ask(*this).facts_of<facts::BuiltBy>(subject, FactKind::built_by); }
std::vector<Known<facts::BuiltFrom>> View::sources(Id subject) const { return Ask(*this).facts_of<facts::BuiltFrom>(subject, FactKind::built_from); }
std::vector<Known<facts::Signed>> View::signatures(Id subject) const { return Ask(*this).facts_of<facts::Signed>(subject, FactKind::signed_by); }
std::vector<Known<facts::Reviewed>> View::reviews(Id source) const { return Ask(*this).facts_of<facts::Reviewed>(source, FactKind::reviewed); }
std::vector<Known<facts::Tested>> View::tests(Id subject) const { return Ask(*this).facts_of<facts::Tested>(subject, FactKind::tested); }
std::vector<Known<facts::Scanned>> View::scans(Id subject) const { return Ask(*this).facts_of<facts::Scanned>(subject, FactKind::scanned); }
std::vector<Known<facts::Found>> View::findings(Id subject) const { return Ask(*this).facts_of<facts::Found>(subject, FactKind::found); }
std::vector<Known<facts::Ran>> View::runs(Id subject) const { return Ask(*this).facts_of<facts::Ran>(subject, FactKind::ran); }
std::vector<Known<facts::Observed>> View::observations(Id subject) const { return Ask(*this).facts_of<facts::Observed>(subject, FactKind::observed); }
std::vector<Known<facts::Accessed>> View::accesses(Id secret) const { return Ask(*this).facts_of<facts::Accessed>(secret, FactKind::accessed); }
std::vector<Known<facts::Scored>> View::scores(Id id) const { return Ask(*this).facts_of<facts::Scored>(id, FactKind::scored); }
std::vector<Known<facts::Exploitability>> View::exploitability(Id vulnerability) const {
  return Ask(*this).facts_of<facts::Exploitability>(vulnerability, FactKind::exploitability);
}

namespace {

void add_once(std::vector<Id>& out, Id id) {
  if (id && std::find(out.begin(), out.end(), id) == out.end()) out.push_back(id);
}

}  // namespace

std::vector<Id> View::built_from(Id artifact) const {
  const Ask ask(*this);
  std::vector<Id> out;
  ask.for_each_touch(artifact, [&](const TouchRow& row) {
    Text source;
    if (row.kind == static_cast<uint32_t>(FactKind::built_from))
      source = ask.unpack<facts::BuiltFrom>(row.record).source;
    else if (row.kind == static_cast<uint32_t>(FactKind::built_by))
      source = ask.unpack<facts::BuiltBy>(row.record).source;
    else
      return true;
    const Id id = find(Kind::source, source);
    if (id != artifact) add_once(out, id);
    return true;
  });
  return out;
}

std::vector<Id> View::built_into(Id source) const {
  const Ask ask(*this);
  std::vector<Id> out;
  ask.for_each_touch(source, [&](const TouchRow& row) {
    if (row.kind != static_cast<uint32_t>(FactKind::built_from) && row.kind != static_cast<uint32_t>(FactKind::built_by)) return true;
    const uint8_t* at = store_->record(row.record);
    const Id subject = Id::of_value(static_cast<uint32_t>(read_varint(at)));  // both facts begin with their subject
    if (subject != source) add_once(out, subject);
    return true;
  });
  return out;
}

}  // namespace waybill::graph
