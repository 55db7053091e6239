// print, trace, opa.runtime: what speaks of the engine itself.
#include "waybill/rego/builtins.h"
#include "waybill/rego/go_time.h"

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

// Time stands still in an evaluation; only the duration is checked.
Value sleep_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0)) return {};
  return parse_go_duration(o[0].text()) ? Value::null() : c.fail("invalid duration");
}

// Known, so that policies that mock it compile; nothing here opens a connection.
Value http_send_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_object(c, o, 0)) return {};
  std::string missing;
  for (const char* key : {"method", "url"}) {
    if (!o[0].find(key)) missing += (missing.empty() ? "\"" : ", \"") + std::string(key) + "\"";
  }
  if (!missing.empty()) return c.fail_type("operand 1 missing required request parameters(s): {" + missing + "}");
  return c.fail("needs the capability `network`, which the caller did not grant");
}

constexpr Builtin kTable[] = {
    {"test.sleep", 1, sleep_},
    {.name = "http.send", .arity = 1, .function = http_send_, .varying = true},
    {"rego.metadata.rule", 0, nullptr},
    {"rego.metadata.chain", 0, nullptr},
    {.name = "print", .arity = 0, .no_result = true},
    {.name = "internal.print", .arity = 1, .no_result = true},
    {"trace", 1, trace_},
    {.name = "opa.runtime", .arity = 0, .function = runtime_, .varying = true},
};

}  // namespace

std::span<const Builtin> rego_builtins() { return kTable; }

}  // namespace waybill::rego
