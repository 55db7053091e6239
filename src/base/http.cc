#include "waybill/base/http.h"

#include "waybill/base/bytes.h"
#include "waybill/base/json_out.h"

namespace waybill::http {
namespace {
std::string_view find_header(const Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers)
    if (key == name) return value;
  return {};
}
std::string_view title_of(int status) {
  switch (status) {
    case 400: return "Bad request";
    case 401: return "Not authenticated";
    case 403: return "Not allowed";
    case 404: return "Not found";
    case 405: return "Method not allowed";
    case 409: return "Conflict";
    case 413: return "Too large";
    case 415: return "Unknown format";
    case 422: return "Cannot be processed";
    case 429: return "Too many requests";
    case 503: return "Not available now";
    case 507: return "No space left";
    default: return status >= 500 ? "Internal error" : "Error";
  }
}
}  // namespace

std::string_view Request::header(std::string_view name) const { return headers ? find_header(*headers, name) : std::string_view{}; }
std::string_view Answer::header(std::string_view name) const { return find_header(headers, name); }

std::optional<std::string> Request::parameter(std::string_view name) const {
  for (const auto part : split(query, '&')) {
    const auto equals = part.find('=');
    const auto key = percent_decode(part.substr(0, equals), true);
    if (!key || *key != name) continue;
    return percent_decode(equals == std::string_view::npos ? std::string_view{} : part.substr(equals + 1), true);
  }
  return std::nullopt;
}

Response Response::json(std::string body, int status) {
  Response response;
  response.status = status;
  response.headers.emplace_back("content-type", "application/json");
  response.body = std::move(body);
  return response;
}
Response Response::text(std::string body, int status) {
  Response response;
  response.status = status;
  response.headers.emplace_back("content-type", "text/plain; charset=utf-8");
  response.body = std::move(body);
  return response;
}
Response Response::problem(const Error& error) {
  const int status = status_of(error.code());
  JsonWriter w;
  w.begin_object().field("type", "about:blank").field("title", title_of(status)).field("status", status).field("detail", error.message());
  w.field("code", waybill::to_string(error.code()));
  if (!error.where().empty()) {
    w.key("where").begin_array();
    for (auto place = error.where().rbegin(); place != error.where().rend(); ++place) w.value(*place);
    w.end_array();
  }
  if (!error.next().empty()) w.field("next", error.next());
  w.end_object();
  Response response = json(std::move(w).take(), status);
  response.headers[0].second = "application/problem+json";
  return response;
}
Response Response::problem(int status, std::string_view title, std::string_view detail) {
  JsonWriter w;
  w.begin_object().field("type", "about:blank").field("title", title).field("status", status).field("detail", detail).end_object();
  Response response = json(std::move(w).take(), status);
  response.headers[0].second = "application/problem+json";
  return response;
}

int status_of(Code code) {
  switch (code) {
    case Code::invalid: return 400;
    case Code::not_found: return 404;
    case Code::denied: return 403;
    case Code::conflict: return 409;
    case Code::unavailable: return 503;
    case Code::exhausted: return 413;
    case Code::internal: return 500;
  }
  return 500;
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const auto byte = parse_hex(text.substr(i + 1, 2));
      if (!byte) return std::nullopt;
      out += *byte;
      i += 2;
    } else {
      out.push_back(plus_is_space && text[i] == '+' ? ' ' : text[i]);
    }
  }
  return out;
}
std::string percent_encode(std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out.push_back(c);
    } else {
      out.push_back('%');
      out.push_back(kHex[static_cast<uint8_t>(c) >> 4]);
      out.push_back(kHex[static_cast<uint8_t>(c) & 15]);
    }
  }
  return out;
}

}  // namespace waybill::http
