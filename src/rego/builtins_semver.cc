// semver.compare, semver.is_valid (SemVer 2.0.0).
#include <algorithm>

#include "waybill/base/bytes.h"
#include "waybill/rego/builtins.h"

namespace waybill::rego {
namespace {

struct Version {
  std::string_view numbers[3];
  std::vector<std::string_view> pre;
};

bool digits(std::string_view s) { return !s.empty() && s.find_first_not_of("0123456789") == std::string_view::npos; }
bool identifier(std::string_view s) {
  return !s.empty() && s.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-") == std::string_view::npos;
}

bool parse(std::string_view text, Version& out) {
  const auto plus = text.find('+');
  if (plus != std::string_view::npos) {
    for (auto part : split(text.substr(plus + 1), '.')) {
      if (!identifier(part)) return false;
    }
    text = text.substr(0, plus);
  }
  const auto dash = text.find('-');
  if (dash != std::string_view::npos) {
    for (auto part : split(text.substr(dash + 1), '.')) {
      if (!identifier(part) || (digits(part) && part.size() > 1 && part[0] == '0')) return false;
      out.pre.push_back(part);
    }
    text = text.substr(0, dash);
  }
  const auto parts = split(text, '.');
  if (parts.size() != 3) return false;
  for (size_t i = 0; i < 3; ++i) {
    if (!digits(parts[i]) || (parts[i].size() > 1 && parts[i][0] == '0')) return false;
    out.numbers[i] = parts[i];
  }
  return true;
}

int order(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  const int c = a.compare(b);
  return c < 0 ? -1 : c > 0 ? 1 : 0;
}

int compare(const Version& a, const Version& b) {
  for (size_t i = 0; i < 3; ++i) {
    if (const int c = order(a.numbers[i], b.numbers[i])) return c;
  }
  if (a.pre.empty() || b.pre.empty()) return a.pre.empty() == b.pre.empty() ? 0 : a.pre.empty() ? 1 : -1;
  for (size_t i = 0; i < std::min(a.pre.size(), b.pre.size()); ++i) {
    const bool x = digits(a.pre[i]), y = digits(b.pre[i]);
    int c = 0;
    if (x && y)
      c = order(a.pre[i], b.pre[i]);
    else if (x != y)
      c = x ? -1 : 1;
    else
      c = a.pre[i].compare(b.pre[i]);
    if (c != 0) return c < 0 ? -1 : 1;
  }
  return a.pre.size() == b.pre.size() ? 0 : a.pre.size() < b.pre.size() ? -1 : 1;
}

Value compare_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0) || !want_string(c, o, 1)) return {};
  Version a, b;
  if (!parse(o[0].text(), a)) return c.fail("operand 1: string " + o[0].to_rego() + " is not a valid SemVer");
  if (!parse(o[1].text(), b)) return c.fail("operand 2: string " + o[1].to_rego() + " is not a valid SemVer");
  return Value::of(static_cast<int64_t>(compare(a, b)));
}
Value is_valid_(BuiltinCall&, std::span<const Value> o) {
  Version v;
  return Value::of(o[0].is_string() && parse(o[0].text(), v));
}

constexpr Builtin kTable[] = {{"semver.compare", 2, compare_}, {"semver.is_valid", 1, is_valid_}};

}  // namespace

std::span<const Builtin> semver_builtins() { return kTable; }

}  // namespace waybill::rego
