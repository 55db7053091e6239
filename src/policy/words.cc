#include "waybill/policy/words.h"

#include <array>

namespace waybill::policy {
namespace {

constexpr std::array<std::string_view, 4> kVerdicts = {"allow", "warn", "ask", "deny"};
constexpr std::array<std::string_view, 4> kModes = {"off", "observe", "warn", "enforce"};
constexpr std::array<std::string_view, 3> kTierWords = {"development", "staging", "production"};
constexpr std::array<std::string_view, 6> kOutcomes = {"holds", "broken", "unknown", "excepted", "failed", "does_not_apply"};
constexpr std::array<std::string_view, 4> kKinds = {"artifact", "revision", "service", "manifest"};
constexpr std::array<std::string_view, 4> kHeadlines = {"Allowed", "Allowed with warnings", "Waits for an approval", "Denied"};

template <class T, size_t N>
std::optional<T> find_in(const std::array<std::string_view, N>& words, std::string_view word) {
  for (size_t i = 0; i < N; ++i)
    if (words[i] == word) return static_cast<T>(i);
  return std::nullopt;
}
template <class T, size_t N>
std::string_view word_of(const std::array<std::string_view, N>& words, T value) {
  return words[static_cast<size_t>(value)];
}

}  // namespace

std::string_view to_string(Verdict verdict) { return word_of(kVerdicts, verdict); }
std::string_view to_string(Mode mode) { return word_of(kModes, mode); }
std::string_view to_string(Tier tier) { return word_of(kTierWords, tier); }
std::string_view to_string(Outcome outcome) { return word_of(kOutcomes, outcome); }
std::string_view to_string(SubjectKind kind) { return word_of(kKinds, kind); }

std::optional<Verdict> find_verdict(std::string_view word) { return find_in<Verdict>(kVerdicts, word); }
std::optional<Mode> find_mode(std::string_view word) { return find_in<Mode>(kModes, word); }
std::optional<Tier> find_tier(std::string_view word) { return find_in<Tier>(kTierWords, word); }
std::optional<SubjectKind> find_subject_kind(std::string_view word) { return find_in<SubjectKind>(kKinds, word); }

Verdict greatest_verdict(Mode mode) {
  switch (mode) {
    case Mode::off:
    case Mode::observe: return Verdict::allow;
    case Mode::warn: return Verdict::warn;
    case Mode::enforce: return Verdict::deny;
  }
  return Verdict::deny;
}

int exit_code(Verdict verdict) {
  switch (verdict) {
    case Verdict::allow:
    case Verdict::warn: return 0;
    case Verdict::ask: return 5;
    case Verdict::deny: return 3;
  }
  return 3;
}

std::string_view to_headline(Verdict verdict) { return word_of(kHeadlines, verdict); }

}  // namespace waybill::policy
