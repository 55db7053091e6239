// The language, case by case: a module, a ref, the answer as JSON ("undefined" when there is none, "error: …" else).
#include <gtest/gtest.h>

#include "waybill/rego/rego.h"

namespace waybill::rego {
namespace {

std::string answer(const std::string& body, const std::string& ref, const std::string& input = "{}", EvalOptions options = {}) {
  const Module modules[] = {{"t.rego", "package t\n\n" + body}};
  auto outcome = Policy::compile_all(modules, R"({"base": {"a": [1, 2, 3], "users": {"bob": {"roles": ["dev"]}}}})");
  if (!outcome.policy) return "error: " + outcome.errors.front().to_string();
  Evaluation evaluation(outcome.policy, std::move(options));
  if (auto set = evaluation.set_input(input); !set) return set.error().to_string();
  const auto json = evaluation.evaluate_json(ref);
  if (!json) return "error: " + evaluation.last_errors().front().to_string();
  return json->value_or("undefined");
}

struct Row {
  const char* name;
  const char* module;
  const char* ref;
  const char* want;
};

class Language : public ::testing::TestWithParam<Row> {};

TEST_P(Language, Gives) {
  const Row& row = GetParam();
  EXPECT_EQ(answer(row.module, row.ref, R"({"x": 7, "list": [3, 1, 2], "users": [{"name": "a", "age": 30}, {"name": "b", "age": 40}]})"), row.want);
}

constexpr Row kRows[] = {
    {"complete", "p := 1", "data.t.p", "1"},
    {"undefined_when_the_body_fails", "p if input.x == 8", "data.t.p", "undefined"},
    {"false_is_not_undefined", "p := false", "data.t.p", "false"},
    {"default", "default p := \"no\"\np := \"yes\" if input.nothing", "data.t.p", "\"no\""},
    {"default_function", "default f(_) := 0\nf(x) := 1 if x > 5\np := [f(1), f(9)]", "data.t.p", "[0,1]"},
    {"else", "p := 1 if input.x < 5\nelse := 2 if input.x < 8\nelse := 3", "data.t.p", "2"},
    {"partial_set", "p contains u.name if some u in input.users", "data.t.p", "[\"a\",\"b\"]"},
    {"partial_object", "p[u.name] := u.age if some u in input.users", "data.t.p", "{\"a\":30,\"b\":40}"},
    {"nested_head", "p[u.name].age := u.age if some u in input.users", "data.t.p", "{\"a\":{\"age\":30},\"b\":{\"age\":40}}"},
    {"sets_in_objects", "p[k] contains v if some k, v in {\"a\": 1, \"b\": 2}\np.a contains 3", "data.t.p", "{\"a\":[1,3],\"b\":[2]}"},
    {"ref_head", "p.q.r := 1\np.q.s := 2", "data.t.p", "{\"q\":{\"r\":1,\"s\":2}}"},
    {"package_document", "a := 1\nb contains 2\nf(x) := x", "data.t", "{\"a\":1,\"b\":[2]}"},
    {"function", "f(x, y) := x + y\np := f(2, 3)", "data.t.p", "5"},
    {"function_pattern", "f([x, {\"k\": y}]) := [y, x]\np := f([1, {\"k\": 2}])", "data.t.p", "[2,1]"},
    {"function_by_value", "f(1) := \"one\"\nf(2) := \"two\"\np := [f(2), f(1)]", "data.t.p", "[\"two\",\"one\"]"},
    {"comprehensions", "p := [[x | some x in input.list], {x | some x in [1, 1]}, {k: v | some k, v in [\"a\"]}]", "data.t.p", "[[3,1,2],[1],{\"0\":\"a\"}]"},
    {"every", "p if every x in input.list { x > 0 }\nq if every x in input.list { x > 1 }\nr if every x in [] { false }", "data.t", "{\"p\":true,\"r\":true}"},
    {"some_in_object", "p contains [k, v] if some k, v in {\"a\": 1}", "data.t.p", "[[\"a\",1]]"},
    {"in", "p := [1 in input.list, 9 in input.list, (\"a\", 1) in {\"a\": 1}]", "error", "error"},
    {"membership", "p := [1 in input.list, 9 in input.list]", "data.t.p", "[true,false]"},
    {"not", "p if not 9 in input.list", "data.t.p", "true"},
    {"order_does_not_matter", "p := y if { y := x * 2; x := input.x }", "error", "error"},
    {"unification_reorders", "p := y if { y = x * 2; x = input.x }", "data.t.p", "14"},
    {"unify_both_ways", "p := [x, y] if { [x, 2] = [1, y] }", "data.t.p", "[1,2]"},
    {"ref_iterates", "p contains i if input.list[i] > 1", "data.t.p", "[0,2]"},
    {"wildcards_are_different", "p if { input.list[_] == 1; input.list[_] == 2 }", "data.t.p", "true"},
    {"with_input", "p := x if x := input.x with input.x as 9\nq := [p, input.x]", "data.t.q", "[9,7]"},
    {"with_data", "p := x if x := data.base.a with data.base.a as [9]", "data.t.p", "[9]"},
    {"with_function", "f(_) := 1\ng(_) := 2\np := x if x := f(0) with f as g\nq := x if x := count([1]) with count as 5", "data.t", "{\"p\":2,\"q\":5}"},
    {"with_iterates", "p contains x if { some i; x := input[i] with input as [1, 2] }", "data.t.p", "[1,2]"},
    {"dynamic_packages", "p contains k if { some k; data.t[k] == 5 }\nfive := 5", "error", "error"},
    {"base_documents", "p := data.base.users.bob.roles[0]", "data.t.p", "\"dev\""},
    {"strings", "p := [`a\\n`, \"a\\n\", $\"{input.x} {input.nothing}!\"]", "data.t.p", "[\"a\\\\n\",\"a\\n\",\"7 <undefined>!\"]"},
    {"numbers_keep_their_text", "p := [1.0, 1e3, 0.1 + 0.2, 1 / 3, 10 / 2, 9007199254740993 * 3]", "data.t.p",
     "[1.0,1e3,0.3,0.33333333333333333334,5,27021597764222979]"},
    {"numbers_are_equal_by_value", "p := {1, 1.0, 1e0}", "data.t.p", "[1]"},
    {"big_integers", "p := 99999999999999999999 * 99999999999999999999 - 1", "data.t.p", "9999999999999999999800000000000000000000"},
    {"order_of_all_values", "p := [x | some x in {{}, set(), [1], \"s\", 2, null, true, false}]", "data.t.p", "[null,false,true,2,\"s\",[1],{},[]]"},
    {"builtin_errors_are_undefined", "p := 1 / 0\nq if not 1 / 0", "data.t", "{\"q\":true}"},
    {"sprintf_like_go", "p := sprintf(\"%d %s %v %5.2f %q %x %d\", [1, \"a\", {\"k\": [1, {2}]}, 3.14159, \"q\", 255, \"s\"])", "data.t.p",
     "\"1 a {\\\"k\\\": [1, {2}]}  3.14 \\\"q\\\" ff %!d(string=s)\""},
    {"set_operators", "p := [{1, 2} & {2, 3}, {1} | {2}, {1, 2} - {2}]", "data.t.p", "[[2],[1,2],[1]]"},
    {"imports", "import data.base.users as u\nimport input.x\np := [u.bob.roles, x]", "data.t.p", "[[\"dev\"],7]"},
    {"multiple_values_conflict", "p := 1\np := 2", "data.t.p", "error: t.rego:4: eval_conflict_error: rule data.t.p produced conflicting values"},
    {"object_keys_conflict", "p := {\"k\": x | some x in [1, 2]}", "data.t.p", "error: t.rego:3: eval_conflict_error: object keys must be unique"},
    {"recursion_is_refused", "p if q\nq if p", "data.t.p",
     "error: t.rego:3: rego_recursion_error: rule data.t.p is recursive: data.t.p -> data.t.q -> data.t.p"},
    {"unsafe_variable", "p if x > 1", "data.t.p", "error: t.rego:3: rego_unsafe_var_error: var x is unsafe"},
    {"unsafe_negation", "p if not input.list[i] == 1", "data.t.p", "error: t.rego:3: rego_unsafe_var_error: var i is unsafe"},
    {"unknown_function", "p := nothing.here(1)", "data.t.p", "error: t.rego:3: rego_type_error: undefined function nothing.here"},
    {"parse_error", "p := [1}", "data.t.p", "error: t.rego:3: rego_parse_error: unexpected } token: expected \",\" or \"]\""},
    {"if_is_required", "p { true }", "data.t.p", "error: t.rego:3: rego_parse_error: unexpected { token: `if` keyword is required before rule body"},
    {"assigned_twice", "p if { x := 1; x := 2 }", "data.t.p", "error: t.rego:3: rego_compile_error: var x assigned above"},
};

INSTANTIATE_TEST_SUITE_P(Rows, Language, ::testing::ValuesIn([] {
                           std::vector<Row> rows;
                           for (const Row& r : kRows) {
                             if (std::string_view(r.want) != "error") rows.push_back(r);
                           }
                           return rows;
                         }()),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(Evaluation, OneInputServesManyEntryPoints) {
  const Module modules[] = {{"a.rego", "package a\nslow contains x if some x in numbers.range(1, 1000)\np := count(slow)"},
                            {"b.rego", "package b\nq := count(data.a.slow)"}};
  const auto policy = Policy::compile(modules);
  ASSERT_TRUE(policy) << policy.error().to_string();
  Evaluation evaluation(*policy);
  ASSERT_TRUE(evaluation.set_input("{}"));
  ASSERT_EQ(*evaluation.evaluate_json("data.a.p"), "1000");
  const auto before = evaluation.counters().steps;
  ASSERT_EQ(*evaluation.evaluate_json("data.b.q"), "1000");
  EXPECT_LT(evaluation.counters().steps - before, 10u) << "the set is computed once";
}

TEST(Evaluation, ABudgetNamesTheRuleThatUsedItUp) {
  EvalOptions options;
  options.budget.steps = 100'000;
  const std::string got = answer("p if { some a in numbers.range(1, 1000); some b in numbers.range(1, 1000); a * b < 0 }", "data.t.p", "{}", options);
  EXPECT_EQ(got, "error: t.rego:3: eval_cancel_error: rule data.t.p used up the evaluation's budget of 100000 steps");
}

TEST(Evaluation, StrictErrorsEndIt) {
  EvalOptions options;
  options.strict_builtin_errors = true;
  EXPECT_EQ(answer("p := 1 / 0", "data.t.p", "{}", options), "error: t.rego:3: eval_builtin_error: div: divide by zero");
}

TEST(Evaluation, PrintsGoToTheCaller) {
  std::vector<std::string> lines;
  EvalOptions options;
  options.print = [&](std::string_view text, std::string_view place) { lines.push_back(std::string(place) + " " + std::string(text)); };
  EXPECT_EQ(answer("p if { x := 1; print(\"x is\", x, input.nothing) }", "data.t.p", "{}", options), "true");
  EXPECT_EQ(lines, std::vector<std::string>{"t.rego:3 x is 1 <undefined>"});
}

TEST(Evaluation, NothingOutsideIsReachableWithoutACapability) {
  EXPECT_EQ(answer("p := rand.intn(\"a\", 9)\nq := uuid.rfc4122(\"a\")\nr := http.send({\"method\": \"get\", \"url\": \"http://x\"})", "data.t"), "{}");
}

TEST(Evaluation, DeepNestingIsRefusedNotCrashed) {
  std::string deep = "p := ";
  for (int i = 0; i < 10000; ++i) deep += "[";
  EXPECT_NE(answer(deep, "data.t.p").find("rego_parse_error: nested deeper"), std::string::npos);
  std::string json;
  for (int i = 0; i < 10000; ++i) json += "[";
  EXPECT_NE(answer("p := 1", "data.t.p", json), "1");
}

TEST(Evaluation, AnErrorShowsTheLineAndACaret) {
  const Module modules[] = {{"t.rego", "package t\n\np if {\n\tx > 1\n}\n"}};
  const auto outcome = Policy::compile_all(modules);
  ASSERT_EQ(outcome.errors.size(), 1u);
  EXPECT_EQ(outcome.errors[0].to_text(), "t.rego:4: rego_unsafe_var_error: var x is unsafe\n  \tx > 1\n  \t^");
}

TEST(Evaluation, QueriesBindVariables) {
  const Module modules[] = {{"t.rego", "package t\np contains x if some x in [1, 2]"}};
  const auto policy = Policy::compile(modules);
  ASSERT_TRUE(policy);
  Evaluation evaluation(*policy);
  const auto solutions = evaluation.query("data.t.p[x]; y = x * 10");
  ASSERT_TRUE(solutions);
  ASSERT_EQ(solutions->size(), 2u);
  EXPECT_EQ((*solutions)[1].bindings[0].first, "x");
  EXPECT_EQ((*solutions)[1].bindings[1].second.int_or(0), 20);
}

}  // namespace
}  // namespace waybill::rego
