// yaml.marshal, yaml.unmarshal, yaml.is_valid.
#include "waybill/rego/builtins.h"
#include "waybill/rego/yaml_value.h"

namespace waybill::rego {
namespace {

Value marshal_(BuiltinCall& c, std::span<const Value> o) { return c.string(to_yaml(o[0])); }

Value unmarshal_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0)) return {};
  auto v = parse_yaml_value(c.heap, o[0].text());
  if (!v) return c.fail("yaml: " + v.error().message());
  return *v;
}

Value is_valid_(BuiltinCall& c, std::span<const Value> o) {
  if (!o[0].is_string()) return Value::of(false);
  return Value::of(parse_yaml_value(c.heap, o[0].text()).has_value());
}

constexpr Builtin kTable[] = {{"yaml.marshal", 1, marshal_}, {"yaml.unmarshal", 1, unmarshal_}, {"yaml.is_valid", 1, is_valid_}};

}  // namespace

std::span<const Builtin> yaml_builtins() { return kTable; }

}  // namespace waybill::rego
