// Entries from outside (a bundle that a server serves): what is accepted is canonical JSON and comes back byte for byte
// from its parts; and the quick check of canonical form agrees with the slow one.
#include <algorithm>
#include <cstdlib>

#include "waybill/base/json_out.h"
#include "waybill/log/entry.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace waybill;
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto entry = log::parse_entry(text)) {
    const auto again = log::format_entry(entry->kind, entry->actor, entry->body(), entry->documents, entry->time);
    if (!again || *again != text) std::abort();
  }
  const bool quick = log::check_canonical_object(text).has_value();
  const auto canonical = canonical_json(text);
  const bool slow = canonical && *canonical == text && text.starts_with('{');
  if (quick && !slow) std::abort();
  // The quick check has a lower limit on nesting; otherwise the two must agree.
  if (slow && !quick && std::count(text.begin(), text.end(), '[') + std::count(text.begin(), text.end(), '{') < 100) std::abort();
  return 0;
}
