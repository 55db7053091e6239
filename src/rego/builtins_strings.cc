// Strings, by code points.
#include <algorithm>

#include "waybill/rego/big_number.h"
#include "waybill/rego/builtins.h"
#include "waybill/rego/text.h"
#include "waybill/rego/wide.h"

namespace waybill::rego {
namespace {

Value concat_(BuiltinCall& c, std::span<const Value> o) {
  std::span<const Value> items;
  if (!want_string(c, o, 0) || !want_collection(c, o, 1, items)) return {};
  std::string out;
  bool first = true;
  for (const Value& v : items) {
    if (!v.is_string()) {
      return c.fail_type("operand 2 must be " + std::string(to_string(o[1].kind())) + " of strings but got " + std::string(to_string(o[1].kind())) +
                         " containing " + std::string(to_string(v.kind())));
    }
    if (!first) out += o[0].text();
    first = false;
    out += v.text();
  }
  return c.string(out);
}

bool two_strings(BuiltinCall& c, std::span<const Value> o) { return want_string(c, o, 0) && want_string(c, o, 1); }

Value contains_(BuiltinCall& c, std::span<const Value> o) {
  if (!two_strings(c, o)) return {};
  return Value::of(o[0].text().find(o[1].text()) != std::string_view::npos);
}
Value startswith_(BuiltinCall& c, std::span<const Value> o) {
  if (!two_strings(c, o)) return {};
  return Value::of(o[0].text().starts_with(o[1].text()));
}
Value endswith_(BuiltinCall& c, std::span<const Value> o) {
  if (!two_strings(c, o)) return {};
  return Value::of(o[0].text().ends_with(o[1].text()));
}

Value mapped(BuiltinCall& c, std::span<const Value> o, uint32_t (*f)(uint32_t)) {
  if (!want_string(c, o, 0)) return {};
  const auto text = o[0].text();
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) append_rune(out, f(next_rune(text, at)));
  return c.string(out);
}
Value lower_(BuiltinCall& c, std::span<const Value> o) { return mapped(c, o, rune_to_lower); }
Value upper_(BuiltinCall& c, std::span<const Value> o) { return mapped(c, o, rune_to_upper); }

std::vector<uint32_t> runes(std::string_view text) {
  std::vector<uint32_t> out;
  for (size_t at = 0; at < text.size();) out.push_back(next_rune(text, at));
  return out;
}

Value indexof_(BuiltinCall& c, std::span<const Value> o) {
  if (!two_strings(c, o)) return {};
  if (o[1].text().empty()) return c.fail("empty search character");
  const auto at = o[0].text().find(o[1].text());
  if (at == std::string_view::npos) return Value::of(int64_t{-1});
  return Value::of(static_cast<int64_t>(count_runes(o[0].text().substr(0, at))));
}

Value indexof_n_(BuiltinCall& c, std::span<const Value> o) {
  if (!two_strings(c, o)) return {};
  if (o[1].text().empty()) return c.fail("empty search character");
  const auto text = runes(o[0].text()), what = runes(o[1].text());
  std::vector<Value> out;
  for (size_t i = 0; i + what.size() <= text.size(); ++i) {
    if (std::equal(what.begin(), what.end(), text.begin() + static_cast<std::ptrdiff_t>(i))) out.push_back(Value::of(static_cast<int64_t>(i)));
  }
  return c.heap.array(out);
}

Value substring_(BuiltinCall& c, std::span<const Value> o) {
  int64_t from = 0, length = 0;
  if (!want_string(c, o, 0) || !want_integer(c, o, 1, from) || !want_integer(c, o, 2, length)) return {};
  if (from < 0) return c.fail("negative offset");
  const auto text = o[0].text();
  size_t at = 0;
  for (int64_t i = 0; i < from && at < text.size(); ++i) next_rune(text, at);
  if (length < 0) return Value::view(text.substr(at));
  size_t end = at;
  for (int64_t i = 0; i < length && end < text.size(); ++i) next_rune(text, end);
  return Value::view(text.substr(at, end - at));
}

void split_into(std::string_view text, std::string_view separator, std::vector<Value>& out, int64_t most) {
  if (separator.empty()) {
    for (size_t at = 0; at < text.size();) {
      const size_t start = at;
      if (most > 0 && static_cast<int64_t>(out.size()) + 1 == most) {
        out.push_back(Value::view(text.substr(start)));
        return;
      }
      next_rune(text, at);
      out.push_back(Value::view(text.substr(start, at - start)));
    }
    return;
  }
  while (true) {
    const auto at = most > 0 && static_cast<int64_t>(out.size()) + 1 == most ? std::string_view::npos : text.find(separator);
    out.push_back(Value::view(text.substr(0, at)));
    if (at == std::string_view::npos) return;
    text = text.substr(at + separator.size());
  }
}

Value split_(BuiltinCall& c, std::span<const Value> o) {
  if (!two_strings(c, o)) return {};
  std::vector<Value> out;
  split_into(o[0].text(), o[1].text(), out, -1);
  return c.heap.array(out);
}
Value split_n_(BuiltinCall& c, std::span<const Value> o) {
  int64_t n = 0;
  if (!two_strings(c, o) || !want_integer(c, o, 2, n)) return {};
  std::vector<Value> out;
  if (n != 0) split_into(o[0].text(), o[1].text(), out, n);
  return c.heap.array(out);
}

std::string replaced_all(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  if (from.empty()) {
    out += to;
    for (size_t at = 0; at < text.size();) {
      const size_t start = at;
      next_rune(text, at);
      out += text.substr(start, at - start);
      out += to;
    }
    return out;
  }
  while (true) {
    const auto at = text.find(from);
    out += text.substr(0, at);
    if (at == std::string_view::npos) return out;
    out += to;
    text = text.substr(at + from.size());
  }
}

Value replace_(BuiltinCall& c, std::span<const Value> o) {
  if (!two_strings(c, o) || !want_string(c, o, 2)) return {};
  return c.string(replaced_all(o[0].text(), o[1].text(), o[2].text()));
}

Value replace_n_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_object(c, o, 0)) return {};
  for (const Entry& e : o[0].entries()) {
    if (!e.key.is_string()) return c.fail_type("operand 1 non-string key found in pattern object");
    if (!e.value.is_string()) return c.fail_type("operand 1 non-string value found in pattern object");
  }
  if (!want_string(c, o, 1)) return {};
  // Go's strings.Replacer: at each place the first pattern (in key order) that fits.
  const auto text = o[1].text();
  std::string out;
  size_t at = 0;
  bool skip_empty = false;
  while (at <= text.size()) {
    bool found = false;
    for (const Entry& e : o[0].entries()) {
      const auto from = e.key.text();
      if (from.empty() ? skip_empty : !text.substr(at).starts_with(from)) continue;
      out += e.value.text();
      at += from.size();
      skip_empty = from.empty();
      found = true;
      break;
    }
    if (found && !skip_empty) continue;
    if (at == text.size()) break;
    out += text[at++];
    skip_empty = false;
  }
  return c.string(out);
}

Value reverse_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0)) return {};
  const auto r = runes(o[0].text());
  std::string out;
  for (auto it = r.rbegin(); it != r.rend(); ++it) append_rune(out, *it);
  return c.string(out);
}

std::string_view trimmed(std::string_view text, std::string_view cutset, bool left, bool right) {
  const auto cut = runes(cutset);
  const auto in = [&](uint32_t r) { return std::find(cut.begin(), cut.end(), r) != cut.end(); };
  while (left && !text.empty()) {
    size_t at = 0;
    if (!in(next_rune(text, at))) break;
    text.remove_prefix(at);
  }
  while (right && !text.empty()) {
    size_t start = text.size() - 1;
    while (start > 0 && (static_cast<uint8_t>(text[start]) & 0xC0) == 0x80) --start;
    size_t at = start;
    if (!in(next_rune(text, at))) break;
    text = text.substr(0, start);
  }
  return text;
}
Value trim_(BuiltinCall& c, std::span<const Value> o) {
  if (!two_strings(c, o)) return {};
  return Value::view(trimmed(o[0].text(), o[1].text(), true, true));
}
Value trim_left_(BuiltinCall& c, std::span<const Value> o) {
  if (!two_strings(c, o)) return {};
  return Value::view(trimmed(o[0].text(), o[1].text(), true, false));
}
Value trim_right_(BuiltinCall& c, std::span<const Value> o) {
  if (!two_strings(c, o)) return {};
  return Value::view(trimmed(o[0].text(), o[1].text(), false, true));
}
Value trim_prefix_(BuiltinCall& c, std::span<const Value> o) {
  if (!two_strings(c, o)) return {};
  auto text = o[0].text();
  if (text.starts_with(o[1].text())) text.remove_prefix(o[1].size());
  return Value::view(text);
}
Value trim_suffix_(BuiltinCall& c, std::span<const Value> o) {
  if (!two_strings(c, o)) return {};
  auto text = o[0].text();
  if (text.ends_with(o[1].text())) text.remove_suffix(o[1].size());
  return Value::view(text);
}
Value trim_space_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0)) return {};
  auto text = o[0].text();
  while (!text.empty()) {
    size_t at = 0;
    if (!is_space_rune(next_rune(text, at))) break;
    text.remove_prefix(at);
  }
  while (!text.empty()) {
    size_t start = text.size() - 1;
    while (start > 0 && (static_cast<uint8_t>(text[start]) & 0xC0) == 0x80) --start;
    size_t at = start;
    if (!is_space_rune(next_rune(text, at))) break;
    text = text.substr(0, start);
  }
  return Value::view(text);
}

Value count_(BuiltinCall& c, std::span<const Value> o) {
  if (!two_strings(c, o)) return {};
  const auto text = o[0].text(), what = o[1].text();
  if (what.empty()) return Value::of(static_cast<int64_t>(count_runes(text)) + 1);
  int64_t n = 0;
  for (size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + what.size())) ++n;
  return Value::of(n);
}

Value format_int_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_number(c, o, 0) || !want_number(c, o, 1)) return {};
  const auto base = whole_number(o[1]);
  if (!base || (*base != 2 && *base != 8 && *base != 10 && *base != 16)) return c.fail_type("operand 2 must be one of {2, 8, 10, 16}");
  if (is_whole(o[0])) return c.string(to_base(o[0], static_cast<int>(*base)));
  const Value cut = from_float(c.heap, static_cast<long double>(static_cast<Int128>(to_float(o[0]))));
  return c.string(to_base(cut, static_cast<int>(*base)));
}

bool strings_of(BuiltinCall& c, std::span<const Value> o, size_t at, std::vector<std::string_view>& out) {
  if (o[at].is_string()) return out.push_back(o[at].text()), true;
  if (!o[at].is_array() && !o[at].is_set()) {
    c.wrong_type(at, "one of {string, set, array}", o[at]);
    return false;
  }
  for (const Value& v : o[at].is_array() ? o[at].items() : o[at].elements()) {
    if (!v.is_string()) {
      const std::string kind(to_string(o[at].kind()));
      c.fail_type("operand " + std::to_string(at + 1) + " must be " + kind + " of strings but got " + kind + " containing " + std::string(to_string(v.kind())));
      return false;
    }
    out.push_back(v.text());
  }
  return true;
}
template <bool Prefix>
Value any_match_(BuiltinCall& c, std::span<const Value> o) {
  std::vector<std::string_view> texts, bases;
  if (!strings_of(c, o, 0, texts) || !strings_of(c, o, 1, bases)) return {};
  for (auto t : texts) {
    for (auto b : bases) {
      if (Prefix ? t.starts_with(b) : t.ends_with(b)) return Value::of(true);
    }
  }
  return Value::of(false);
}

Value template_string_(BuiltinCall& c, std::span<const Value> o) {
  std::string out;
  for (const Value& part : o[0].items()) {
    if (!part.is_set()) {
      out += part.is_string() ? std::string(part.text()) : part.to_rego();
    } else if (part.size() == 0) {
      out += "<undefined>";
    } else if (part.size() > 1) {
      return c.fail("template-strings must not produce multiple outputs");
    } else {
      const Value& v = part.elements()[0];
      out += v.is_string() ? std::string(v.text()) : v.to_rego();
    }
  }
  return c.string(out);
}

constexpr Builtin kTable[] = {
    {"concat", 2, concat_},
    {"contains", 2, contains_},
    {"startswith", 2, startswith_},
    {"endswith", 2, endswith_},
    {"lower", 1, lower_},
    {"upper", 1, upper_},
    {"indexof", 2, indexof_},
    {"indexof_n", 2, indexof_n_},
    {"substring", 3, substring_},
    {"split", 2, split_},
    {"strings.split_n", 3, split_n_},
    {"replace", 3, replace_},
    {"strings.replace_n", 2, replace_n_},
    {"strings.reverse", 1, reverse_},
    {"trim", 2, trim_},
    {"trim_left", 2, trim_left_},
    {"trim_right", 2, trim_right_},
    {"trim_prefix", 2, trim_prefix_},
    {"trim_suffix", 2, trim_suffix_},
    {"trim_space", 1, trim_space_},
    {"strings.count", 2, count_},
    {"format_int", 2, format_int_},
    {"strings.any_prefix_match", 2, any_match_<true>},
    {"strings.any_suffix_match", 2, any_match_<false>},
    {"internal.template_string", 1, template_string_},
};

}  // namespace

std::span<const Builtin> strings_builtins() { return kTable; }

}  // namespace waybill::rego
