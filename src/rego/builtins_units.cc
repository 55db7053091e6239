// units.parse, units.parse_bytes.
#include <cmath>

#include "waybill/base/bytes.h"
#include "waybill/rego/big_number.h"
#include "waybill/rego/builtins.h"

namespace waybill::rego {
namespace {

// Splits "1.5Gi" into number and unit, after taking quotation marks away.
bool parts(BuiltinCall& c, std::string_view text, std::string& number, std::string& unit, std::string_view what) {
  std::string clean;
  for (char ch : text) {
    if (ch != '"') clean += ch;
  }
  if (clean.find(' ') != std::string::npos) return c.fail("spaces not allowed in resource strings"), false;
  size_t n = 0;
  while (n < clean.size() && ((clean[n] >= '0' && clean[n] <= '9') || clean[n] == '.' || clean[n] == '-' || clean[n] == '+' ||
                              ((clean[n] == 'e' || clean[n] == 'E') && n + 1 < clean.size() && n > 0 &&
                               ((clean[n + 1] >= '0' && clean[n + 1] <= '9') || clean[n + 1] == '-' || clean[n + 1] == '+')))) {
    ++n;
  }
  number = clean.substr(0, n);
  unit = clean.substr(n);
  if (number.empty()) return c.fail("no " + std::string(what) + " provided"), false;
  // One sign, one point, digits.
  size_t points = 0, digits = 0;
  for (size_t i = 0; i < number.size(); ++i) {
    if (number[i] == '.') ++points;
    if (number[i] >= '0' && number[i] <= '9') ++digits;
    if ((number[i] == '-' || number[i] == '+') && i > 0 && number[i - 1] != 'e' && number[i - 1] != 'E') points = 2;
  }
  if (points > 1 || digits == 0) return c.fail("could not parse " + std::string(what) + " to a number"), false;
  return true;
}

long double power(int base, int exponent) {
  long double out = 1;
  for (int i = 0; i < exponent; ++i) out *= base;
  return out;
}

Value scaled(BuiltinCall& c, const std::string& number, long double factor, bool whole) {
  std::string text = number[0] == '+' ? number.substr(1) : number;
  // Powers of ten move the point, so that nothing is rounded twice.
  for (int e = 3; e <= 18; e += 3) {
    if (factor == power(10, e) && text.find_first_of("eE") == std::string::npos) {
      text += "e" + std::to_string(e);
      factor = 1;
      break;
    }
  }
  const Value n = c.heap.number(text);
  if (factor == 1 && !whole) return n.tag() == Value::Tag::integer ? n : from_float(c.heap, to_float(n));
  if (n.tag() == Value::Tag::integer && factor >= 1) return multiply(c, n, from_float(c.heap, factor));
  const long double v = to_float(n) * factor;
  return from_float(c.heap, whole ? std::trunc(v) : v);
}

Value parse_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0)) return {};
  std::string number, unit;
  if (!parts(c, o[0].text(), number, unit, "amount")) return {};
  long double factor = 1;
  // "m" and "M" differ; the others do not care.
  const std::string low = to_lower(unit);
  if (unit.empty())
    factor = 1;
  else if (unit == "m")
    factor = 0.001L;
  else if (low == "k")
    factor = power(10, 3);
  else if (unit == "M")
    factor = power(10, 6);
  else if (low == "g")
    factor = power(10, 9);
  else if (low == "t")
    factor = power(10, 12);
  else if (low == "p")
    factor = power(10, 15);
  else if (low == "e")
    factor = power(10, 18);
  else if (low == "ki")
    factor = power(2, 10);
  else if (low == "mi")
    factor = power(2, 20);
  else if (low == "gi")
    factor = power(2, 30);
  else if (low == "ti")
    factor = power(2, 40);
  else if (low == "pi")
    factor = power(2, 50);
  else if (low == "ei")
    factor = power(2, 60);
  else
    return c.fail("unit " + unit + " not recognized");
  if (unit == "m") {
    const Value n = c.heap.number(number[0] == '+' ? number.substr(1) : number);
    return from_float(c.heap, to_float(n) / 1000);
  }
  return scaled(c, number, factor, false);
}

Value parse_bytes_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0)) return {};
  std::string number, unit;
  if (!parts(c, to_lower(o[0].text()), number, unit, "byte amount")) return {};
  if (unit.ends_with('b')) unit.pop_back();
  long double factor = 1;
  if (unit.empty())
    factor = 1;
  else if (unit == "k")
    factor = power(10, 3);
  else if (unit == "m")
    factor = power(10, 6);
  else if (unit == "g")
    factor = power(10, 9);
  else if (unit == "t")
    factor = power(10, 12);
  else if (unit == "p")
    factor = power(10, 15);
  else if (unit == "e")
    factor = power(10, 18);
  else if (unit == "ki")
    factor = power(2, 10);
  else if (unit == "mi")
    factor = power(2, 20);
  else if (unit == "gi")
    factor = power(2, 30);
  else if (unit == "ti")
    factor = power(2, 40);
  else if (unit == "pi")
    factor = power(2, 50);
  else if (unit == "ei")
    factor = power(2, 60);
  else
    return c.fail("byte unit " + unit + " not recognized");
  return scaled(c, number, factor, true);
}

constexpr Builtin kTable[] = {{"units.parse", 1, parse_}, {"units.parse_bytes", 1, parse_bytes_}};

}  // namespace

std::span<const Builtin> units_builtins() { return kTable; }

}  // namespace waybill::rego
