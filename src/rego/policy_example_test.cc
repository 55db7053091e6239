// The eight example rules of the design and their own tests, as `opa test rules golden.json` runs them.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "waybill/rego/json_value.h"
#include "waybill/rego/rego.h"
#include "waybill/rego/testing.h"

namespace waybill::rego {
namespace {

std::string shared() {
  if (const char* set = std::getenv("WAYBILL_SHARED")) return set;
  return WAYBILL_SOURCE_DIR "/../shared";
}

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::vector<Module> example_modules() {
  std::vector<Module> modules;
  for (const auto& e : std::filesystem::directory_iterator(shared() + "/design/policy-example/rules")) {
    modules.push_back({e.path().filename().string(), read(e.path())});
  }
  std::sort(modules.begin(), modules.end(), [](const Module& a, const Module& b) { return a.name < b.name; });
  return modules;
}

class PolicyExample : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(shared() + "/design/policy-example")) GTEST_SKIP() << "the design's policy-example is not beside the project";
  }
};

TEST_F(PolicyExample, AllItsOwnTestsPass) {
  const auto policy = Policy::compile(example_modules(), read(shared() + "/design/policy-example/golden.json"));
  ASSERT_TRUE(policy) << policy.error().to_string();
  const auto results = run_tests(*policy);
  ASSERT_TRUE(results);
  EXPECT_EQ(results->size(), 24u);
  for (const auto& r : *results) EXPECT_EQ(r.outcome, TestOutcome::pass) << r.package << "." << r.name << " " << r.error;
}

TEST_F(PolicyExample, TwoRulesAreBrokenOnTheFullExample) {
  const auto policy = Policy::compile(example_modules());
  ASSERT_TRUE(policy) << policy.error().to_string();
  Evaluation evaluation(*policy);
  ASSERT_TRUE(evaluation.set_input(read(shared() + "/design/policy-example/full.json")));
  std::vector<std::string> broken;
  for (const auto& package : (*policy)->packages()) {
    if (package.path.ends_with("_test")) continue;
    const auto document = evaluation.evaluate(package.path);
    ASSERT_TRUE(document) << document.error().to_string();
    if ((*document)["broken"].size() > 0) broken.push_back(package.path.substr(package.path.rfind('.') + 1));
  }
  EXPECT_EQ(broken, (std::vector<std::string>{"independent_approval", "known_exploited_vulnerability"}));
}

TEST_F(PolicyExample, SlicesAndAnnotationsAreKnownAtCompileTime) {
  const auto policy = Policy::compile(example_modules());
  ASSERT_TRUE(policy);
  const std::vector<std::string> entry{"data.waybill.change_control.promotion_order"};
  const auto use = (*policy)->input_use(entry);
  EXPECT_EQ(use.slices, (std::vector<std::string>{"deployments", "parameters"}));
  EXPECT_EQ(use.paths, (std::vector<std::string>{"deployments.earlier", "parameters.promotion_order"}));
  EXPECT_FALSE(use.all);
  Heap heap;
  const std::string text((*policy)->package_annotation("data.waybill.change_control.promotion_order"));
  const auto annotation = parse_json_value(heap, text);
  ASSERT_TRUE(annotation) << text;
  EXPECT_EQ((*annotation)["custom"]["waybill"]["id"].string_or(""), "promotion-order");
  EXPECT_EQ((*annotation)["custom"]["waybill"]["parameters"]["min_soak_hours"]["default"]["production"].int_or(0), 24);
}

}  // namespace
}  // namespace waybill::rego
