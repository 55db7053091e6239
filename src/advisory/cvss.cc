// CVSS 2.0 (FIRST, "A Complete Guide", 3.2), 3.0 and 3.1 (specification documents, 7 and appendix A). 4.0 is in cvss_v4.cc.
#include "waybill/advisory/cvss.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "waybill/advisory/cvss_metrics.h"
#include "waybill/base/bytes.h"

namespace waybill::advisory {
namespace {

using facts::Severity;

// ---- version 2.0
constexpr std::array kMetrics2 = {
    CvssMetric{"AV", "LAN", true},  CvssMetric{"AC", "HML", true},       CvssMetric{"Au", "MSN", true},   CvssMetric{"C", "NPC", true},
    CvssMetric{"I", "NPC", true},   CvssMetric{"A", "NPC", true},        CvssMetric{"E", "U|POC|F|H|ND"}, CvssMetric{"RL", "OF|TF|W|U|ND"},
    CvssMetric{"RC", "UC|UR|C|ND"}, CvssMetric{"CDP", "N|L|LM|MH|H|ND"}, CvssMetric{"TD", "N|L|M|H|ND"},  CvssMetric{"CR", "L|M|H|ND"},
    CvssMetric{"IR", "L|M|H|ND"},   CvssMetric{"AR", "L|M|H|ND"},
};

struct Weight {
  std::string_view metric, value;
  double weight;
};
constexpr std::array kWeights2 = {
    Weight{"AV", "L", 0.395}, Weight{"AV", "A", 0.646}, Weight{"AV", "N", 1.0},   Weight{"AC", "H", 0.35},  Weight{"AC", "M", 0.61},  Weight{"AC", "L", 0.71},
    Weight{"Au", "M", 0.45},  Weight{"Au", "S", 0.56},  Weight{"Au", "N", 0.704}, Weight{"C", "N", 0},      Weight{"C", "P", 0.275},  Weight{"C", "C", 0.660},
    Weight{"E", "U", 0.85},   Weight{"E", "POC", 0.9},  Weight{"E", "F", 0.95},   Weight{"RL", "OF", 0.87}, Weight{"RL", "TF", 0.90}, Weight{"RL", "W", 0.95},
    Weight{"RC", "UC", 0.90}, Weight{"RC", "UR", 0.95}, Weight{"CDP", "L", 0.1},  Weight{"CDP", "LM", 0.3}, Weight{"CDP", "MH", 0.4}, Weight{"CDP", "H", 0.5},
    Weight{"TD", "N", 0},     Weight{"TD", "L", 0.25},  Weight{"TD", "M", 0.75},  Weight{"CR", "L", 0.5},   Weight{"CR", "M", 1.0},   Weight{"CR", "H", 1.51},
};
double weight2(const CvssValues& values, std::string_view metric, std::string_view table, double otherwise) {
  const auto value = values.of(metric);
  for (const auto& row : kWeights2)
    if (row.metric == table && row.value == value) return row.weight;
  return otherwise;
}

// Half away from zero at the first digit, free of what binary fractions leave behind.
double round1(double value) { return std::floor(value * 10 + 0.5 + 1e-9) / 10; }

Cvss score2(const CvssValues& values) {
  const auto impact_of = [&](double cr, double ir, double ar) {
    return 10.41 * (1 - (1 - weight2(values, "C", "C", 0) * cr) * (1 - weight2(values, "I", "C", 0) * ir) * (1 - weight2(values, "A", "C", 0) * ar));
  };
  const double exploitability = 20 * weight2(values, "AV", "AV", 0) * weight2(values, "AC", "AC", 0) * weight2(values, "Au", "Au", 0);
  const auto base_of = [&](double impact) { return round1((0.6 * impact + 0.4 * exploitability - 1.5) * (impact == 0 ? 0 : 1.176)); };
  const double threat = weight2(values, "E", "E", 1) * weight2(values, "RL", "RL", 1) * weight2(values, "RC", "RC", 1);
  Cvss cvss;
  cvss.version = CvssVersion::v2_0;
  cvss.base = base_of(impact_of(1, 1, 1));
  cvss.temporal = round1(cvss.base * threat);
  const double adjusted = std::min(10.0, impact_of(weight2(values, "CR", "CR", 1), weight2(values, "IR", "CR", 1), weight2(values, "AR", "CR", 1)));
  const double adjusted_temporal = round1(base_of(adjusted) * threat);
  const double damage = weight2(values, "CDP", "CDP", 0);
  cvss.environmental = round1((adjusted_temporal + (10 - adjusted_temporal) * damage) * weight2(values, "TD", "TD", 1));
  const auto given = [&](std::string_view metric) { return !values.of(metric).empty(); };
  const bool environment = given("CDP") || given("TD") || given("CR") || given("IR") || given("AR");
  cvss.score = environment ? cvss.environmental : cvss.temporal;
  return cvss;
}

// ---- versions 3.0 and 3.1
constexpr std::array kMetrics3 = {
    CvssMetric{"AV", "NALP", true}, CvssMetric{"AC", "LH", true}, CvssMetric{"PR", "NLH", true}, CvssMetric{"UI", "NR", true}, CvssMetric{"S", "UC", true},
    CvssMetric{"C", "HLN", true},   CvssMetric{"I", "HLN", true}, CvssMetric{"A", "HLN", true},  CvssMetric{"E", "XHFPU"},     CvssMetric{"RL", "XUWTO"},
    CvssMetric{"RC", "XCRU"},       CvssMetric{"CR", "XHML"},     CvssMetric{"IR", "XHML"},      CvssMetric{"AR", "XHML"},     CvssMetric{"MAV", "XNALP"},
    CvssMetric{"MAC", "XLH"},       CvssMetric{"MPR", "XNLH"},    CvssMetric{"MUI", "XNR"},      CvssMetric{"MS", "XUC"},      CvssMetric{"MC", "XHLN"},
    CvssMetric{"MI", "XHLN"},       CvssMetric{"MA", "XHLN"},
};

double pick(char value, std::initializer_list<std::pair<char, double>> weights) {
  for (const auto& [letter, weight] : weights)
    if (letter == value) return weight;
  return 1.0;  // X: not defined
}

double round_up(double value, CvssVersion version) {
  if (version == CvssVersion::v3_0) return std::ceil(value * 10 - 1e-9) / 10 + 0.0;  // + 0.0: never minus zero
  // 3.1, appendix A: free of floating-point surprises.
  const auto scaled = static_cast<int64_t>(std::llround(value * 100000));
  return scaled % 10000 == 0 ? static_cast<double>(scaled) / 100000 : (std::floor(static_cast<double>(scaled) / 10000) + 1) / 10;
}

Cvss score3(const CvssValues& values, CvssVersion version) {
  const auto letter = [&](std::string_view metric) {
    const auto value = values.of(metric);
    return value.empty() ? 'X' : value[0];
  };
  const auto modified = [&](std::string_view metric) {
    const char value = letter("M" + std::string(metric));
    return value == 'X' ? letter(metric) : value;
  };
  const auto attack_vector = [](char v) { return pick(v, {{'N', 0.85}, {'A', 0.62}, {'L', 0.55}, {'P', 0.2}}); };
  const auto complexity = [](char v) { return pick(v, {{'L', 0.77}, {'H', 0.44}}); };
  const auto privileges = [](char v, bool changed) { return pick(v, {{'N', 0.85}, {'L', changed ? 0.68 : 0.62}, {'H', changed ? 0.5 : 0.27}}); };
  const auto interaction = [](char v) { return pick(v, {{'N', 0.85}, {'R', 0.62}}); };
  const auto loss = [](char v) { return pick(v, {{'H', 0.56}, {'L', 0.22}, {'N', 0}}); };
  const auto requirement = [&](std::string_view m) { return pick(letter(m), {{'H', 1.5}, {'M', 1}, {'L', 0.5}}); };

  Cvss cvss;
  cvss.version = version;
  const bool changed = letter("S") == 'C';
  const double lost = 1 - (1 - loss(letter("C"))) * (1 - loss(letter("I"))) * (1 - loss(letter("A")));
  const double impact = changed ? 7.52 * (lost - 0.029) - 3.25 * std::pow(lost - 0.02, 15) : 6.42 * lost;
  const double exploitability = 8.22 * attack_vector(letter("AV")) * complexity(letter("AC")) * privileges(letter("PR"), changed) * interaction(letter("UI"));
  cvss.base = impact <= 0 ? 0 : round_up(std::min((changed ? 1.08 : 1.0) * (impact + exploitability), 10.0), version);

  const double threat = pick(letter("E"), {{'H', 1}, {'F', 0.97}, {'P', 0.94}, {'U', 0.91}}) *
                        pick(letter("RL"), {{'U', 1}, {'W', 0.97}, {'T', 0.96}, {'O', 0.95}}) * pick(letter("RC"), {{'C', 1}, {'R', 0.96}, {'U', 0.92}});
  cvss.temporal = round_up(cvss.base * threat, version);

  const bool moved = modified("S") == 'C';
  const double mattering = std::min(
      1 - (1 - loss(modified("C")) * requirement("CR")) * (1 - loss(modified("I")) * requirement("IR")) * (1 - loss(modified("A")) * requirement("AR")), 0.915);
  double modified_impact = 6.42 * mattering;
  if (moved)
    modified_impact = version == CvssVersion::v3_0 ? 7.52 * (mattering - 0.029) - 3.25 * std::pow(mattering - 0.02, 15)
                                                   : 7.52 * (mattering - 0.029) - 3.25 * std::pow(mattering * 0.9731 - 0.02, 13);
  const double modified_exploitability =
      8.22 * attack_vector(modified("AV")) * complexity(modified("AC")) * privileges(modified("PR"), moved) * interaction(modified("UI"));
  cvss.environmental = modified_impact <= 0
                           ? 0
                           : round_up(round_up(std::min((moved ? 1.08 : 1.0) * (modified_impact + modified_exploitability), 10.0), version) * threat, version);
  cvss.score = cvss.environmental;  // without environmental metrics it is the temporal score, without those the base score
  return cvss;
}

}  // namespace

std::string_view CvssValues::of(std::string_view metric) const {
  for (const auto& [name, value] : all)
    if (name == metric) return value;
  return {};
}

// `allowed` is one letter a value, or values joined by '|'.
static bool is_allowed(std::string_view allowed, std::string_view value) {
  if (value.empty()) return false;
  if (allowed.find('|') == std::string_view::npos) return value.size() == 1 && allowed.find(value[0]) != std::string_view::npos;
  for (const auto one : split(allowed, '|'))
    if (one == value) return true;
  return false;
}

Result<CvssValues> read_cvss_metrics(std::string_view vector, std::span<const CvssMetric> metrics, std::string_view version) {
  CvssValues values;
  const auto broken = [&](std::string what) { return fail(Code::invalid, "CVSS " + std::string(version) + " vector: " + std::move(what)); };
  for (const auto part : split(vector, '/')) {
    const size_t colon = part.find(':');
    if (colon == std::string_view::npos) return broken("\"" + std::string(part.substr(0, 40)) + "\" is no metric, expected NAME:VALUE");
    const auto name = part.substr(0, colon), value = part.substr(colon + 1);
    const auto* metric = std::find_if(metrics.data(), metrics.data() + metrics.size(), [&](const CvssMetric& one) { return one.name == name; });
    if (metric == metrics.data() + metrics.size()) return broken("no metric is called \"" + std::string(name.substr(0, 40)) + "\"");
    if (!is_allowed(metric->values, value))
      return broken("metric " + std::string(name) + " has the value \"" + std::string(value.substr(0, 40)) + "\", expected one of " +
                    std::string(metric->values));
    if (!values.of(name).empty()) return broken("metric " + std::string(name) + " is there twice");
    values.all.emplace_back(name, value);
  }
  for (const auto& metric : metrics)
    if (metric.required && values.of(metric.name).empty()) return broken("metric " + std::string(metric.name) + " is missing");
  return values;
}

std::string_view to_string(CvssVersion version) {
  switch (version) {
    case CvssVersion::v2_0: return "2.0";
    case CvssVersion::v3_0: return "3.0";
    case CvssVersion::v3_1: return "3.1";
    case CvssVersion::v4_0: return "4.0";
  }
  return "3.1";
}

Severity severity_of_score(CvssVersion version, double score) {
  if (version == CvssVersion::v2_0) return score < 4.0 ? Severity::low : score < 7.0 ? Severity::medium : Severity::high;
  if (score <= 0) return Severity::none;
  return score < 4.0 ? Severity::low : score < 7.0 ? Severity::medium : score < 9.0 ? Severity::high : Severity::critical;
}

Result<Cvss> parse_cvss(std::string_view vector) {
  if (vector.size() > 1024) return fail(Code::exhausted, "CVSS vector is longer than 1024 bytes");
  Cvss cvss;
  if (vector.starts_with("CVSS:4.0/")) {
    TRY(cvss, score_cvss4(vector.substr(9)));
  } else if (vector.starts_with("CVSS:3.1/") || vector.starts_with("CVSS:3.0/")) {
    const auto version = vector[7] == '1' ? CvssVersion::v3_1 : CvssVersion::v3_0;
    TRY(const auto values, read_cvss_metrics(vector.substr(9), kMetrics3, to_string(version)));
    cvss = score3(values, version);
  } else if (vector.starts_with("CVSS:")) {
    return fail(Code::invalid, "CVSS vector of version \"" + std::string(vector.substr(5, std::min<size_t>(vector.find('/'), 20) - 5)) +
                                   "\", expected 2.0 (no prefix), 3.0, 3.1 or 4.0");
  } else {
    TRY(const auto values, read_cvss_metrics(vector, kMetrics2, "2.0"));
    cvss = score2(values);
  }
  cvss.severity = severity_of_score(cvss.version, cvss.score);
  return cvss;
}

}  // namespace waybill::advisory
