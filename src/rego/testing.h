// Runs a policy's own tests, as `opa test` does: rules named test_…, in any package.
//
// Called by `waybill policy test` and by the packs' tests. It prints nothing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "waybill/rego/rego.h"

namespace waybill::rego {

enum class TestOutcome : uint8_t { pass, fail, error, skip };

struct TestResult {
  std::string package;  // "data.waybill.baseline.sbom_present_test"
  std::string name;     // "test_holds_with_an_sbom"
  Location location;
  TestOutcome outcome = TestOutcome::fail;
  std::string error;                // when `error`
  std::vector<std::string> prints;  // what it printed
  int64_t duration_ns = 0;
};

struct TestOptions {
  std::string_view run;  // RE2 searched in "package.name"; "" runs all
  EvalOptions eval;
};

// In order of file and row. A test passes when its value is true; undefined and anything else fails; todo_test_… is
// skipped. Errors: only an invalid `run`.
Result<std::vector<TestResult>> run_tests(const std::shared_ptr<const Policy>& policy, const TestOptions& options = {});

}  // namespace waybill::rego
