// CVSS 4.0: specification document, 8 (scoring) and 8.3 (MacroVectors).
//
// A vector falls into one of 270 classes (MacroVectors), each with a score that experts gave; inside a class it is lowered
// in proportion to how far it lies from the class's worst vector, on the way to the next lower class.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "waybill/advisory/cvss_metrics.h"

namespace waybill::advisory {
namespace {

constexpr std::array kMetrics = {
    CvssMetric{"AV", "NALP", true}, CvssMetric{"AC", "LH", true},  CvssMetric{"AT", "NP", true},  CvssMetric{"PR", "NLH", true},
    CvssMetric{"UI", "NPA", true},  CvssMetric{"VC", "HLN", true}, CvssMetric{"VI", "HLN", true}, CvssMetric{"VA", "HLN", true},
    CvssMetric{"SC", "HLN", true},  CvssMetric{"SI", "HLN", true}, CvssMetric{"SA", "HLN", true}, CvssMetric{"E", "XAPU"},
    CvssMetric{"CR", "XHML"},       CvssMetric{"IR", "XHML"},      CvssMetric{"AR", "XHML"},      CvssMetric{"MAV", "XNALP"},
    CvssMetric{"MAC", "XLH"},       CvssMetric{"MAT", "XNP"},      CvssMetric{"MPR", "XNLH"},     CvssMetric{"MUI", "XNPA"},
    CvssMetric{"MVC", "XHLN"},      CvssMetric{"MVI", "XHLN"},     CvssMetric{"MVA", "XHLN"},     CvssMetric{"MSC", "XHLN"},
    CvssMetric{"MSI", "XSHLN"},     CvssMetric{"MSA", "XSHLN"},    CvssMetric{"S", "XNP"},        CvssMetric{"AU", "XNY"},
    CvssMetric{"R", "XAUI"},        CvssMetric{"V", "XDC"},        CvssMetric{"RE", "XLMH"},      CvssMetric{"U", "X|Clear|Green|Amber|Red"},
};

// Scores in tenths, by EQ1, EQ2, EQ3 (the row) and EQ4, EQ5, EQ6 (inside it). `_`: there is no such class.
// Source: FIRST, CVSS v4.0 specification, 8.3 and its reference calculator (data/README.md).
constexpr int8_t _ = -1;
constexpr std::array<int8_t, 324> kScores = {
    100, 99, 98, 95, 95, 92, 100, 96, 93, 87, 91, 81, 93, 90, 89, 80, 81, 68,  // 000
    98,  95, 95, 92, 90, 84, 93,  92, 89, 81, 81, 65, 88, 80, 78, 70, 69, 48,  // 001
    _,   92, _,  82, _,  72, _,   79, _,  69, _,  50, _,  69, _,  55, _,  27,  // 002
    99,  97, 95, 92, 92, 85, 95,  91, 90, 83, 84, 71, 92, 81, 82, 71, 72, 53,  // 010
    95,  93, 92, 85, 85, 73, 92,  82, 80, 72, 70, 59, 84, 70, 71, 52, 50, 30,  // 011
    _,   86, _,  75, _,  52, _,   71, _,  52, _,  29, _,  63, _,  29, _,  17,  // 012
    98,  95, 94, 87, 91, 81, 94,  89, 86, 74, 77, 64, 87, 75, 74, 63, 63, 49,  // 100
    94,  89, 88, 77, 76, 67, 86,  76, 74, 58, 59, 50, 72, 57, 57, 52, 52, 25,  // 101
    _,   83, _,  70, _,  54, _,   65, _,  58, _,  26, _,  53, _,  21, _,  13,  // 102
    95,  90, 88, 76, 76, 70, 90,  77, 75, 62, 61, 53, 77, 66, 68, 59, 52, 30,  // 110
    89,  78, 76, 67, 62, 58, 74,  59, 57, 57, 47, 23, 61, 52, 57, 29, 24, 16,  // 111
    _,   71, _,  59, _,  30, _,   58, _,  26, _,  15, _,  23, _,  13, _,  6,   // 112
    93,  87, 86, 72, 75, 58, 86,  74, 74, 61, 56, 34, 70, 54, 52, 40, 40, 22,  // 200
    85,  75, 74, 55, 62, 51, 72,  57, 55, 41, 46, 19, 53, 36, 34, 19, 19, 8,   // 201
    _,   64, _,  51, _,  20, _,   47, _,  21, _,  11, _,  24, _,  9,  _,  4,   // 202
    88,  75, 73, 53, 60, 50, 73,  55, 59, 40, 41, 20, 54, 43, 45, 22, 20, 11,  // 210
    75,  55, 58, 45, 40, 21, 61,  51, 48, 18, 20, 9,  46, 18, 17, 7,  8,  2,   // 211
    _,   53, _,  24, _,  14, _,   24, _,  12, _,  5,  _,  10, _,  3,  _,  1,   // 212
};
struct Macro {
  int eq1, eq2, eq3, eq4, eq5, eq6;
};
// In tenths; -1 where there is no such class.
int score_of(const Macro& m) {
  if (m.eq1 > 2 || m.eq2 > 1 || m.eq3 > 2 || m.eq4 > 2 || m.eq5 > 2 || m.eq6 > 1) return -1;
  return kScores[static_cast<size_t>(((((m.eq1 * 2 + m.eq2) * 3 + m.eq3) * 3 + m.eq4) * 3 + m.eq5) * 2 + m.eq6)];
}

// The metrics that count, each as its level: 0 is the worst, one more a step milder.
enum Level : size_t { AV, PR, UI, AC, AT, VC, VI, VA, CR, IR, AR, SC, SI, SA, kLevels };
struct Scale {
  std::string_view metric, values;
};
constexpr std::array<Scale, kLevels> kScales = {Scale{"AV", "NALP"}, Scale{"PR", "NLH"},  Scale{"UI", "NPA"},  Scale{"AC", "LH"},  Scale{"AT", "NP"},
                                                Scale{"VC", "HLN"},  Scale{"VI", "HLN"},  Scale{"VA", "HLN"},  Scale{"CR", "HML"}, Scale{"IR", "HML"},
                                                Scale{"AR", "HML"},  Scale{"SC", "SHLN"}, Scale{"SI", "SHLN"}, Scale{"SA", "SHLN"}};
using Levels = std::array<int, kLevels>;

// The worst vectors of each class, as levels of the metrics that the class is about.
using Corner3 = std::array<int, 3>;
using Corner6 = std::array<int, 6>;
constexpr std::array<Corner3, 1> kWorst1_0 = {{{0, 0, 0}}};
constexpr std::array<Corner3, 3> kWorst1_1 = {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
constexpr std::array<Corner3, 2> kWorst1_2 = {{{3, 0, 0}, {1, 1, 1}}};
constexpr std::array<Corner3, 1> kWorst2_0 = {{{0, 0, 0}}};
constexpr std::array<Corner3, 2> kWorst2_1 = {{{1, 0, 0}, {0, 1, 0}}};
constexpr std::array<Corner3, 1> kWorst4_0 = {{{1, 0, 0}}};
constexpr std::array<Corner3, 1> kWorst4_1 = {{{1, 1, 1}}};
constexpr std::array<Corner3, 1> kWorst4_2 = {{{2, 2, 2}}};
// VC VI VA CR IR AR
constexpr std::array<Corner6, 1> kWorst36_00 = {{{0, 0, 0, 0, 0, 0}}};
constexpr std::array<Corner6, 2> kWorst36_01 = {{{0, 0, 1, 1, 1, 0}, {0, 0, 0, 1, 1, 1}}};
constexpr std::array<Corner6, 2> kWorst36_10 = {{{1, 0, 0, 0, 0, 0}, {0, 1, 0, 0, 0, 0}}};
constexpr std::array<Corner6, 5> kWorst36_11 = {{{1, 0, 1, 0, 1, 0}, {1, 0, 0, 0, 1, 1}, {0, 1, 0, 1, 0, 1}, {0, 1, 1, 1, 0, 0}, {1, 1, 0, 0, 0, 1}}};
constexpr std::array<Corner6, 1> kWorst36_21 = {{{1, 1, 1, 0, 0, 0}}};

// How many steps `levels` lies below the first corner that is nowhere milder than it.
template <class Corners>
int distance(const Levels& levels, size_t first, size_t count, const Corners& corners) {
  for (const auto& corner : corners) {
    int steps = 0;
    bool above = true;
    for (size_t i = 0; i < count; ++i) {
      const int step = levels[first + i] - corner[i];
      above = above && step >= 0;
      steps += step;
    }
    if (above) return steps;
  }
  return 0;
}

// How deep each class is, in steps (specification, 8.2, "maximal severity").
constexpr std::array kDepth1 = {1, 4, 5};
constexpr std::array kDepth2 = {1, 2};
constexpr std::array kDepth4 = {6, 5, 4};
int depth36(int eq3, int eq6) { return eq3 == 0 ? (eq6 == 0 ? 7 : 6) : eq3 == 1 ? 8 : 10; }

}  // namespace

Result<Cvss> score_cvss4(std::string_view metrics) {
  TRY(const auto values, read_cvss_metrics(metrics, kMetrics, "4.0"));
  // The modified metric where it is given, else the base metric; a threat or requirement that is not given counts as the worst.
  const auto value_of = [&](std::string_view metric) {
    const auto modified = values.of("M" + std::string(metric));
    if (!modified.empty() && modified != "X") return modified[0];
    const auto value = values.of(metric);
    return value.empty() ? 'X' : value[0];
  };
  Levels levels{};
  for (size_t i = 0; i < kLevels; ++i) {
    const size_t at = kScales[i].values.find(value_of(kScales[i].metric));
    levels[i] = at == std::string_view::npos ? 0 : static_cast<int>(at);
  }
  const char exploit = value_of("E");

  Cvss cvss;
  cvss.version = CvssVersion::v4_0;
  const bool harmless = levels[VC] == 2 && levels[VI] == 2 && levels[VA] == 2 && levels[SC] == 3 && levels[SI] == 3 && levels[SA] == 3;
  if (harmless) return cvss;

  Macro m{};
  const bool network = levels[AV] == 0, no_privileges = levels[PR] == 0, no_interaction = levels[UI] == 0;
  m.eq1 = network && no_privileges && no_interaction ? 0 : (network || no_privileges || no_interaction) && levels[AV] != 3 ? 1 : 2;
  m.eq2 = levels[AC] == 0 && levels[AT] == 0 ? 0 : 1;
  const bool confidentiality = levels[VC] == 0, integrity = levels[VI] == 0, availability = levels[VA] == 0;
  m.eq3 = confidentiality && integrity ? 0 : confidentiality || integrity || availability ? 1 : 2;
  m.eq4 = levels[SI] == 0 || levels[SA] == 0 ? 0 : levels[SC] == 1 || levels[SI] == 1 || levels[SA] == 1 ? 1 : 2;
  m.eq5 = exploit == 'P' ? 1 : exploit == 'U' ? 2 : 0;
  m.eq6 = (levels[CR] == 0 && confidentiality) || (levels[IR] == 0 && integrity) || (levels[AR] == 0 && availability) ? 0 : 1;
  const int score = score_of(m);

  int lowered = 0;        // ways down that exist
  double proportion = 0;  // the sum of what each takes off, in tenths
  const auto way_down = [&](int next, int steps, int depth) {
    if (next < 0) return;
    ++lowered;
    proportion += static_cast<double>(score - next) * steps / depth;
  };
  const auto with = [&](int Macro::* eq) {
    Macro lower = m;
    ++(lower.*eq);
    return score_of(lower);
  };
  way_down(with(&Macro::eq1),
           m.eq1 == 0   ? distance(levels, AV, 3, kWorst1_0)
           : m.eq1 == 1 ? distance(levels, AV, 3, kWorst1_1)
                        : distance(levels, AV, 3, kWorst1_2),
           kDepth1[static_cast<size_t>(m.eq1)]);
  way_down(with(&Macro::eq2), m.eq2 == 0 ? distance(levels, AC, 2, kWorst2_0) : distance(levels, AC, 2, kWorst2_1), kDepth2[static_cast<size_t>(m.eq2)]);
  // EQ3 and EQ6 depend on each other and go down together.
  int next36 = -1;
  if (m.eq3 == 0 && m.eq6 == 0)
    next36 = std::max(with(&Macro::eq6), with(&Macro::eq3));
  else if (m.eq3 == 1 && m.eq6 == 0)
    next36 = with(&Macro::eq6);
  else if (m.eq6 == 1)
    next36 = with(&Macro::eq3);
  const int steps36 = m.eq3 == 0   ? (m.eq6 == 0 ? distance(levels, VC, 6, kWorst36_00) : distance(levels, VC, 6, kWorst36_01))
                      : m.eq3 == 1 ? (m.eq6 == 0 ? distance(levels, VC, 6, kWorst36_10) : distance(levels, VC, 6, kWorst36_11))
                                   : distance(levels, VC, 6, kWorst36_21);
  way_down(next36, steps36, depth36(m.eq3, m.eq6));
  way_down(with(&Macro::eq4),
           m.eq4 == 0   ? distance(levels, SC, 3, kWorst4_0)
           : m.eq4 == 1 ? distance(levels, SC, 3, kWorst4_1)
                        : distance(levels, SC, 3, kWorst4_2),
           kDepth4[static_cast<size_t>(m.eq4)]);
  way_down(with(&Macro::eq5), 0, 1);

  const double tenths = std::clamp(score - (lowered == 0 ? 0 : proportion / lowered), 0.0, 100.0);
  cvss.score = std::floor(tenths + 0.5 + 1e-6) / 10;
  cvss.base = cvss.score;
  return cvss;
}

}  // namespace waybill::advisory
