// HTTP as values: what a route sees, what it answers, and the Http seam for calls to others.
//
// A room offers `Response handle(const Request&)`; server/net/ binds it to sockets. No library's type is here.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "waybill/base/result.h"

namespace waybill::http {

using Headers = std::vector<std::pair<std::string, std::string>>;  // names in lower case

struct Request {
  std::string_view method;  // "GET"
  std::string_view target;  // as sent: "/api/v1/trace?of=CVE-2026-1"
  std::string_view path;    // percent-decoded, without the query
  std::string_view query;   // after the '?', still encoded
  std::string_view body;    // content-encoding already undone
  std::string_view peer;    // "127.0.0.1:51234"
  const Headers* headers = nullptr;

  // First header of that name (lower case), or "".
  std::string_view header(std::string_view name) const;
  // Decoded value of a query parameter; nullopt when it is not there.
  std::optional<std::string> parameter(std::string_view name) const;
};

struct Response {
  int status = 200;
  Headers headers;  // content-length is set by the server
  std::string body;
  // Set for an answer that stays open (server-sent events, streamed receipts): called on a thread of the server until it
  // returns false; `write` hands over a piece and says whether the peer is still there.
  std::function<void(const std::function<bool(std::string_view)>& write)> stream;

  static Response json(std::string body, int status = 200);
  static Response text(std::string body, int status = 200);
  // RFC 9457: application/problem+json with type, title, status, detail, where and next.
  static Response problem(const Error& error);
  static Response problem(int status, std::string_view title, std::string_view detail);
};

// The status that an error's code stands for.
int status_of(Code code);
// "%C3%A9" → "é"; '+' stays unless `plus_is_space`. nullopt for a broken escape.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);
// Everything but RFC 3986's unreserved characters.
std::string percent_encode(std::string_view text);

// The seam for outgoing calls. Blocking; every call has a deadline.
struct Call {
  std::string method = "GET";
  std::string url;
  Headers headers;
  std::string body;
  int64_t timeout_ms = 30'000;
  size_t max_response_bytes = size_t{256} << 20;
};
struct Answer {
  int status = 0;
  Headers headers;
  std::string body;
  std::string_view header(std::string_view name) const;
};
class Client {
 public:
  virtual ~Client() = default;
  virtual Result<Answer> send(const Call& call) = 0;
};

}  // namespace waybill::http
