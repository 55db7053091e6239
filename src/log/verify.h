// Checking a whole log from the bytes on disk. Inside log/ only: Log::verify_all and the tests call it.
#pragma once

#include <functional>

#include "waybill/log/database.h"

namespace waybill::log {

Result<VerifyReport> verify_database(LogReader& reader, const Head& head, const trust::NoteVerifier& key, VerifyDepth depth,
                                     const std::function<bool(uint64_t, uint64_t)>& progress);

}  // namespace waybill::log
