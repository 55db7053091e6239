#include "waybill/identity/purl.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "waybill/base/bytes.h"
#include "waybill/identity/purl_types.h"

namespace waybill::identity {
namespace {

constexpr size_t kMaxPurlBytes = 8192;
constexpr size_t kMaxQualifiers = 256;

// What stands for itself in a canonical purl: RFC 3986's unreserved characters and the colon.
enum CharClass : uint8_t { kEncoded = 0, kSmall = 1, kCapital = 2, kDigit = 4, kMark = 8, kColon = 16 };
constexpr auto kClass = [] {
  std::array<uint8_t, 256> table{};
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<size_t>(c)] = kSmall;
  for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<size_t>(c)] = kCapital;
  for (int c = '0'; c <= '9'; ++c) table[static_cast<size_t>(c)] = kDigit;
  for (const char c : {'.', '-', '_', '~'}) table[static_cast<size_t>(c)] = kMark;
  table[':'] = kColon;
  return table;
}();
uint8_t class_of(char c) { return kClass[static_cast<uint8_t>(c)]; }

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Appends `text` decoded.
Result<void> append_decoded(std::string& out, std::string_view text, std::string_view part) {
  const size_t start = out.size();
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
    if (high < 0 || low < 0) return fail(Code::invalid, "purl's " + std::string(part) + " has a '%' that two hexadecimal digits do not follow");
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  if (find_invalid_utf8(std::string_view(out).substr(start))) return fail(Code::invalid, "purl's " + std::string(part) + " is no UTF-8");
  return {};
}

// Appends the segments of `text`, decoded and joined by '/', empty ones left out.
enum class Dots { keep, drop };
Result<void> append_segments(std::string& out, std::string_view text, std::string_view part, Dots dots, PurlRules rules) {
  std::string segment;
  while (!text.empty()) {
    const size_t slash = std::min(text.find('/'), text.size());
    segment.clear();
    TRY_DO(append_decoded(segment, text.substr(0, slash), part));
    text.remove_prefix(std::min(slash + 1, text.size()));
    if (rules == PurlRules::strict && segment.find('/') != std::string::npos)
      return fail(Code::invalid, "purl's " + std::string(part) + " has an encoded '/' inside a segment");
    for (const auto piece : split(segment, '/')) {
      if (piece.empty() || (dots == Dots::drop && (piece == "." || piece == ".."))) continue;
      if (!out.empty()) out += '/';
      out += piece;
    }
  }
  return {};
}

// Moves all but the last segment (`first`: all but what follows the first) of namespace and name into the namespace.
enum class SplitAt { first, last };
void resplit(Purl& purl, SplitAt where) {
  std::string whole;
  for (const auto& part : {purl.namespace_, purl.name})
    for (const auto segment : split(part, '/')) {
      if (segment.empty()) continue;
      if (!whole.empty()) whole += '/';
      whole += segment;
    }
  const size_t slash = where == SplitAt::first ? whole.find('/') : whole.rfind('/');
  purl.namespace_ = slash == std::string::npos ? std::string() : whole.substr(0, slash);
  purl.name = slash == std::string::npos ? whole : whole.substr(slash + 1);
}

void append_encoded(std::string& out, std::string_view text, bool slash_stands = false) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  for (const char c : text) {
    if (class_of(c) != kEncoded || (slash_stands && c == '/')) {
      out += c;
    } else {
      const auto byte = static_cast<uint8_t>(c);
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
}

void apply_case(std::string& text, PurlCase rule) {
  if (rule == PurlCase::keep) return;
  for (char& c : text) {
    if (rule == PurlCase::lower)
      c = to_lower(c);
    else if (c >= 'a' && c <= 'z')
      c = static_cast<char>(c - 'a' + 'A');
  }
}

bool is_type(std::string_view type, PurlRules rules) {
  if (type.empty() || class_of(type[0]) == kDigit) return false;
  return std::all_of(type.begin(), type.end(),
                     [rules](char c) { return (class_of(c) & (kSmall | kDigit)) != 0 || c == '.' || c == '-' || (c == '+' && rules == PurlRules::tolerant); });
}

bool is_qualifier_key(std::string_view key) {
  if (key.empty() || class_of(key[0]) == kDigit) return false;
  return std::all_of(key.begin(), key.end(), [](char c) { return (class_of(c) & (kSmall | kDigit)) != 0 || c == '.' || c == '-' || c == '_'; });
}

bool is_guid(std::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : hex_value(text[i]) < 0) return false;
  }
  return true;
}

bool is_chrome_version(std::string_view version) {
  size_t numbers = 0;
  for (const auto part : split(version, '.')) {
    if (part.empty() || !std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; })) return false;
    ++numbers;
  }
  return numbers >= 1 && numbers <= 4;
}

Result<void> apply_quirk(Purl& purl, PurlQuirk quirk, PurlRules rules) {
  switch (quirk) {
    case PurlQuirk::none: break;
    case PurlQuirk::pypi:
    case PurlQuirk::hackage: std::replace(purl.name.begin(), purl.name.end(), '_', '-'); break;
    case PurlQuirk::pub:
      for (char& c : purl.name)
        if ((class_of(c) & (kSmall | kDigit)) == 0) c = '_';
      break;
    case PurlQuirk::git: {
      resplit(purl, SplitAt::first);
      if (purl.name.empty()) return fail(Code::invalid, "purl has no name");
      apply_case(purl.namespace_, PurlCase::lower);
      if (const auto& host = purl.namespace_; host == "github" || host == "github.com" || host == "bitbucket.org") apply_case(purl.name, PurlCase::lower);
      break;
    }
    case PurlQuirk::mlflow:
      if (purl.qualifier("repository_url").find("databricks") != std::string_view::npos) apply_case(purl.name, PurlCase::lower);
      break;
    case PurlQuirk::swid:
      for (auto& [key, value] : purl.qualifiers)
        if (key == "tag_id" && is_guid(value)) apply_case(value, PurlCase::lower);
      if (rules == PurlRules::strict) {
        if (purl.qualifier("tag_id").empty()) return fail(Code::invalid, "a swid purl needs the qualifier tag_id");
        if (std::count(purl.namespace_.begin(), purl.namespace_.end(), '/') > 1) return fail(Code::invalid, "a swid purl's namespace has at most two segments");
      }
      break;
    case PurlQuirk::julia:
      if (rules == PurlRules::strict && purl.qualifier("uuid").empty()) return fail(Code::invalid, "a julia purl needs the qualifier uuid");
      break;
    case PurlQuirk::cpan:
      if (purl.name.find("::") != std::string::npos)
        return fail(Code::invalid, "a cpan purl names a distribution, not a module: \"::\" is not allowed in its name");
      break;
    case PurlQuirk::chrome_extension:
      if (purl.name.size() != 32 || !std::all_of(purl.name.begin(), purl.name.end(), [](char c) { return c >= 'a' && c <= 'p'; }))
        return fail(Code::invalid, "a chrome-extension purl's name is 32 letters from a to p");
      if (!purl.version.empty() && !is_chrome_version(purl.version))
        return fail(Code::invalid, "a chrome-extension purl's version is one to four numbers joined by dots");
      break;
    case PurlQuirk::otp: apply_case(purl.subpath, PurlCase::lower); break;
  }
  return {};
}

// Normalises decoded parts and checks what the type asks. The qualifiers' keys are in lower case already.
Result<void> finish(Purl& purl, PurlRules rules) {
  if (!is_type(purl.type, rules))
    return fail(Code::invalid, "purl's type \"" + purl.type.substr(0, 40) + "\" is none: expected a letter, then letters, digits, '.' and '-'");
  if (rules == PurlRules::tolerant) {
    if (purl.type == "alpine") {
      purl.type = "apk";
      if (purl.namespace_.empty()) purl.namespace_ = "alpine";
    }
    // A scope or a module path that was encoded as if it were one name.
    if (purl.name.find('/') != std::string::npos && (purl.type == "golang" || (purl.type == "npm" && purl.name[0] == '@'))) resplit(purl, SplitAt::last);
  }
  if (purl.name.empty()) return fail(Code::invalid, "purl has no name");

  std::sort(purl.qualifiers.begin(), purl.qualifiers.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  const auto* type = find_purl_type(purl.type);
  if (type == nullptr) return {};
  if (rules == PurlRules::strict && type->quirk != PurlQuirk::git) {
    if (type->namespace_ == PurlPart::required && purl.namespace_.empty()) return fail(Code::invalid, "a " + purl.type + " purl needs a namespace");
    if (type->namespace_ == PurlPart::prohibited && !purl.namespace_.empty())
      return fail(Code::invalid, "a " + purl.type + " purl has no namespace, found \"" + purl.namespace_.substr(0, 80) + "\"");
  }
  apply_case(purl.namespace_, type->namespace_case);
  apply_case(purl.name, type->name_case);
  apply_case(purl.version, type->version_case);
  TRY_DO(apply_quirk(purl, type->quirk, rules));
  if (rules == PurlRules::strict && type->quirk == PurlQuirk::git && purl.namespace_.empty())
    return fail(Code::invalid, "a git purl needs a host as its namespace");
  return {};
}

Result<void> parse_qualifiers(Purl& purl, std::string_view text, PurlRules rules) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('&'), text.size());
    const auto pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    std::string key = to_lower(pair.substr(0, std::min(equals, pair.size())));
    if (!is_qualifier_key(key))
      return fail(Code::invalid, "purl's qualifier \"" + key.substr(0, 40) + "\" is none: expected a letter, then letters, digits, '.', '-' and '_'");
    if (equals == std::string_view::npos || equals + 1 == pair.size()) continue;
    const bool there = std::any_of(purl.qualifiers.begin(), purl.qualifiers.end(), [&](const auto& other) { return other.first == key; });
    if (there) {
      if (rules == PurlRules::strict) return fail(Code::invalid, "purl's qualifier \"" + key.substr(0, 40) + "\" is there twice");
      continue;
    }
    if (purl.qualifiers.size() == kMaxQualifiers) return fail(Code::exhausted, "purl has more than " + std::to_string(kMaxQualifiers) + " qualifiers");
    auto& [kept_key, value] = purl.qualifiers.emplace_back(std::move(key), std::string());
    TRY_DO(append_decoded(value, pair.substr(equals + 1), kept_key));
  }
  return {};
}

}  // namespace

Result<Purl> Purl::parse(std::string_view text, PurlRules rules) {
  if (text.size() > kMaxPurlBytes) return fail(Code::exhausted, "purl is longer than " + std::to_string(kMaxPurlBytes) + " bytes");
  Purl purl;
  auto rest = text;
  if (const size_t hash = rest.rfind('#'); hash != std::string_view::npos) {
    TRY_DO(append_segments(purl.subpath, rest.substr(hash + 1), "subpath", Dots::drop, rules));
    rest = rest.substr(0, hash);
  }
  if (const size_t question = rest.rfind('?'); question != std::string_view::npos) {
    TRY_DO(parse_qualifiers(purl, rest.substr(question + 1), rules));
    rest = rest.substr(0, question);
  }
  if (rest.size() < 4 || rest[3] != ':' || !equals_ignore_case(rest.substr(0, 3), "pkg")) return fail(Code::invalid, "purl does not begin with \"pkg:\"");
  rest.remove_prefix(4);
  while (rest.starts_with('/')) rest.remove_prefix(1);
  while (rest.ends_with('/')) rest.remove_suffix(1);
  const size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return fail(Code::invalid, "purl has no name: expected \"pkg:type/name\"");
  purl.type = to_lower(rest.substr(0, slash));
  rest.remove_prefix(slash + 1);
  while (rest.starts_with('/')) rest.remove_prefix(1);

  // An '@' at the start of a segment that others follow is a scope that should have been encoded, not a version.
  if (const size_t at = rest.rfind('@'); at != std::string_view::npos) {
    const bool scope = (at == 0 || rest[at - 1] == '/') && rest.find('/', at) != std::string_view::npos;
    if (!scope) {
      TRY_DO(append_decoded(purl.version, rest.substr(at + 1), "version"));
      rest = rest.substr(0, at);
      while (rest.ends_with('/')) rest.remove_suffix(1);
    }
  }
  const size_t last = rest.rfind('/');
  TRY_DO(append_decoded(purl.name, last == std::string_view::npos ? rest : rest.substr(last + 1), "name"));
  if (last != std::string_view::npos) TRY_DO(append_segments(purl.namespace_, rest.substr(0, last), "namespace", Dots::keep, rules));
  TRY_DO(finish(purl, rules));
  return purl;
}

Result<Purl> Purl::build(Purl parts, PurlRules rules) {
  // Parts are texts, not escapes: what a caller gives is taken as it is.
  for (const auto* part : {&parts.namespace_, &parts.name, &parts.version, &parts.subpath})
    if (find_invalid_utf8(*part)) return fail(Code::invalid, "a part of the purl is no UTF-8");
  parts.type = to_lower(parts.type);
  for (auto* path : {&parts.namespace_, &parts.subpath}) {
    std::string joined;
    for (const auto segment : split(*path, '/')) {
      if (segment.empty() || (path == &parts.subpath && (segment == "." || segment == ".."))) continue;
      if (!joined.empty()) joined += '/';
      joined += segment;
    }
    *path = std::move(joined);
  }
  std::vector<std::pair<std::string, std::string>> kept;
  for (auto& [key, value] : parts.qualifiers) {
    key = to_lower(key);
    if (!is_qualifier_key(key))
      return fail(Code::invalid, "purl's qualifier \"" + key.substr(0, 40) + "\" is none: expected a letter, then letters, digits, '.', '-' and '_'");
    if (find_invalid_utf8(value)) return fail(Code::invalid, "purl's qualifier \"" + key.substr(0, 40) + "\" is no UTF-8");
    if (value.empty()) continue;
    if (std::any_of(kept.begin(), kept.end(), [&](const auto& other) { return other.first == key; })) {
      if (rules == PurlRules::strict) return fail(Code::invalid, "purl's qualifier \"" + key.substr(0, 40) + "\" is there twice");
      continue;
    }
    kept.emplace_back(std::move(key), std::move(value));
  }
  parts.qualifiers = std::move(kept);
  TRY_DO(finish(parts, rules));
  return parts;
}

std::string Purl::package() const {
  std::string out;
  out.reserve(8 + type.size() + namespace_.size() + name.size());
  out += "pkg:";
  out += type;
  out += '/';
  if (!namespace_.empty()) {
    append_encoded(out, namespace_, true);
    out += '/';
  }
  append_encoded(out, name, type == "git");
  return out;
}

std::string Purl::to_string() const {
  std::string out = package();
  if (!version.empty()) {
    out += '@';
    append_encoded(out, version);
  }
  char separator = '?';
  for (const auto& [key, value] : qualifiers) {
    out += separator;
    out += key;
    out += '=';
    append_encoded(out, value);
    separator = '&';
  }
  if (!subpath.empty()) {
    out += '#';
    append_encoded(out, subpath, true);
  }
  return out;
}

std::string_view Purl::qualifier(std::string_view key) const {
  for (const auto& [name_of, value] : qualifiers)
    if (name_of == key) return value;
  return {};
}

bool is_canonical_purl(std::string_view text) {
  if (text.size() > kMaxPurlBytes || !text.starts_with("pkg:")) return false;
  size_t at = 4;
  while (at < text.size() && text[at] != '/') ++at;
  const auto* type = find_purl_type(text.substr(4, at - 4));
  if (type == nullptr || (type->quirk != PurlQuirk::none && type->quirk != PurlQuirk::pypi)) return false;
  if (type->namespace_case == PurlCase::upper) return false;
  // Namespace and name share one alphabet: capitals only where both keep them.
  uint8_t allowed = kSmall | kDigit | kMark | kColon;
  if (type->namespace_case == PurlCase::keep && type->name_case == PurlCase::keep) allowed |= kCapital;

  // One part: true while it is canonical; leaves `at` on the delimiter. A byte that stands escaped must need it, must be
  // ASCII (nothing is said about others) and no '/', which tolerant parsing may read as a separator.
  const auto walk = [&](uint8_t classes, bool slashes) {
    const size_t start = at;
    size_t segment = at;
    for (; at < text.size(); ++at) {
      const char c = text[at];
      if ((class_of(c) & classes) != 0) {
        if (c == '_' && type->quirk == PurlQuirk::pypi) return false;
        continue;
      }
      if (c == '/' && slashes) {
        if (at == segment) return false;
        segment = at + 1;
        continue;
      }
      if (c != '%') break;
      if (at + 2 >= text.size()) return false;
      const char first = text[at + 1], second = text[at + 2];
      if (first < '2' || first > '7' || hex_value(second) < 0 || (second >= 'a' && second <= 'f')) return false;
      const char byte = static_cast<char>(hex_value(first) * 16 + hex_value(second));
      if (class_of(byte) != kEncoded || byte == '/') return false;
      at += 2;
    }
    return at > start && at > segment;
  };
  ++at;
  if (at >= text.size() || !walk(allowed, true)) return false;
  if (at < text.size() && text[at] == '@') {
    ++at;
    uint8_t of_version = kSmall | kDigit | kMark | kColon;
    if (type->version_case == PurlCase::keep) of_version |= kCapital;
    const auto* mine = type;
    static constexpr PurlType kPlain{"", PurlPart::optional, PurlCase::keep, PurlCase::keep, PurlCase::keep};
    type = &kPlain;  // '_' is fine in a version
    const bool good = walk(of_version, false);
    type = mine;
    if (!good) return false;
  }
  if (at == text.size()) return true;
  if (text[at] != '?') return false;
  static constexpr PurlType kPlain{"", PurlPart::optional, PurlCase::keep, PurlCase::keep, PurlCase::keep};
  type = &kPlain;
  std::string_view before;
  size_t qualifiers = 0;
  while (at < text.size()) {
    const size_t key_at = ++at;  // after '?' or '&'
    while (at < text.size() && text[at] != '=') ++at;
    const auto key = text.substr(key_at, at - key_at);
    if (at == text.size() || !is_qualifier_key(key) || (qualifiers > 0 && key <= before) || ++qualifiers > kMaxQualifiers) return false;
    before = key;
    ++at;
    if (!walk(kSmall | kCapital | kDigit | kMark | kColon, false)) return false;
    if (at < text.size() && text[at] != '&') return false;
    if (at + 1 == text.size()) return false;
  }
  return true;
}

Result<std::string_view> canonical_purl(std::string_view text, std::string& buffer) {
  if (is_canonical_purl(text)) return text;
  TRY(const auto purl, Purl::parse(text));
  buffer = purl.to_string();
  return std::string_view(buffer);
}

}  // namespace waybill::identity
