// YAML 1.2 (core schema) → values of a heap, and back. The only place that knows yaml-cpp.
//
// Called by annotations and the yaml built-ins. Size, depth and aliases are limited.
#pragma once

#include <string>
#include <string_view>

#include "waybill/base/result.h"
#include "waybill/rego/value.h"

namespace waybill::rego {

// Errors: invalid, with the line.
Result<Value> parse_yaml_value(Heap& heap, std::string_view text);
// Block style, as Go's sigs.k8s.io/yaml writes it: keys sorted, lists not indented.
std::string to_yaml(const Value& value);

}  // namespace waybill::rego
