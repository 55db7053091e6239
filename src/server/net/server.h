// HTTP/1.1 on sockets: reads requests, hands them to one handler, writes what it answers.
//
// Called by server/server.h only. One io thread a core, each with its own listening socket (SO_REUSEPORT); a connection
// stays on the thread that accepted it. It knows limits and time-outs and nothing of routes, roles or JSON; it never
// decompresses a body and never runs anything that waits: a handler that cannot answer at once takes an Answer along and
// gives it from any thread later. No library's type is in this header.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "waybill/base/http.h"
#include "waybill/base/result.h"

namespace waybill::server::net {

struct Limits {
  size_t header_bytes = size_t{32} << 10;               // more: 431
  size_t body_bytes = size_t{256} << 20;                // of one request, as sent. More: 413, without reading it
  size_t bodies_bytes = size_t{1} << 30;                // of all requests under way. More: 503
  size_t connections = 10'000;                          // more: closed when accepted
  int64_t header_timeout_ms = 15'000;                   // from the first byte of a request to the end of its header
  int64_t idle_timeout_ms = 75'000;                     // between requests
  int64_t body_pause_timeout_ms = 30'000;               // without a byte of the body
  size_t body_min_bytes_per_second = size_t{16} << 10;  // beyond the first 60 seconds
  size_t stream_queue_bytes = size_t{4} << 20;          // of an open answer whose peer does not read
};

enum class WhenFull {
  wait,  // until the peer has read something, at most a minute: for a worker that produces the answer
  drop,  // the connection: for events, which a client can ask for again
};

// An answer that stays open. Thread-safe.
class Stream {
 public:
  virtual ~Stream() = default;
  // Queues a piece. false when the peer is gone (or was given up): nothing more will reach it.
  virtual bool write(std::string_view piece, WhenFull when_full) = 0;
  virtual void end() = 0;
};

class Session;

// The right to answer one request, once, from any thread. Destroyed unused, it answers 500.
class Answer {
 public:
  Answer() = default;
  Answer(Answer&&) noexcept = default;
  Answer& operator=(Answer&&) noexcept;
  ~Answer();
  explicit operator bool() const { return session_ != nullptr; }

  void send(http::Response response);
  // Sends status and headers now, pieces as they come (chunked).
  std::shared_ptr<Stream> open(http::Response head);

 private:
  friend class Session;
  std::shared_ptr<Session> session_;
};

// One request under way.
class Exchange {
 public:
  // Its views live until the answer has been given.
  const http::Request& request() const;
  // The target's path as sent, not decoded, without the query.
  std::string_view raw_path() const;
  // For answers that come later. The handler then returns nullopt.
  Answer later();
  // Moves a body out of the exchange when it owns one (what was too big for the read buffer), else copies it.
  std::string take_body();

 private:
  friend class Session;
  explicit Exchange(Session& session) : session_(session) {}
  Session& session_;
};

using Handler = std::function<std::optional<http::Response>(Exchange&)>;

struct Options {
  std::string address = "127.0.0.1";
  uint16_t port = 8620;  // 0: any free one
  unsigned threads = 0;  // 0: one a core
  Limits limits;
};

struct Counts {
  uint64_t connections = 0, accepted = 0, refused = 0, timed_out = 0, bad_requests = 0, bytes_in = 0, bytes_out = 0;
};

class Server {
 public:
  // Listens and serves. Errors: unavailable when another program has the port; invalid for an address that is none.
  static Result<std::unique_ptr<Server>> start(Options options, Handler handler);
  ~Server();

  uint16_t port() const;
  Counts counts() const;
  // Takes no more connections and requests, lets those under way finish for at most `grace_ms`, closes open streams,
  // ends the threads.
  void stop(int64_t grace_ms);

  struct State;

 private:
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// --- One request header out of bytes, and chunked bodies: Beast's parser behind plain values. For server.cc, tests and the
// fuzz target. Strict in what matters for security: a length and a transfer encoding together, two lengths, a folded line, a
// control character are refused.

enum class HeadResult { more, done, bad };

class Head {
 public:
  Head();
  ~Head();
  Head(const Head&) = delete;
  Head& operator=(const Head&) = delete;

  void reset();
  // Looks at all bytes of the header so far; `used` says how many belong to it once it is done. On bad, `status` and
  // `why` say what to answer.
  HeadResult parse(std::string_view bytes, size_t max_bytes, size_t& used);
  // After done, when `chunked`: appends to `body` what is complete in `bytes`; `used` may be passed over.
  HeadResult parse_chunks(std::string_view bytes, size_t& used, std::string& body, size_t max_bytes);

  std::string method, target;
  http::Headers headers;  // names in lower case
  uint64_t length = 0;
  bool has_length = false, chunked = false, keep_alive = true, http10 = false, expects_continue = false;
  int status = 400;
  std::string why;

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
  size_t used_headers_ = 0;
};

}  // namespace waybill::server::net
