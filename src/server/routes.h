// The one table of routes: what is served, who may call it, what it takes and gives.
//
// dispatch.cc checks roles by it, openapi.cc makes /openapi.json from it, metrics.cc takes its labels from it, and a test
// calls every row as every role. Handlers are functions of (Site, Context) that know nothing of sockets: the command line
// calls them in this process when it works on a data directory without a server.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "waybill/base/http.h"
#include "waybill/base/json_in.h"
#include "waybill/base/json_out.h"
#include "waybill/base/result.h"
#include "waybill/graph/graph.h"
#include "waybill/server/auth.h"

namespace waybill::server {

class World;
class Metrics;
class EventHub;
class Idempotency;

// What all routes share. Pointers may be null where the command line calls routes without a server.
struct Site {
  World& world;
  Auth* auth = nullptr;
  Metrics* metrics = nullptr;
  EventHub* events = nullptr;
  std::string version = "0.1.0";
  std::string scope = "";  // shown as the installation's name
  bool private_log = false;
  bool open_metrics = false;
  bool secure_cookie = false;  // the console is reached over TLS
  std::atomic<bool> ready{true};
};

// Who may call: a row of interfaces.md's table. A set of roles, or one of two exceptions.
struct Who {
  Roles any_of = 0;        // 0: everybody
  bool log_route = false;  // everybody, unless the log is private (then any role)
};
constexpr Roles kCollectorBit = 1, kReaderBit = 2, kApproverBit = 4, kAdminBit = 8;
constexpr Who kEverybody{};
constexpr Who kLogReaders{kCollectorBit | kReaderBit | kApproverBit | kAdminBit, true};
constexpr Who kAnyone{kCollectorBit | kReaderBit | kApproverBit | kAdminBit};  // who has any role
constexpr Who kReaders{kReaderBit | kApproverBit | kAdminBit};
constexpr Who kCollectors{kCollectorBit | kAdminBit};
constexpr Who kApprovers{kApproverBit | kAdminBit};
constexpr Who kAdmins{kAdminBit};

// Where the handler runs.
enum class Run : uint8_t {
  here,     // on the io thread: answers from memory, in well under a millisecond
  worker,   // may read the disk, wait for the log, or think for long
  collect,  // evidence: parsed by a worker, answered when durable, without a thread waiting
  decide,   // repeated decisions on the io thread, first ones by a worker
  events,   // the stream
};

struct Parameter {
  std::string_view name, text;
};

struct Context;
using Handle = Result<http::Response> (*)(Context&);

struct Route {
  std::string_view method, path;  // "/api/v1/subjects/{id}"; {name*} takes the rest of the path
  Who who;
  Run run;
  Handle handle;
  std::string_view tag, summary;
  std::span<const Parameter> query = {};
  std::string_view body = {};    // what a request carries, as an example or a sentence; "" for none
  std::string_view answer = {};  // example JSON or a media type
  bool at = true;                // takes ?at= (reads)
};
std::span<const Route> routes();

constexpr size_t kMaxParts = 3;

// One request on its way through a handler.
struct Context {
  Site& site;
  const http::Request& request;
  const Route* route = nullptr;
  Caller caller;
  std::array<std::string, kMaxParts> parts;  // decoded, in the order of the path

  World& world() { return site.world; }
  const Principal& who() const;
  std::string_view actor() const { return who().id; }
  bool sees(std::string_view scope) const { return who().sees(scope); }

  // The cut that ?at= names, or the newest. Errors: invalid; not_found when the log has not come so far.
  Result<graph::View> view();
  bool is_live() const { return !at_given; }
  bool at_given = false;

  std::optional<std::string> parameter(std::string_view name) const { return request.parameter(name); }
  std::string parameter_or(std::string_view name, std::string_view otherwise) const;
  bool flag(std::string_view name) const;  // 1, true, yes, or no value
  // The body as JSON: strict, an object. Errors: invalid, with the place.
  Result<JsonDocument> body() const;
  // ?cursor= and ?limit= as a page; limit 1 to 500.
  struct Paging {
    size_t from = 0, limit = 100;
  };
  Result<Paging> paging(size_t otherwise = 100) const;
};

// What matched: the route, its parts; or why nothing did.
struct Match {
  const Route* route = nullptr;
  std::array<std::string, kMaxParts> parts;
  bool path_known = false;  // another method would do
  std::string allow;        // those methods
};
Match match_route(std::string_view method, std::string_view raw_path);

// Roles, CSRF, then the handler; every error as a problem document. The whole way of a request but for the sockets.
http::Response dispatch(Site& site, const http::Request& request);
// The two halves of it: 0 when the caller may, else the response that says why not.
std::optional<http::Response> check_access(Site& site, const http::Request& request, const Route& route, Caller& caller);
http::Response call_handler(Context& context);

// OpenAPI 3.1, made from the table.
std::string make_openapi(std::span<const Route> table, std::string_view version);

// "as_of": {"index", "size", "time", "live"}
void append_as_of(JsonWriter& w, const graph::View& view, bool live);
http::Response json_response(JsonWriter&& w, int status = 200);
// Response::problem(), with the numbers that a code alone cannot tell: 507 for a full disk, 415 for a content type or encoding.
http::Response problem_response(const Error& error);

}  // namespace waybill::server
