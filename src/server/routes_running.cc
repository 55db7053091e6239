#include "waybill/server/events.h"
#include "waybill/server/handlers.h"
#include "waybill/server/metrics.h"
#include "waybill/server/present.h"
#include "waybill/server/world.h"

namespace waybill::server {
namespace {

void append_who(JsonWriter& w, const Principal& who) {
  w.field("id", who.id).field("role", to_word(who.roles)).key("scopes").begin_array();
  for (const auto& scope : who.scopes) w.value(scope);
  w.end_array();
}

Error no_server() { return Error(Code::unavailable, "this needs a running server").next("start one: `waybill serve`"); }

std::string cookie_text(const Context& context, std::string_view value, std::string_view age) {
  return std::string(kCookieName) + "=" + std::string(value) + "; Path=/; HttpOnly; SameSite=Strict; Max-Age=" + std::string(age) +
         (context.site.secure_cookie ? "; Secure" : "");
}

}  // namespace

Result<http::Response> begin_session(Context& context) {
  if (context.site.auth == nullptr) return fail(no_server());
  // A page of another origin must not log its visitor in as somebody else.
  const auto site = context.request.header("sec-fetch-site");
  if (!site.empty() && site != "same-origin" && site != "none") return fail(Error(Code::denied, "a session can only be begun by the console itself"));
  if (context.site.auth->is_throttled(context.request.peer)) {
    auto response = http::Response::problem(429, "Too many requests", "too many tokens that do not hold came from this address; wait a minute");
    response.headers.emplace_back("retry-after", "60");
    return response;
  }
  TRY(const auto document, context.body());
  auto session = context.site.auth->begin_session(document.root()["token"].string_or(""), context.request.peer);
  if (!session) {
    auto response = http::Response::problem(session.error());
    if (session.error().code() == Code::denied) response.status = 401;
    return response;
  }
  JsonWriter w;
  w.begin_object();
  append_who(w, *session->who);
  w.field("csrf", session->csrf).end_object();
  auto response = json_response(std::move(w));
  response.headers.emplace_back("set-cookie", cookie_text(context, session->cookie, "43200"));
  response.headers.emplace_back("cache-control", "no-store");
  return response;
}

Result<http::Response> show_session(Context& context) {
  JsonWriter w;
  w.begin_object();
  append_who(w, context.who());
  if (context.caller.by_cookie) w.field("csrf", context.caller.csrf);
  w.end_object();
  auto response = json_response(std::move(w));
  response.headers.emplace_back("cache-control", "no-store");
  return response;
}

Result<http::Response> end_session(Context& context) {
  if (context.site.auth == nullptr) return fail(no_server());
  context.site.auth->end_session(context.request);
  http::Response response;
  response.status = 204;
  response.headers.emplace_back("set-cookie", cookie_text(context, "", "0"));
  return response;
}

namespace {
void append_token(JsonWriter& w, const TokenInfo& token) {
  w.field("id", token.id).field("principal", token.principal).field("label", token.label);
  append_time(w, "created", token.created);
  append_time(w, "expires", token.expires);
}
}  // namespace

Result<http::Response> list_tokens(Context& context) {
  if (context.site.auth == nullptr) return fail(no_server());
  JsonWriter w;
  w.begin_object().key("items").begin_array();
  const auto principals = context.site.auth->principals();
  for (const auto& token : context.site.auth->tokens()) {
    w.begin_object();
    append_token(w, token);
    w.key("roles").begin_array();
    const auto who = std::find_if(principals.begin(), principals.end(), [&](const auto& one) { return one->id == token.principal; });
    for (const auto& role : roles())
      if (who != principals.end() && (*who)->may(static_cast<Roles>(role.role))) w.value(role.word);
    w.end_array().key("scopes").begin_array();
    if (who != principals.end())
      for (const auto& scope : (*who)->scopes) w.value(scope);
    w.end_array().end_object();
  }
  w.end_array().key("principals").begin_array();
  for (const auto& who : principals) {
    w.begin_object();
    append_who(w, *who);
    w.end_object();
  }
  w.end_array().end_object();
  return json_response(std::move(w));
}

Result<http::Response> post_token(Context& context) {
  if (context.site.auth == nullptr) return fail(no_server());
  TRY(const auto document, context.body());
  const auto root = document.root();
  Auth::NewToken wanted;
  wanted.principal = root["id"].string_or("");
  wanted.label = root["label"].string_or("");
  std::string words(root["role"].string_or(""));
  for (const auto& role : strings_of(root["roles"])) words += (words.empty() ? "" : ",") + role;
  if (!words.empty()) {
    TRY(wanted.roles, parse_roles(words));
  }
  if (root["scopes"].is_array()) wanted.scopes = strings_of(root["scopes"]);
  if (const auto lifetime = root["lifetime"].string_or(""); !lifetime.empty()) {
    TRY(wanted.lifetime_ms, parse_duration_ms(lifetime));
  }
  TRY(const auto made, context.site.auth->make_token(wanted, context.actor()));
  JsonWriter w;
  w.begin_object();
  append_token(w, made.info);
  w.field("token", made.token).field("grant", made.grant).end_object();
  auto response = json_response(std::move(w), 201);
  response.headers.emplace_back("cache-control", "no-store");
  return response;
}

Result<http::Response> delete_token(Context& context) {
  if (context.site.auth == nullptr) return fail(no_server());
  TRY_DO(context.site.auth->revoke_token(context.parts[0]));
  http::Response response;
  response.status = 204;
  return response;
}

// The server answers this route itself (it must not keep a thread); in this process there is nothing to wait for.
Result<http::Response> show_events(Context&) { return fail(no_server()); }

Result<http::Response> show_metrics(Context& context) {
  if (context.site.metrics == nullptr) return fail(no_server());
  auto response = http::Response::text(context.site.metrics->to_text(context.site));
  response.headers[0].second = "text/plain; version=0.0.4; charset=utf-8";
  return response;
}

Result<http::Response> show_health(Context&) { return http::Response::text("ok\n"); }
Result<http::Response> show_ready(Context& context) {
  if (!context.site.ready.load(std::memory_order_relaxed)) return http::Response::text("not ready\n", 503);
  return http::Response::text("ready\n");
}
Result<http::Response> show_openapi(Context& context) {
  auto response = http::Response::json(make_openapi(routes(), context.site.version));
  response.headers.emplace_back("cache-control", "no-cache");
  return response;
}

}  // namespace waybill::server
