#include "waybill/rego/testing.h"

#include <re2/re2.h>
#include <time.h>

#include "waybill/rego/program.h"

namespace waybill::rego {

Result<std::vector<TestResult>> run_tests(const std::shared_ptr<const Policy>& policy, const TestOptions& options) {
  const RE2 wanted(re2::StringPiece(options.run.data(), options.run.size()), RE2::Quiet);
  if (!wanted.ok()) return fail(Code::invalid, "the pattern of tests to run is no regular expression: " + wanted.error());
  std::vector<TestResult> out;
  EvalOptions eval = options.eval;
  std::vector<std::string>* prints = nullptr;
  eval.print = [&](std::string_view text, std::string_view) {
    if (prints != nullptr) prints->emplace_back(text);
  };
  struct Test {
    const Group* group;
    size_t tree;
    uint32_t at;
  };
  std::vector<Test> tests;
  const auto& program = policy->program();
  for (const auto& g : program.groups) {
    if (g->kind != GroupKind::complete || g->path.empty()) continue;
    const auto name = g->path.back().text();
    if (!name.starts_with("test_") && !name.starts_with("todo_test_")) continue;
    const Clause* c = !g->clauses.empty() ? &g->clauses.front() : nullptr;
    if (c == nullptr) continue;
    size_t tree = 0;
    for (size_t i = 0; i < program.trees.size(); ++i) {
      if (program.trees[i].get() == c->tree) tree = i;
    }
    tests.push_back({g.get(), tree, c->rule->begin});
  }
  std::sort(tests.begin(), tests.end(), [](const Test& a, const Test& b) { return a.tree != b.tree ? a.tree < b.tree : a.at < b.at; });
  Evaluation evaluation(policy, eval);
  for (const Test& t : tests) {
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
    prints = &result.prints;
    evaluation.clear_input();
    const auto value = evaluation.query("x = " + t.group->name);
    prints = nullptr;
    clock_gettime(CLOCK_MONOTONIC, &to);
    result.duration_ns = (to.tv_sec - from.tv_sec) * 1'000'000'000LL + (to.tv_nsec - from.tv_nsec);
    if (!value) {
      result.outcome = TestOutcome::error;
      result.error = value.error().message();
    } else if (!value->empty() && value->front().bindings.front().second.is_true()) {
      result.outcome = TestOutcome::pass;
    }
    out.push_back(std::move(result));
  }
  return out;
}

}  // namespace waybill::rego
