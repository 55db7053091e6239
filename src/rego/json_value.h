// JSON text → values of a heap, keeping each number's text, which no DOM does. And YAML annotations likewise.
//
// Called for input, base documents and json.unmarshal. Strings without escapes are views into `text`, which must live as
// long as the heap.
#pragma once

#include <string_view>

#include "waybill/base/result.h"
#include "waybill/rego/value.h"

namespace waybill::rego {

// Strict RFC 8259; of duplicate keys the last wins (as in OPA). Errors: invalid, with line and column; exhausted.
Result<Value> parse_json_value(Heap& heap, std::string_view text);

}  // namespace waybill::rego
