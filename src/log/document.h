// Documents: bytes that entries refer to, kept once under their SHA-256, compressed.
//
// Hashing and compressing cost more than appending, so they are done by the thread that brings the document, before it
// calls Log::append. What a document means is not known here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "waybill/log/entry.h"

namespace waybill::log {

constexpr uint64_t kMaxDocumentBytes = uint64_t{900} << 20;  // SQLite's own limit is 10^9 bytes

enum class DocumentCodec : uint8_t { raw, zstd };

// Ready to be written.
struct PreparedDocument {
  DocumentRef ref;
  DocumentCodec codec = DocumentCodec::raw;
  std::string stored;           // raw bytes or a zstd frame
  bool already_stored = false;  // `stored` is empty: the log has these bytes
};

// Hashes and compresses (zstd 1; kept raw below 1 kB and where that saves less than a sixteenth). `digest` when the caller has hashed
// the bytes already.
PreparedDocument prepare_document(std::string_view bytes, std::string type);
PreparedDocument prepare_document(std::string_view bytes, std::string type, const Sha256& digest);

}  // namespace waybill::log
