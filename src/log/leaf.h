// An entry's canonical bytes in the making: all but the time, which the sequencer adds.
//
// Inside log/ only. The caller's thread writes and hashes the long part, so that the sequencer, of which there is one,
// has only the last block left to do.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "waybill/log/entry.h"

namespace waybill::log {

struct LeafInTheMaking {
  std::string bytes;  // up to and including "time":"
  Sha256Stream hash;  // of 0x00 and these bytes
  uint32_t body_offset = 0, body_bytes = 0;
};
constexpr size_t kLeafTailBytes = 26;  // 2026-11-22T14:43:00.123Z"}

Result<LeafInTheMaking> begin_leaf(EntryKind kind, std::string_view actor, std::string_view body, const std::vector<DocumentRef>& documents);
// `tail` from leaf_tail().
Sha256 finish_leaf(LeafInTheMaking& leaf, std::string_view tail);
std::string leaf_tail(Time time);

}  // namespace waybill::log
