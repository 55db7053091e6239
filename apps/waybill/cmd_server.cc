// serve, demo: what stays up.
#include <cstdlib>

#include "apps/waybill/api.h"
#include "apps/waybill/commands.h"
#include "apps/waybill/demo.h"
#include "apps/waybill/terminal.h"
#include "apps/waybill/version.h"
#include "waybill/base/bytes.h"
#include "waybill/base/disk.h"
#include "waybill/base/http_client.h"
#include "waybill/base/json_out.h"
#include "waybill/log/log.h"
#include "waybill/server/server.h"
#include "waybill/server/world.h"

namespace waybill::cli {
namespace {

struct Address {
  std::string host = "127.0.0.1";
  uint16_t port = 8620;
};
Result<Address> parse_address(const std::string& text) {
  Address address;
  const auto colon = text.rfind(':');
  const std::string port = colon == std::string::npos ? text : text.substr(colon + 1);
  if (colon != std::string::npos) address.host = text.substr(0, colon);
  if (address.host.size() > 2 && address.host.front() == '[') address.host = address.host.substr(1, address.host.size() - 2);
  char* end = nullptr;
  const long number = std::strtol(port.c_str(), &end, 10);
  if (port.empty() || *end != '\0' || number < 0 || number > 65535)
    return fail(Error(Code::invalid, "\"" + text + "\" is no address: expected HOST:PORT as in 127.0.0.1:8620").at("--listen"));
  address.port = static_cast<uint16_t>(number);
  return address;
}

struct Running {
  std::unique_ptr<server::World> world;
  std::unique_ptr<server::Server> server;
};

Result<Running> start(const Invocation& invocation, const std::string& data_dir) {
  TRY(const auto address, parse_address(invocation.value_or("listen", "127.0.0.1:8620")));
  server::hold_stop_signals();
  Running running;
  server::WorldOptions world;
  world.data_dir = data_dir;
  world.origin = invocation.value_or("origin", "");
  world.server_url = invocation.value_or("url", "http://" + address.host + ":" + std::to_string(address.port));
  TRY(running.world, server::World::open(std::move(world)));
  server::ServerOptions options;
  options.address = address.host;
  options.port = address.port;
  options.private_log = invocation.has("private-log");
  options.open_metrics = invocation.has("open-metrics");
  options.log_all = invocation.has("verbose");
  options.version = kVersion;
  options.secure_cookie = invocation.value_or("url", "").starts_with("https://");
  TRY(running.server, server::Server::start(*running.world, std::move(options)));
  // What an auditor needs, where it is easily found.
  const std::string key_file = data_dir + "/keys/log.pub";
  TRY_DO(Disk::system().write_file(key_file, running.world->log().public_key().to_string() + "\n", 0644));
  return running;
}

int stop(const Invocation& invocation, Running& running) {
  talk("Finishing what runs …\n");
  running.server->stop();
  running.server.reset();
  const auto closed = running.world->close();
  running.world.reset();
  if (!closed) return report(invocation, closed.error());
  talk("Stopped. Everything that was acknowledged is in the log.\n");
  return kFine;
}

int serve(const Invocation& invocation) {
  const std::string data_dir = data_dir_of(invocation);
  auto running = start(invocation, data_dir);
  if (!running) return report(invocation, running.error());
  const auto& opened = running->world->opened();
  std::string out = "Waybill " + std::string(kVersion) + " on " + bold(running->server->url()) + "\n  data in " + data_dir + ": " +
                    with_thousands(opened.entries) + " entries, ready in " + std::to_string(opened.micros / 1000) + " ms" +
                    (opened.from_snapshot > 0 ? " (" + with_thousands(opened.folded) + " folded after the snapshot)" : "") + "\n  log " +
                    running->world->log().origin() + ", its public key in " + data_dir + "/keys/log.pub\n";
  if (!opened.snapshot_problem.empty()) out += "  the snapshot was not used: " + opened.snapshot_problem + "\n";
  if (const auto& token = running->server->first_token())
    out += "\n  First start: the admin token, shown once:\n\n      " + bold(*token) +
           "\n\n  Log in on the console with it, or: export WAYBILL_SERVER=" + running->server->url() + " WAYBILL_TOKEN=" + *token + "\n";
  print(out);
  server::wait_for_stop();
  return stop(invocation, *running);
}

int demo(const Invocation& invocation) {
  std::string data_dir = invocation.value_or("data-dir", "");
  if (data_dir.empty()) {
    std::string stamp = to_rfc3339(Clock::system().now());
    for (char& c : stamp)
      if (c == ':') c = '-';
    data_dir = "waybill-demo-" + stamp;
  }
  if (Disk::system().exists(data_dir + "/waybill.db")) {
    talk("waybill demo: " + data_dir + " holds a log already; the demonstration plays into a fresh directory\n");
    return kWrongUsage;
  }
  auto running = start(invocation, data_dir);
  if (!running) return report(invocation, running.error());
  const auto token = running->server->first_token();
  if (!token) {
    talk("waybill demo: the directory has tokens already; the demonstration plays into a fresh one\n");
    return kFailed;
  }
  print("Waybill " + std::string(kVersion) + " on " + bold(running->server->url()) + ", data in " + data_dir + "\n" +
        dim("Each step: what happened, and the command that does it.") + "\n");
  const Time began = Clock::system().now();
  DemoSetting setting;
  setting.url = running->server->url();
  setting.admin_token = *token;
  setting.data_dir = data_dir;
  setting.source_dir = invocation.value_or("source", "");
  const bool as_told = play_demo(setting);
  const int64_t took = Clock::system().now().ms - began.ms;
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "%.1f", static_cast<double>(took) / 1000);
  print("\n" + std::string(as_told ? "All went as told" : in_verdict("deny", "Not all went as told")) + ", in " + seconds + " s.\n");
  if (invocation.has("exit")) {
    const int ended = stop(invocation, *running);
    return as_told ? ended : kFailed;
  }
  print("\nThe server stays up: " + bold(running->server->url()) + "\n  log in with the admin token  " + bold(*token) +
        "\n  or in a shell                export WAYBILL_SERVER=" + running->server->url() + " WAYBILL_TOKEN=" + *token + "\n  documents and keys           " +
        data_dir + "\n  Ctrl-C ends it.\n");
  server::wait_for_stop();
  const int ended = stop(invocation, *running);
  return as_told ? ended : kFailed;
}

}  // namespace

std::vector<Command> server_commands() {
  const Option listen{"--listen", "HOST:PORT", "where to listen (default: 127.0.0.1:8620; port 0 takes a free one)"};
  const Option url{"--url", "URL", "how others reach it (default: http://HOST:PORT); https:// makes the console's cookie secure"};
  return {
      {"demo",
       "Plays a delivery through everything and stays up as the server",
       "Waybill ships Waybill: its own SBOM, provenance and tests go through the gates; then a sample service with a known vulnerability,\nan exception, a "
       "deployment with its Delivery Bill of Materials, and a new advisory. Into a fresh directory.",
       {},
       {listen,
        url,
        {"--data-dir", "DIR", "where to play (default: a new directory here)"},
        {"--source", "DIR", "Waybill's own checkout, for provenance and tests"},
        {"--exit", "", "end when it is over; exit 0 if all went as told"}},
       {{"waybill demo", "plays, and stays up"}, {"waybill demo --exit --listen 127.0.0.1:0", "as a check"}},
       demo},
      {"serve",
       "Starts the server and console",
       "The first start makes the log, its keys and an admin token, which is printed once.",
       {},
       {listen,
        url,
        kDataDir,
        {"--origin", "NAME", "the log's name in its checkpoints, when it is made"},
        {"--private-log", "", "/log/ needs a token"},
        {"--open-metrics", "", "/metrics needs none"},
        {"-v,--verbose", "", "log every request, not only those that failed"}},
       {{"waybill serve --data-dir /var/lib/waybill", "on http://127.0.0.1:8620"},
        {"waybill serve --listen 0.0.0.0:8620 --url https://waybill.example", "behind a proxy that speaks TLS"}},
       serve},
  };
}

}  // namespace waybill::cli
