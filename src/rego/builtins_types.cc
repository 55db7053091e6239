// is_…, type_name, to_number.
#include "waybill/base/bytes.h"
#include "waybill/rego/builtins.h"

namespace waybill::rego {
namespace {

// Undefined rather than false: what OPA's is_… give for another type.
template <Kind K>
Value is_(BuiltinCall&, std::span<const Value> o) {
  return Value::of(o[0].kind() == K);
}

Value type_name_(BuiltinCall&, std::span<const Value> o) { return Value::view(to_string(o[0].kind())); }

// Go's strconv.ParseFloat on text that is a JSON number; nothing else.
bool is_number_text(std::string_view s) {
  size_t i = 0;
  const auto digits = [&] {
    const size_t start = i;
    while (i < s.size() && s[i] >= '0' && s[i] <= '9') ++i;
    return i - start;
  };
  if (i < s.size() && (s[i] == '-' || s[i] == '+')) ++i;
  size_t n = digits();
  if (i < s.size() && s[i] == '.') {
    ++i;
    n += digits();
  }
  if (n == 0) return false;
  if (i < s.size() && (s[i] == 'e' || s[i] == 'E')) {
    ++i;
    if (i < s.size() && (s[i] == '-' || s[i] == '+')) ++i;
    if (digits() == 0) return false;
  }
  return i == s.size();
}

Value to_number_(BuiltinCall& c, std::span<const Value> o) {
  switch (o[0].kind()) {
    case Kind::null: return Value::of(int64_t{0});
    case Kind::boolean: return Value::of(static_cast<int64_t>(o[0].is_true()));
    case Kind::number: return o[0];
    case Kind::string: {
      if (!is_number_text(o[0].text())) {
        std::string text = to_lower(o[0].text());
        if (text.starts_with('-') || text.starts_with('+')) text.erase(0, 1);
        if (text == "nan" || text == "inf" || text == "infinity") return c.fail_type("operand 1 must be valid number string but got " + o[0].to_rego());
        return c.fail("strconv.ParseFloat: parsing " + o[0].to_rego() + ": invalid syntax");
      }
      return c.heap.number(o[0].text());
    }
    default: return c.wrong_type(0, "one of {null, boolean, number, string}", o[0]);
  }
}

constexpr Builtin kTable[] = {
    {"is_null", 1, is_<Kind::null>},     {"is_boolean", 1, is_<Kind::boolean>}, {"is_number", 1, is_<Kind::number>},
    {"is_string", 1, is_<Kind::string>}, {"is_array", 1, is_<Kind::array>},     {"is_object", 1, is_<Kind::object>},
    {"is_set", 1, is_<Kind::set>},       {"type_name", 1, type_name_},          {"to_number", 1, to_number_},
};

}  // namespace

std::span<const Builtin> types_builtins() { return kTable; }

}  // namespace waybill::rego
