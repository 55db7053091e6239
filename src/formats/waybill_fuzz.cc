#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "waybill/facts/facts.h"
#include "waybill/formats/formats.h"

// Any bytes: facts or a refusal, and the same ones when asked twice.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace waybill;
  const auto document = std::make_shared<const std::string>(reinterpret_cast<const char*>(data), size);
  formats::ParseOptions options;
  options.limits.bytes = options.limits.small_bytes = size_t{1} << 20;
  const auto first = formats::parse_as(formats::Format::waybill, document, options);
  const auto second = formats::parse_as(formats::Format::waybill, document, options);
  if (first.has_value() != second.has_value()) __builtin_trap();
  if (first ? facts::to_json(*first) != facts::to_json(*second) : first.error().to_string() != second.error().to_string()) __builtin_trap();
  if (!first && first.error().message().empty()) __builtin_trap();
  for (const char* kind :
       {"deployment", "removal", "approval", "exception", "decision", "transition", "configuration", "policy", "trust_list", "secret_access"})
    (void)formats::parse_entry_body(kind, document);
  return 0;
}
