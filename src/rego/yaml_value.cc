#include "waybill/rego/yaml_value.h"

#include <yaml-cpp/yaml.h>

#include "waybill/rego/text.h"

namespace waybill::rego {
namespace {

constexpr size_t kMaxYamlBytes = size_t{16} << 20;
constexpr size_t kMaxYamlNodes = 2'000'000;
constexpr int kMaxYamlDepth = 200;

bool is_number(std::string_view s) {
  size_t i = 0;
  if (i < s.size() && (s[i] == '-' || s[i] == '+')) ++i;
  size_t digits = 0;
  while (i < s.size() && s[i] >= '0' && s[i] <= '9') ++i, ++digits;
  if (i < s.size() && s[i] == '.') {
    ++i;
    while (i < s.size() && s[i] >= '0' && s[i] <= '9') ++i, ++digits;
  }
  if (digits == 0) return false;
  if (i < s.size() && (s[i] == 'e' || s[i] == 'E')) {
    ++i;
    if (i < s.size() && (s[i] == '-' || s[i] == '+')) ++i;
    const size_t start = i;
    while (i < s.size() && s[i] >= '0' && s[i] <= '9') ++i;
    if (i == start) return false;
  }
  return i == s.size();
}

// A plain scalar's meaning in the core schema.
Value plain(Heap& heap, const std::string& s) {
  if (s.empty() || s == "~" || s == "null" || s == "Null" || s == "NULL") return Value::null();
  if (s == "true" || s == "True" || s == "TRUE") return Value::of(true);
  if (s == "false" || s == "False" || s == "FALSE") return Value::of(false);
  if (s.size() > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'o')) {
    int64_t n = 0;
    const auto [end, error] = std::from_chars(s.data() + 2, s.data() + s.size(), n, s[1] == 'x' ? 16 : 8);
    if (error == std::errc() && end == s.data() + s.size()) return Value::of(n);
  }
  if (is_number(s)) {
    std::string text = s[0] == '+' ? s.substr(1) : s;
    const bool negative = text[0] == '-';
    std::string body = negative ? text.substr(1) : text;
    if (body.find_first_of(".eE") == std::string::npos) {
      while (body.size() > 1 && body[0] == '0') body.erase(0, 1);
      return heap.number((negative ? "-" : "") + body);
    }
    if (body[0] == '.') body = "0" + body;
    long double value = std::strtold(body.c_str(), nullptr);
    double d = static_cast<double>(negative ? -value : value);
    char buffer[64];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, d).ptr;
    return heap.number({buffer, static_cast<size_t>(end - buffer)});
  }
  return heap.string(s);
}

struct Builder {
  Heap& heap;
  size_t nodes = 0;
  std::string problem;

  Value build(const YAML::Node& node, int depth) {
    if (depth > kMaxYamlDepth || ++nodes > kMaxYamlNodes) {
      problem = "yaml: nested too deeply or too many aliases";
      return {};
    }
    switch (node.Type()) {
      case YAML::NodeType::Undefined:
      case YAML::NodeType::Null: return Value::null();
      case YAML::NodeType::Scalar: return node.Tag() == "!" || node.Tag() == "tag:yaml.org,2002:str" ? heap.string(node.Scalar()) : plain(heap, node.Scalar());
      case YAML::NodeType::Sequence: {
        std::vector<Value> items;
        for (const auto& n : node) {
          items.push_back(build(n, depth + 1));
          if (!problem.empty()) return {};
        }
        return heap.array(items);
      }
      case YAML::NodeType::Map: {
        std::vector<Entry> merged, own;
        for (const auto& pair : node) {
          if (pair.first.IsScalar() && pair.first.Scalar() == "<<") {
            const Value v = build(pair.second, depth + 1);
            if (v.is_object()) merged.insert(merged.end(), v.entries().begin(), v.entries().end());
            for (const Value& m : v.items()) merged.insert(merged.begin(), m.entries().begin(), m.entries().end());
            continue;
          }
          Value key = build(pair.first, depth + 1);
          if (!key.is_string()) key = heap.string(pair.first.IsScalar() ? pair.first.Scalar() : key.to_json());
          own.push_back({key, build(pair.second, depth + 1)});
          if (!problem.empty()) return {};
        }
        merged.insert(merged.end(), own.begin(), own.end());
        return heap.object(merged);
      }
    }
    return {};
  }
};

bool needs_quotes(std::string_view s) {
  if (s.empty()) return true;
  Heap heap;
  if (!plain(heap, std::string(s)).is_string()) return true;
  static constexpr std::string_view words[] = {"y",  "Y",  "n",  "N",  "yes", "Yes", "YES", "no",   "No",
                                               "NO", "on", "On", "ON", "off", "Off", "OFF", ".inf", ".nan"};
  for (auto w : words) {
    if (s == w) return true;
  }
  if (s.find_first_of(":#&*!|>'\"%@`{}[],?\n\t") != std::string_view::npos) {
    if (std::string_view("&*!|>'\"%@`{}[],#").find(s[0]) != std::string_view::npos) return true;
    if (s.find(": ") != std::string_view::npos || s.find(" #") != std::string_view::npos || s.back() == ':' ||
        s.find_first_of("\n\t") != std::string_view::npos)
      return true;
    if ((s[0] == '?' || s[0] == ':') && (s.size() == 1 || s[1] == ' ')) return true;
  }
  return s[0] == ' ' || s.back() == ' ' || ((s[0] == '-') && (s.size() == 1 || s[1] == ' ')) || s.starts_with("---");
}

void write(std::string& out, const Value& v, int indent, bool in_line);

void scalar(std::string& out, const Value& v) {
  if (!v.is_string()) {
    out += v.to_json();
  } else if (!needs_quotes(v.text())) {
    out += v.text();
  } else if (v.text().find('\n') != std::string_view::npos || v.text().find('\t') != std::string_view::npos) {
    append_go_quoted(out, v.text());
  } else {
    Heap heap;
    const bool ambiguous = !plain(heap, std::string(v.text())).is_string() || v.text().size() <= 5;
    if (ambiguous && v.text().find('"') == std::string_view::npos && v.text().find('\\') == std::string_view::npos) {
      out += '"';
      out += v.text();
      out += '"';
    } else {
      out += '\'';
      for (char c : v.text()) {
        if (c == '\'') out += '\'';
        out += c;
      }
      out += '\'';
    }
  }
}

void write(std::string& out, const Value& v, int indent, bool in_line) {
  const auto pad = [&] { out.append(static_cast<size_t>(indent) * 2, ' '); };
  if (v.is_object() && v.size() > 0) {
    bool first = true;
    for (const Entry& e : v.entries()) {
      if (!(first && in_line)) pad();
      first = false;
      if (e.key.is_string())
        scalar(out, e.key);
      else
        out += e.key.to_rego();
      out += ':';
      if (e.value.is_object() && e.value.size() > 0) {
        out += '\n';
        write(out, e.value, indent + 1, false);
      } else if ((e.value.is_array() || e.value.is_set()) && e.value.size() > 0) {
        out += '\n';
        write(out, e.value, indent, false);
      } else if (e.value.is_string() && e.value.text().find('\n') != std::string_view::npos && e.value.text().find_first_of("\t\r") == std::string_view::npos) {
        const auto text = e.value.text();
        out += text.ends_with('\n') ? " |\n" : " |-\n";
        size_t at = 0;
        while (at < text.size()) {
          const auto end = std::min(text.find('\n', at), text.size());
          out.append(static_cast<size_t>(indent + 1) * 2, ' ');
          out += text.substr(at, end - at);
          out += '\n';
          at = end + 1;
        }
      } else {
        out += ' ';
        write(out, e.value, indent, true);
      }
    }
    return;
  }
  if ((v.is_array() || v.is_set()) && v.size() > 0) {
    bool first = true;
    for (const Value& item : v.is_array() ? v.items() : v.elements()) {
      if (!(first && in_line)) pad();
      first = false;
      out += "- ";
      write(out, item, indent + 1, true);
    }
    return;
  }
  if (v.is_object())
    out += "{}";
  else if (v.is_array() || v.is_set())
    out += "[]";
  else
    scalar(out, v);
  out += '\n';
}

}  // namespace

Result<Value> parse_yaml_value(Heap& heap, std::string_view text) {
  if (text.size() > kMaxYamlBytes) return fail(Code::exhausted, "the YAML text is larger than 16 MiB");
  // yaml-cpp recurses as deep as the text nests.
  int depth = 0, deepest = 0;
  for (char c : text) {
    if (c == '[' || c == '{') deepest = std::max(deepest, ++depth);
    if (c == ']' || c == '}') --depth;
    if (c == '\n' && depth < 0) depth = 0;
  }
  if (deepest > kMaxYamlDepth) return fail(Code::exhausted, "the YAML text is nested deeper than 200 levels");
  try {
    Builder builder{heap, 0, {}};
    const Value v = builder.build(YAML::Load(std::string(text)), 0);
    if (!builder.problem.empty()) return fail(Code::exhausted, builder.problem);
    return v;
  } catch (const YAML::Exception& e) {
    std::string why = e.msg;  // in libyaml's words where they are well known
    if (why == "end of sequence flow not found") why = "did not find expected ',' or ']'";
    if (why == "end of map flow not found") why = "did not find expected ',' or '}'";
    return fail(Code::invalid, "line " + std::to_string(e.mark.line + 1) + ": " + why);
  }
}

std::string to_yaml(const Value& value) {
  std::string out;
  write(out, value, 0, false);
  return out;
}

}  // namespace waybill::rego
