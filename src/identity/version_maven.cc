// Maven's version order as of 3.9 (POM reference, "Version order specification"; MNG-7644: ".qualifier" reads as
// "-qualifier", without which the order is not total).
//
// A version is a list of tokens, each with the separator before it: '.', '-', or '-' between digits and letters. Tokens
// that mean nothing (0, "", final, ga, release) go where a hyphen or the end follows. At each place:
//   alpha < beta < milestone < rc < snapshot < (end) < sp < other words < -number < .number
#include <array>
#include <vector>

#include "waybill/base/bytes.h"
#include "waybill/identity/version_keys.h"

namespace waybill::identity::version {
namespace {

enum Place : uint8_t { kAlpha = 1, kBeta, kMilestone, kCandidate, kSnapshot, kNothing, kServicePack, kWord, kDashNumber, kDotNumber };

struct Token {
  char separator;  // '.' or '-'
  bool is_number;
  bool digit_follows;  // a word directly before digits: "a1" is alpha-1, "a" is just a word
  std::string_view text;
};

bool means_nothing(const Token& token) {
  if (token.is_number) return without_leading_zeros(token.text).empty();
  return token.text.empty() || token.text == "final" || token.text == "ga" || token.text == "release";
}

struct Qualifier {
  std::string_view word;
  Place place;
};
constexpr std::array kQualifiers = {Qualifier{"alpha", kAlpha},    Qualifier{"beta", kBeta},      Qualifier{"milestone", kMilestone},
                                    Qualifier{"rc", kCandidate},   Qualifier{"cr", kCandidate},   Qualifier{"snapshot", kSnapshot},
                                    Qualifier{"sp", kServicePack}, Qualifier{"", kNothing},       Qualifier{"final", kNothing},
                                    Qualifier{"ga", kNothing},     Qualifier{"release", kNothing}};

void add_tokens(std::vector<Token>& tokens, char separator, std::string_view part) {
  if (part.empty()) {
    tokens.push_back({separator, true, false, "0"});
    return;
  }
  while (!part.empty()) {
    const bool digits = is_digit(part.front());
    size_t n = 0;
    while (n < part.size() && is_digit(part[n]) == digits) ++n;
    // A word after a dot reads as if a hyphen stood there.
    tokens.push_back({digits ? separator : '-', digits, !digits && n < part.size(), part.substr(0, n)});
    part.remove_prefix(n);
    separator = '-';
  }
}

void trim_tokens(std::vector<Token>& tokens) {
  size_t end = tokens.size();
  while (true) {
    size_t from = end;
    while (from > 0 && means_nothing(tokens[from - 1])) --from;
    tokens.erase(tokens.begin() + static_cast<std::ptrdiff_t>(from), tokens.begin() + static_cast<std::ptrdiff_t>(end));
    end = from;
    while (end > 0 && tokens[end - 1].separator != '-') --end;
    if (end == 0) return;
    --end;  // the token behind a hyphen stays; before the hyphen it goes on
  }
}

}  // namespace

bool maven_key(std::string& key, std::string_view version) {
  const std::string lower = to_lower(version);
  std::vector<Token> tokens;
  std::string_view rest = lower;
  char separator = '.';
  while (true) {
    const size_t end = rest.find_first_of(".-");
    add_tokens(tokens, separator, rest.substr(0, end));
    if (end == std::string_view::npos) break;
    separator = rest[end];
    rest.remove_prefix(end + 1);
  }
  trim_tokens(tokens);
  for (const auto& token : tokens) {
    if (token.is_number) {
      mark(key, token.separator == '-' ? kDashNumber : kDotNumber);
      if (!number(key, token.text)) return false;
      continue;
    }
    auto word = token.text;
    if (token.digit_follows && word.size() == 1) {
      if (word == "a")
        word = "alpha";
      else if (word == "b")
        word = "beta";
      else if (word == "m")
        word = "milestone";
    }
    Place place = kWord;
    for (const auto& qualifier : kQualifiers)
      if (qualifier.word == word) place = qualifier.place;
    mark(key, place);
    if (place == kWord) text(key, word);
  }
  mark(key, kNothing);
  return true;
}

}  // namespace waybill::identity::version
