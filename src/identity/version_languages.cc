// RubyGems (Gem::Version), Packagist (PHP's version_compare on what Composer normalises), CRAN (R's package_version),
// Hackage (Data.Version).
#include <array>
#include <vector>

#include "waybill/base/bytes.h"
#include "waybill/identity/version_keys.h"

namespace waybill::identity::version {
namespace {

// ---- RubyGems. The end stands for endless zeros, so a zero in the middle is worth what follows it.
enum GemPlace : uint8_t { kGemWord = 1, kGemZeroBeforeLess = 2, kGemEnd = 3, kGemZeroBeforeMore = 4, kGemNumber = 5 };

// ---- Packagist
enum PhpPlace : uint8_t { kPhpOther = 1, kPhpDev, kPhpAlpha, kPhpBeta, kPhpCandidate, kPhpEnd, kPhpNumber, kPhpPatch };
struct PhpForm {
  std::string_view word;
  PhpPlace place;
};
// PHP looks whether a word begins like one of these, in this order.
constexpr std::array kPhpForms = {PhpForm{"dev", kPhpDev},  PhpForm{"alpha", kPhpAlpha},  PhpForm{"a", kPhpAlpha},      PhpForm{"beta", kPhpBeta},
                                  PhpForm{"b", kPhpBeta},   PhpForm{"RC", kPhpCandidate}, PhpForm{"rc", kPhpCandidate}, PhpForm{"#", kPhpEnd},
                                  PhpForm{"pl", kPhpPatch}, PhpForm{"p", kPhpPatch}};

bool numbers(std::string& key, std::string_view rest, std::string_view separators) {
  while (true) {
    const auto digits = take_digits(rest);
    if (digits.empty()) return false;
    mark(key, 2);
    if (!number(key, digits)) return false;
    if (rest.empty()) break;
    if (separators.find(rest.front()) == std::string_view::npos) return false;
    rest.remove_prefix(1);
  }
  mark(key, 1);
  return true;
}

}  // namespace

bool rubygems_key(std::string& key, std::string_view version) {
  auto rest = trim(version);
  if (rest.empty()) rest = "0";
  if (!is_digit(rest.front())) return false;
  std::vector<std::string_view> segments;
  bool dashed = false;
  while (!rest.empty()) {
    if (is_digit(rest.front())) {
      segments.push_back(take_digits(rest));
    } else if (is_letter(rest.front())) {
      segments.push_back(take_letters(rest));
    } else {
      const char c = rest.front();
      rest.remove_prefix(1);
      if (c == '-') {
        segments.emplace_back("pre");  // Gem::Version reads "1-2" as "1.pre.2"
        dashed = true;
      } else if (c != '.') {
        return false;
      }
      if (!dashed && (rest.empty() || rest.front() == '.' || rest.front() == '-')) return false;
    }
  }
  const auto is_zero = [](std::string_view segment) { return is_digit(segment.front()) && without_leading_zeros(segment).empty(); };
  // Zeros at the end of the numbers before the first word, and at the very end, mean nothing.
  size_t first_word = 0;
  while (first_word < segments.size() && is_digit(segments[first_word].front())) ++first_word;
  size_t numbers_end = first_word;
  while (numbers_end > 0 && is_zero(segments[numbers_end - 1])) --numbers_end;
  segments.erase(segments.begin() + static_cast<std::ptrdiff_t>(numbers_end), segments.begin() + static_cast<std::ptrdiff_t>(first_word));
  while (!segments.empty() && is_zero(segments.back())) segments.pop_back();
  for (size_t i = 0; i < segments.size(); ++i) {
    if (!is_digit(segments[i].front())) {
      mark(key, kGemWord);
      text(key, segments[i]);
    } else if (is_zero(segments[i])) {
      size_t next = i;
      while (is_zero(segments[next])) ++next;  // ends: the last segment is no zero
      mark(key, is_digit(segments[next].front()) ? kGemZeroBeforeMore : kGemZeroBeforeLess);
    } else {
      mark(key, kGemNumber);
      if (!number(key, segments[i])) return false;
    }
  }
  mark(key, kGemEnd);
  return true;
}

bool packagist_key(std::string& key, std::string_view version) {
  auto rest = trim(version);
  if (rest.empty()) return false;
  if (rest.starts_with('v') || rest.starts_with('V')) rest.remove_prefix(1);
  while (!rest.empty()) {
    if (is_digit(rest.front())) {
      mark(key, kPhpNumber);
      if (!number(key, take_digits(rest))) return false;
      continue;
    }
    size_t n = 0;
    while (n < rest.size() && !is_digit(rest[n]) && rest[n] != '.' && rest[n] != '-' && rest[n] != '_' && rest[n] != '+') ++n;
    if (n == 0) {
      rest.remove_prefix(1);
      continue;
    }
    const auto word = rest.substr(0, n);
    rest.remove_prefix(n);
    PhpPlace place = kPhpOther;
    for (const auto& form : kPhpForms)
      if (word.starts_with(form.word)) {
        place = form.place;
        break;
      }
    mark(key, place);
  }
  mark(key, kPhpEnd);
  return true;
}

bool cran_key(std::string& key, std::string_view version) { return numbers(key, trim(version), ".-"); }
bool hackage_key(std::string& key, std::string_view version) { return numbers(key, trim(version), "."); }

}  // namespace waybill::identity::version
