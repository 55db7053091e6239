#include "waybill/rego/testing.h"

#include <re2/re2.h>
#include <time.h>

#include "waybill/rego/machine.h"

namespace waybill::rego {
namespace {

struct Test {
  const Group* group;
  size_t tree;
  uint32_t at;
};

std::vector<Test> find_tests(const detail::Program& program) {
  std::vector<Test> tests;
  for (const auto& g : program.groups) {
    if ((g->kind != GroupKind::complete && g->kind != GroupKind::partial_object) || g->path.empty() || g->clauses.empty()) continue;
    const auto name = g->path.back().text();
    if (!name.starts_with("test_") && !name.starts_with("todo_test_")) continue;
    const Clause& c = g->clauses.front();
    size_t tree = 0;
    while (tree < program.trees.size() && program.trees[tree].get() != c.tree) ++tree;
    tests.push_back({g.get(), tree, c.rule->begin});
  }
  std::sort(tests.begin(), tests.end(), [](const Test& a, const Test& b) { return a.tree != b.tree ? a.tree < b.tree : a.at < b.at; });
  return tests;
}

}  // namespace

Result<std::vector<TestResult>> run_tests(const std::shared_ptr<const Policy>& policy, const TestOptions& options) {
  const RE2 wanted(re2::StringPiece(options.run.data(), options.run.size()), RE2::Quiet);
  if (!wanted.ok()) return fail(Code::invalid, "the pattern of tests to run is no regular expression: " + wanted.error());
  std::vector<TestResult> out;
  std::vector<std::string> prints;
  EvalOptions eval = options.eval;
  eval.print = [&](std::string_view text, std::string_view) { prints.emplace_back(text); };
  const auto& program = policy->program();
  Machine machine(std::shared_ptr<const detail::Program>(policy, &program), std::move(eval));
  for (const Test& t : find_tests(program)) {
    const SyntaxTree& tree = *program.trees[t.tree];
    TestResult result;
    result.name = std::string(t.group->path.back().text());
    result.package = t.group->name.substr(0, t.group->name.size() - result.name.size() - 1);
    result.location = {tree.name, tree.row_of(t.at), tree.column_of(t.at)};
    if (!options.run.empty() && !RE2::PartialMatch(t.group->name.substr(5), wanted)) continue;
    if (result.name.starts_with("todo_")) {
      result.outcome = TestOutcome::skip;
      out.push_back(std::move(result));
      continue;
    }
    timespec from{}, to{};
    clock_gettime(CLOCK_MONOTONIC, &from);
    machine.reset();
    prints.clear();
    std::vector<Value> cases;
    machine.collect_cases(&cases);
    Value value;
    const bool fine = machine.evaluate_path(t.group->path, value);
    clock_gettime(CLOCK_MONOTONIC, &to);
    result.duration_ns = (to.tv_sec - from.tv_sec) * 1'000'000'000LL + (to.tv_nsec - from.tv_nsec);
    result.prints = prints;
    if (!fine) {
      result.outcome = TestOutcome::error;
      if (machine.error()) result.error = machine.error()->to_text();
      out.push_back(std::move(result));
      continue;
    }
    if (t.group->kind == GroupKind::complete || cases.empty()) {
      result.outcome = value.is_true() ? TestOutcome::pass : TestOutcome::fail;
      out.push_back(std::move(result));
      continue;
    }
    // test_x[note] if …: each case that the rule came to is a test of its own.
    const std::string name = result.name;
    Heap heap;
    for (const Value& keys : heap.set(std::span<const Value>(cases)).elements()) {
      TestResult one = result;
      Value at = value;
      for (const Value& key : keys.items()) {
        at = at.find(key);
        one.name += "/" + (key.is_string() ? std::string(key.text()) : key.to_rego());
      }
      one.outcome = at.is_true() ? TestOutcome::pass : TestOutcome::fail;
      out.push_back(std::move(one));
    }
  }
  return out;
}

}  // namespace waybill::rego
