// OPA's compliance suite (../shared/conformance/rego): each case's modules, data and input, evaluated by our engine.
#include <algorithm>

#include "suites.h"
#include "waybill/rego/json_value.h"
#include "waybill/rego/rego.h"
#include "waybill/rego/yaml_value.h"

namespace waybill::conformance {
namespace {

using rego::Entry;
using rego::Heap;
using rego::Kind;
using rego::Value;

// The JSON way: sets become arrays, keys become texts.
Value as_json(Heap& heap, const Value& v, bool sort) {
  switch (v.kind()) {
    case Kind::array:
    case Kind::set: {
      std::vector<Value> items;
      for (const Value& i : v.is_array() ? v.items() : v.elements()) items.push_back(as_json(heap, i, false));
      if (sort) std::sort(items.begin(), items.end(), [](const Value& a, const Value& b) { return Value::compare(a, b) < 0; });
      return heap.array(items);
    }
    case Kind::object: {
      std::vector<Entry> entries;
      for (const Entry& e : v.entries()) entries.push_back({e.key.is_string() ? e.key : heap.string(e.key.to_json()), as_json(heap, e.value, false)});
      return heap.object(entries);
    }
    default: return v;
  }
}

struct Case {
  std::string file;
  std::string note;
  Value fields;
};

void judge(const Case& test, Counts& counts) {
  const Value& f = test.fields;
  const auto failed = [&](std::string_view wanted, std::string_view got) { report_failure(counts, test.file, test.note, wanted, got); };
  const Value want_result = f["want_result"], want_error = f["want_error"], want_code = f["want_error_code"];
  if (!want_result && !want_error && !want_code) return failed("a case with an expectation", "none");

  std::vector<rego::Module> modules;
  size_t n = 0;
  for (const Value& m : f["modules"].items()) modules.push_back({"test-" + std::to_string(n++) + ".rego", std::string(m.string_or(""))});
  const Value data = f["data"];
  auto outcome = rego::Policy::compile_all(modules, data.is_object() ? data.to_json() : "{}");
  if (!outcome.policy) return failed("modules that compile", outcome.errors.front().to_text());

  rego::EvalOptions options;
  options.now_ns = 1'600'000'000'000'000'000;
  options.strict_builtin_errors = f["strict_error"].bool_or(false);
  options.capabilities = {.random = true, .environment = true, .network = false};
  options.budget.time_ms = 30'000;
  for (const Entry& e : f["env"].entries()) options.environment.emplace_back(std::string(e.key.text()), std::string(e.value.string_or("")));
  rego::Evaluation evaluation(outcome.policy, options);
  if (const Value term = f["input_term"]; term.is_string()) {
    if (auto set = evaluation.set_input_term(term.text()); !set) return failed("an input term", set.error().to_string());
  } else if (const Value input = f["input"]) {
    if (auto set = evaluation.set_input(input.to_json()); !set) return failed("an input", set.error().to_string());
  }
  const auto solutions = evaluation.query(f["query"].string_or(""));
  if (want_error || want_code) {
    const std::string wanted = std::string(want_code.string_or("")) + (want_error ? " " + std::string(want_error.string_or("")) : "");
    if (solutions) return failed("error " + wanted, "no error");
    if (evaluation.last_errors().empty()) return failed("error " + wanted, solutions.error().to_string());
    const auto& e = evaluation.last_errors().front();
    if (want_code && e.code != want_code.string_or("")) return failed("error " + wanted, e.to_string());
    if (want_error && e.to_string().find(want_error.string_or("")) == std::string::npos) return failed("error " + wanted, e.to_string());
    ++counts.passed;
    return;
  }
  if (!solutions) return failed("result " + want_result.to_json(), solutions.error().to_string());
  Heap heap;
  const bool sort = f["sort_bindings"].bool_or(false);
  std::vector<Value> got, want;
  for (const auto& s : *solutions) {
    std::vector<Entry> entries;
    for (const auto& [name, value] : s.bindings) {
      if (name.starts_with("__localq")) continue;
      entries.push_back({heap.string(name), as_json(heap, value, sort)});
    }
    got.push_back(heap.object(entries));
  }
  for (const Value& w : want_result.items()) {
    std::vector<Entry> entries;
    for (const Entry& e : w.entries()) entries.push_back({e.key, as_json(heap, e.value, sort)});
    want.push_back(heap.object(entries));
  }
  const Value got_set = heap.set(got), want_set = heap.set(want);
  if (!Value::equal(got_set, want_set)) return failed(want_set.to_rego(), got_set.to_rego());
  ++counts.passed;
}

Result<Counts> run(const std::string& path) {
  Counts counts;
  auto files = list_files(path, ".json");
  if (files.size() != 1 || files[0] != path) {
    const auto yaml = list_files(path, ".yaml");
    files.insert(files.end(), yaml.begin(), yaml.end());
  }
  if (files.empty()) return fail(Code::not_found, path + " has no .json or .yaml files");
  for (const auto& file : files) {
    TRY(const std::string text, read_file(file));
    Heap heap;
    auto document = file.ends_with(".yaml") ? rego::parse_yaml_value(heap, text) : rego::parse_json_value(heap, text);
    if (!document) return fail(std::move(document).error().at(file));
    size_t index = 0;
    std::string name = file;
    if (name.starts_with(path) && name.size() > path.size()) name = name.substr(path.size() + (path.ends_with('/') ? 0 : 1));
    for (const Value& c : (*document)["cases"].items()) {
      judge({name, std::string(c["note"].string_or("")) + " #" + std::to_string(index++), c}, counts);
    }
  }
  return counts;
}

const Registration suite{"rego", "OPA's compliance suite: folders of cases in JSON or YAML", run};

}  // namespace
}  // namespace waybill::conformance
