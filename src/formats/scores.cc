// Numbers and dates about vulnerabilities: CISA's catalogue of known exploited ones (JSON) and FIRST's EPSS (CSV).
#include <charconv>

#include "waybill/base/bytes.h"
#include "waybill/formats/reader.h"

namespace waybill::formats {

using facts::Text;

// {"catalogVersion", "dateReleased", "vulnerabilities": [{"cveID", "dateAdded", "dueDate", "knownRansomwareCampaignUse", …}]}
Result<void> read_known_exploited(Reading reading) {
  facts::Batch& batch = reading.batch;
  TRY(const auto tree, read_tree(reading));
  const Field root(tree.root(), "");
  TRY_DO(root.expect_object());
  TRY(const Text version, root["catalogVersion"].required_text());
  batch.format = "CISA KEV " + std::string(version);
  batch.kind = "advisories";
  const Field list = root["vulnerabilities"];
  if (!list.value().is_array()) return fail(list.wrong("expected an array of vulnerabilities"));
  batch.scored.reserve(list.value().size());
  return each_item(list, [&](const Field& item) -> Result<void> {
    TRY_DO(item.expect_object());
    TRY(const Text id, item["cveID"].required_text());
    TRY_DO(item["dateAdded"].text());
    TRY_DO(item["dueDate"].text());
    TRY(const Text ransomware, item["knownRansomwareCampaignUse"].text());
    facts::Scored score;
    score.of = batch.keep(id);
    score.scheme = "kev";
    score.value = 1;
    if (ransomware == "Known") score.text = "ransomware";
    score.at = time_or_warn(batch, item["dateAdded"]);
    score.due = time_or_warn(batch, item["dueDate"]);
    batch.scored.push_back(score);
    return {};
  });
}

// #model_version:v2025.03.14,score_date:2026-11-20T00:00:00+0000
// cve,epss,percentile
// CVE-2023-4863,0.93,0.998
Result<void> read_exploit_prediction(Reading reading) {
  facts::Batch& batch = reading.batch;
  std::string_view text = reading.text;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  Time at;
  std::string_view model;
  bool header = false;
  for (size_t line = 1; !text.empty(); ++line) {
    const size_t end = text.find('\n');
    const std::string_view row = trim(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (row.empty()) continue;
    const auto wrong = [&](std::string message) { return fail(Error(Code::invalid, std::move(message)).at("line " + std::to_string(line))); };
    if (row.front() == '#') {
      for (const std::string_view part : split(row.substr(1), ',')) {
        if (part.starts_with("model_version:")) model = part.substr(14);
        if (part.starts_with("score_date:")) {
          std::string date(part.substr(11));
          // "+0000" is no offset of RFC 3339.
          if (date.size() > 5 && (date[date.size() - 5] == '+' || date[date.size() - 5] == '-')) date.insert(date.size() - 2, ":");
          at = time_or_warn(batch, date, "line " + std::to_string(line));
        }
      }
      continue;
    }
    if (!header) {
      if (row != "cve,epss,percentile") return wrong("expected the header \"cve,epss,percentile\", found \"" + std::string(row.substr(0, 60)) + "\"");
      header = true;
      continue;
    }
    const auto cells = split(row, ',');
    if (cells.size() != 3) return wrong("expected 3 cells, found " + std::to_string(cells.size()));
    double values[2];
    for (size_t i = 0; i < 2; ++i) {
      const std::string_view cell = cells[i + 1];
      const auto [stop, error] = std::from_chars(cell.data(), cell.data() + cell.size(), values[i]);
      if (error != std::errc() || stop != cell.data() + cell.size() || !(values[i] >= 0 && values[i] <= 1))
        return wrong("expected a number from 0 to 1, found \"" + std::string(cell.substr(0, 40)) + "\"");
    }
    if (!cells[0].starts_with("CVE-")) return wrong("expected a CVE, found \"" + std::string(cells[0].substr(0, 40)) + "\"");
    const Text id = batch.keep(cells[0]);
    batch.scored.push_back({.of = id, .scheme = "epss", .value = values[0], .at = at});
    batch.scored.push_back({.of = id, .scheme = "epss-percentile", .value = values[1], .at = at});
  }
  if (!header) return fail(Error(Code::invalid, "expected the header \"cve,epss,percentile\", found the end of the text"));
  batch.format = "EPSS " + std::string(model);
  if (model.empty()) batch.format = "EPSS";
  batch.kind = "advisories";
  return {};
}

}  // namespace waybill::formats
