// One record of the log: kind, time, actor, a small canonical body that refers to documents by digest.
//
// Whoever appends names a kind and a body; whoever folds the log reads entries. The bytes of an entry (its leaf) are
// canonical JSON (RFC 8785), and these bytes are what the Merkle tree hashes (docs/formats/log.md):
//
//   {"actor":"machine:ci","body":{…},"documents":[{"bytes":312,"sha256":"…","type":"…"}],"kind":"evidence","time":"2026-11-22T14:43:00.123Z"}
//
// An entry never changes. What a body of some kind holds is the affair of the room that writes it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/base/sha256.h"
#include "waybill/base/time.h"

namespace waybill::log {

enum class EntryKind : uint8_t {
  evidence,
  configuration,
  policy,
  trust_list,
  advisories,
  deployment,
  removal,
  approval,
  exception,
  decision,
  transition,
  grant,
  server_key,
  secret_access,
  erasure,
};
constexpr size_t kEntryKinds = 15;

// The one table of kinds: the word in the log and in the API, and the sentence that people read.
struct EntryKindInfo {
  EntryKind kind;
  std::string_view word;
  std::string_view sentence;
};
const EntryKindInfo& entry_kind_info(EntryKind kind);
inline std::string_view to_string(EntryKind kind) { return entry_kind_info(kind).word; }
std::optional<EntryKind> parse_entry_kind(std::string_view word);

constexpr size_t kMaxLeafBytes = 65535;  // what an entry bundle of tlog-tiles can hold
constexpr size_t kMaxActorBytes = 256;
constexpr size_t kMaxEntryDocuments = 256;
constexpr size_t kMaxDocumentTypeBytes = 256;

// How an entry names a document.
struct DocumentRef {
  Sha256 digest;
  uint64_t bytes = 0;
  std::string type;  // media type or format, as the writer names it: "application/vnd.cyclonedx+json"
  friend bool operator==(const DocumentRef&, const DocumentRef&) = default;
};

// An entry as it stands in the log.
struct Entry {
  uint64_t index = 0;
  Time time;
  EntryKind kind = EntryKind::evidence;
  std::string actor;
  std::vector<DocumentRef> documents;
  std::string leaf;  // the canonical bytes, all of them
  // What the writer handed to append() for those who follow in this process (parsed facts, say). Null when the entry
  // was read from disk.
  std::shared_ptr<void> attachment;

  // The body's canonical JSON: a view into `leaf`.
  std::string_view body() const { return std::string_view(leaf).substr(body_offset, body_bytes); }
  uint32_t body_offset = 0, body_bytes = 0;
};

// Strict: exactly the canonical bytes, nothing else. Checks the frame; of the body only that it is a canonical JSON
// object. Errors: invalid, with the byte. Does not set index and attachment.
Result<Entry> parse_entry(std::string leaf);

// The canonical bytes. Errors: invalid when the body is no canonical JSON object, the actor no UTF-8 or a type is empty;
// exhausted beyond a limit above.
Result<std::string> format_entry(EntryKind kind, std::string_view actor, std::string_view body, const std::vector<DocumentRef>& documents, Time time);

// Whether `json` is one JSON object in the canonical form of RFC 8785; the error names the byte. One pass, no
// allocation for what JsonWriter writes with its keys in order.
Result<void> check_canonical_object(std::string_view json);

}  // namespace waybill::log
