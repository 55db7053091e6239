#include "waybill/server/questions.h"

#include "waybill/base/bytes.h"

namespace waybill::server {

std::optional<QuestionText> scan_question(std::string_view json, std::string_view gate) {
  if (json.size() > 2048) return std::nullopt;
  const char* at = json.data();
  const char* const end = at + json.size();
  const auto skip = [&] {
    while (at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) ++at;
  };
  // A string without escapes and control characters, ASCII only: then there is no encoding to check.
  const auto string = [&](std::string_view& out) {
    if (at == end || *at != '"') return false;
    const char* const from = ++at;
    while (at < end && *at != '"') {
      if (*at == '\\' || static_cast<signed char>(*at) < 0x20) return false;
      ++at;
    }
    if (at == end) return false;
    out = {from, static_cast<size_t>(at - from)};
    ++at;
    return true;
  };
  QuestionText q;
  q.gate = gate;
  q.action = "deploy";
  unsigned seen = 0;
  skip();
  if (at == end || *at++ != '{') return std::nullopt;
  skip();
  while (true) {
    std::string_view name;
    if (!string(name)) return std::nullopt;
    skip();
    if (at == end || *at++ != ':') return std::nullopt;
    skip();
    std::string_view* into = nullptr;
    unsigned bit = 0;
    if (name == "subject")
      into = &q.subject, bit = 1;
    else if (name == "environment")
      into = &q.environment, bit = 2;
    else if (name == "service")
      into = &q.service, bit = 4;
    else if (name == "action")
      into = &q.action, bit = 8;
    else if (name == "reason")
      into = &q.reason, bit = 16;
    else if (name == "ticket")
      into = &q.ticket, bit = 32;
    else if (name == "preview")
      bit = 64;
    else
      return std::nullopt;
    if ((seen & bit) != 0) return std::nullopt;  // twice: the strict parser says so
    seen |= bit;
    if (into != nullptr) {
      if (!string(*into)) return std::nullopt;
    } else if (end - at >= 5 && std::string_view(at, 5) == "false") {
      at += 5;
    } else if (end - at >= 4 && std::string_view(at, 4) == "true") {
      at += 4;
      q.preview = true;
    } else {
      return std::nullopt;
    }
    skip();
    if (at == end) return std::nullopt;
    if (*at == ',') {
      ++at;
      skip();
      continue;
    }
    if (*at++ != '}') return std::nullopt;
    break;
  }
  skip();
  if (at != end || q.subject.empty()) return std::nullopt;
  return q;
}

}  // namespace waybill::server
