// A gate's question out of a request's JSON. Shared by the route and the server's fast way for repeated questions.
#pragma once

#include <string_view>

#include "waybill/base/json_in.h"
#include "waybill/policy/decide.h"
#include "waybill/server/auth.h"

namespace waybill::server {

// Views into the document and the path.
struct QuestionText {
  std::string_view subject, environment, service, action, reason, ticket, gate;
  bool preview = false;
};
Result<QuestionText> parse_question(const JsonDocument& document, std::string_view gate);
policy::Question to_question(const QuestionText& text, const Principal& who);

// The same out of a flat JSON object whose strings have no escapes, without a parser: nullopt when it is anything else,
// and the slow way looks at it. (A test compares the two.)
std::optional<QuestionText> scan_question(std::string_view json, std::string_view gate);

}  // namespace waybill::server
