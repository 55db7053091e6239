// Reading the metrics of a CVSS vector; what cvss.cc and cvss_v4.cc share. Internal to advisory/.
#pragma once

#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "waybill/advisory/cvss.h"
#include "waybill/base/result.h"

namespace waybill::advisory {

struct CvssMetric {
  std::string_view name;
  std::string_view values;  // one letter each ("NALP"), or joined by '|' where they are longer
  bool required = false;
};
struct CvssValues {
  std::vector<std::pair<std::string_view, std::string_view>> all;
  std::string_view of(std::string_view metric) const;  // "" when not given
};
Result<CvssValues> read_cvss_metrics(std::string_view vector, std::span<const CvssMetric> metrics, std::string_view version);

// What follows "CVSS:4.0/".
Result<Cvss> score_cvss4(std::string_view metrics);

}  // namespace waybill::advisory
