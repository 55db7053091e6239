// Any bytes as a module: parsed and compiled, never a crash. What compiles, compiles again to the same complaints: none.
#include <cstdint>
#include <string>

#include "waybill/rego/rego.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 20000) return 0;
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const std::string& module : {text, "package p\n" + text}) {
    const waybill::rego::Module modules[] = {{"fuzz.rego", module}};
    const auto first = waybill::rego::Policy::compile_all(modules);
    const auto second = waybill::rego::Policy::compile_all(modules);
    if (first.errors.size() != second.errors.size() || (first.policy == nullptr) != (second.policy == nullptr)) __builtin_trap();
  }
  return 0;
}
