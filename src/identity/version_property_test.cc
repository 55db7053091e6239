// Keys against comparators that are written apart from them, from the same sources: the slow twins. And what every order
// must be: antisymmetric and transitive (keys are, by memcmp; the comparators need not).
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "waybill/identity/version.h"

namespace waybill::identity {
namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }
bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
int sign(long long value) { return value < 0 ? -1 : value > 0 ? 1 : 0; }

// deb-version(7): non-digits, digits, in turn.
int deb_part(std::string_view a, std::string_view b) {
  const auto order = [](std::string_view text, size_t at) {
    if (at >= text.size() || digit(text[at])) return 0;
    if (text[at] == '~') return -1;
    if (letter(text[at])) return static_cast<int>(text[at]);
    return static_cast<int>(text[at]) + 256;
  };
  size_t i = 0, j = 0;
  while (i < a.size() || j < b.size()) {
    while ((i < a.size() && !digit(a[i])) || (j < b.size() && !digit(b[j]))) {
      const int x = order(a, i), y = order(b, j);
      if (x != y) return x < y ? -1 : 1;
      if (i < a.size()) ++i;
      if (j < b.size()) ++j;
    }
    long long x = 0, y = 0;
    while (i < a.size() && digit(a[i])) x = x * 10 + (a[i++] - '0');
    while (j < b.size() && digit(b[j])) y = y * 10 + (b[j++] - '0');
    if (x != y) return x < y ? -1 : 1;
  }
  return 0;
}

// rpmvercmp.
int rpm_part(std::string_view a, std::string_view b) {
  size_t i = 0, j = 0;
  const auto skip = [](std::string_view text, size_t& at) {
    while (at < text.size() && !digit(text[at]) && !letter(text[at]) && text[at] != '~' && text[at] != '^') ++at;
  };
  while (i < a.size() || j < b.size()) {
    skip(a, i);
    skip(b, j);
    const char x = i < a.size() ? a[i] : '\0', y = j < b.size() ? b[j] : '\0';
    if (x == '~' || y == '~') {
      if (x != '~') return 1;
      if (y != '~') return -1;
      ++i, ++j;
      continue;
    }
    if (x == '^' || y == '^') {
      if (x == '\0') return -1;
      if (y == '\0') return 1;
      if (x != '^') return 1;
      if (y != '^') return -1;
      ++i, ++j;
      continue;
    }
    if (x == '\0' || y == '\0') break;
    const bool numeric = digit(x);
    const size_t from_a = i, from_b = j;
    while (i < a.size() && (numeric ? digit(a[i]) : letter(a[i]))) ++i;
    while (j < b.size() && (numeric ? digit(b[j]) : letter(b[j]))) ++j;
    if (j == from_b) return numeric ? 1 : -1;
    const auto left = a.substr(from_a, i - from_a), right = b.substr(from_b, j - from_b);
    const int result = numeric                   ? sign(std::stoll(std::string(left)) - std::stoll(std::string(right)))
                       : left.compare(right) < 0 ? -1
                       : left.compare(right) > 0 ? 1
                                                 : 0;
    if (result != 0) return result;
  }
  return i < a.size() ? 1 : j < b.size() ? -1 : 0;
}

// SemVer 2.0.0 §11, for versions in its strict form.
int semver(std::string_view a, std::string_view b) {
  const auto next = [](std::string_view& text, char separator) {
    const size_t at = text.find(separator);
    const auto word = text.substr(0, at);
    text = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
    return word;
  };
  a = a.substr(0, a.find('+'));
  b = b.substr(0, b.find('+'));
  auto core_a = a.substr(0, a.find('-')), core_b = b.substr(0, b.find('-'));
  for (int i = 0; i < 3; ++i)
    if (const int result = sign(std::stoll(std::string(next(core_a, '.'))) - std::stoll(std::string(next(core_b, '.')))); result != 0) return result;
  const bool pre_a = a.find('-') != a.npos, pre_b = b.find('-') != b.npos;
  if (pre_a != pre_b) return pre_a ? -1 : 1;
  if (!pre_a) return 0;
  auto rest_a = a.substr(a.find('-') + 1), rest_b = b.substr(b.find('-') + 1);
  while (!rest_a.empty() && !rest_b.empty()) {
    const auto x = next(rest_a, '.'), y = next(rest_b, '.');
    const bool number_x = std::all_of(x.begin(), x.end(), digit), number_y = std::all_of(y.begin(), y.end(), digit);
    if (number_x != number_y) return number_x ? -1 : 1;
    const int result = number_x ? sign(std::stoll(std::string(x)) - std::stoll(std::string(y))) : x.compare(y) < 0 ? -1 : x.compare(y) > 0 ? 1 : 0;
    if (result != 0) return result;
  }
  return rest_a.empty() ? (rest_b.empty() ? 0 : -1) : 1;
}

std::string draw(std::initializer_list<const char*> pieces, int most) {
  const std::vector<const char*> all(pieces);
  std::string text;
  for (int n = *rc::gen::inRange(0, most); n > 0; --n) text += all[static_cast<size_t>(*rc::gen::inRange(0, static_cast<int>(all.size())))];
  return text;
}
int by_key(Scheme scheme, const std::string& a, const std::string& b) {
  const auto order = *compare_versions(scheme, a, b);
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

TEST(VersionProperty, DebianKeysOrderLikeDpkgsAlgorithm) {
  EXPECT_TRUE(rc::check([] {
    const auto make = [] { return "1" + draw({"0", "1", "09", "10", ".", "~", "+", "a", "b", "rc", "Z"}, 8); };
    const auto a = make(), b = make();
    RC_ASSERT(by_key(Scheme::deb, a, b) == deb_part(a, b));
    RC_ASSERT(by_key(Scheme::deb, a + "-" + b, a + "-" + a) == deb_part(b, a));
  }));
}
TEST(VersionProperty, RpmKeysOrderLikeRpmvercmp) {
  EXPECT_TRUE(rc::check([] {
    const auto make = [] { return "1" + draw({"0", "1", "09", "10", ".", "_", "~", "^", "a", "b", "rc"}, 8); };
    const auto a = make(), b = make();
    RC_ASSERT(by_key(Scheme::rpm, a, b) == rpm_part(a, b));
  }));
}
TEST(VersionProperty, SemverKeysOrderLikeTheSpecification) {
  EXPECT_TRUE(rc::check([] {
    const auto make = [] {
      std::string text = *rc::gen::element<std::string>("0.0.0", "0.10.0", "1.0.0", "1.2.3", "1.2.10");
      const int words = *rc::gen::inRange(0, 4);
      for (int i = 0; i < words; ++i) text += (i == 0 ? "-" : ".") + *rc::gen::element<std::string>("0", "1", "10", "a", "alpha", "b1", "B");
      if (*rc::gen::inRange(0, 4) == 0) text += "+build.1";
      return text;
    };
    const auto a = make(), b = make();
    RC_ASSERT(by_key(Scheme::semver, a, b) == semver(a, b));
  }));
}

// Whatever a scheme accepts has exactly one key, none of which is the beginning of another (half-open intervals rest on it).
TEST(VersionProperty, NoKeyIsTheBeginningOfAnother) {
  EXPECT_TRUE(rc::check([] {
    const auto scheme = static_cast<Scheme>(*rc::gen::inRange(0, static_cast<int>(Scheme::text)));
    const auto make = [] {
      return "1" + draw({"0", "1", "10", ".", "-", "~", "^", "+", "_", "a", "b1", "rc", "alpha", "dev", "post", "p", ":", "r1", "-r1", "SNAPSHOT", "pre"}, 8);
    };
    const auto a = to_version_key(scheme, make()), b = to_version_key(scheme, make());
    if (!a || !b || *a == *b) return;
    RC_ASSERT(!a->bytes.starts_with(b->bytes));
    RC_ASSERT(!b->bytes.starts_with(a->bytes));
  }));
}

}  // namespace
}  // namespace waybill::identity
