// regex.*: RE2, which is what Go's regexp is, compiled once per pattern and evaluation.
#include <re2/re2.h>

#include "waybill/rego/builtins.h"
#include "waybill/rego/text.h"

namespace waybill::rego {
namespace {

struct Compiled : BuiltinCache::Item {
  explicit Compiled(std::string_view pattern) : re(re2::StringPiece(pattern.data(), pattern.size()), RE2::Quiet) {}
  RE2 re;
};

const RE2* compile(BuiltinCall& c, std::string_view pattern) {
  std::string key = "re:" + std::string(pattern);
  auto it = c.cache.items.find(key);
  if (it == c.cache.items.end()) {
    if (c.cache.items.size() > 2000) c.cache.items.clear();
    it = c.cache.items.emplace(std::move(key), std::make_unique<Compiled>(pattern)).first;
  }
  const RE2& re = static_cast<Compiled&>(*it->second).re;
  if (re.ok()) return &re;
  c.fail("error parsing regexp: " + re.error());
  return nullptr;
}

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

struct Match {
  std::vector<re2::StringPiece> groups;
  size_t begin = 0, end = 0;
};

// All matches from left to right, as Go finds them: an empty match right after another match does not count.
std::vector<Match> find_all(const RE2& re, std::string_view text, int64_t most, int groups) {
  std::vector<Match> out;
  size_t at = 0, previous_end = std::string_view::npos;
  while (at <= text.size() && (most < 0 || static_cast<int64_t>(out.size()) < most)) {
    Match m;
    m.groups.resize(static_cast<size_t>(groups));
    if (!re.Match(piece(text), at, text.size(), RE2::UNANCHORED, m.groups.data(), groups)) break;
    m.begin = static_cast<size_t>(m.groups[0].data() - text.data());
    m.end = m.begin + m.groups[0].size();
    if (m.end == m.begin) {
      if (m.begin == text.size())
        at = text.size() + 1;
      else
        at = m.begin, next_rune(text, at);
      if (m.begin == previous_end) continue;
    } else {
      at = m.end;
    }
    previous_end = m.end;
    out.push_back(std::move(m));
  }
  return out;
}

Value text_of(const re2::StringPiece& p) { return p.data() == nullptr ? Value::view("") : Value::view({p.data(), p.size()}); }

Value match_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0) || !want_string(c, o, 1)) return {};
  const RE2* re = compile(c, o[0].text());
  if (re == nullptr) return {};
  return Value::of(re->Match(piece(o[1].text()), 0, o[1].size(), RE2::UNANCHORED, nullptr, 0));
}

Value is_valid_(BuiltinCall& c, std::span<const Value> o) {
  if (!o[0].is_string()) return Value::of(false);
  const bool ok = compile(c, o[0].text()) != nullptr;
  c.failure = BuiltinCall::Failure::none;
  return Value::of(ok);
}

Value find_n_(BuiltinCall& c, std::span<const Value> o) {
  int64_t n = 0;
  if (!want_string(c, o, 0) || !want_string(c, o, 1) || !want_integer(c, o, 2, n)) return {};
  const RE2* re = compile(c, o[0].text());
  if (re == nullptr) return {};
  std::vector<Value> out;
  for (const Match& m : find_all(*re, o[1].text(), n, 1)) out.push_back(text_of(m.groups[0]));
  return c.heap.array(out);
}

Value find_all_submatch_(BuiltinCall& c, std::span<const Value> o) {
  int64_t n = 0;
  if (!want_string(c, o, 0) || !want_string(c, o, 1) || !want_integer(c, o, 2, n)) return {};
  const RE2* re = compile(c, o[0].text());
  if (re == nullptr) return {};
  std::vector<Value> out;
  for (const Match& m : find_all(*re, o[1].text(), n, 1 + re->NumberOfCapturingGroups())) {
    std::vector<Value> groups;
    for (const auto& g : m.groups) groups.push_back(text_of(g));
    out.push_back(c.heap.array(groups));
  }
  return c.heap.array(out);
}

Value split_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0) || !want_string(c, o, 1)) return {};
  const RE2* re = compile(c, o[0].text());
  if (re == nullptr) return {};
  const auto text = o[1].text();
  std::vector<Value> out;
  if (!o[0].text().empty() && text.empty()) {
    out.push_back(Value::view(""));
    return c.heap.array(out);
  }
  size_t begin = 0, end = 0;
  for (const Match& m : find_all(*re, text, -1, 1)) {
    end = m.begin;
    if (m.end != 0) out.push_back(Value::view(text.substr(begin, end - begin)));
    begin = m.end;
  }
  if (end != text.size()) out.push_back(Value::view(text.substr(begin)));
  return c.heap.array(out);
}

// Go's Expand: $1, ${1}, $name, ${name}; $$ is a dollar sign.
void expand(std::string& out, std::string_view form, const RE2& re, const Match& m) {
  while (true) {
    const auto dollar = form.find('$');
    out += form.substr(0, dollar);
    if (dollar == std::string_view::npos) return;
    form = form.substr(dollar + 1);
    if (form.starts_with('$')) {
      out += '$';
      form.remove_prefix(1);
      continue;
    }
    const bool brace = form.starts_with('{');
    size_t n = 0;
    const auto rest = brace ? form.substr(1) : form;
    while (n < rest.size() && (std::isalnum(static_cast<unsigned char>(rest[n])) || rest[n] == '_')) ++n;
    const auto name = rest.substr(0, n);
    if (name.empty() || (brace && (n >= rest.size() || rest[n] != '}'))) {
      out += '$';
      continue;
    }
    form = rest.substr(n + (brace ? 1 : 0));
    int group = -1;
    if (name.find_first_not_of("0123456789") == std::string_view::npos) {
      group = name.size() < 6 ? std::atoi(std::string(name).c_str()) : -1;
    } else if (const auto it = re.NamedCapturingGroups().find(std::string(name)); it != re.NamedCapturingGroups().end()) {
      group = it->second;
    }
    if (group >= 0 && static_cast<size_t>(group) < m.groups.size() && m.groups[static_cast<size_t>(group)].data() != nullptr) {
      out.append(m.groups[static_cast<size_t>(group)].data(), m.groups[static_cast<size_t>(group)].size());
    }
  }
}

Value replace_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0) || !want_string(c, o, 1) || !want_string(c, o, 2)) return {};
  const RE2* re = compile(c, o[1].text());
  if (re == nullptr) return {};
  const auto text = o[0].text();
  std::string out;
  size_t at = 0;
  for (const Match& m : find_all(*re, text, -1, 1 + re->NumberOfCapturingGroups())) {
    out += text.substr(at, m.begin - at);
    expand(out, o[2].text(), *re, m);
    at = m.end;
  }
  out += text.substr(at);
  return c.string(out);
}

// A template with delimited regular expressions in it: "urn:foo:{.*}".
Value template_match_(BuiltinCall& c, std::span<const Value> o) {
  for (size_t i = 0; i < 4; ++i) {
    if (!want_string(c, o, i)) return {};
  }
  if (o[2].size() != 1) return c.fail("start delimiter has to be exactly one character long but is " + std::to_string(o[2].size()) + " long");
  if (o[3].size() != 1) return c.fail("end delimiter has to be exactly one character long but is " + std::to_string(o[3].size()) + " long");
  const auto form = o[0].text();
  const char open = o[2].text()[0], close = o[3].text()[0];
  std::string pattern = "^";
  size_t level = 0, start = 0, end = 0;
  for (size_t i = 0; i < form.size(); ++i) {
    if (form[i] == open) {
      if (++level == 1) {
        start = i;
        pattern += RE2::QuoteMeta(piece(form.substr(end, start - end)));
      }
    } else if (form[i] == close) {
      if (level == 0) return c.fail("unbalanced braces in " + go_quoted(form));
      if (--level == 0) {
        pattern += "(" + std::string(form.substr(start + 1, i - start - 1)) + ")";
        end = i + 1;
      }
    }
  }
  if (level != 0) return c.fail("unbalanced braces in " + go_quoted(form));
  pattern += RE2::QuoteMeta(piece(form.substr(end))) + "$";
  const RE2* re = compile(c, pattern);
  if (re == nullptr) return {};
  return Value::of(RE2::PartialMatch(piece(o[1].text()), *re));
}

constexpr Builtin kTable[] = {
    {"regex.match", 2, match_},
    {"regex.is_valid", 1, is_valid_},
    {"regex.find_n", 3, find_n_},
    {"regex.split", 2, split_},
    {"regex.replace", 3, replace_},
    {"regex.find_all_string_submatch_n", 3, find_all_submatch_},
    {"regex.template_match", 4, template_match_},
};

}  // namespace

std::span<const Builtin> regex_builtins() { return kTable; }

}  // namespace waybill::rego
