// The pieces that version keys are made of, and one function per scheme. Internal to identity/.
//
// Every piece is prefix-free, so that keys made of them compare piece by piece with memcmp:
//   number   one byte for how many digits it has, then the digits; zero has none. Any size up to 250 digits.
//   string   its bytes, then 0. (No version holds a 0: version.cc refuses it.)
//   mark     one byte that says which piece follows or that the end is reached; its value is its place in the order.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace waybill::identity::version {

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

inline void mark(std::string& key, unsigned place) { key += static_cast<char>(place); }
inline std::string_view without_leading_zeros(std::string_view digits) {
  while (!digits.empty() && digits.front() == '0') digits.remove_prefix(1);
  return digits;
}
constexpr size_t kMaxDigits = 250;
// False: too many digits.
inline bool number(std::string& key, std::string_view digits) {
  digits = without_leading_zeros(digits);
  if (digits.size() > kMaxDigits) return false;
  key += static_cast<char>(digits.size());
  key += digits;
  return true;
}
inline void text(std::string& key, std::string_view bytes) {
  key += bytes;
  key += '\0';
}
inline bool is_number(std::string_view word) {
  if (word.empty()) return false;
  for (const char c : word)
    if (!is_digit(c)) return false;
  return true;
}
// Cuts the longest run of digits (letters) off the front.
inline std::string_view take_digits(std::string_view& rest) {
  size_t n = 0;
  while (n < rest.size() && is_digit(rest[n])) ++n;
  const auto taken = rest.substr(0, n);
  rest.remove_prefix(n);
  return taken;
}
inline std::string_view take_letters(std::string_view& rest) {
  size_t n = 0;
  while (n < rest.size() && is_letter(rest[n])) ++n;
  const auto taken = rest.substr(0, n);
  rest.remove_prefix(n);
  return taken;
}

// Each appends the key of `version` and says whether it is one of its scheme; what was appended before a refusal is
// taken back by the caller.
bool semver_key(std::string& key, std::string_view version);
bool go_key(std::string& key, std::string_view version);
bool nuget_key(std::string& key, std::string_view version);
bool pub_key(std::string& key, std::string_view version);
bool bitnami_key(std::string& key, std::string_view version);
bool pep440_key(std::string& key, std::string_view version);
bool deb_key(std::string& key, std::string_view version);
bool rpm_key(std::string& key, std::string_view version);
bool apk_key(std::string& key, std::string_view version);
bool alpm_key(std::string& key, std::string_view version);
bool maven_key(std::string& key, std::string_view version);
bool rubygems_key(std::string& key, std::string_view version);
bool packagist_key(std::string& key, std::string_view version);
bool cran_key(std::string& key, std::string_view version);
bool hackage_key(std::string& key, std::string_view version);

}  // namespace waybill::identity::version
