// The closed words of policies: verdicts, modes, tiers, outcomes, kinds of subjects. One table each makes the enum, the
// text and the order (decision.md, packs.md).
//
// Used by every file of this room, by server/ and by the command line. Nothing here decides anything.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace waybill::policy {

// Ordered from mild to strict: max() of two is the worse.
enum class Verdict : uint8_t { allow, warn, ask, deny };
// Ordered from loose to tight. `off` is nobody's mode but that of a pack that no document switches on.
enum class Mode : uint8_t { off, observe, warn, enforce };
enum class Tier : uint8_t { development, staging, production };
enum class Outcome : uint8_t { holds, broken, unknown, excepted, failed, does_not_apply };
enum class SubjectKind : uint8_t { artifact, revision, service, manifest };

std::string_view to_string(Verdict verdict);
std::string_view to_string(Mode mode);
std::string_view to_string(Tier tier);
std::string_view to_string(Outcome outcome);
std::string_view to_string(SubjectKind kind);

std::optional<Verdict> find_verdict(std::string_view word);
std::optional<Mode> find_mode(std::string_view word);
std::optional<Tier> find_tier(std::string_view word);
std::optional<SubjectKind> find_subject_kind(std::string_view word);

// The greatest verdict that a mode lets through: observe → allow, warn → warn, enforce → deny.
Verdict greatest_verdict(Mode mode);
// What a command exits with: 0 allow and warn, 3 deny, 5 ask (interfaces.md).
int exit_code(Verdict verdict);
// "Allowed", "Allowed with warnings", "Waits for an approval", "Denied".
std::string_view to_headline(Verdict verdict);

constexpr Tier kTiers[] = {Tier::development, Tier::staging, Tier::production};

}  // namespace waybill::policy
