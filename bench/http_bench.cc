// The server over HTTP, with the load generator on the same cores: collect, small documents, repeated decisions.
//
//     bench_http [seconds [collect|small|decide|big]]       default: 4 for each part, all parts
//
// Server and yardstick run in processes of their own, so that their CPU time is theirs alone. The yardstick is a bare epoll
// server (minimal parser, fixed 1 kB answer), measured by the same generator in the same run.
//
// Goals (issue 3): >= 1,000 SBOMs of 500 components a second, durable, <= 1,400 us of server CPU and <= 4.5 x (SHA-256 + one
// simdjson pass); >= 20,000 small documents a second; >= 50,000 repeated decisions a second, <= 20 us each; at 1,000/s p99 <=
// the bare server's + 0.3 ms; a first decision on a 2,000-component image < 5 ms.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <deque>
#include <filesystem>
#include <thread>

#include <simdjson.h>

#include "measure.h"
#include "sbom_gen.h"
#include "waybill/server/server.h"
#include "waybill/server/world.h"

namespace waybill {
namespace {

int connect_to(uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) {
    std::perror("connect");
    std::exit(1);
  }
  const int one = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  return fd;
}

// --- The yardstick

[[noreturn]] void run_bare_server(int ready) {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  if (::bind(listener, reinterpret_cast<sockaddr*>(&at), size) != 0 || ::listen(listener, 1024) != 0) std::exit(1);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size);
  const uint16_t port = ntohs(at.sin_port);
  if (::write(ready, &port, sizeof port) != sizeof port) std::exit(1);
  const std::string answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1024\r\n\r\n" + std::string(1024, 'x');
  const auto serve = [&] {
    const int poll = ::epoll_create1(0);
    epoll_event event{};
    event.events = EPOLLIN | EPOLLEXCLUSIVE;
    event.data.fd = listener;
    ::fcntl(listener, F_SETFL, O_NONBLOCK);
    ::epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
    std::vector<std::string> in(4096);
    epoll_event events[256];
    char bytes[65536];
    for (;;) {
      const int n = ::epoll_wait(poll, events, 256, -1);
      for (int i = 0; i < n; ++i) {
        const int fd = events[i].data.fd;
        if (fd == listener) {
          const int client = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
          if (client < 0) continue;
          const int one = 1;
          ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
          event.events = EPOLLIN;
          event.data.fd = client;
          ::epoll_ctl(poll, EPOLL_CTL_ADD, client, &event);
          in[static_cast<size_t>(client)].clear();
          continue;
        }
        const ssize_t got = ::recv(fd, bytes, sizeof bytes, 0);
        if (got <= 0) {
          ::close(fd);
          continue;
        }
        auto& buffer = in[static_cast<size_t>(fd)];
        buffer.append(bytes, static_cast<size_t>(got));
        for (;;) {
          const auto end = buffer.find("\r\n\r\n");
          if (end == std::string::npos) break;
          size_t length = 0;
          const auto at_length = buffer.find("content-length: ");
          if (at_length < end) length = std::strtoul(buffer.c_str() + at_length + 16, nullptr, 10);
          if (buffer.size() < end + 4 + length) break;
          buffer.erase(0, end + 4 + length);
          (void)!::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL);
        }
      }
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < bench::cores(); ++i) threads.emplace_back(serve);
  serve();
  std::exit(0);
}

// --- The server under test

struct Child {
  pid_t pid = 0;
  uint16_t port = 0;
  std::string token;
  double cpu() const {  // seconds so far, from /proc: all of its threads
    std::FILE* file = std::fopen(("/proc/" + std::to_string(pid) + "/stat").c_str(), "r");
    if (file == nullptr) return 0;
    unsigned long long user = 0, system = 0;
    const int read = std::fscanf(file, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user, &system);
    std::fclose(file);
    return read == 2 ? static_cast<double>(user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK)) : 0;
  }
  double resident_mb() const {
    std::FILE* file = std::fopen(("/proc/" + std::to_string(pid) + "/statm").c_str(), "r");
    if (file == nullptr) return 0;
    unsigned long long size = 0, resident = 0;
    const int read = std::fscanf(file, "%llu %llu", &size, &resident);
    std::fclose(file);
    return read == 2 ? static_cast<double>(resident * static_cast<unsigned long long>(::sysconf(_SC_PAGESIZE))) / 1e6 : 0;
  }
  void stop(int signal) {
    ::kill(pid, signal);
    ::waitpid(pid, nullptr, 0);
  }
};

Child start_bare() {
  int pipe[2];
  if (::pipe(pipe) != 0) std::exit(1);
  Child child;
  child.pid = ::fork();
  if (child.pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    run_bare_server(pipe[1]);
  }
  if (::read(pipe[0], &child.port, sizeof child.port) != sizeof child.port) std::exit(1);
  return child;
}

Child start_waybill(const std::string& directory) {
  int pipe[2];
  if (::pipe(pipe) != 0) std::exit(1);
  Child child;
  child.pid = ::fork();
  if (child.pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    server::hold_stop_signals();
    server::WorldOptions options;
    options.data_dir = directory;
    auto world = server::World::open(std::move(options));
    if (!world) {
      std::fprintf(stderr, "%s\n", world.error().to_string().c_str());
      std::_Exit(1);
    }
    server::ServerOptions server_options;
    server_options.port = 0;
    auto server = server::Server::start(**world, server_options);
    if (!server) {
      std::fprintf(stderr, "%s\n", server.error().to_string().c_str());
      std::_Exit(1);
    }
    const uint16_t port = (*server)->port();
    const std::string token = *(*server)->first_token();
    if (::write(pipe[1], &port, sizeof port) < 0 || ::write(pipe[1], token.data(), token.size()) < 0) std::_Exit(1);
    server::wait_for_stop();
    (*server)->stop(1000);
    server->reset();
    (void)(*world)->close();
    std::_Exit(0);
  }
  char token[128];
  if (::read(pipe[0], &child.port, sizeof child.port) != sizeof child.port) std::exit(1);
  const ssize_t n = ::read(pipe[0], token, sizeof token);
  child.token.assign(token, n > 0 ? static_cast<size_t>(n) : 0);
  return child;
}

// --- The generator

std::string request_of(const Child& to, std::string_view target, std::string_view body) {
  std::string out = "POST " + std::string(target) + " HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n";
  if (!to.token.empty()) out += "authorization: Bearer " + to.token + "\r\n";
  return out + "content-length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

struct Connection {
  int fd = -1;
  const std::string* out = nullptr;
  size_t sent = 0;
  std::string in;
  double started = 0;
  bool wants_write = false;
};

struct Load {
  uint64_t done = 0, refused = 0;
  double seconds = 0, cpu = 0, own_cpu = 0, steal = 0;
  std::vector<double> micros;
  std::string first_refusal;
  double rate() const { return static_cast<double>(done) / seconds; }
  double cpu_micros() const { return done == 0 ? 0 : cpu * 1e6 / static_cast<double>(done); }
};

// Closed loop (`rate` 0): each connection sends its next request when the answer has come. Open loop: requests are due at
// fixed times whatever the server does, and latency counts from when they were due.
Load run_load(const Child& server, size_t connections, double seconds, double rate, const std::function<const std::string*(uint64_t)>& next,
              uint64_t limit = ~uint64_t{0}) {
  Load load;
  const int poll = ::epoll_create1(0);
  std::vector<Connection> all(connections);
  std::deque<Connection*> idle;
  for (auto& one : all) {
    one.fd = connect_to(server.port);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &one;
    ::epoll_ctl(poll, EPOLL_CTL_ADD, one.fd, &event);
    idle.push_back(&one);
  }
  uint64_t issued = 0;
  size_t under_way = 0;
  const auto push = [&](Connection& one) {
    while (one.sent < one.out->size()) {
      const ssize_t n = ::send(one.fd, one.out->data() + one.sent, one.out->size() - one.sent, MSG_NOSIGNAL);
      if (n <= 0) break;
      one.sent += static_cast<size_t>(n);
    }
    const bool wants = one.sent < one.out->size();
    if (wants != one.wants_write) {
      one.wants_write = wants;
      epoll_event event{};
      event.events = EPOLLIN | (wants ? EPOLLOUT : 0u);
      event.data.ptr = &one;
      ::epoll_ctl(poll, EPOLL_CTL_MOD, one.fd, &event);
    }
  };
  const auto begin = [&](Connection& one, double due) {
    one.out = next(issued++);
    one.sent = 0;
    one.started = due;
    ++under_way;
    push(one);
  };
  const double started = bench::wall_seconds(), cpu = server.cpu(), own_cpu = bench::thread_cpu_seconds();
  const auto machine = bench::MachineCpu::now();
  double due = started;
  epoll_event events[512];
  char bytes[65536];
  for (;;) {
    const double now = bench::wall_seconds();
    const bool over = now - started >= seconds || issued >= limit;
    if (over && under_way == 0) break;
    if (now - started > seconds + 30) break;
    if (!over) {
      if (rate == 0) {
        while (!idle.empty() && issued < limit) {
          auto* one = idle.front();
          idle.pop_front();
          begin(*one, now);
        }
      } else {
        while (due <= now && !idle.empty()) {
          auto* one = idle.front();
          idle.pop_front();
          begin(*one, due);
          due += 1 / rate;
        }
      }
    }
    int wait_ms = rate == 0 ? 100 : 0;  // the open loop spins: its own sleep must not be measured
    if (rate > 0 && due - now > 0.002) wait_ms = 1;
    const int n = ::epoll_wait(poll, events, 512, wait_ms);
    for (int i = 0; i < n; ++i) {
      auto& one = *static_cast<Connection*>(events[i].data.ptr);
      if ((events[i].events & EPOLLOUT) != 0 && one.out != nullptr) push(one);
      if ((events[i].events & ~static_cast<uint32_t>(EPOLLOUT)) == 0) continue;
      const ssize_t got = ::recv(one.fd, bytes, sizeof bytes, 0);
      if (got <= 0) {
        if (got < 0 && errno == EAGAIN) continue;
        std::fprintf(stderr, "the server closed a connection\n");
        std::exit(1);
      }
      one.in.append(bytes, static_cast<size_t>(got));
      const auto end = one.in.find("\r\n\r\n");
      if (end == std::string::npos) continue;
      const auto at = one.in.find("content-length: ");
      const size_t length = at < end ? std::strtoul(one.in.c_str() + at + 16, nullptr, 10) : 0;
      if (one.in.size() < end + 4 + length) continue;
      if (one.in[9] != '2') {
        ++load.refused;
        if (load.first_refusal.empty()) load.first_refusal = one.in.substr(0, 600);
      } else {
        ++load.done;
      }
      load.micros.push_back((bench::wall_seconds() - one.started) * 1e6);
      one.in.clear();
      one.out = nullptr;
      --under_way;
      idle.push_back(&one);
    }
  }
  load.seconds = bench::wall_seconds() - started;
  load.cpu = server.cpu() - cpu;
  load.own_cpu = bench::thread_cpu_seconds() - own_cpu;
  load.steal = bench::steal_percent(machine, bench::MachineCpu::now());
  for (auto& one : all) ::close(one.fd);
  ::close(poll);
  if (load.refused > 0) std::fprintf(stderr, "%llu refused, the first:\n%s\n", static_cast<unsigned long long>(load.refused), load.first_refusal.c_str());
  return load;
}

std::string post_once(const Child& server, std::string_view target, std::string_view body, double* micros = nullptr) {
  const int fd = connect_to(server.port);
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) & ~O_NONBLOCK);
  const auto out = request_of(server, target, body);
  const double from = bench::wall_seconds();
  for (size_t sent = 0; sent < out.size();) {
    const ssize_t n = ::send(fd, out.data() + sent, out.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) break;
    sent += static_cast<size_t>(n);
  }
  std::string in;
  char bytes[65536];
  size_t end = std::string::npos, length = 0;
  for (;;) {
    const ssize_t n = ::recv(fd, bytes, sizeof bytes, 0);
    if (n <= 0) break;
    in.append(bytes, static_cast<size_t>(n));
    end = in.find("\r\n\r\n");
    if (end == std::string::npos) continue;
    length = std::strtoul(in.c_str() + in.find("content-length: ") + 16, nullptr, 10);
    if (in.size() >= end + 4 + length) break;
  }
  if (micros != nullptr) *micros = (bench::wall_seconds() - from) * 1e6;
  ::close(fd);
  if (in.size() < 12 || in[9] != '2') {
    std::fprintf(stderr, "%.*s → %s\n", static_cast<int>(target.size()), target.data(), in.substr(0, 800).c_str());
    std::exit(1);
  }
  return in.substr(end + 4);
}

void print_load(const std::string& name, const Load& load, double yard = 0, std::string_view of = {}) {
  bench::report(name + ", a second", load.rate(), "/s");
  bench::report(name + ", server CPU each", load.cpu_micros(), "us", yard > 0 ? load.cpu_micros() / yard : 0, of);
  bench::report(name + ", generator CPU each", load.done == 0 ? 0 : load.own_cpu * 1e6 / static_cast<double>(load.done), "us");
  bench::report(name + ", p50", bench::percentile(load.micros, 0.50), "us");
  bench::report(name + ", p99", bench::percentile(load.micros, 0.99), "us");
  bench::report(name + ", steal", load.steal, "%");
}

int run(double seconds, std::string_view only) {
  const auto wanted = [&](std::string_view part) { return only.empty() || only == part; };
  bench::Run whole("http");
  auto pattern = (std::filesystem::temp_directory_path() / "waybill-http-XXXXXX").string();
  const std::string directory = ::mkdtemp(pattern.data());
  Child bare = start_bare();
  Child waybill = start_waybill(directory);
  if (wanted("collect") || wanted("decide")) {
    // --- SBOMs: distinct ones, made beforehand
    const bench::SbomPopulation population(bench::SbomOptions::realistic());
    const auto count = static_cast<uint64_t>(std::max(1.0, seconds * 1'300));
    std::vector<std::string> requests;
    requests.reserve(count);
    size_t bytes = 0;
    std::string first;
    for (uint64_t i = 0; i < count; ++i) {
      const auto body = population.sbom(i);
      if (i == 0) first = body;
      bytes += body.size();
      requests.push_back(request_of(waybill, "/api/v1/evidence", body));
    }
    const double sha = bench::sha256_micros(first);
    // One pass of bare simdjson: parse and nothing else, in memory that is warm.
    simdjson::dom::parser parser;
    const simdjson::padded_string padded(first);
    if (parser.parse(padded).error() != simdjson::SUCCESS) std::exit(1);
    const double from = bench::thread_cpu_seconds();
    for (int i = 0; i < 200; ++i) (void)parser.parse(padded).error();
    const double parse = (bench::thread_cpu_seconds() - from) * 1e6 / 200;
    bench::report("yardstick: SHA-256 of one SBOM", sha, "us");
    bench::report("yardstick: one bare simdjson DOM pass over it", parse, "us");
    const auto load = run_load(waybill, 16, seconds * 10, 0, [&](uint64_t i) { return &requests[i % requests.size()]; }, requests.size());
    std::printf("# %zu SBOMs of %zu kB on average\n", requests.size(), bytes / requests.size() / 1000);
    print_load("collect, SBOM of 500 components, durable", load, sha + parse, "SHA-256 + simdjson");
    bench::report("resident memory of the server", waybill.resident_mb(), "MB");
  }
  if (wanted("small")) {
    std::vector<std::string> requests;
    for (uint64_t i = 0; i < static_cast<uint64_t>(seconds * 40'000) + 1; ++i) {
      const auto digest = sha256("small-" + std::to_string(i)).hex();
      requests.push_back(request_of(waybill, "/api/v1/evidence",
                                    R"({"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a","digest":{"sha256":")" + digest +
                                        R"("}}],"predicateType":"https://example.com/checked/v1","predicate":{"n":)" + std::to_string(i) +
                                        R"(,"what":"a small document of the kind that pipelines send by the thousand"}})"));
    }
    const auto load = run_load(waybill, 256, seconds, 0, [&](uint64_t i) { return &requests[i % requests.size()]; }, requests.size());
    print_load("collect, small documents, durable", load);
  }
  if (wanted("decide")) {
    // --- decisions: 1,000 subjects, all asked once, then again and again
    post_once(waybill, "/api/v1/configuration", R"({"kind":"environment","name":"production","tier":"production","order":2})");
    const bench::SbomPopulation population(bench::SbomOptions::realistic());
    std::vector<std::string> requests;
    std::vector<double> first;
    for (uint64_t i = 0; i < 1000; ++i) {
      const std::string body = "{\"subject\":\"" + population.digest(i) + "\",\"environment\":\"production\",\"action\":\"deploy\"}";
      requests.push_back(request_of(waybill, "/api/v1/gates/ci/decisions", body));
      double micros = 0;
      post_once(waybill, "/api/v1/gates/ci/decisions", body, &micros);
      first.push_back(micros);
    }
    bench::report("first decision, 500 components, p50", bench::percentile(first, 0.5), "us");
    bench::report("first decision, 500 components, p99", bench::percentile(first, 0.99), "us");
    const std::string plain =
        request_of(bare, "/", "{\"subject\":\"sha256:0000000000000000000000000000000000000000000000000000000000000000\",\"environment\":\"production\"}");
    const auto bare_full = run_load(bare, 64, seconds, 0, [&](uint64_t) { return &plain; });
    print_load("bare epoll, full load", bare_full);
    const auto full = run_load(waybill, 64, seconds, 0, [&](uint64_t i) { return &requests[i % requests.size()]; });
    print_load("repeated decisions, full load", full, bare_full.cpu_micros(), "bare epoll");
    const auto bare_paced = run_load(bare, 32, seconds, 1000, [&](uint64_t) { return &plain; });
    print_load("bare epoll, 1,000/s", bare_paced);
    const auto paced = run_load(waybill, 32, seconds, 1000, [&](uint64_t i) { return &requests[i % requests.size()]; });
    print_load("repeated decisions, 1,000/s", paced);
    bench::report("p99 beyond the bare server's", bench::percentile(paced.micros, 0.99) - bench::percentile(bare_paced.micros, 0.99), "us");
  }
  if (wanted("big")) {
    bench::SbomOptions big = bench::SbomOptions::realistic();
    big.components = 2000;
    const bench::SbomPopulation population(big);
    std::vector<double> first;
    for (uint64_t i = 0; i < 20; ++i) {
      // A population of its own: other digests than above, by the subject that is given.
      const std::string digest = sha256("big-" + std::to_string(i)).to_string();
      post_once(waybill, "/api/v1/evidence?subject=" + digest, population.sbom(100'000 + i));
      double micros = 0;
      post_once(waybill, "/api/v1/gates/ci/decisions", "{\"subject\":\"" + digest + "\",\"environment\":\"production\"}", &micros);
      first.push_back(micros);
    }
    bench::report("first decision, 2,000 components, p50", bench::percentile(first, 0.5), "us");
    bench::report("first decision, 2,000 components, max", *std::max_element(first.begin(), first.end()), "us");
  }
  waybill.stop(SIGTERM);
  bare.stop(SIGKILL);
  std::filesystem::remove_all(directory);
  return 0;
}

}  // namespace
}  // namespace waybill

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  return waybill::run(argc > 1 ? std::atof(argv[1]) : 4, argc > 2 ? argv[2] : "");
}
