// print, trace, opa.runtime: what speaks of the engine itself.
#include "waybill/rego/builtins.h"

namespace waybill::rego {
namespace {

Value trace_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0)) return {};
  return Value::of(true);
}

Value runtime_(BuiltinCall& c, std::span<const Value>) {
  std::vector<Entry> out, env;
  if (c.options.capabilities.environment) {
    for (const auto& [name, value] : c.options.environment) env.push_back({c.string(name), c.string(value)});
  }
  out.push_back({Value::view("env"), c.heap.object(env)});
  out.push_back({Value::view("commit"), Value::view("")});
  out.push_back({Value::view("version"), Value::view("1.22.2")});
  return c.heap.object(out);
}

constexpr Builtin kTable[] = {
    {.name = "print", .arity = 0, .no_result = true},
    {.name = "internal.print", .arity = 1, .no_result = true},
    {"trace", 1, trace_},
    {.name = "opa.runtime", .arity = 0, .function = runtime_, .varying = true},
};

}  // namespace

std::span<const Builtin> rego_builtins() { return kTable; }

}  // namespace waybill::rego
