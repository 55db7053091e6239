// The engine's limits, in one place. Each is an error that names itself, never a crash.
#pragma once

#include <cstddef>
#include <cstdint>

namespace waybill::rego {

constexpr size_t kMaxModuleBytes = size_t{16} << 20;
constexpr size_t kMaxInputBytes = size_t{2} << 30;
constexpr uint32_t kMaxNesting = 2000;          // of terms, bodies and JSON: recursion of parser and compiler
constexpr uint32_t kMaxCallDepth = 4000;        // rules that call rules; refused as exhausted
constexpr size_t kRegisters = size_t{1} << 19;  // of one evaluation (16 bytes each, touched only when used)
constexpr size_t kMaxErrors = 10;               // reported by one compilation, as OPA does
constexpr size_t kMaxNumberDigits = 100000;     // of a big integer's text
constexpr int64_t kMaxStringBytes = int64_t{1} << 31;
constexpr size_t kMaxRangeItems = size_t{50} << 20;  // numbers.range and the like
constexpr uint32_t kSmallIndex = 16;                 // objects and sets above this size get a hash index

}  // namespace waybill::rego
