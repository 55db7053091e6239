#include "waybill/rego/annotations.h"

#include "waybill/base/bytes.h"
#include "waybill/base/json_out.h"
#include "waybill/rego/parser.h"
#include "waybill/rego/value.h"
#include "waybill/rego/yaml_value.h"

namespace waybill::rego {

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
      errors.push_back(diagnostic_at(tree, first.begin, "rego_parse_error", "yaml: " + (parsed ? std::string("expected METADATA block, found whitespace") : parsed.error().message())));
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
      errors.push_back(diagnostic_at(tree, first.begin, "rego_parse_error", "annotation scope '" + a.scope + "' must be applied to a rule or package; nothing follows it"));
      continue;
    }
    if (a.scope == "package" || a.scope == "subpackages") a.rule.clear();
    // Complete it: the scope is always said. Members stay in the order that values have.
    std::vector<Entry> entries(parsed->entries().begin(), parsed->entries().end());
    entries.push_back({Value::view("scope"), heap.string(a.scope)});
    a.json = heap.object(entries).to_json();
    static_cast<void>(first_row);
    out.push_back(std::move(a));
  }
  return out;
}

}  // namespace waybill::rego
