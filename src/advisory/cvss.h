// CVSS: scores from vectors, versions 2.0, 3.0, 3.1 and 4.0, exactly as FIRST's specifications compute them.
//
// Called by advisory.h for every record, and by whoever shows a vector. It never takes a score that a document states
// beside a vector: the vector is what counts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "waybill/base/result.h"
#include "waybill/facts/facts.h"

namespace waybill::advisory {

enum class CvssVersion : uint8_t { v2_0, v3_0, v3_1, v4_0 };
std::string_view to_string(CvssVersion version);  // "2.0", "3.0", "3.1", "4.0"

struct Cvss {
  CvssVersion version = CvssVersion::v3_1;
  double score = 0;                                     // 0.0 to 10.0, one digit: of all metrics that the vector gives
  double base = 0;                                      // of the base metrics alone (4.0: the same as score, which has one formula)
  double temporal = 0;                                  // 2.0 and 3.x: base with the temporal (threat) metrics
  double environmental = 0;                             // 2.0 and 3.x
  facts::Severity severity = facts::Severity::unknown;  // by the specification's rating scale, of `score`
};

// "CVSS:3.1/AV:N/…", "CVSS:4.0/…"; version 2.0 has no prefix ("AV:N/AC:L/…").
// Errors: invalid, naming the metric that is missing, unknown, doubled or has a wrong value.
Result<Cvss> parse_cvss(std::string_view vector);

// The rating scale of 3.x and 4.0 (2.0 has none of its own: NVD's is used, which knows no critical).
facts::Severity severity_of_score(CvssVersion version, double score);

}  // namespace waybill::advisory
