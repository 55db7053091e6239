// glob.match, glob.quote_meta, regex.globs_match: globs become RE2 patterns, so that none can explode.
#include <re2/re2.h>

#include "waybill/rego/builtins.h"
#include "waybill/rego/text.h"

namespace waybill::rego {
namespace {

struct Compiled : BuiltinCache::Item {
  explicit Compiled(const std::string& pattern) : re(pattern, options()) {}
  static RE2::Options options() {
    RE2::Options o(RE2::Quiet);
    o.set_dot_nl(true);
    return o;
  }
  RE2 re;
};

std::string quote(std::string_view text) { return RE2::QuoteMeta(re2::StringPiece(text.data(), text.size())); }

// gobwas/glob's syntax: * ** ? [a-z] [!abc] {x,y} \c.
std::optional<std::string> translate(std::string_view glob, const std::vector<std::string>& separators, std::string& problem) {
  std::string any = ".";
  if (!separators.empty()) {
    any = "[^";
    for (const auto& s : separators) any += quote(s);
    any += "]";
  }
  std::string out;
  int depth = 0;
  for (size_t i = 0; i < glob.size();) {
    const char c = glob[i];
    if (c == '\\') {
      if (i + 1 >= glob.size()) break;
      size_t at = i + 1;
      next_rune(glob, at);
      out += quote(glob.substr(i + 1, at - i - 1));
      i = at;
    } else if (c == '*') {
      size_t n = 0;
      while (i < glob.size() && glob[i] == '*') ++i, ++n;
      out += n > 1 ? ".*" : any + "*";
    } else if (c == '?') {
      out += any;
      ++i;
    } else if (c == '[') {
      const auto close = glob.find(']', i + 1);
      if (close == std::string_view::npos) {
        problem = "unexpected end of input";
        return std::nullopt;
      }
      auto inside = glob.substr(i + 1, close - i - 1);
      out += '[';
      if (inside.starts_with('!')) out += '^', inside.remove_prefix(1);
      if (inside.empty()) {
        problem = "unexpected ]";
        return std::nullopt;
      }
      for (size_t k = 0; k < inside.size();) {
        if (inside[k] == '-' && k > 0 && k + 1 < inside.size()) {
          out += '-';
          ++k;
          continue;
        }
        size_t at = k;
        next_rune(inside, at);
        out += quote(inside.substr(k, at - k));
        k = at;
      }
      out += ']';
      i = close + 1;
    } else if (c == '{') {
      out += "(?:";
      ++depth;
      ++i;
    } else if (c == '}' && depth > 0) {
      out += ')';
      --depth;
      ++i;
    } else if (c == ',' && depth > 0) {
      out += '|';
      ++i;
    } else {
      size_t at = i;
      next_rune(glob, at);
      out += quote(glob.substr(i, at - i));
      i = at;
    }
  }
  if (depth != 0) {
    problem = "unexpected end of input";
    return std::nullopt;
  }
  return out;
}

Value match_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0)) return {};
  std::vector<std::string> separators;
  if (o[1].is_array()) {
    for (const Value& v : o[1].items()) {
      if (!v.is_string()) return c.fail_type("operand 2 must be array of strings but got array containing " + std::string(to_string(v.kind())));
      if (count_runes(v.text()) != 1) return c.fail("operand 2 must contain single characters");
      separators.emplace_back(v.text());
    }
    if (separators.empty()) separators.emplace_back(".");
  } else if (!o[1].is_null()) {
    return c.wrong_type(1, "one of {array, null}", o[1]);
  }
  if (!want_string(c, o, 2)) return {};
  std::string key = "glob:";
  for (const auto& s : separators) key += s;
  key += '\0';
  key += o[0].text();
  auto it = c.cache.items.find(key);
  if (it == c.cache.items.end()) {
    std::string problem;
    const auto pattern = translate(o[0].text(), separators, problem);
    if (!pattern) return c.fail(problem);
    if (c.cache.items.size() > 2000) c.cache.items.clear();
    it = c.cache.items.emplace(std::move(key), std::make_unique<Compiled>(*pattern)).first;
  }
  const RE2& re = static_cast<Compiled&>(*it->second).re;
  if (!re.ok()) return c.fail("invalid glob: " + re.error());
  return Value::of(RE2::FullMatch(re2::StringPiece(o[2].text().data(), o[2].size()), re));
}

Value quote_meta_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0)) return {};
  std::string out;
  for (char ch : o[0].text()) {
    if (std::string_view("*?\\[]{}").find(ch) != std::string_view::npos) out += '\\';
    out += ch;
  }
  return c.string(out);
}

// ---- regex.globs_match: do the two patterns (., [a-z], *, +) have a common text? ----

struct Piece {
  std::vector<bool> set = std::vector<bool>(256, false);
  char times = '1';  // '1', '*', '+'
};

bool parse_globs(std::string_view text, std::vector<Piece>& out, std::string& problem) {
  const auto broken = [&](size_t at, const std::string& why) {
    problem = "input:" + std::string(text) + ", pos:" + std::to_string(at) + ", " + why + ": the input provided is invalid";
    return false;
  };
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    Piece p;
    if (c == '*' || c == '+') {
      if (out.empty() || out.back().times != '1') return broken(i, std::string("flag '") + c + "' must be preceded by a non-flag");
      out.back().times = c;
      continue;
    }
    if (c == ']') return broken(i + 1, "set-close ']' with no preceding '['");
    if (c == '.') {
      p.set.assign(256, true);
    } else if (c == '[') {
      size_t k = i + 1;
      bool any = false;
      for (; k < text.size() && text[k] != ']'; ++k) {
        if (text[k] == '\\' && k + 1 < text.size()) ++k;
        const auto from = static_cast<uint8_t>(text[k]);
        if (k + 2 < text.size() && text[k + 1] == '-' && text[k + 2] != ']') {
          const auto to = static_cast<uint8_t>(text[k + 2]);
          if (to < from) return broken(k, "range is out of order");
          for (int b = from; b <= to; ++b) p.set[static_cast<size_t>(b)] = true;
          k += 2;
        } else {
          p.set[from] = true;
        }
        any = true;
      }
      if (k >= text.size()) return broken(i, "set-open '[' with no following ']'");
      if (!any) return broken(i, "set is empty");
      i = k;
    } else {
      if (c == '\\' && i + 1 < text.size()) ++i;
      p.set[static_cast<uint8_t>(text[i])] = true;
    }
    out.push_back(std::move(p));
  }
  return true;
}

bool overlap(const Piece& a, const Piece& b) {
  for (size_t i = 0; i < 256; ++i) {
    if (a.set[i] && b.set[i]) return true;
  }
  return false;
}

Value globs_match_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0) || !want_string(c, o, 1)) return {};
  std::vector<Piece> a, b;
  std::string problem;
  if (!parse_globs(o[0].text(), a, problem) || !parse_globs(o[1].text(), b, problem)) return c.fail(problem);
  // x+ = xx*
  for (auto* pieces : {&a, &b}) {
    std::vector<Piece> plain;
    for (Piece& p : *pieces) {
      if (p.times == '+') {
        Piece once = p;
        once.times = '1';
        plain.push_back(once);
        p.times = '*';
      }
      plain.push_back(p);
    }
    *pieces = std::move(plain);
  }
  // States (i, j): what is left of both.
  std::vector<std::vector<char>> seen(a.size() + 1, std::vector<char>(b.size() + 1, 0));
  std::vector<std::pair<size_t, size_t>> queue{{0, 0}};
  while (!queue.empty()) {
    const auto [i, j] = queue.back();
    queue.pop_back();
    if (seen[i][j]) continue;
    seen[i][j] = 1;
    if (i == a.size() && j == b.size()) return Value::of(true);
    if (i < a.size() && a[i].times == '*') queue.emplace_back(i + 1, j);
    if (j < b.size() && b[j].times == '*') queue.emplace_back(i, j + 1);
    if (i < a.size() && j < b.size() && overlap(a[i], b[j])) {
      queue.emplace_back(a[i].times == '*' ? i : i + 1, b[j].times == '*' ? j : j + 1);
    }
  }
  return Value::of(false);
}

constexpr Builtin kTable[] = {{"glob.match", 3, match_}, {"glob.quote_meta", 1, quote_meta_}, {"regex.globs_match", 2, globs_match_}};

}  // namespace

std::span<const Builtin> glob_builtins() { return kTable; }

}  // namespace waybill::rego
