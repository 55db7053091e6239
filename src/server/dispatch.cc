// The way of a request from the route table to its handler and back.
#include <charconv>

#include "waybill/server/routes.h"
#include "waybill/server/world.h"

namespace waybill::server {
namespace {

http::Response unauthenticated(std::string_view detail, std::string_view next) {
  JsonWriter w;
  w.begin_object()
      .field("type", "about:blank")
      .field("title", "Not authenticated")
      .field("status", 401)
      .field("detail", detail)
      .field("code", "denied")
      .field("next", next)
      .end_object();
  http::Response response = http::Response::json(std::move(w).take(), 401);
  response.headers[0].second = "application/problem+json";
  response.headers.emplace_back("www-authenticate", "Bearer realm=\"waybill\"");
  return response;
}

bool is_write(std::string_view method) { return method != "GET" && method != "HEAD" && method != "OPTIONS"; }

std::string words_of(Roles set) {
  std::string words;
  for (const auto& info : roles())
    if ((set & static_cast<Roles>(info.role)) != 0) words += (words.empty() ? "" : " or ") + std::string(info.word);
  return words;
}

const Principal& nobody() {
  static const Principal kNobody;
  return kNobody;
}

}  // namespace

const Principal& Context::who() const { return caller.who ? *caller.who : nobody(); }

std::string Context::parameter_or(std::string_view name, std::string_view otherwise) const {
  auto value = request.parameter(name);
  return value ? std::move(*value) : std::string(otherwise);
}
bool Context::flag(std::string_view name) const {
  const auto value = request.parameter(name);
  return value && (*value == "1" || *value == "true" || *value == "yes" || value->empty());
}

Result<graph::View> Context::view() {
  auto& graph = site.world.graph();
  const auto at = request.parameter("at");
  if (!at || at->empty()) return graph.view();
  at_given = true;
  if (at->find_first_not_of("0123456789") == std::string::npos) {
    uint64_t index = 0;
    const auto parsed = std::from_chars(at->data(), at->data() + at->size(), index);
    if (parsed.ec != std::errc{}) return fail(Error(Code::invalid, "\"" + *at + "\" is no log index").at("at"));
    const uint64_t size = graph.size();
    if (index >= size)
      return fail(Error(Code::not_found, "this question speaks of #" + *at + "; the log ends at " + (size == 0 ? "nothing" : "#" + std::to_string(size - 1)))
                      .at("at")
                      .next("leave ?at= out for the newest"));
    return graph.view(graph::At::index(index));
  }
  auto time = parse_time(*at);
  if (!time) return fail(std::move(time.error()).at("at").next("give a log index (at=41) or a time (at=2026-11-22T14:43:00Z)"));
  return graph.view(graph::At::time(*time));
}

Result<JsonDocument> Context::body() const {
  const auto type = request.header("content-type");
  const auto media = to_lower(trim(type.substr(0, type.find(';'))));
  // curl -d sends a form's type unless told otherwise; the bytes say what they are.
  if (!media.empty() && media != "application/json" && !media.ends_with("+json") && media != "application/x-www-form-urlencoded" && media != "text/plain" &&
      media != "application/octet-stream")
    return fail(Error(Code::invalid, "this route takes JSON, not " + media).at("content-type").next("send `content-type: application/json`"));
  if (trim(request.body).empty()) return fail(Error(Code::invalid, "the request has no body").next("send a JSON object; /openapi.json shows an example"));
  JsonLimits limits;
  limits.bytes = size_t{4} << 20;
  limits.depth = 100;
  TRY(auto document, JsonDocument::parse(request.body, limits));
  if (!document.root().is_object())
    return fail(Error(Code::invalid, "the body must be a JSON object, found " + std::string(waybill::to_string(document.root().kind()))));
  return document;
}

Result<Context::Paging> Context::paging(size_t otherwise) const {
  Paging page;
  page.limit = otherwise;
  const auto number = [&](std::string_view name, size_t& into, size_t least, size_t most) -> Result<void> {
    const auto text = request.parameter(name);
    if (!text || text->empty()) return {};
    const auto parsed = std::from_chars(text->data(), text->data() + text->size(), into);
    if (parsed.ec != std::errc{} || parsed.ptr != text->data() + text->size() || into < least || into > most)
      return fail(Error(Code::invalid, "\"" + *text + "\" is no number from " + std::to_string(least) + " to " + std::to_string(most)).at(std::string(name)));
    return {};
  };
  TRY_DO(number("limit", page.limit, 1, 500));
  TRY_DO(number("cursor", page.from, 0, size_t{1} << 40));
  return page;
}

std::optional<http::Response> check_access(Site& site, const http::Request& request, const Route& route, Caller& caller) {
  if (site.auth == nullptr) return std::nullopt;  // in this process: who can read the directory may ask
  const bool open = route.who.any_of == 0 || (route.who.log_route && !site.private_log) || (site.open_metrics && route.path == "/metrics");
  auto found = site.auth->authenticate(request);
  if (!found) {
    if (open) return std::nullopt;
    if (site.auth->is_throttled(request.peer)) {
      http::Response response = http::Response::problem(429, "Too many requests", "too many tokens that do not hold came from this address; wait a minute");
      response.headers.emplace_back("retry-after", "60");
      return response;
    }
    return unauthenticated(found.error().message(), found.error().next());
  }
  caller = std::move(*found);
  if (open) return std::nullopt;
  if (!caller.who)
    return unauthenticated("this needs a token", "send `Authorization: Bearer wb_…` (WAYBILL_TOKEN for the command line), or log in on the console");
  if (!caller.who->may(route.who.any_of))
    return http::Response::problem(
        Error(Code::denied, caller.who->id + " is " + std::string(to_word(caller.who->roles)) + "; this needs the role " + words_of(route.who.any_of))
            .next("an admin can grant it: `waybill role grant " + caller.who->id + " " + words_of(static_cast<Roles>(route.who.any_of & -route.who.any_of)) +
                  "`"));
  if (caller.by_cookie && is_write(request.method) && !equals_constant_time(request.header(kCsrfHeader), caller.csrf))
    return http::Response::problem(
        Error(Code::denied, "a write with the console's cookie needs the header " + std::string(kCsrfHeader)).next("take its value from GET /api/v1/session"));
  return std::nullopt;
}

http::Response problem_response(const Error& error) {
  auto response = http::Response::problem(error);
  int status = response.status;
  if (error.code() == Code::exhausted && error.message().starts_with("the disk is ")) status = 507;
  const auto& where = error.where();
  if (error.code() == Code::invalid && ((!where.empty() && where.front() == "content-type") || error.message().starts_with("the content encoding ")))
    status = 415;
  if (status == response.status) return response;
  const auto old = "\"status\":" + std::to_string(response.status);
  if (const auto at = response.body.find(old); at != std::string::npos) response.body.replace(at, old.size(), "\"status\":" + std::to_string(status));
  const auto title = response.body.find("\"title\":\"");
  if (title != std::string::npos) {
    const auto from = title + 9;
    response.body.replace(from, response.body.find('"', from) - from, status == 507 ? "No space left" : "Unknown format");
  }
  response.status = status;
  return response;
}

http::Response call_handler(Context& context) {
  auto result = context.route->handle(context);
  return result ? std::move(*result) : problem_response(result.error());
}

http::Response dispatch(Site& site, const http::Request& request) {
  const auto question = request.target.find('?');
  auto match = match_route(request.method, request.target.substr(0, question));
  if (match.route == nullptr) {
    if (match.path_known) {
      auto response = http::Response::problem(405, "Method not allowed", "this path takes " + match.allow);
      response.headers.emplace_back("allow", match.allow);
      return response;
    }
    return http::Response::problem(Error(Code::not_found, "there is nothing at " + std::string(request.path)).next("/openapi.json lists what there is"));
  }
  Context context{site, request, match.route, {}, std::move(match.parts)};
  if (auto refused = check_access(site, request, *match.route, context.caller)) return std::move(*refused);
  if (site.auth == nullptr) {
    static const auto kLocal = [] {
      auto local = std::make_shared<Principal>();
      local->id = "person:local";
      local->roles = kAdminBit;
      local->scopes = {"*"};
      return local;
    }();
    context.caller.who = kLocal;
  }
  return call_handler(context);
}

void append_as_of(JsonWriter& w, const graph::View& view, bool live) {
  w.key("as_of").begin_object();
  if (view.size() == 0) {
    w.key("index").null().field("size", 0).key("time").null();
  } else {
    w.field("index", view.index()).field("size", view.size()).field("time", to_rfc3339(view.time()));
  }
  w.field("live", live).end_object();
}

http::Response json_response(JsonWriter&& w, int status) { return http::Response::json(std::move(w).take(), status); }

}  // namespace waybill::server
