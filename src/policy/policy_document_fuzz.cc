// Policy documents come from people and other machines: YAML or JSON of any kind must end in a document or an error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "waybill/policy/policy_set.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto parsed = waybill::policy::parse_policy_document(text);
  if (!parsed) return 0;
  // What was read once is read again the same.
  auto again = waybill::policy::parse_policy_document(parsed->json);
  if (!again || again->json != parsed->json) std::abort();
  return 0;
}
