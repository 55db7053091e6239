#include "waybill/server/net/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <condition_variable>
#include <list>
#include <thread>
#include <unordered_set>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "waybill/base/bytes.h"

namespace waybill::server::net {
namespace asio = boost::asio;
using asio::ip::tcp;
using Errno = boost::system::error_code;

namespace {
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr size_t kReadBytes = size_t{16} << 10;      // of a connection's buffer at rest
constexpr size_t kBodyStepBytes = size_t{1} << 20;   // how far a promised body is believed in advance
constexpr size_t kCoalesceBytes = size_t{64} << 10;  // answers to pipelined requests written at once
constexpr size_t kKeepBytes = size_t{1} << 20;       // buffers beyond are given back after a request
constexpr size_t kDrainBytes = size_t{256} << 10;    // read and thrown away after a refusal, so that it can be read

int64_t steady_ms() { return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

std::string_view reason_of(int status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 301: return "Moved Permanently";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    case 507: return "Insufficient Storage";
    default: return "Status";
  }
}

void append_number(std::string& out, uint64_t number) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

// "Date: …" costs a clock and a strftime; once a second is enough.
void append_date(std::string& out) {
  thread_local int64_t second = -1;
  thread_local char text[64];
  thread_local size_t size = 0;
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  if (now != second) {
    const time_t when = static_cast<time_t>(now);
    tm parts{};
    gmtime_r(&when, &parts);
    static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const int n = snprintf(text, sizeof text, "date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n", kDays[parts.tm_wday], parts.tm_mday, kMonths[parts.tm_mon],
                           parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
    size = n > 0 ? std::min(static_cast<size_t>(n), sizeof text - 1) : 0;
    second = now;
  }
  out.append(text, size);
}

// Header values come from our own code, but some carry what a client sent (traceparent): no line may be smuggled in.
void append_header(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  for (const char c : value) out.push_back(c == '\r' || c == '\n' || c == '\0' ? ' ' : c);
  out += "\r\n";
}

enum class Framing { length, chunked, until_close };

void append_head(std::string& out, const http::Response& response, Framing framing, size_t length, bool keep_alive, bool http10) {
  out += http10 ? "HTTP/1.0 " : "HTTP/1.1 ";
  append_number(out, static_cast<uint64_t>(response.status));
  out.push_back(' ');
  out += reason_of(response.status);
  out += "\r\n";
  append_date(out);
  for (const auto& [name, value] : response.headers) append_header(out, name, value);
  if (framing == Framing::chunked) out += "transfer-encoding: chunked\r\n";
  if (framing == Framing::length && response.status != 204 && response.status != 304) {
    out += "content-length: ";
    append_number(out, length);
    out += "\r\n";
  }
  if (!keep_alive) {
    out += "connection: close\r\n";
  } else if (http10) {
    out += "connection: keep-alive\r\n";
  }
  out += "\r\n";
}

}  // namespace

// What all threads share.
struct Server::State {
  Options options;
  Handler handler;
  uint16_t port = 0;
  std::atomic<bool> stopping{false};
  std::atomic<size_t> connections{0}, bodies_bytes{0};
  std::atomic<uint64_t> accepted{0}, refused{0}, timed_out{0}, bad_requests{0}, bytes_in{0}, bytes_out{0};

  // One thread's world: an io_context, a listening socket, the connections that it accepted.
  struct Shard {
    explicit Shard(State& s) : state(s), context(1), acceptor(context), tick(context) {}
    State& state;
    asio::io_context context;
    tcp::acceptor acceptor;
    asio::steady_timer tick;
    std::unordered_set<Session*> sessions;
    int64_t now_ms = steady_ms();  // as of the last tick: time-outs need no more
    std::thread thread;
  };
  std::vector<std::unique_ptr<Shard>> shards;

  asio::awaitable<void> accept(Shard& shard);
  asio::awaitable<void> watch(Shard& shard);
};
// One connection. Everything in it happens on its shard's thread; Answer and Stream post to it.
class Session : public std::enable_shared_from_this<Session> {
 public:
  using ShardT = Server::State::Shard;
  class OpenStream;

  Session(ShardT& shard, tcp::socket socket, std::string peer)
      : shard_(shard), socket_(std::move(socket)), wake_(shard.context), peer_(std::move(peer)), buffer_(kReadBytes, '\0') {
    shard_.sessions.insert(this);
    deadline_ms_ = shard_.now_ms + limits().header_timeout_ms;
  }
  ~Session() { shard_.state.connections.fetch_sub(1, std::memory_order_relaxed); }

  asio::awaitable<void> run();

  // Both on the shard's thread.
  void check_deadline() {
    if (shard_.now_ms < deadline_ms_) return;
    shard_.state.timed_out.fetch_add(1, std::memory_order_relaxed);
    close();
  }
  void stop_gently();
  void close() {
    Errno ignored;
    socket_.shutdown(tcp::socket::shutdown_both, ignored);
    socket_.close(ignored);
    wake_.cancel();
  }

  const http::Request& request() const { return request_; }
  std::string_view raw_path() const { return raw_path_; }
  std::string take_body() {
    if (body_is_own_) {
      body_is_own_ = false;
      request_.body = {};
      return std::move(body_);
    }
    return std::string(request_.body);
  }
  Answer later() {
    Answer answer;
    answer.session_ = shared_from_this();
    late_ = true;
    return answer;
  }
  void send_late(http::Response response);
  std::shared_ptr<Stream> open_late(http::Response head);

 private:
  const Limits& limits() const { return shard_.state.options.limits; }
  void extend(int64_t ms) { deadline_ms_ = shard_.now_ms + ms; }
  static constexpr int64_t kNever = INT64_MAX;

  std::string_view unread() const { return std::string_view(buffer_).substr(begin_, end_ - begin_); }
  // Room for more behind what is unread; grows up to the header limit.
  void make_room() {
    if (begin_ == end_) begin_ = end_ = 0;
    if (end_ < buffer_.size()) return;
    if (begin_ > 0) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    } else {
      buffer_.resize(buffer_.size() * 2);
    }
  }
  void set_request();
  void refuse(int status, std::string_view title, std::string_view detail) {
    shard_.state.bad_requests.fetch_add(1, std::memory_order_relaxed);
    append(http::Response::problem(status, title, detail), false);
    keep_alive_ = false;
    drain_ = true;
  }
  void append(const http::Response& response, bool keep_alive) {
    append_head(out_, response, Framing::length, response.body.size(), keep_alive, head_.http10);
    if (!is_head_request_ && response.status != 204 && response.status != 304) out_ += response.body;
  }
  bool take_body_bytes(size_t bytes) {
    held_ += bytes;
    return shard_.state.bodies_bytes.fetch_add(bytes, std::memory_order_relaxed) + bytes <= limits().bodies_bytes;
  }
  void give_body_bytes() {
    shard_.state.bodies_bytes.fetch_sub(held_, std::memory_order_relaxed);
    held_ = 0;
  }

  friend class Server;
  ShardT& shard_;
  tcp::socket socket_;
  asio::steady_timer wake_;
  std::string peer_;
  std::string buffer_;
  size_t begin_ = 0, end_ = 0;
  std::string out_;
  std::string body_;
  bool body_is_own_ = false;
  size_t held_ = 0;
  Head head_;
  std::string path_;
  std::string_view raw_path_;
  http::Request request_;
  bool keep_alive_ = true, is_head_request_ = false, drain_ = false, busy_ = false;
  int64_t deadline_ms_ = 0;

  // The answer that comes later.
  bool late_ = false, late_ready_ = false;
  http::Response late_response_;
  std::shared_ptr<OpenStream> late_stream_;
};

class Session::OpenStream : public Stream {
 public:
  explicit OpenStream(std::shared_ptr<Session> session, size_t limit) : session_(std::move(session)), limit_(limit) {}

  bool write(std::string_view piece, WhenFull when_full) override {
    std::unique_lock lock(mutex_);
    if (closed_) return false;
    if (pending_.size() > limit_) {
      if (when_full == WhenFull::drop) {
        give_up();
        return false;
      }
      if (!room_.wait_for(lock, std::chrono::minutes(1), [&] { return closed_ || pending_.size() <= limit_; })) give_up();
      if (closed_) return false;
    }
    pending_ += piece;
    signal();
    return true;
  }
  void end() override {
    const std::lock_guard lock(mutex_);
    if (closed_ || ended_) return;
    ended_ = true;
    signal();
  }

  // The session's side.
  bool take(std::string& out) {  // true: the end
    const std::lock_guard lock(mutex_);
    out.clear();
    out.swap(pending_);
    signalled_ = false;
    room_.notify_all();
    return ended_;
  }
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    pending_.clear();
    session_.reset();
    room_.notify_all();
  }

 private:
  void signal() {
    if (signalled_ || !session_) return;
    signalled_ = true;
    asio::post(session_->shard_.context, [session = session_] {
      session->wake_.cancel();
      session->late_ready_ = true;
    });
  }
  void give_up() {
    closed_ = true;
    if (session_) asio::post(session_->shard_.context, [session = session_] { session->close(); });
  }
  std::mutex mutex_;
  std::condition_variable room_;
  std::string pending_;
  std::shared_ptr<Session> session_;
  size_t limit_;
  bool ended_ = false, closed_ = false, signalled_ = false;
};

void Session::send_late(http::Response response) {
  // The move goes through a shared_ptr-free lambda: asio's handlers may be move-only.
  asio::post(shard_.context, [self = shared_from_this(), response = std::move(response)]() mutable {
    self->late_response_ = std::move(response);
    self->late_ready_ = true;
    self->wake_.cancel();
  });
}

std::shared_ptr<Stream> Session::open_late(http::Response head) {
  auto stream = std::make_shared<OpenStream>(shared_from_this(), limits().stream_queue_bytes);
  asio::post(shard_.context, [self = shared_from_this(), head = std::move(head), stream]() mutable {
    self->late_response_ = std::move(head);
    self->late_stream_ = std::move(stream);
    self->late_ready_ = true;
    self->wake_.cancel();
  });
  return stream;
}

void Session::stop_gently() {
  keep_alive_ = false;
  if (!busy_ || late_stream_) close();
}

void Session::set_request() {
  const std::string_view target = head_.target;
  const auto question = target.find('?');
  raw_path_ = target.substr(0, question);
  request_.method = head_.method;
  request_.target = target;
  request_.query = question == std::string_view::npos ? std::string_view{} : target.substr(question + 1);
  if (raw_path_.find('%') == std::string_view::npos) {
    request_.path = raw_path_;
  } else if (auto decoded = http::percent_decode(raw_path_)) {
    path_ = std::move(*decoded);
    request_.path = path_;
  } else {
    request_.path = raw_path_;  // routes decode their own parts and refuse what is broken
  }
  request_.headers = &head_.headers;
  request_.peer = peer_;
  is_head_request_ = head_.method == "HEAD";
}

asio::awaitable<void> Session::run() {
  const auto self = shared_from_this();
  auto& state = shard_.state;
  Errno ec;
  size_t n = 0;
  for (;;) {
    // --- the header
    head_.reset();
    for (;;) {
      size_t used = 0;
      const auto parsed = begin_ == end_ ? HeadResult::more : head_.parse(unread(), limits().header_bytes, used);
      if (parsed == HeadResult::done) {
        begin_ += used;
        break;
      }
      if (parsed == HeadResult::bad) {
        set_request();
        refuse(head_.status, head_.status == 431 ? "Header too large" : "Bad request", head_.why);
        break;
      }
      if (!out_.empty()) {
        extend(limits().body_pause_timeout_ms);
        std::tie(ec, n) = co_await asio::async_write(socket_, asio::buffer(out_), kAwait);
        state.bytes_out.fetch_add(n, std::memory_order_relaxed);
        if (ec) co_return close();
        out_.clear();
        if (out_.capacity() > kKeepBytes) out_.shrink_to_fit();
      }
      if (!keep_alive_) co_return close();
      make_room();
      if (begin_ == end_) {
        busy_ = false;
        extend(limits().idle_timeout_ms);
      } else if (!busy_) {
        busy_ = true;
        extend(limits().header_timeout_ms);
      }
      std::tie(ec, n) = co_await socket_.async_read_some(asio::buffer(buffer_.data() + end_, buffer_.size() - end_), kAwait);
      if (ec) co_return close();
      state.bytes_in.fetch_add(n, std::memory_order_relaxed);
      if (begin_ == end_) extend(limits().header_timeout_ms);
      end_ += n;
    }
    busy_ = true;
    if (!drain_) {
      set_request();
      keep_alive_ = head_.keep_alive && !state.stopping.load(std::memory_order_relaxed);
    }

    // --- the body
    request_.body = {};
    body_is_own_ = false;
    size_t in_buffer = 0;  // of the body, to be skipped after the answer
    if (!drain_ && head_.has_length && head_.length > 0) {
      if (head_.length > limits().body_bytes) {
        refuse(413, "Too large",
               "the body has " + std::to_string(head_.length) + " bytes, this server takes " + std::to_string(limits().body_bytes) +
                   " (waybill serve --max-body)");
      } else if (head_.length <= end_ - begin_) {
        in_buffer = static_cast<size_t>(head_.length);
        request_.body = unread().substr(0, in_buffer);
      } else if (!take_body_bytes(static_cast<size_t>(head_.length))) {
        refuse(503, "Not available now", "too many big bodies at once: send this one again in a moment");
      } else {
        if (head_.expects_continue) {
          out_ += "HTTP/1.1 100 Continue\r\n\r\n";
          std::tie(ec, n) = co_await asio::async_write(socket_, asio::buffer(out_), kAwait);
          if (ec) co_return close();
          out_.clear();
        }
        const auto length = static_cast<size_t>(head_.length);
        size_t have = end_ - begin_;
        body_.clear();
        body_.resize(std::min(length, std::max(have, kBodyStepBytes)));
        std::memcpy(body_.data(), buffer_.data() + begin_, have);
        begin_ = end_ = 0;
        const int64_t last = shard_.now_ms + 60'000 + static_cast<int64_t>(length / limits().body_min_bytes_per_second) * 1000;
        while (have < length) {
          if (have == body_.size()) body_.resize(std::min(length, body_.size() * 2));
          deadline_ms_ = std::min(last, shard_.now_ms + limits().body_pause_timeout_ms);
          std::tie(ec, n) = co_await socket_.async_read_some(asio::buffer(body_.data() + have, body_.size() - have), kAwait);
          if (ec) co_return close();
          state.bytes_in.fetch_add(n, std::memory_order_relaxed);
          have += n;
        }
        request_.body = body_;
        body_is_own_ = true;
      }
    } else if (!drain_ && head_.chunked) {
      if (head_.expects_continue) {
        out_ += "HTTP/1.1 100 Continue\r\n\r\n";
        std::tie(ec, n) = co_await asio::async_write(socket_, asio::buffer(out_), kAwait);
        if (ec) co_return close();
        out_.clear();
      }
      body_.clear();
      const int64_t started = shard_.now_ms;
      for (;;) {
        size_t used = 0;
        const size_t before = body_.size();
        const auto parsed = head_.parse_chunks(unread(), used, body_, limits().body_bytes);
        begin_ += used;
        if (body_.size() > before && !take_body_bytes(body_.size() - before)) {
          refuse(503, "Not available now", "too many big bodies at once: send this one again in a moment");
          break;
        }
        if (parsed == HeadResult::bad) {
          refuse(head_.status, head_.status == 413 ? "Too large" : "Bad request", head_.why);
          break;
        }
        if (parsed == HeadResult::done) break;
        make_room();
        if (buffer_.size() > limits().header_bytes * 2) {
          refuse(400, "Bad request", "a chunk header is too long");
          break;
        }
        deadline_ms_ = std::min(shard_.now_ms + limits().body_pause_timeout_ms,
                                started + 60'000 + static_cast<int64_t>(body_.size() / limits().body_min_bytes_per_second) * 1000);
        std::tie(ec, n) = co_await socket_.async_read_some(asio::buffer(buffer_.data() + end_, buffer_.size() - end_), kAwait);
        if (ec) co_return close();
        state.bytes_in.fetch_add(n, std::memory_order_relaxed);
        end_ += n;
      }
      request_.body = body_;
      body_is_own_ = true;
    }

    // --- the answer
    if (!drain_) {
      deadline_ms_ = kNever;  // from here on it is our own time
      late_ = late_ready_ = false;
      late_stream_.reset();
      std::optional<http::Response> response;
      {
        Exchange exchange(*this);
        response = state.handler(exchange);
      }
      if (!response) {
        if (!out_.empty() && !late_ready_) {  // answers to earlier requests do not wait for this one
          std::tie(ec, n) = co_await asio::async_write(socket_, asio::buffer(out_), kAwait);
          if (ec) co_return close();
          state.bytes_out.fetch_add(n, std::memory_order_relaxed);
          out_.clear();
        }
        while (!late_ready_) {
          wake_.expires_at(asio::steady_timer::time_point::max());
          co_await wake_.async_wait(kAwait);
          if (!socket_.is_open()) break;
        }
        // A request whose peer we closed (stop) still holds its Answer; it is sent into the void.
        if (!socket_.is_open()) co_return;
        response = std::move(late_response_);
      }
      keep_alive_ = keep_alive_ && !state.stopping.load(std::memory_order_relaxed);
      if (const auto stream = late_stream_) {
        const bool chunked = !head_.http10;
        if (!chunked) keep_alive_ = false;
        append_head(out_, *response, chunked ? Framing::chunked : Framing::until_close, 0, keep_alive_, head_.http10);
        std::string piece;
        for (;;) {
          late_ready_ = false;
          const bool end = stream->take(piece);
          if (!piece.empty()) {
            if (chunked) {
              char size[20];
              out_.append(size, std::to_chars(size, size + sizeof size, piece.size(), 16).ptr);
              out_ += "\r\n";
            }
            out_ += piece;
            if (chunked) out_ += "\r\n";
          }
          if (end && chunked) out_ += "0\r\n\r\n";
          if (!out_.empty()) {
            extend(60'000);
            std::tie(ec, n) = co_await asio::async_write(socket_, asio::buffer(out_), kAwait);
            state.bytes_out.fetch_add(n, std::memory_order_relaxed);
            out_.clear();
            deadline_ms_ = kNever;
          }
          if (ec || state.stopping.load(std::memory_order_relaxed)) {
            stream->close();
            co_return close();
          }
          if (end) break;
          while (!late_ready_ && socket_.is_open()) {
            wake_.expires_at(asio::steady_timer::time_point::max());
            co_await wake_.async_wait(kAwait);
          }
          if (!socket_.is_open()) {
            stream->close();
            co_return;
          }
        }
        stream->close();
        late_stream_.reset();
      } else if (response->body.size() > kCoalesceBytes && !is_head_request_) {
        append_head(out_, *response, Framing::length, response->body.size(), keep_alive_, head_.http10);
        const std::array<asio::const_buffer, 2> both = {asio::buffer(out_), asio::buffer(response->body)};
        extend(limits().body_pause_timeout_ms + static_cast<int64_t>(response->body.size() / limits().body_min_bytes_per_second) * 1000);
        std::tie(ec, n) = co_await asio::async_write(socket_, both, kAwait);
        state.bytes_out.fetch_add(n, std::memory_order_relaxed);
        if (ec) co_return close();
        out_.clear();
      } else {
        append(*response, keep_alive_);
      }
    }
    begin_ += in_buffer;
    if (held_ > 0) give_body_bytes();
    if (body_.capacity() > kKeepBytes) std::string().swap(body_);
    if (!keep_alive_ || out_.size() > kCoalesceBytes) {
      extend(limits().body_pause_timeout_ms);
      std::tie(ec, n) = co_await asio::async_write(socket_, asio::buffer(out_), kAwait);
      state.bytes_out.fetch_add(n, std::memory_order_relaxed);
      if (ec) co_return close();
      out_.clear();
    }
    if (!keep_alive_) {
      // A refused client may still be sending: closing now would reset the connection and take the refusal away.
      if (drain_) {
        socket_.shutdown(tcp::socket::shutdown_send, ec);
        extend(2'000);
        for (size_t drained = 0; drained < kDrainBytes;) {
          std::tie(ec, n) = co_await socket_.async_read_some(asio::buffer(buffer_), kAwait);
          if (ec) break;
          drained += n;
        }
      }
      co_return close();
    }
  }
}

Answer& Answer::operator=(Answer&& other) noexcept {
  std::swap(session_, other.session_);
  return *this;
}
Answer::~Answer() {
  if (session_) send(http::Response::problem(500, "Internal error", "the request was dropped without an answer"));
}
void Answer::send(http::Response response) {
  if (!session_) return;
  auto session = std::move(session_);
  session_.reset();
  session->send_late(std::move(response));
}
std::shared_ptr<Stream> Answer::open(http::Response head) {
  if (!session_) return nullptr;
  auto session = std::move(session_);
  session_.reset();
  return session->open_late(std::move(head));
}

const http::Request& Exchange::request() const { return session_.request(); }
std::string_view Exchange::raw_path() const { return session_.raw_path(); }
Answer Exchange::later() { return session_.later(); }
std::string Exchange::take_body() { return session_.take_body(); }

asio::awaitable<void> Server::State::accept(Shard& shard) {
  for (;;) {
    auto [ec, socket] = co_await shard.acceptor.async_accept(kAwait);
    if (ec == asio::error::operation_aborted || ec == asio::error::bad_descriptor) co_return;
    if (ec) {  // out of file descriptors, mostly: wait a little instead of spinning
      asio::steady_timer pause(shard.context, std::chrono::milliseconds(50));
      co_await pause.async_wait(kAwait);
      continue;
    }
    if (connections.fetch_add(1, std::memory_order_relaxed) >= options.limits.connections) {
      connections.fetch_sub(1, std::memory_order_relaxed);
      refused.fetch_add(1, std::memory_order_relaxed);
      socket.close(ec);
      continue;
    }
    accepted.fetch_add(1, std::memory_order_relaxed);
    socket.set_option(tcp::no_delay(true), ec);
    const auto end = socket.remote_endpoint(ec);
    std::string peer =
        ec ? std::string() : (end.address().is_v6() ? "[" + end.address().to_string() + "]" : end.address().to_string()) + ":" + std::to_string(end.port());
    auto session = std::make_shared<Session>(shard, std::move(socket), std::move(peer));
    asio::co_spawn(
        shard.context,
        [](std::shared_ptr<Session> one, Shard& home) -> asio::awaitable<void> {
          try {
            co_await one->run();
          } catch (const std::exception&) {  // want of memory for one connection is not the end of the others
            one->close();
          }
          home.sessions.erase(one.get());
          one->give_body_bytes();
        }(std::move(session), shard),
        asio::detached);
  }
}

// The clock of the time-outs.
asio::awaitable<void> Server::State::watch(Shard& shard) {
  for (;;) {
    shard.tick.expires_after(std::chrono::milliseconds(250));
    const auto [ec] = co_await shard.tick.async_wait(kAwait);
    if (ec) co_return;
    shard.now_ms = steady_ms();
    std::vector<Session*> all(shard.sessions.begin(), shard.sessions.end());
    for (Session* session : all)
      if (shard.sessions.contains(session)) session->check_deadline();
  }
}

namespace {

Result<int> listen_on(const asio::ip::address& address, uint16_t port, bool reuse_port) {
  const auto where = (address.is_v6() ? "[" + address.to_string() + "]" : address.to_string()) + ":" + std::to_string(port);
  const int fd = ::socket(address.is_v6() ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return fail(Code::unavailable, std::string("cannot make a socket: ") + std::strerror(errno));
  const int one = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (reuse_port) ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
  const tcp::endpoint end(address, port);
  if (::bind(fd, end.data(), static_cast<socklen_t>(end.size())) != 0 || ::listen(fd, 4096) != 0) {
    const int why = errno;
    ::close(fd);
    if (why == EADDRINUSE)
      return fail(
          Error(Code::unavailable, "another program listens on " + where).next("stop it (`ss -ltnp` names it), or choose another address: --listen HOST:PORT"));
    return fail(Error(Code::unavailable, "cannot listen on " + where + ": " + std::strerror(why)).next("choose another address: --listen HOST:PORT"));
  }
  return fd;
}

}  // namespace

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}
Server::~Server() {
  if (state_) stop(0);
}
uint16_t Server::port() const { return state_->port; }
Counts Server::counts() const {
  const auto& s = *state_;
  return {s.connections.load(), s.accepted.load(), s.refused.load(), s.timed_out.load(), s.bad_requests.load(), s.bytes_in.load(), s.bytes_out.load()};
}

Result<std::unique_ptr<Server>> Server::start(Options options, Handler handler) {
  Errno ec;
  const auto name = options.address == "localhost" ? std::string("127.0.0.1") : options.address;
  const auto address = asio::ip::make_address(name, ec);
  if (ec)
    return fail(Error(Code::invalid, "\"" + options.address + "\" is no IP address").next("give one as in --listen 127.0.0.1:8620 or --listen [::1]:8620"));
  auto state = std::make_unique<State>();
  state->options = std::move(options);
  state->handler = std::move(handler);

  // With SO_REUSEPORT a second server would silently share the port, so one socket without it asks first.
  TRY(const int probe, listen_on(address, state->options.port, false));
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  ::getsockname(probe, reinterpret_cast<sockaddr*>(&bound), &size);
  state->port = ntohs(address.is_v6() ? reinterpret_cast<sockaddr_in6*>(&bound)->sin6_port : reinterpret_cast<sockaddr_in*>(&bound)->sin_port);
  ::close(probe);

  unsigned threads = state->options.threads;
  if (threads == 0) threads = std::max(1u, std::thread::hardware_concurrency());
  for (unsigned i = 0; i < threads; ++i) {
    auto shard = std::make_unique<State::Shard>(*state);
    TRY(const int fd, listen_on(address, state->port, true));
    shard->acceptor.assign(address.is_v6() ? tcp::v6() : tcp::v4(), fd);
    state->shards.push_back(std::move(shard));
  }
  for (auto& shard : state->shards) {
    asio::co_spawn(shard->context, state->accept(*shard), asio::detached);
    asio::co_spawn(shard->context, state->watch(*shard), asio::detached);
    shard->thread = std::thread([&context = shard->context] { context.run(); });
    ::pthread_setname_np(shard->thread.native_handle(), "http-io");  // for top and perf
  }
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

void Server::stop(int64_t grace_ms) {
  auto& state = *state_;
  state.stopping = true;
  for (auto& shard : state.shards)
    if (shard->thread.joinable())
      asio::post(shard->context, [s = shard.get()] {
        Errno ignored;
        s->acceptor.close(ignored);
        const std::vector<Session*> all(s->sessions.begin(), s->sessions.end());
        for (Session* session : all) session->stop_gently();
      });
  const int64_t until = steady_ms() + grace_ms;
  while (state.connections.load() > 0 && steady_ms() < until) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  for (auto& shard : state.shards)
    if (shard->thread.joinable()) {
      asio::post(shard->context, [s = shard.get()] {
        const std::vector<Session*> all(s->sessions.begin(), s->sessions.end());
        for (Session* session : all) session->close();
        s->tick.cancel();
      });
    }
  for (auto& shard : state.shards)
    if (shard->thread.joinable()) {
      // What still waits for an answer of another thread must not keep the process: stop after a breath.
      asio::post(shard->context, [s = shard.get()] { asio::post(s->context, [s] { s->context.stop(); }); });
      shard->thread.join();
    }
}

}  // namespace waybill::server::net
