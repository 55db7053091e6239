// VEX documents of other projects: waybill-conformance vex PATH. OpenVEX and CycloneDX VEX are read; CSAF is known by
// sight and refused by name, which is counted as skipped.
#include <filesystem>

#include "suites.h"
#include "waybill/formats/formats.h"

namespace waybill::conformance {
namespace {

struct Known {
  std::string_view part, reason;
};
constexpr Known kSkips[] = {
    {"openvex_json_schema.json", "a schema, not a document"},
    {"/csaf-schemas/", "a schema, not a document"},
    {".schema.json", "a schema, not a document"},
};

Result<Counts> run(const std::string& root) {
  Counts counts;
  for (const std::string& path : list_files(root, ".json")) {
    const std::string name = std::filesystem::path(path).filename().string();
    const auto* skip = std::find_if(std::begin(kSkips), std::end(kSkips), [&](const Known& s) { return path.find(s.part) != std::string::npos; });
    if (skip != std::end(kSkips)) {
      report_skip(counts, path, name, skip->reason);
      continue;
    }
    TRY(std::string text, read_file(path));
    const formats::Format format = formats::detect(text);
    const formats::FormatRow& row = formats::row_of(format);
    if (format == formats::Format::unknown) {
      report_skip(counts, path, name, "no VEX document that we know by sight");
      continue;
    }
    const auto batch = formats::parse(std::move(text));
    if (!row.read) {
      if (batch || batch.error().message().find("is not read yet") == std::string::npos)
        report_failure(counts, path, name, "refused by its name", batch ? "accepted" : batch.error().to_string());
      else
        report_skip(counts, path, name, std::string(row.name) + " is not read yet");
      continue;
    }
    if (!batch) {
      report_failure(counts, path, name, "accepted", batch.error().to_string());
    } else if (format == formats::Format::openvex && batch->exploitability.empty() && path.find("empty") == std::string::npos) {
      report_failure(counts, path, name, "a statement at least", "none");
    } else {
      ++counts.passed;
    }
  }
  return counts;
}

const Registration suite{"vex", "OpenVEX and CycloneDX VEX documents are accepted", run};

}  // namespace
}  // namespace waybill::conformance
