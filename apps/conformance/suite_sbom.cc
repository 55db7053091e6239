// Bills of materials of other projects: waybill-conformance sbom PATH.
//
// CycloneDX's own documents are named valid-* and invalid-*; the latter must break their schema, so that they are read
// strictly. Everything else that is CycloneDX or SPDX JSON must be accepted, as it would be collected. Formats that are
// known and not read yet must be refused by name, and are counted as skipped.
#include <filesystem>

#include "suites.h"
#include "waybill/formats/formats.h"

namespace waybill::conformance {
namespace {

struct KnownSkip {
  std::string_view part, reason;
};
// A part of the path, and why the document is not judged.
constexpr KnownSkip kSkips[] = {
    {"/invalid-license-id-", "licence ids are not checked against a list: tools write ids that are newer than a schema"},
    {"/sbom-utility/test/cyclonedx/1.6/specification/valid-bom-1.6.json", "it has an empty ancestor, which the schema of 1.6 refuses"},
    {"/cyclonedx-schemas/", "a schema, not a document"},
    {".schema.json", "a schema, not a document"},
    {"/sbom-utility/test/config/", "configuration of that tool, not a document"},
    {"/sbom-utility/test/policy/", "configuration of that tool, not a document"},
    {"/sbom-utility/test/custom/", "configuration of that tool, not a document"},
};

bool is_candidate(std::string_view path) {
  for (const std::string_view ending : {".json", ".xml", ".spdx", ".yaml", ".yml", ".rdf", ".cdx"})
    if (path.ends_with(ending)) return true;
  return false;
}

Result<Counts> run(const std::string& root) {
  Counts counts;
  for (const std::string& path : list_files(root, "")) {
    if (!is_candidate(path)) continue;
    const std::string name = std::filesystem::path(path).filename().string();
    const auto* skip = std::find_if(std::begin(kSkips), std::end(kSkips), [&](const KnownSkip& s) { return path.find(s.part) != std::string::npos; });
    if (skip != std::end(kSkips)) {
      report_skip(counts, path, name, skip->reason);
      continue;
    }
    TRY(std::string text, read_file(path));
    const formats::Format format = formats::detect(text);
    const formats::FormatRow& row = formats::row_of(format);
    const bool invalid = name.starts_with("invalid-") || name.starts_with("Bad");
    if (format == formats::Format::unknown && !invalid) {
      report_skip(counts, path, name, "no bill of materials that we know by sight");
      continue;
    }
    formats::ParseOptions options;
    options.strict = invalid || name.starts_with("valid-");
    const auto batch = formats::parse(std::move(text), options);
    if (!row.read && format != formats::Format::unknown) {
      if (batch || batch.error().message().find("is not read yet") == std::string::npos)
        report_failure(counts, path, name, "refused by its name", batch ? "accepted" : batch.error().to_string());
      else
        report_skip(counts, path, name, std::string(row.name) + " is not read yet");
      continue;
    }
    if (batch.has_value() != invalid)
      ++counts.passed;
    else
      report_failure(counts, path, name, invalid ? "refused" : "accepted", batch ? "accepted" : batch.error().to_string());
  }
  return counts;
}

const Registration suite{"sbom", "CycloneDX and SPDX documents: valid ones accepted, invalid ones refused", run};

}  // namespace
}  // namespace waybill::conformance
