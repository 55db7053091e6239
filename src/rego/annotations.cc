#include "waybill/rego/annotations.h"

#include "waybill/base/bytes.h"
#include "waybill/base/json_out.h"
#include "waybill/rego/parser.h"
#include "waybill/rego/value.h"
#include "waybill/rego/yaml_value.h"

namespace waybill::rego {

namespace {

// What may be written short, written out: authors and related resources become objects, as OPA has them.
Value normalised(Heap& heap, const Entry& e) {
  const auto key = e.key.string_or("");
  if (!e.value.is_array() || (key != "authors" && key != "related_resources")) return e.value;
  std::vector<Value> items;
  for (const Value& v : e.value.items()) {
    if (!v.is_string()) {
      items.push_back(v);
      continue;
    }
    std::vector<Entry> entries;
    if (key == "related_resources") {
      entries.push_back({Value::view("ref"), v});
    } else {
      const auto text = v.text();
      const auto open = text.rfind('<');
      if (open != std::string_view::npos && text.ends_with('>')) {
        entries.push_back({Value::view("email"), heap.string(text.substr(open + 1, text.size() - open - 2))});
        if (!trim(text.substr(0, open)).empty()) entries.push_back({Value::view("name"), heap.string(trim(text.substr(0, open)))});
      } else {
        entries.push_back({Value::view("name"), v});
      }
    }
    items.push_back(heap.object(entries));
  }
  return heap.array(items);
}

}  // namespace

std::vector<Annotation> read_annotations(const SyntaxTree& tree, std::vector<Diagnostic>& errors) {
  std::vector<Annotation> out;
  const std::string_view text = tree.text;
  std::string package = "data";
  for (auto part : tree.package) package += "." + std::string(part);
  const auto own_line = [&](const Comment& c) {
    const uint32_t start = tree.lines[tree.row_of(c.begin) - 1];
    return trim(text.substr(start, c.begin - start)).empty();
  };
  for (size_t i = 0; i < tree.comments.size(); ++i) {
    const Comment& first = tree.comments[i];
    if (!own_line(first) || trim(text.substr(first.begin + 1, first.end - first.begin - 1)) != "METADATA") continue;
    std::string yaml;
    uint32_t row = tree.row_of(first.begin);
    const uint32_t first_row = row;
    size_t j = i + 1;
    for (; j < tree.comments.size(); ++j) {
      const Comment& c = tree.comments[j];
      if (!own_line(c) || tree.row_of(c.begin) != row + 1) break;
      ++row;
      std::string_view line = text.substr(c.begin + 1, c.end - c.begin - 1);
      if (line.starts_with(' ')) line.remove_prefix(1);
      if (line.ends_with('\r')) line.remove_suffix(1);
      yaml += line;
      yaml += '\n';
    }
    i = j - 1;
    Heap heap;
    const auto parsed = parse_yaml_value(heap, yaml);
    if (!parsed || !parsed->is_object()) {
      errors.push_back(diagnostic_at(tree, first.begin, "rego_parse_error",
                                     "yaml: " + (parsed ? std::string("expected METADATA block, found whitespace") : parsed.error().message())));
      continue;
    }
    // What stands next?
    const Rule* rule = nullptr;
    for (const Rule* r : tree.rules) {
      if (r->begin > first.begin && (rule == nullptr || r->begin < rule->begin)) rule = r;
    }
    const bool before_package = tree.package_begin > first.begin;
    Annotation a;
    a.package = package;
    a.scope = std::string(parsed->find("scope").string_or(before_package ? "package" : parsed->find("entrypoint").bool_or(false) ? "document" : "rule"));
    if (before_package) {
      a.location = {tree.name, tree.row_of(tree.package_begin), tree.column_of(tree.package_begin)};
    } else if (rule != nullptr) {
      for (const Term* t : rule->name) {
        if (t->kind != TermKind::var && t->kind != TermKind::string) break;
        if (t != rule->name[0] && t->kind == TermKind::var) break;
        if (!a.rule.empty()) a.rule += '.';
        a.rule += t->text;
      }
      a.location = {tree.name, tree.row_of(rule->begin), tree.column_of(rule->begin)};
    } else if (a.scope != "package" && a.scope != "subpackages") {
      errors.push_back(
          diagnostic_at(tree, first.begin, "rego_parse_error", "annotation scope '" + a.scope + "' must be applied to a rule or package; nothing follows it"));
      continue;
    }
    if (a.scope == "package" || a.scope == "subpackages") a.rule.clear();
    // Complete it: the scope is always said.
    std::vector<Entry> entries;
    for (const Entry& e : parsed->entries()) entries.push_back({e.key, normalised(heap, e)});
    entries.push_back({Value::view("scope"), heap.string(a.scope)});
    a.json = heap.object(entries).to_json();
    static_cast<void>(first_row);
    out.push_back(std::move(a));
  }
  return out;
}

}  // namespace waybill::rego
