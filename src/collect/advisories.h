// Imports of advisories: which records changed, as one entry.
//
// Used by collect.h only. Remembers a digest of every record that the log holds (read from the log's own advisory
// documents at the first import), so that importing a feed again costs nothing but reading it.
#pragma once

#include <mutex>
#include <string>

#include <absl/container/flat_hash_map.h>

#include "waybill/base/result.h"
#include "waybill/base/sha256.h"
#include "waybill/log/log.h"

namespace waybill::collect {

struct ImportReceipt;

class AdvisoryImporter {
 public:
  explicit AdvisoryImporter(log::Log& log) : log_(log) {}
  Result<ImportReceipt> import(std::string bytes, std::string source, std::string actor);

 private:
  Result<void> learn(std::string_view document);
  Result<void> catch_up();

  log::Log& log_;
  std::mutex mutex_;
  uint64_t seen_ = 0;                                 // entries of the log that were looked at
  absl::flat_hash_map<std::string, Sha256> records_;  // record id → digest of its line; "feed:…" for whole documents
};

}  // namespace waybill::collect
