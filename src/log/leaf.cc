#include "waybill/log/leaf.h"

#include "waybill/base/json_out.h"

namespace waybill::log {
namespace {

tl::unexpected<Error> too_much(const char* what, size_t limit, size_t found) {
  return fail(Code::exhausted, std::string("an entry's ") + what + " has at most " + std::to_string(limit) + " bytes, this one has " + std::to_string(found));
}
Result<void> check_text(const char* what, std::string_view text, size_t limit) {
  if (text.empty()) return fail(Code::invalid, std::string("an entry's ") + what + " is empty");
  if (text.size() > limit) return too_much(what, limit, text.size());
  if (const auto bad = find_invalid_utf8(text)) return fail(Code::invalid, std::string("an entry's ") + what + " is no UTF-8 at byte " + std::to_string(*bad));
  return {};
}

}  // namespace

Result<LeafInTheMaking> begin_leaf(EntryKind kind, std::string_view actor, std::string_view body, const std::vector<DocumentRef>& documents) {
  TRY_DO(check_text("actor", actor, kMaxActorBytes));
  if (documents.size() > kMaxEntryDocuments)
    return fail(Code::exhausted, "an entry refers to at most 256 documents, this one to " + std::to_string(documents.size()));
  if (auto canonical = check_canonical_object(body); !canonical)
    return fail(std::move(canonical).error().at("body of a new " + std::string(to_string(kind)) + " entry"));

  LeafInTheMaking leaf;
  std::string& out = leaf.bytes;
  out.reserve(128 + actor.size() + body.size() + documents.size() * 192);
  out += "{\"actor\":";
  append_json_string(out, actor);
  out += ",\"body\":";
  leaf.body_offset = static_cast<uint32_t>(out.size());
  leaf.body_bytes = static_cast<uint32_t>(body.size());
  out += body;
  out += ",\"documents\":[";
  for (const DocumentRef& ref : documents) {
    TRY_DO(check_text("document type", ref.type, kMaxDocumentTypeBytes));
    if (out.back() == '}') out += ',';
    out += "{\"bytes\":";
    out += std::to_string(ref.bytes);
    out += ",\"sha256\":\"";
    out += ref.digest.hex();
    out += "\",\"type\":";
    append_json_string(out, ref.type);
    out += '}';
  }
  out += "],\"kind\":\"";
  out += to_string(kind);
  out += "\",\"time\":\"";
  if (out.size() + kLeafTailBytes > kMaxLeafBytes)
    return fail(Error(Code::exhausted, "an entry has at most 65,535 bytes, this one would have " + std::to_string(out.size() + kLeafTailBytes))
                    .next("put what is big into a document and refer to it"));
  constexpr uint8_t kLeafPrefix = 0;
  leaf.hash.update(Bytes(&kLeafPrefix, 1));
  leaf.hash.update(out);
  return leaf;
}

std::string leaf_tail(Time time) { return to_rfc3339_ms(time) + "\"}"; }

Sha256 finish_leaf(LeafInTheMaking& leaf, std::string_view tail) {
  leaf.bytes += tail;
  leaf.hash.update(tail);
  return leaf.hash.finish();
}

Result<std::string> format_entry(EntryKind kind, std::string_view actor, std::string_view body, const std::vector<DocumentRef>& documents, Time time) {
  TRY(auto leaf, begin_leaf(kind, actor, body, documents));
  leaf.bytes += leaf_tail(time);
  return std::move(leaf.bytes);
}

}  // namespace waybill::log
