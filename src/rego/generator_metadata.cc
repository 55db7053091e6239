// rego.metadata.rule() and .chain(): known when the rule is compiled, so they are constants.
#include "waybill/rego/generator.h"
#include "waybill/rego/json_value.h"

namespace waybill::rego {

// The annotations that apply to the rule being compiled, from its own to those of packages around it.
Value Generator::metadata(bool chain) {
  if (rule_ == nullptr) return heap_.array({});
  std::string package = "data";
  std::vector<Value> package_path;
  for (auto part : tree_.package) {
    package += "." + std::string(part);
    package_path.push_back(heap_.string(part));
  }
  std::string name;
  std::vector<Value> rule_path = package_path;
  for (const Term* t : rule_->name) {
    if (t != rule_->name[0] && t->kind != TermKind::string) break;
    if (!name.empty()) name += '.';
    name += t->text;
    rule_path.push_back(heap_.string(t->text));
  }
  const uint32_t row = tree_.row_of(rule_->begin);
  std::vector<Value> links;
  const auto link = [&](const Value& annotations, const std::vector<Value>& path) {
    std::vector<Entry> entries;
    if (annotations) entries.push_back({Value::view("annotations"), annotations});
    entries.push_back({Value::view("path"), heap_.array(path)});
    links.push_back(heap_.object(entries));
  };
  const auto parsed = [&](const Annotation& a) {
    const Value text = heap_.string(a.json);
    auto v = parse_json_value(heap_, text.text());
    return v ? *v : heap_.sorted_object({});
  };
  Value own;
  for (const Annotation& a : program_.annotations) {
    if (a.scope == "rule" && a.location.file == tree_.name && a.location.row == row && a.package == package) own = parsed(a);
  }
  if (!chain) return own ? own : heap_.sorted_object({});
  link(own, rule_path);
  for (const Annotation& a : program_.annotations) {
    if (a.scope == "document" && a.package == package && a.rule == name) link(parsed(a), rule_path);
  }
  for (const Annotation& a : program_.annotations) {
    if (a.scope == "package" && a.package == package) link(parsed(a), package_path);
  }
  for (size_t depth = package_path.size(); depth > 0; --depth) {
    std::string around = "data";
    for (size_t i = 0; i < depth; ++i) around += "." + std::string(package_path[i].text());
    for (const Annotation& a : program_.annotations) {
      if (a.scope == "subpackages" && a.package == around) link(parsed(a), {package_path.begin(), package_path.begin() + static_cast<std::ptrdiff_t>(depth)});
    }
  }
  return heap_.array(links);
}

}  // namespace waybill::rego
