#include "waybill/server/server.h"

#include <malloc.h>
#include <pthread.h>
#include <signal.h>

#include <chrono>
#include <condition_variable>
#include <thread>

#include "waybill/base/log.h"
#include "waybill/server/auth.h"
#include "waybill/server/console.h"
#include "waybill/server/events.h"
#include "waybill/server/idempotency.h"
#include "waybill/server/metrics.h"
#include "waybill/server/net/server.h"
#include "waybill/server/questions.h"
#include "waybill/server/receipts.h"
#include "waybill/server/routes.h"
#include "waybill/server/workers.h"
#include "waybill/store/kv.h"

namespace waybill::server {
namespace {

constexpr size_t kInlineDocumentBytes = size_t{8} << 10;  // documents up to here are parsed on the io thread
constexpr unsigned kWaitingThreads = 24;
constexpr size_t kMaxQueued = 8192;

int64_t now_us() { return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// W3C trace context: only what has the right form is echoed.
bool is_traceparent(std::string_view text) {
  if (text.size() != 55 || text[2] != '-' || text[35] != '-' || text[52] != '-') return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (i == 2 || i == 35 || i == 52) continue;
    const char c = text[i];
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
  }
  return true;
}

// Bodies of some hundred kB come and go a thousand times a second, on several threads. Left alone, glibc gives such memory
// back to the system each time and has it zeroed again when the next one comes, which costs more than parsing does.
void keep_memory() {
  ::mallopt(M_MMAP_THRESHOLD, 16 << 20);
  ::mallopt(M_TRIM_THRESHOLD, 64 << 20);
  ::mallopt(M_TOP_PAD, 1 << 20);
}

bool is_api_path(std::string_view path) {
  return path.starts_with("/api/") || path == "/events" || path == "/metrics" || path == "/healthz" || path == "/readyz" || path == "/openapi.json" ||
         path.starts_with("/hooks/") || path.starts_with("/v1/") || path.starts_with("/opa/");
}

}  // namespace

struct Server::State {
  World& world;
  ServerOptions options;
  std::unique_ptr<Auth> auth;
  Metrics metrics;
  std::shared_ptr<EventHub> events;
  std::unique_ptr<store::KeyValue> kept;  // sessions and idempotency keys, across restarts
  Idempotency idempotency;
  Site site;
  // Declared before the sockets: these outlive them, and are stopped by hand in the right order.
  std::unique_ptr<Workers> thinking, waiting;
  std::unique_ptr<net::Server> net;
  std::atomic<uint64_t> under_way{0};  // documents whose receipts have not come
  std::thread housekeeper;
  std::mutex housekeeping;
  std::condition_variable housekeeper_wakes;
  bool stopping = false;

  State(World& w, ServerOptions o) : world(w), options(std::move(o)), events(std::make_shared<EventHub>(w)), idempotency(w.clock()), site{w} {}

  // What every answer gets, and who is told of it.
  void finish(http::Response& response, const http::Request& request, const Route* route, std::string_view who, int64_t started) {
    const int64_t micros = now_us() - started;
    if (const auto trace = request.header("traceparent"); !trace.empty() && is_traceparent(trace))
      response.headers.emplace_back("traceparent", std::string(trace));
    if (route != nullptr && route->run != Run::decide) {
      bool has_cache = false;
      for (const auto& [name, value] : response.headers) has_cache = has_cache || name == "cache-control";
      if (!has_cache) response.headers.emplace_back("cache-control", "no-store");
      response.headers.emplace_back("x-content-type-options", "nosniff");
    }
    metrics.count(route, response.status, micros);
    if (options.log_all || response.status >= 500 || (response.status >= 400 && says(Level::debug)))
      say(response.status >= 500 ? Level::error : Level::info, "request",
          {{"method", request.method},
           {"path", request.path},
           {"status", response.status},
           {"bytes", response.body.size()},
           {"micros", micros},
           {"who", who},
           {"peer", request.peer}});
  }

  http::Response busy() {
    auto response = http::Response::problem(503, "Not available now", "too much waits already; try again in a moment");
    response.headers.emplace_back("retry-after", "1");
    return response;
  }

  // A request that has left its io thread. Its views live in the session until the answer has been given.
  struct Job {
    State& state;
    http::Request request;
    std::string body, decoded;
    Match match;
    Caller caller;
    net::Answer answer;
    int64_t started;

    std::string who() const { return caller.who ? caller.who->id : std::string(); }
    void send(http::Response response) {
      state.finish(response, request, match.route, who(), started);
      if (response.stream) {
        auto stream = answer.open(http::Response{response.status, std::move(response.headers), {}, nullptr});
        if (!stream) return;
        response.stream([&](std::string_view piece) { return stream->write(piece, net::WhenFull::wait); });
        stream->end();
        return;
      }
      answer.send(std::move(response));
    }
  };

  std::shared_ptr<Job> make_job(net::Exchange& exchange, Match match, Caller caller, int64_t started) {
    auto job = std::make_shared<Job>(Job{*this, exchange.request(), {}, {}, std::move(match), std::move(caller), {}, started});
    job->body = exchange.take_body();
    job->request.body = job->body;
    job->answer = exchange.later();
    return job;
  }

  // The handler, with the body decoded and the Idempotency-Key looked at.
  http::Response run_handler(Job& job) {
    if (job.match.route->run != Run::collect && job.match.route->path != "/api/v1/advisories") {
      auto body = decode_body(job.request, job.request.body, job.decoded, size_t{16} << 20);
      if (!body) return problem_response(body.error());
      job.request.body = *body;
    }
    std::optional<Sha256> ticket;
    if (const auto key = job.request.header("idempotency-key"); !key.empty() && job.request.method != "GET" && job.request.method != "HEAD") {
      auto begun = idempotency.begin(job.who(), job.request.method, job.request.target, key, job.request.body);
      if (begun.answer) return std::move(*begun.answer);
      ticket = begun.ticket;
    }
    Context context{site, job.request, job.match.route, job.caller, job.match.parts};
    auto response = call_handler(context);
    if (ticket) idempotency.end(*ticket, response);
    return response;
  }

  std::optional<http::Response> on_worker(net::Exchange& exchange, Match match, Caller caller, int64_t started) {
    auto job = make_job(exchange, std::move(match), std::move(caller), started);
    if (!waiting->post([this, job] { job->send(run_handler(*job)); })) job->send(busy());
    return std::nullopt;
  }

  std::optional<http::Response> collect(net::Exchange& exchange, Match match, Caller caller, int64_t started) {
    const auto& request = exchange.request();
    if (!request.header("idempotency-key").empty()) return on_worker(exchange, std::move(match), std::move(caller), started);
    const bool small = request.body.size() <= kInlineDocumentBytes && request.header("content-encoding").empty();
    auto job = make_job(exchange, std::move(match), std::move(caller), started);
    auto work = [this, job] { collect_now(job); };
    if (small) {
      work();
    } else if (!thinking->post(std::move(work))) {
      job->send(busy());
    }
    return std::nullopt;
  }

  void collect_now(const std::shared_ptr<Job>& job) {
    const size_t limit = options.max_body_bytes;
    auto decoded = decode_body(job->request, job->request.body, job->decoded, limit * 4);
    if (!decoded) return job->send(problem_response(decoded.error()));
    std::string_view body = *decoded;
    std::string unpacked;
    const auto kind = find_body_kind(job->request, body, unpacked, limit * 4);
    if (!kind) return job->send(problem_response(kind.error()));
    if (!unpacked.empty()) {
      job->decoded = std::move(unpacked);
      body = job->decoded;
    }
    Context context{site, job->request, job->match.route, job->caller, job->match.parts};
    auto evidence = evidence_options(context);
    if (*kind != BodyKind::document) {
      // A batch keeps a thread for as long as it takes.
      const bool posted = waiting->post([this, job, body, kind = *kind, evidence] {
        http::Response response;
        response.headers.emplace_back("content-type", "application/x-ndjson");
        response.stream = [&](const std::function<bool(std::string_view)>& write) { collect_batch(world, kind, body, evidence, write); };
        job->send(std::move(response));
      });
      if (!posted) job->send(busy());
      return;
    }
    std::shared_ptr<const std::string> document;
    if (body.data() == job->body.data() && body.size() == job->body.size()) {
      document = std::make_shared<const std::string>(std::move(job->body));
    } else if (body.data() == job->decoded.data() && body.size() == job->decoded.size()) {
      document = std::make_shared<const std::string>(std::move(job->decoded));
    } else {
      document = std::make_shared<const std::string>(body);
    }
    job->request.body = {};
    const Proofs proofs = context.parameter_or("proof", "1") == "0" ? Proofs::none : Proofs::with;
    under_way.fetch_add(1, std::memory_order_relaxed);
    world.collector().collect(std::move(document), std::move(evidence), [this, job, proofs](Result<collect::Receipt> receipt) {
      if (!receipt) {
        job->send(problem_response(receipt.error()));
        under_way.fetch_sub(1, std::memory_order_release);
        return;
      }
      const auto answer = [this, job, proofs](const collect::Receipt& given) {
        JsonWriter w;
        append_receipt(w, world, given, proofs);
        job->send(json_response(std::move(w), given.duplicate ? 200 : 201));
        under_way.fetch_sub(1, std::memory_order_release);
      };
      // This is the log's own thread: it must not read proofs, it has receipts to hand out.
      if (proofs == Proofs::none) return answer(*receipt);
      auto shared = std::make_shared<collect::Receipt>(std::move(*receipt));
      if (!thinking->post([answer, shared] { answer(*shared); })) answer(*shared);
    });
  }

  // The same question about unchanged facts: no parser, no allocation but the answer's own bytes.
  std::optional<http::Response> decide(net::Exchange& exchange, Match match, Caller caller, int64_t started) {
    const auto& request = exchange.request();
    if (request.query.empty() && request.header("idempotency-key").empty() && caller.who && caller.who->may(kCollectorBit | kApproverBit | kAdminBit)) {
      if (const auto text = scan_question(request.body, match.parts[0]); text && caller.who->sees(text->service)) {
        const auto answer = world.decider().find_repeat(to_question(*text, *caller.who));
        if (answer && caller.who->sees(answer->decision->service_scope)) {
          auto response = http::Response::json(*answer->document);
          finish(response, request, match.route, caller.who->id, started);
          return response;
        }
      }
    }
    return on_worker(exchange, std::move(match), std::move(caller), started);
  }

  std::optional<http::Response> open_events(net::Exchange& exchange, Match match, Caller caller, int64_t started) {
    auto job = make_job(exchange, std::move(match), std::move(caller), started);
    const bool posted = waiting->post([this, job] {
      std::optional<uint64_t> after;
      auto last = std::string(job->request.header("last-event-id"));
      if (last.empty()) last = job->request.parameter("after").value_or("");
      if (!last.empty() && last.size() < 20 && last.find_first_not_of("0123456789") == std::string::npos) after = std::stoull(last);
      http::Response head;
      head.headers = {{"content-type", "text/event-stream"}, {"cache-control", "no-store"}, {"x-accel-buffering", "no"}};
      finish(head, job->request, job->match.route, job->who(), job->started);
      auto stream = job->answer.open(std::move(head));
      if (!stream) return;
      metrics.stream_opened();
      // Ended when the hub lets go of it: when its peer is gone, or at the end of the server.
      const std::shared_ptr<net::Stream> counted(stream.get(), [this, stream](net::Stream*) {
        stream->end();
        metrics.stream_closed();
      });
      (void)events->subscribe(after, [counted](std::string_view piece) { return counted->write(piece, net::WhenFull::drop); });
    });
    if (!posted) job->send(busy());
    return std::nullopt;
  }

  std::optional<http::Response> handle(net::Exchange& exchange) {
    const int64_t started = now_us();
    const auto& request = exchange.request();
    auto match = match_route(request.method, exchange.raw_path());
    if (match.route == nullptr) {
      http::Response response;
      if (!match.path_known && !is_api_path(request.path) && (request.method == "GET" || request.method == "HEAD")) {
        response = console_response(request);
      } else {
        response = dispatch(site, request);  // says why
      }
      finish(response, request, nullptr, {}, started);
      return response;
    }
    Caller caller;
    if (auto refused = check_access(site, request, *match.route, caller)) {
      finish(*refused, request, match.route, caller.who ? std::string_view(caller.who->id) : std::string_view{}, started);
      return refused;
    }
    switch (match.route->run) {
      case Run::here: {
        Context context{site, request, match.route, std::move(caller), std::move(match.parts)};
        auto response = call_handler(context);
        finish(response, request, match.route, context.actor(), started);
        return response;
      }
      case Run::worker: return on_worker(exchange, std::move(match), std::move(caller), started);
      case Run::collect: return collect(exchange, std::move(match), std::move(caller), started);
      case Run::decide: return decide(exchange, std::move(match), std::move(caller), started);
      case Run::events: return open_events(exchange, std::move(match), std::move(caller), started);
    }
    return http::Response::problem(500, "Internal error", "a route that runs nowhere");
  }

  void keep_house() {
    std::unique_lock lock(housekeeping);
    uint64_t rounds = 0;
    while (!stopping) {
      if (housekeeper_wakes.wait_for(lock, std::chrono::seconds(15), [&] { return stopping; })) return;
      lock.unlock();
      events->keep_alive();
      if (++rounds % 240 == 0) (void)kept->purge_expired();  // once an hour
      lock.lock();
    }
  }
};

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}
Server::~Server() { stop(1000); }

uint16_t Server::port() const { return state_->net->port(); }
std::string Server::url() const {
  const auto& address = state_->options.address;
  std::string host = address.find(':') != std::string::npos ? "[" + address + "]" : address;
  if (host == "0.0.0.0") host = "127.0.0.1";
  if (host == "[::]") host = "[::1]";
  return "http://" + host + ":" + std::to_string(port());
}
const std::optional<std::string>& Server::first_token() const { return state_->auth->first_token(); }

Result<std::unique_ptr<Server>> Server::start(World& world, ServerOptions options) {
  auto state = std::make_unique<State>(world, std::move(options));
  auto& s = *state;
  TRY(s.kept, store::KeyValue::open(world.options().data_dir + "/state.db", world.clock()));
  s.idempotency.keep_in(s.kept.get());
  TRY(s.auth, Auth::open(world));
  s.auth->keep_sessions_in(s.kept.get());
  TRY_DO(s.auth->make_local_token());
  s.site.auth = s.auth.get();
  s.site.metrics = &s.metrics;
  s.site.events = s.events.get();
  s.site.version = s.options.version;
  s.site.scope = s.options.scope;
  s.site.private_log = s.options.private_log;
  s.site.open_metrics = s.options.open_metrics;
  s.site.secure_cookie = s.options.secure_cookie;
  TRY_DO(s.events->follow());
  world.on_transition([&s](const policy::Transition& transition) { s.events->tell(transition); });
  keep_memory();
  const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
  s.thinking = std::make_unique<Workers>("thinking", cores, 5, kMaxQueued);
  s.waiting = std::make_unique<Workers>("waiting", kWaitingThreads, 0, kMaxQueued);
  net::Options net_options;
  net_options.address = s.options.address;
  net_options.port = s.options.port;
  net_options.threads = s.options.threads;
  net_options.limits.body_bytes = s.options.max_body_bytes;
  net_options.limits.bodies_bytes = std::max(s.options.max_body_bytes, size_t{1} << 30);
  TRY(s.net, net::Server::start(std::move(net_options), [&s](net::Exchange& exchange) { return s.handle(exchange); }));
  s.housekeeper = std::thread([&s] { s.keep_house(); });
  std::unique_ptr<Server> server(new Server(std::move(state)));
  TRY_DO(world.log().announce_address(server->url()));
  return server;
}

void Server::stop(int64_t grace_ms) {
  auto& s = *state_;
  {
    const std::lock_guard lock(s.housekeeping);
    if (s.stopping) return;
    s.stopping = true;
  }
  s.site.ready = false;
  s.housekeeper_wakes.notify_all();
  if (s.housekeeper.joinable()) s.housekeeper.join();
  s.world.on_transition(nullptr);
  s.events->close();
  if (s.net) s.net->stop(grace_ms);
  if (s.thinking) s.thinking->stop();
  if (s.waiting) s.waiting->stop();
  // Receipts that are still to come hold on to their connections.
  for (int i = 0; i < 2000 && s.under_way.load(std::memory_order_acquire) > 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

void hold_stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}
int wait_for_stop() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  int which = 0;
  sigwait(&set, &which);
  return which;
}

}  // namespace waybill::server
