// Any bytes as a module, evaluated whole within a small budget; the answer must be the same twice.
#include <cstdint>
#include <string>

#include "waybill/rego/rego.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 5000) return 0;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const waybill::rego::Module modules[] = {{"fuzz.rego", "package p\n" + text}};
  const auto policy = waybill::rego::Policy::compile(modules, R"({"base":{"a":[1,2,3]}})");
  if (!policy) return 0;
  waybill::rego::EvalOptions options;
  options.budget = {.steps = 200000, .memory_bytes = size_t{64} << 20};
  waybill::rego::Evaluation evaluation(*policy, options);
  std::string answers[2];
  for (std::string& answer : answers) {
    if (!evaluation.set_input(R"({"x":1,"items":[{"a":"b"},{"a":1.50},null],"text":"a/b.c"})")) __builtin_trap();
    const auto json = evaluation.evaluate_json("data");
    answer = json ? json->value_or("undefined") : json.error().to_string();
  }
  if (answers[0] != answers[1]) __builtin_trap();
  return 0;
}
