// METADATA comment blocks → JSON, attached to the package or rule that follows.
//
// Called by the compiler once per module. The YAML is read within limits of our own; yaml-cpp stays in yaml_value.cc.
#pragma once

#include <vector>

#include "waybill/rego/ast.h"
#include "waybill/rego/rego.h"

namespace waybill::rego {

// Annotations of a module in order of place. Complaints (broken YAML, nothing below it) are rego_parse_error.
std::vector<Annotation> read_annotations(const SyntaxTree& tree, std::vector<Diagnostic>& errors);

}  // namespace waybill::rego
