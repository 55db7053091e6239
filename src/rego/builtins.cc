#include "waybill/rego/builtins.h"

#include <cmath>

namespace waybill::rego {
namespace {

struct Table {
  std::vector<Builtin> all;
  absl::flat_hash_map<std::string_view, size_t> by_name;
};

const Table& table() {
  static const Table made = [] {
    Table t;
    for (const auto family : {numbers_builtins(),  comparison_builtins(), aggregates_builtins(), arrays_builtins(), sets_builtins(),  objects_builtins(),
                              strings_builtins(),  sprintf_builtins(),    regex_builtins(),      glob_builtins(),   json_builtins(),  yaml_builtins(),
                              encoding_builtins(), crypto_builtins(),     time_builtins(),       semver_builtins(), graph_builtins(), types_builtins(),
                              units_builtins(),    bits_builtins(),       net_builtins(),        random_builtins(), rego_builtins(),  jwt_builtins()}) {
      t.all.insert(t.all.end(), family.begin(), family.end());
    }
    for (size_t i = 0; i < t.all.size(); ++i) t.by_name.emplace(t.all[i].name, i);
    return t;
  }();
  return made;
}

}  // namespace

const Builtin* find_builtin(std::string_view name) {
  const auto it = table().by_name.find(name);
  return it == table().by_name.end() ? nullptr : &table().all[it->second];
}
std::span<const Builtin> all_builtins() { return table().all; }

Value BuiltinCall::wrong_type(size_t operand, std::string_view expected, const Value& got) {
  return fail_type("operand " + std::to_string(operand + 1) + " must be " + std::string(expected) + " but got " + std::string(to_string(got.kind())));
}

bool want_string(BuiltinCall& call, std::span<const Value> o, size_t at) {
  if (o[at].is_string()) return true;
  call.wrong_type(at, "string", o[at]);
  return false;
}
bool want_number(BuiltinCall& call, std::span<const Value> o, size_t at) {
  if (o[at].is_number()) return true;
  call.wrong_type(at, "number", o[at]);
  return false;
}
bool want_array(BuiltinCall& call, std::span<const Value> o, size_t at) {
  if (o[at].is_array()) return true;
  call.wrong_type(at, "array", o[at]);
  return false;
}
bool want_object(BuiltinCall& call, std::span<const Value> o, size_t at) {
  if (o[at].is_object()) return true;
  call.wrong_type(at, "object", o[at]);
  return false;
}
bool want_set(BuiltinCall& call, std::span<const Value> o, size_t at) {
  if (o[at].is_set()) return true;
  call.wrong_type(at, "set", o[at]);
  return false;
}

std::optional<int64_t> whole_number(const Value& v) {
  if (v.tag() == Value::Tag::integer) return v.integer();
  if (v.tag() == Value::Tag::number && v.number()->integral && std::fabs(v.number()->value) < 9.2e18L) return static_cast<int64_t>(v.number()->value);
  return std::nullopt;
}

bool want_integer(BuiltinCall& call, std::span<const Value> o, size_t at, int64_t& out) {
  if (!want_number(call, o, at)) return false;
  if (const auto n = whole_number(o[at])) return out = *n, true;
  call.fail_type("operand " + std::to_string(at + 1) + " must be integer number but got floating-point number");
  return false;
}

bool want_collection(BuiltinCall& call, std::span<const Value> o, size_t at, std::span<const Value>& out) {
  if (o[at].is_array()) return out = o[at].items(), true;
  if (o[at].is_set()) return out = o[at].elements(), true;
  call.wrong_type(at, "one of {set, array}", o[at]);
  return false;
}

}  // namespace waybill::rego
