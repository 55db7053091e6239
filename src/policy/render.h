// A decision in the words of its readers and in the formats of others (decision.md). Functions of the decision alone:
// what is shown later is what was decided then.
#pragma once

#include <span>
#include <string>

#include "waybill/policy/decision.h"

namespace waybill::policy {

enum class Reader { developer, security, auditor };
enum class Colour { never, always };

// Text for a terminal, 100 columns.
std::string to_text(const Decision& decision, Reader reader = Reader::developer, Colour colour = Colour::never);
// Each also for several decisions (a `check` of several subjects).
std::string to_markdown(std::span<const Decision> decisions);
// SARIF 2.1.0, one run.
std::string to_sarif(std::span<const Decision> decisions);
// JUnit XML: suite = pack, case = rule.
std::string to_junit(std::span<const Decision> decisions);

}  // namespace waybill::policy
