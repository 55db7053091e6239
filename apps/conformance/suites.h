// The registry of outside test suites that `waybill-conformance SUITE PATH` can run through our code.
//
// Each suite_NAME.cc registers itself. A failure is a line on stdout: file, case, wanted, got. Skips need a reason.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/base/result.h"

namespace waybill::conformance {

struct Counts {
  size_t passed = 0, failed = 0, skipped = 0;
};

// Prints "FAIL file: case: wanted …, got …" and counts.
void report_failure(Counts& counts, std::string_view file, std::string_view name, std::string_view wanted, std::string_view got);
// Prints "SKIP file: case: reason" and counts.
void report_skip(Counts& counts, std::string_view file, std::string_view name, std::string_view reason);

using RunSuite = Result<Counts> (*)(const std::string& path);

// At namespace scope: static const Registration suite{"rego", "what it runs", run};
struct Registration {
  Registration(std::string_view name, std::string_view about, RunSuite run);
};

// All bytes of a file. Errors: not_found.
Result<std::string> read_file(const std::string& path);
// Regular files below a directory (or the file itself) whose names end so, sorted by path.
std::vector<std::string> list_files(const std::string& path, std::string_view ending);

}  // namespace waybill::conformance
