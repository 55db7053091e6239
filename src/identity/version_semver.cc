// Semantic versions and their relatives. SemVer 2.0.0 §11; NuGet.Versioning; pub_semver; golang.org/x/mod/semver.
#include "waybill/base/bytes.h"
#include "waybill/identity/version_keys.h"

namespace waybill::identity::version {
namespace {

enum Place : uint8_t {
  kEndOfList = 0x01,  // of numbers, or of identifiers: fewer come first
  kNumeric = 0x02,    // an identifier that is a number, before all words
  kWord = 0x03,
  kComponent = 0x08,
  kRelease = 0xff,  // no pre-release: after all of them
};

enum class Words { as_they_are, lower, split_numbers };

// The identifiers of a pre-release or build.
bool identifiers(std::string& key, std::string_view list, Words words) {
  while (true) {
    const size_t dot = list.find('.');
    auto word = list.substr(0, dot);
    if (is_number(word)) {
      mark(key, kNumeric);
      if (!number(key, word)) return false;
    } else if (words == Words::split_numbers) {
      // "rc10" of a Go release: a word and a number.
      do {
        if (is_digit(word.empty() ? 'x' : word.front())) {
          mark(key, kNumeric);
          if (!number(key, take_digits(word))) return false;
        } else {
          mark(key, kWord);
          size_t n = 0;
          while (n < word.size() && !is_digit(word[n])) ++n;
          text(key, word.substr(0, n));
          word.remove_prefix(n);
        }
      } while (!word.empty());
    } else {
      mark(key, kWord);
      if (words == Words::lower)
        text(key, to_lower(word));
      else
        text(key, word);
    }
    if (dot == std::string_view::npos) break;
    list.remove_prefix(dot + 1);
  }
  mark(key, kEndOfList);
  return true;
}

// Numbers joined by dots, zeros at the end left out, then the pre-release. `rest` becomes the build part with its '+'.
bool core_and_pre_release(std::string& key, std::string_view& rest, Words words, bool split_attached) {
  size_t kept = key.size();
  while (true) {
    if (rest.empty() || !is_digit(rest.front())) return false;
    mark(key, kComponent);
    const auto digits = take_digits(rest);
    if (!number(key, digits)) return false;
    if (!without_leading_zeros(digits).empty()) kept = key.size();
    if (rest.size() < 2 || rest[0] != '.' || !is_digit(rest[1])) break;
    rest.remove_prefix(1);
  }
  key.resize(kept);
  mark(key, kEndOfList);

  const size_t plus = rest.find('+');
  auto pre_release = rest.substr(0, plus);
  rest = plus == std::string_view::npos ? std::string_view() : rest.substr(plus);
  if (pre_release.empty()) {
    mark(key, kRelease);
    return true;
  }
  // "1.0.0-rc1" and, as people also write, "1.0.0rc1" and "1.0.0.rc1".
  const bool attached = pre_release.front() != '-';
  if (pre_release.front() == '-' || pre_release.front() == '.') pre_release.remove_prefix(1);
  return identifiers(key, pre_release, attached && split_attached ? Words::split_numbers : words);
}

std::string_view without_v(std::string_view version) {
  if (version.starts_with('v') || version.starts_with('V') || version.starts_with('=')) version.remove_prefix(1);
  return version;
}

}  // namespace

bool semver_key(std::string& key, std::string_view version) {
  auto rest = without_v(version);
  return core_and_pre_release(key, rest, Words::as_they_are, false);
}

bool go_key(std::string& key, std::string_view version) {
  if (version.starts_with("go")) version.remove_prefix(2);
  // "go1.22.4 X:boringcrypto": what follows the blank are experiments.
  version = version.substr(0, version.find(' '));
  auto rest = without_v(version);
  return core_and_pre_release(key, rest, Words::as_they_are, true);
}

bool nuget_key(std::string& key, std::string_view version) {
  auto rest = without_v(version);
  return core_and_pre_release(key, rest, Words::lower, false);
}

bool pub_key(std::string& key, std::string_view version) {
  auto rest = without_v(version);
  if (!core_and_pre_release(key, rest, Words::as_they_are, false)) return false;
  if (rest.empty()) {
    mark(key, 0);
    return true;
  }
  return identifiers(key, rest.substr(1), Words::as_they_are);
}

bool bitnami_key(std::string& key, std::string_view version) {
  // "6.2.0-3" is the third build of 6.2.0, not something before it.
  if (const size_t dash = version.rfind('-'); dash != std::string_view::npos && is_number(version.substr(dash + 1))) version = version.substr(0, dash);
  return semver_key(key, version);
}

}  // namespace waybill::identity::version
