#include "waybill/facts/facts.h"

#include <gtest/gtest.h>

namespace waybill::facts {
namespace {

TEST(Facts, WordsAreThoseOfThePolicyInput) {
  EXPECT_EQ(to_string(ComponentKind::library), "library");
  EXPECT_EQ(to_string(ComponentKind::other), "other");
  EXPECT_EQ(to_string(Scope::optional), "optional");
  EXPECT_EQ(to_string(Severity::critical), "critical");
  EXPECT_EQ(to_string(TestKind::smoke), "smoke");
  EXPECT_EQ(to_string(FindingKind::static_), "static");
  EXPECT_EQ(to_string(FindingKind::vulnerability), "vulnerability");
  EXPECT_EQ(to_string(ScanKind::penetration), "penetration");
  EXPECT_EQ(to_string(Outcome::failed), "failed");
  EXPECT_EQ(to_string(Vex::under_investigation), "under_investigation");
}

TEST(Facts, SeveritiesOfOtherVendorsAreUnderstood) {
  struct Row {
    std::string_view word;
    Severity severity;
  };
  for (const Row& row : {Row{"CRITICAL", Severity::critical}, Row{"Important", Severity::high}, Row{"moderate", Severity::medium},
                         Row{"negligible", Severity::low}, Row{"None", Severity::none}, Row{"", Severity::unknown}, Row{"grave", Severity::unknown}})
    EXPECT_EQ(parse_severity(row.word), row.severity) << row.word;
}

TEST(Facts, CountsNameOnlyWhatIsThere) {
  Batch batch;
  EXPECT_EQ(to_counts_json(batch), "{}");
  batch.contains.resize(3);
  batch.depends_on.push_back({Contains::kNoComponent, 1});
  EXPECT_EQ(to_counts_json(batch), R"({"contains":3,"depends_on":1})");
}

TEST(Facts, JsonLeavesOutWhatIsNotSaid) {
  Batch batch;
  batch.format = "CycloneDX 1.6";
  batch.kind = "sbom";
  batch.contains.push_back({.purl = "pkg:npm/a@1", .name = "a"});
  batch.depends_on.push_back({Contains::kNoComponent, 0});
  batch.tested.push_back({.suite = "s", .passed = 2});
  EXPECT_EQ(to_json(batch),
            R"({"format":"CycloneDX 1.6","kind":"sbom","contains":[{"purl":"pkg:npm/a@1","name":"a","kind":"library"}],"depends_on":[{"to":0}],)"
            R"("tested":[{"suite":"s","kind":"unit","passed":2,"failed":0,"skipped":0}]})");
}

}  // namespace
}  // namespace waybill::facts
