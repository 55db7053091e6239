#include <cstddef>
#include <cstdint>
#include <string_view>

#include "waybill/base/json_in.h"
#include "waybill/formats/formats.h"

// Any bytes: JSON that our own reader accepts, or a refusal.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace waybill;
  formats::Limits limits;
  limits.yaml_bytes = size_t{64} << 10;
  const auto json = formats::yaml_to_json({reinterpret_cast<const char*>(data), size}, limits);
  if (json && !JsonDocument::parse(*json)) {
    // Numbers beyond a double are YAML, and JSON by grammar, but no reader can hold them.
    if (json->find_first_of("eE0123456789") == std::string::npos) __builtin_trap();
  }
  return 0;
}
