// The server: a World behind HTTP. The front door of this room.
//
// Called by `waybill serve` and `waybill demo`. It binds routes.h to net/server.h: repeated decisions are answered on the io
// threads, documents are parsed by workers and answered when they are durable without a thread waiting, everything that
// waits has threads of its own. It serves the console's files, and nothing from the disk.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "waybill/base/result.h"
#include "waybill/server/world.h"

namespace waybill::server {

struct ServerOptions {
  std::string address = "127.0.0.1";
  uint16_t port = 8620;  // 0: any free one
  unsigned threads = 0;  // io threads; 0: one a core
  size_t max_body_bytes = size_t{256} << 20;
  bool private_log = false;   // /log/* needs a token
  bool open_metrics = false;  // /metrics needs none
  bool log_all = false;       // the access log has every request, not only those that failed
  std::string version = "0.1.0";
  std::string scope;           // the installation's name, shown on the console
  bool secure_cookie = false;  // the console is reached over https (a proxy in front)
};

class Server {
 public:
  // Opens the tokens, listens, announces the address in the data directory's lock. The world must outlive it.
  static Result<std::unique_ptr<Server>> start(World& world, ServerOptions options);
  ~Server();

  uint16_t port() const;
  std::string url() const;  // "http://127.0.0.1:8620"
  // The first admin token, if this start made one: print it once.
  const std::optional<std::string>& first_token() const;

  // Takes no more requests, finishes those under way (at most `grace_ms`), ends event streams.
  void stop(int64_t grace_ms = 10'000);

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Blocks SIGINT and SIGTERM for this and all later threads; wait_for_stop() waits for one of them. Call the first before
// any thread is started.
void hold_stop_signals();
int wait_for_stop();

}  // namespace waybill::server
