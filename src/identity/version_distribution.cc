// Distributions: dpkg (deb-version(7)), rpm (rpmvercmp), apk-tools, pacman (vercmp).
#include <array>

#include "waybill/identity/version_keys.h"

namespace waybill::identity::version {
namespace {

// ---- dpkg: runs of non-digits and of digits in turn; '~' before the end, the end before letters, letters before the rest.
enum DebPlace : uint8_t { kTilde = 0x01, kDebEnd = 0x02, kAfterLetters = 0x80 };

bool deb_part(std::string& key, std::string_view rest) {
  while (true) {
    while (!rest.empty() && !is_digit(rest.front())) {
      const char c = rest.front();
      if (c == '~') {
        mark(key, kTilde);
      } else if (is_letter(c)) {
        key += c;
      } else {
        const auto byte = static_cast<uint8_t>(c);
        mark(key, byte < 0x7f ? kAfterLetters + byte : 0xff);
        if (byte >= 0x7f) mark(key, byte);
      }
      rest.remove_prefix(1);
    }
    mark(key, kDebEnd);
    if (!number(key, take_digits(rest))) return false;
    if (rest.empty()) break;
  }
  mark(key, kDebEnd);
  return true;
}

// ---- rpm
enum RpmPlace : uint8_t { kRpmTilde = 0x01, kRpmEnd = 0x02, kRpmCaret = 0x03, kRpmWord = 0x04, kRpmNumber = 0x05 };

bool rpm_part(std::string& key, std::string_view rest) {
  while (true) {
    while (!rest.empty() && !is_digit(rest.front()) && !is_letter(rest.front()) && rest.front() != '~' && rest.front() != '^') rest.remove_prefix(1);
    if (rest.empty()) break;
    if (rest.front() == '~' || rest.front() == '^') {
      mark(key, rest.front() == '~' ? kRpmTilde : kRpmCaret);
      rest.remove_prefix(1);
    } else if (is_digit(rest.front())) {
      mark(key, kRpmNumber);
      if (!number(key, take_digits(rest))) return false;
    } else {
      mark(key, kRpmWord);
      text(key, take_letters(rest));
    }
  }
  mark(key, kRpmEnd);
  return true;
}

// Cuts "EPOCH:" off; a text before the colon that is no number is no epoch.
std::string_view take_epoch(std::string_view& rest) {
  const size_t colon = rest.find(':');
  if (colon == std::string_view::npos || !is_number(rest.substr(0, colon))) return {};
  const auto epoch = rest.substr(0, colon);
  rest.remove_prefix(colon + 1);
  return epoch;
}

// ---- apk: apk-tools' version.c. A token that comes later in this list loses against an earlier one.
enum ApkPlace : uint8_t {
  kApkPreSuffix = 0x01,
  kApkEnd = 0x02,
  kApkRevision = 0x03,
  kApkHash = 0x04,
  kApkSuffixNumber = 0x05,
  kApkSuffix = 0x06,
  kApkLetter = 0x07,
  kApkComponent = 0x08,
};
constexpr std::array<std::string_view, 4> kPreSuffixes = {"alpha", "beta", "pre", "rc"};
constexpr std::array<std::string_view, 5> kPostSuffixes = {"cvs", "svn", "git", "hg", "p"};

// ---- pacman: rpm's algorithm of old, in which "1.0a" comes before "1.0" and "1.0.a" after it.
enum AlpmPlace : uint8_t { kAlpmWord = 0x01, kAlpmEnd = 0x02, kAlpmSeparated = 0x03, kAlpmNumber = 0x80 };

bool alpm_part(std::string& key, std::string_view rest) {
  while (true) {
    unsigned separators = 0;
    while (!rest.empty() && !is_digit(rest.front()) && !is_letter(rest.front())) {
      rest.remove_prefix(1);
      if (separators < 100) ++separators;
    }
    if (rest.empty()) break;
    if (is_digit(rest.front())) {
      mark(key, kAlpmNumber);
      if (!number(key, take_digits(rest))) return false;
    } else {
      mark(key, separators == 0 ? static_cast<unsigned>(kAlpmWord) : kAlpmSeparated + separators - 1);
      text(key, take_letters(rest));
    }
  }
  mark(key, kAlpmEnd);
  return true;
}

}  // namespace

bool deb_key(std::string& key, std::string_view version) {
  auto rest = version;
  if (!number(key, take_epoch(rest))) return false;
  if (rest.empty()) return false;
  const size_t dash = rest.rfind('-');
  return deb_part(key, rest.substr(0, dash)) && deb_part(key, dash == std::string_view::npos ? std::string_view() : rest.substr(dash + 1));
}

bool rpm_key(std::string& key, std::string_view version) {
  auto rest = version;
  if (!number(key, take_epoch(rest))) return false;
  const size_t dash = rest.rfind('-');
  return rpm_part(key, rest.substr(0, dash)) && rpm_part(key, dash == std::string_view::npos ? std::string_view() : rest.substr(dash + 1));
}

bool apk_key(std::string& key, std::string_view version) {
  auto rest = version;
  auto digits = take_digits(rest);
  if (digits.empty() || !number(key, digits)) return false;
  while (rest.starts_with('.')) {
    rest.remove_prefix(1);
    digits = take_digits(rest);
    if (digits.empty()) return false;
    mark(key, kApkComponent);
    // A component with a zero in front compares as text; so all of them come before those without.
    if (digits.front() == '0') {
      mark(key, 1);
      text(key, digits);
    } else {
      mark(key, 2);
      if (!number(key, digits)) return false;
    }
  }
  if (!rest.empty() && rest.front() >= 'a' && rest.front() <= 'z') {
    mark(key, kApkLetter);
    key += rest.front();
    rest.remove_prefix(1);
  }
  while (rest.starts_with('_')) {
    rest.remove_prefix(1);
    const auto word = take_letters(rest);
    unsigned place = 0;
    for (unsigned i = 0; i < kPreSuffixes.size(); ++i)
      if (kPreSuffixes[i] == word) {
        mark(key, kApkPreSuffix);
        place = i + 1;
      }
    for (unsigned i = 0; i < kPostSuffixes.size(); ++i)
      if (kPostSuffixes[i] == word) {
        mark(key, kApkSuffix);
        place = i + 1;
      }
    if (place == 0) return false;
    mark(key, place);
    if (!rest.empty() && is_digit(rest.front())) {
      mark(key, kApkSuffixNumber);
      if (!number(key, take_digits(rest))) return false;
    }
  }
  if (rest.starts_with('~')) {
    rest.remove_prefix(1);
    size_t n = 0;
    while (n < rest.size() && (is_digit(rest[n]) || (rest[n] >= 'a' && rest[n] <= 'f'))) ++n;
    if (n == 0) return false;
    mark(key, kApkHash);
    text(key, rest.substr(0, n));
    rest.remove_prefix(n);
  }
  if (rest.starts_with("-r")) {
    rest.remove_prefix(2);
    digits = take_digits(rest);
    if (digits.empty()) return false;
    mark(key, kApkRevision);
    if (!number(key, digits)) return false;
  }
  mark(key, kApkEnd);
  return rest.empty();
}

bool alpm_key(std::string& key, std::string_view version) {
  auto rest = version;
  if (!number(key, take_epoch(rest))) return false;
  const size_t dash = rest.rfind('-');
  return alpm_part(key, rest.substr(0, dash)) && alpm_part(key, dash == std::string_view::npos ? std::string_view() : rest.substr(dash + 1));
}

}  // namespace waybill::identity::version
