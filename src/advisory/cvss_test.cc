#include "waybill/advisory/cvss.h"

#include <gtest/gtest.h>

namespace waybill::advisory {
namespace {

struct Row {
  std::string_view vector;
  double score;
  std::string_view severity;
};

TEST(Cvss, ScoresAreThoseOfTheSpecifications) {
  constexpr Row rows[] = {
      {"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0, "critical"},
      {"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8, "critical"},
      {"CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1, "medium"},
      {"CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:N/I:N/A:N", 0.0, "none"},
      {"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", 10.0, "critical"},
      {"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 9.3, "critical"},
      {"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N", 0.0, "none"},
      {"AV:N/AC:L/Au:N/C:P/I:P/A:P", 7.5, "high"},
      {"AV:N/AC:L/Au:N/C:N/I:N/A:C", 7.8, "high"},
  };
  for (const auto& row : rows) {
    const auto cvss = parse_cvss(row.vector);
    ASSERT_TRUE(cvss) << row.vector << ": " << cvss.error().to_string();
    EXPECT_DOUBLE_EQ(cvss->score, row.score) << row.vector;
    EXPECT_EQ(to_string(cvss->severity), row.severity) << row.vector;
  }
}

TEST(Cvss, ARefusalNamesTheMetric) {
  constexpr Row rows[] = {
      {"CVSS:3.1/AV:N", 0, "metric AC is missing"},
      {"CVSS:3.1/AV:Z/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 0, "metric AV has the value \"Z\""},
      {"CVSS:3.1/AV:N/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 0, "metric AV is there twice"},
      {"CVSS:3.2/AV:N", 0, "version \"3.2\""},
      {"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/XX:Y", 0, "no metric is called \"XX\""},
      {"", 0, "is no metric"},
  };
  for (const auto& row : rows) {
    const auto cvss = parse_cvss(row.vector);
    ASSERT_FALSE(cvss) << row.vector;
    EXPECT_NE(cvss.error().message().find(row.severity), std::string::npos) << cvss.error().message();
  }
}

}  // namespace
}  // namespace waybill::advisory
