// Any bytes as JSON: what is read is written and read again as an equal value.
#include <cstdint>
#include <string>

#include "waybill/rego/json_value.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  waybill::rego::Heap heap;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto value = waybill::rego::parse_json_value(heap, text);
  if (!value) return 0;
  const std::string again = value->to_json();
  const auto second = waybill::rego::parse_json_value(heap, again);
  if (!second || !waybill::rego::Value::equal(*value, *second)) __builtin_trap();
  return 0;
}
