// CVSS vectors of all versions with the scores that other calculators give, and malformed ones.
#include <cmath>
#include <cstdio>
#include <string>

#include "suites.h"
#include "waybill/advisory/cvss.h"
#include "waybill/base/bytes.h"
#include "waybill/base/json_in.h"

namespace waybill::conformance {
namespace {

std::string one_digit(double value) {
  char text[16];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

Result<Counts> run(const std::string& path) {
  Counts counts;
  for (const auto& file : list_files(path, ".ndjson")) {
    TRY(const auto bytes, read_file(file));
    const auto name = file.substr(file.rfind('/') + 1);
    const bool odd = name.starts_with("odd-");
    for (const auto line : split(bytes, '\n')) {
      if (trim(line).empty()) continue;
      auto document = JsonDocument::parse(line);
      if (!document) return fail(std::move(document).error().at(file));
      const auto row = document->root();
      const auto vector = row["vector"].string_or("");
      const auto cvss = advisory::parse_cvss(vector);
      std::string wanted, got;
      if (odd) {
        wanted = row["accepted_by"].is_null() ? "a refusal" : "a score";
        got = cvss ? "a score" : "a refusal";
      } else if (!cvss) {
        wanted = row.to_json();
        got = cvss.error().to_string();
      } else if (row["score"].exists()) {
        wanted = one_digit(row["score"].number_or(-1)) + " " + to_lower(row["severity"].string_or(""));
        got = one_digit(cvss->score) + " " + std::string(to_string(cvss->severity));
      } else {
        struct Part {
          std::string_view key;
          double ours;
        };
        for (const auto& [key, ours] : {Part{"base", cvss->base}, Part{"temporal", cvss->temporal}, Part{"environmental", cvss->environmental}}) {
          const auto value = row[key];
          if (!value.exists() || value.is_null()) continue;
          wanted += one_digit(value.number_or(-1)) + " ";
          got += one_digit(ours) + " ";
        }
        if (const auto words = row["severity"]; words.is_array()) {
          wanted += to_lower(words.at(2).string_or(""));
          got += std::string(to_string(cvss->severity));
        }
      }
      if (got == wanted)
        ++counts.passed;
      else
        report_failure(counts, name, vector, wanted, got);
    }
  }
  return counts;
}

const Registration suite{"cvss", "CVSS 2.0, 3.0, 3.1 and 4.0: scores from vectors", run};

}  // namespace
}  // namespace waybill::conformance
