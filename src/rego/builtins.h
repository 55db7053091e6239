// The built-in functions: one table, one function each, filed by family in builtins_*.cc.
//
// Called by the compiler (names, arity) and the machine. A built-in never throws, never reaches outside without a
// capability, and says why it failed; whether that is "undefined" or an error is the caller's choice.
#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "waybill/rego/rego.h"
#include "waybill/rego/value.h"

namespace waybill::rego {

// Compiled patterns and the like, by text; lives with the Evaluation.
struct BuiltinCache {
  struct Item {
    virtual ~Item() = default;
  };
  absl::flat_hash_map<std::string, std::unique_ptr<Item>> items;
};

// What a built-in gets beside its operands.
struct BuiltinCall {
  Heap& heap;
  const EvalOptions& options;
  BuiltinCache& cache;
  std::string_view name;
  uint64_t& random_state;

  // Why it failed; kind is OPA's code.
  enum class Failure : uint8_t { none, builtin, type };
  Failure failure = Failure::none;
  std::string message;

  Value fail(std::string why) {
    failure = Failure::builtin;
    message = std::move(why);
    return {};
  }
  Value fail_type(std::string why) {
    failure = Failure::type;
    message = std::move(why);
    return {};
  }
  // "operand 1 must be string but got number"
  Value wrong_type(size_t operand, std::string_view expected, const Value& got);
  Value string(std::string_view text) { return heap.string(text); }
};

using BuiltinFunction = Value (*)(BuiltinCall&, std::span<const Value>);

struct Builtin {
  std::string_view name;
  uint8_t arity = 0;
  BuiltinFunction function = nullptr;
  bool relation = false;   // gives an array of results to iterate over (walk)
  bool no_result = false;  // print
  bool varying = false;    // not the same for the same operands: never computed ahead
};

// null when there is none of this name.
const Builtin* find_builtin(std::string_view name);
std::span<const Builtin> all_builtins();

// Each family's table.
std::span<const Builtin> numbers_builtins();
std::span<const Builtin> comparison_builtins();
std::span<const Builtin> aggregates_builtins();
std::span<const Builtin> arrays_builtins();
std::span<const Builtin> sets_builtins();
std::span<const Builtin> objects_builtins();
std::span<const Builtin> strings_builtins();
std::span<const Builtin> sprintf_builtins();
std::span<const Builtin> regex_builtins();
std::span<const Builtin> glob_builtins();
std::span<const Builtin> json_builtins();
std::span<const Builtin> yaml_builtins();
std::span<const Builtin> encoding_builtins();
std::span<const Builtin> crypto_builtins();
std::span<const Builtin> time_builtins();
std::span<const Builtin> semver_builtins();
std::span<const Builtin> graph_builtins();
std::span<const Builtin> types_builtins();
std::span<const Builtin> units_builtins();
std::span<const Builtin> bits_builtins();
std::span<const Builtin> net_builtins();
std::span<const Builtin> random_builtins();
std::span<const Builtin> rego_builtins();
std::span<const Builtin> jwt_builtins();

// Operand checks: false after having failed the call.
bool want_string(BuiltinCall& call, std::span<const Value> operands, size_t at);
bool want_number(BuiltinCall& call, std::span<const Value> operands, size_t at);
bool want_array(BuiltinCall& call, std::span<const Value> operands, size_t at);
bool want_object(BuiltinCall& call, std::span<const Value> operands, size_t at);
bool want_set(BuiltinCall& call, std::span<const Value> operands, size_t at);
// A whole number that fits 64 bits (1.0 too).
bool want_integer(BuiltinCall& call, std::span<const Value> operands, size_t at, int64_t& out);
// The elements of an array or set.
bool want_collection(BuiltinCall& call, std::span<const Value> operands, size_t at, std::span<const Value>& out);
std::optional<int64_t> whole_number(const Value& value);

// The operators that the machine calls directly.
Value add(BuiltinCall& call, const Value& a, const Value& b);
Value subtract(BuiltinCall& call, const Value& a, const Value& b);
Value multiply(BuiltinCall& call, const Value& a, const Value& b);

}  // namespace waybill::rego
