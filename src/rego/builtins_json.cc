// json.marshal, json.unmarshal, json.is_valid.
#include "waybill/base/json_out.h"
#include "waybill/rego/builtins.h"
#include "waybill/rego/json_value.h"
#include "waybill/rego/text.h"

namespace waybill::rego {
namespace {

// Go's encoding/json: <, >, & and the line separators are escaped.
void append_go_json_string(std::string& out, std::string_view text) {
  std::string plain;
  append_json_string(plain, to_valid_utf8(text));
  for (size_t i = 0; i < plain.size(); ++i) {
    const char ch = plain[i];
    if (ch == '<')
      out += "\\u003c";
    else if (ch == '>')
      out += "\\u003e";
    else if (ch == '&')
      out += "\\u0026";
    else if (plain.compare(i, 3, "\xE2\x80\xA8") == 0)
      out += "\\u2028", i += 2;
    else if (plain.compare(i, 3, "\xE2\x80\xA9") == 0)
      out += "\\u2029", i += 2;
    else
      out += ch;
  }
}

struct Form {
  bool pretty = false;
  std::string prefix, indent = "\t";
};

void write(std::string& out, const Value& v, const Form& form, size_t depth) {
  const auto line = [&](size_t d) {
    if (!form.pretty) return;
    out += '\n';
    out += form.prefix;
    for (size_t i = 0; i < d; ++i) out += form.indent;
  };
  switch (v.kind()) {
    case Kind::string: append_go_json_string(out, v.text()); return;
    case Kind::array:
    case Kind::set: {
      if (v.size() == 0) {
        out += "[]";
        return;
      }
      out += '[';
      bool first = true;
      for (const Value& i : v.is_array() ? v.items() : v.elements()) {
        if (!first) out += ',';
        first = false;
        line(depth + 1);
        write(out, i, form, depth + 1);
      }
      line(depth);
      out += ']';
      return;
    }
    case Kind::object: {
      if (v.size() == 0) {
        out += "{}";
        return;
      }
      // Keys become texts and are sorted as such.
      std::vector<std::pair<std::string, Value>> members;
      for (const Entry& e : v.entries()) members.emplace_back(e.key.is_string() ? std::string(e.key.text()) : e.key.to_json(), e.value);
      std::sort(members.begin(), members.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
      out += '{';
      bool first = true;
      for (const auto& [key, value] : members) {
        if (!first) out += ',';
        first = false;
        line(depth + 1);
        append_go_json_string(out, key);
        out += form.pretty ? ": " : ":";
        write(out, value, form, depth + 1);
      }
      line(depth);
      out += '}';
      return;
    }
    default: out += v.to_json();
  }
}

Value marshal_(BuiltinCall& c, std::span<const Value> o) {
  std::string out;
  write(out, o[0], {}, 0);
  return c.string(out);
}

Value marshal_with_options_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_object(c, o, 1)) return {};
  Form form;
  for (const Entry& e : o[1].entries()) {
    const auto key = e.key.string_or("");
    if (key == "pretty") {
      if (!e.value.is_boolean()) return c.fail_type("key 'pretty' must be boolean but got " + std::string(to_string(e.value.kind())));
      form.pretty = e.value.is_true();
    } else if (key == "indent" || key == "prefix") {
      if (!e.value.is_string()) return c.fail_type("key '" + std::string(key) + "' must be string but got " + std::string(to_string(e.value.kind())));
      (key == "indent" ? form.indent : form.prefix) = e.value.text();
      if (!o[1].find("pretty")) form.pretty = true;
    } else {
      return c.fail_type("object contained unknown key " + e.key.to_rego());
    }
  }
  std::string out;
  if (form.pretty) out += form.prefix;
  write(out, o[0], form, 0);
  return c.string(out);
}

Value unmarshal_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0)) return {};
  auto v = parse_json_value(c.heap, o[0].text());
  if (!v) return c.fail(v.error().to_string());
  return *v;
}

Value is_valid_(BuiltinCall& c, std::span<const Value> o) {
  if (!o[0].is_string()) return Value::of(false);
  return Value::of(parse_json_value(c.heap, o[0].text()).has_value());
}

constexpr Builtin kTable[] = {
    {"json.marshal", 1, marshal_},
    {"json.marshal_with_options", 2, marshal_with_options_},
    {"json.unmarshal", 1, unmarshal_},
    {"json.is_valid", 1, is_valid_},
};

}  // namespace

std::span<const Builtin> json_builtins() { return kTable; }

}  // namespace waybill::rego
