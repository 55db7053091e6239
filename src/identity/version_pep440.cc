// PEP 440, and what setuptools once made of everything else ("legacy" versions, which sort first).
#include <array>
#include <vector>

#include "waybill/base/bytes.h"
#include "waybill/identity/version_keys.h"

namespace waybill::identity::version {
namespace {

enum Place : uint8_t {
  kLegacy = 0x00,
  kRegular = 0x01,
  kEndOfRelease = 0x01,
  kComponent = 0x02,
  kOnlyDev = 0x00,  // 1.0.dev1 comes before 1.0a1
  kAlpha = 0x01,
  kBeta = 0x02,
  kCandidate = 0x03,
  kNoPre = 0x04,
  kNoPost = 0x00,
  kPost = 0x01,
  kDev = 0x00,
  kNoDev = 0x01,
  kEndOfLocal = 0x00,
  kLocalWord = 0x01,
  kLocalNumber = 0x02,
};

struct Phase {
  std::string_view word;
  Place place;
};
// The longer word first where one begins with the other.
constexpr std::array kPhases = {Phase{"alpha", kAlpha},       Phase{"a", kAlpha},       Phase{"beta", kBeta},    Phase{"b", kBeta},
                                Phase{"preview", kCandidate}, Phase{"pre", kCandidate}, Phase{"rc", kCandidate}, Phase{"c", kCandidate}};
constexpr std::array<std::string_view, 3> kPostWords = {"post", "rev", "r"};

bool is_separator(char c) { return c == '.' || c == '-' || c == '_'; }

// [separator] word [separator] [number]
bool take_tagged(std::string_view& rest, std::string_view word, std::string_view& digits) {
  auto after = rest;
  if (!after.empty() && is_separator(after.front())) after.remove_prefix(1);
  if (!after.starts_with(word)) return false;
  after.remove_prefix(word.size());
  if (after.size() > 1 && is_separator(after[0]) && is_digit(after[1])) after.remove_prefix(1);
  digits = take_digits(after);
  rest = after;
  return true;
}

bool regular(std::string& key, std::string_view rest) {
  if (rest.starts_with('v')) rest.remove_prefix(1);
  mark(key, kRegular);
  auto release = rest;
  auto digits = take_digits(release);
  if (digits.empty()) return false;
  if (release.starts_with('!')) {
    if (!number(key, digits)) return false;
    release.remove_prefix(1);
    digits = take_digits(release);
    if (digits.empty()) return false;
  } else {
    number(key, "");
  }
  rest = release;
  size_t kept = key.size();
  while (true) {
    mark(key, kComponent);
    if (!number(key, digits)) return false;
    if (!without_leading_zeros(digits).empty()) kept = key.size();
    if (rest.size() < 2 || rest[0] != '.' || !is_digit(rest[1])) break;
    rest.remove_prefix(1);
    digits = take_digits(rest);
  }
  key.resize(kept);
  mark(key, kEndOfRelease);

  Place pre = kNoPre;
  std::string_view pre_digits, post_digits, dev_digits;
  for (const auto& phase : kPhases)
    if (take_tagged(rest, phase.word, pre_digits)) {
      pre = phase.place;
      break;
    }
  bool post = false;
  if (rest.size() > 1 && rest[0] == '-' && is_digit(rest[1])) {
    rest.remove_prefix(1);
    post_digits = take_digits(rest);
    post = true;
  } else {
    for (const auto word : kPostWords)
      if (take_tagged(rest, word, post_digits)) {
        post = true;
        break;
      }
  }
  const bool dev = take_tagged(rest, "dev", dev_digits);
  if (pre == kNoPre && !post && dev) pre = kOnlyDev;
  mark(key, pre);
  if (pre != kNoPre && pre != kOnlyDev && !number(key, pre_digits)) return false;
  mark(key, post ? kPost : kNoPost);
  if (post && !number(key, post_digits)) return false;
  mark(key, dev ? kDev : kNoDev);
  if (dev && !number(key, dev_digits)) return false;

  if (rest.starts_with('+')) {
    do {
      rest.remove_prefix(1);
      size_t n = 0;
      while (n < rest.size() && (is_digit(rest[n]) || is_letter(rest[n]))) ++n;
      const auto word = rest.substr(0, n);
      if (word.empty()) return false;
      if (is_number(word)) {
        mark(key, kLocalNumber);
        if (!number(key, word)) return false;
      } else {
        mark(key, kLocalWord);
        text(key, word);
      }
      rest.remove_prefix(n);
    } while (!rest.empty() && is_separator(rest.front()));
  }
  mark(key, kEndOfLocal);
  return rest.empty();
}

// setuptools' parse_version of old: words and zero-filled numbers, compared one by one as strings.
void legacy(std::string& key, std::string_view version) {
  mark(key, kLegacy);
  std::vector<std::string> parts;
  const auto add = [&](std::string part) {
    if (part[0] == '*') {
      if (part < "*final")
        while (!parts.empty() && parts.back() == "*final-") parts.pop_back();
      while (!parts.empty() && parts.back() == "00000000") parts.pop_back();
    }
    parts.push_back(std::move(part));
  };
  for (auto rest = version; !rest.empty();) {
    if (is_digit(rest.front())) {
      const auto digits = take_digits(rest);
      add(std::string(digits.size() < 8 ? 8 - digits.size() : 0, '0') + std::string(digits));
    } else if (is_letter(rest.front())) {
      const auto word = take_letters(rest);
      if (word == "pre" || word == "preview" || word == "rc")
        add("*c");
      else if (word == "dev")
        add("*@");
      else
        add("*" + std::string(word));
    } else if (rest.front() == '.') {
      rest.remove_prefix(1);
    } else if (rest.front() == '-') {
      add("*final-");
      rest.remove_prefix(1);
    } else {
      size_t n = 0;
      while (n < rest.size() && !is_digit(rest[n]) && !is_letter(rest[n]) && rest[n] != '.' && rest[n] != '-') ++n;
      add("*" + std::string(rest.substr(0, n)));
      rest.remove_prefix(n);
    }
  }
  add("*final");
  for (const auto& part : parts) text(key, part);
}

}  // namespace

bool pep440_key(std::string& key, std::string_view version) {
  const std::string lower = to_lower(trim(version));
  if (lower.empty()) return false;
  const size_t start = key.size();
  if (regular(key, lower)) return true;
  key.resize(start);
  legacy(key, lower);
  return true;
}

}  // namespace waybill::identity::version
