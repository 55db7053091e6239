// OpenAPI 3.1 out of the route table: what is described is what is served.
#include <map>

#include "waybill/base/json_in.h"
#include "waybill/server/routes.h"

namespace waybill::server {
namespace {

bool is_media_type(std::string_view text) {
  return !text.empty() && text.find('/') != std::string_view::npos && !text.starts_with('{') && text.find(' ') == std::string_view::npos;
}

std::string operation_id(const Route& route) {
  std::string id = to_lower(route.method);
  for (const char c : route.path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (plain)
      id.push_back(c);
    else if (id.back() != '_')
      id.push_back('_');
  }
  while (id.back() == '_') id.pop_back();
  return id;
}

// A schema that an example fits: enough for a client generator, and never wrong.
void append_schema(JsonWriter& w, JsonValue example) {
  w.begin_object();
  switch (example.kind()) {
    case JsonKind::object:
      w.field("type", "object").key("properties").begin_object();
      for (const auto& [name, value] : example.members()) {
        w.key(name);
        append_schema(w, value);
      }
      w.end_object();
      break;
    case JsonKind::array: w.field("type", "array").key("items").begin_object().end_object(); break;
    case JsonKind::string: w.field("type", "string"); break;
    case JsonKind::integer: w.field("type", "integer"); break;
    case JsonKind::number: w.field("type", "number"); break;
    case JsonKind::boolean: w.field("type", "boolean"); break;
    case JsonKind::null: break;
  }
  w.end_object();
}

void append_content(JsonWriter& w, std::string_view what) {
  w.key("content").begin_object();
  if (is_media_type(what)) {
    w.key(what).begin_object().end_object();
  } else if (const auto example = JsonDocument::parse(what)) {
    w.key("application/json").begin_object().key("schema");
    append_schema(w, example->root());
    w.field_raw("example", what).end_object();
  } else {
    w.key("*/*").begin_object().end_object();
  }
  w.end_object();
}

void append_operation(JsonWriter& w, const Route& route) {
  w.key(to_lower(route.method))
      .begin_object()
      .field("operationId", operation_id(route))
      .field("summary", route.summary)
      .key("tags")
      .begin_array()
      .value(route.tag)
      .end_array();
  w.key("parameters").begin_array();
  for (size_t at = route.path.find('{'); at != std::string_view::npos; at = route.path.find('{', at + 1)) {
    auto name = route.path.substr(at + 1, route.path.find('}', at) - at - 1);
    if (name.ends_with('*')) name.remove_suffix(1);
    w.begin_object()
        .field("name", name)
        .field("in", "path")
        .field("required", true)
        .key("schema")
        .begin_object()
        .field("type", "string")
        .end_object()
        .end_object();
  }
  const auto query = [&](std::string_view name, std::string_view text) {
    w.begin_object()
        .field("name", name)
        .field("in", "query")
        .field("description", text)
        .key("schema")
        .begin_object()
        .field("type", "string")
        .end_object()
        .end_object();
  };
  for (const auto& parameter : route.query) query(parameter.name, parameter.text);
  if (route.at && route.method == "GET") query("at", "a log index or a time: the answer as of then");
  if (route.method != "GET")
    w.begin_object()
        .field("name", "Idempotency-Key")
        .field("in", "header")
        .field("description", "the same key within 24 hours gets the first answer")
        .key("schema")
        .begin_object()
        .field("type", "string")
        .end_object()
        .end_object();
  w.end_array();
  if (!route.body.empty()) {
    w.key("requestBody").begin_object().field("required", true);
    append_content(w, route.body);
    w.end_object();
  }
  w.key("responses").begin_object();
  if (route.answer == "204") {
    w.key("204").begin_object().field("description", "done").end_object();
  } else {
    w.key("200").begin_object().field("description", route.summary);
    append_content(w, route.answer);
    w.end_object();
    if (route.method == "POST") {
      w.key("201").begin_object().field("description", "recorded");
      append_content(w, route.answer);
      w.end_object();
    }
  }
  w.key("default").begin_object().field("$ref", "#/components/responses/Problem").end_object().end_object();
  w.key("security").begin_array();
  if (route.who.any_of != 0) {
    w.begin_object().key("token").begin_array().end_array().end_object().begin_object().key("session").begin_array().end_array().end_object();
    if (route.who.log_route) w.begin_object().end_object();
  }
  w.end_array();
  w.key("x-roles").begin_array();
  for (const auto& role : roles())
    if ((route.who.any_of & static_cast<Roles>(role.role)) != 0) w.value(role.word);
  w.end_array().end_object();
}

}  // namespace

std::string make_openapi(std::span<const Route> table, std::string_view version) {
  JsonWriter w;
  w.begin_object().field("openapi", "3.1.0").key("info").begin_object().field("title", "Waybill").field("version", version);
  w.field("description",
          "A control plane for secure software delivery. Every read takes ?at=INDEX|TIME; errors are RFC 9457 problem documents; lists are paged by cursor.");
  w.key("license").begin_object().field("name", "Apache-2.0").field("identifier", "Apache-2.0").end_object().end_object();
  w.key("paths").begin_object();
  std::map<std::string, std::vector<const Route*>> by_path;
  for (const Route& route : table) {
    std::string path(route.path);
    if (const auto star = path.find("*}"); star != std::string::npos) path.erase(star, 1);
    by_path[path].push_back(&route);
  }
  for (const auto& [path, of_path] : by_path) {
    w.key(path).begin_object();
    for (const Route* route : of_path) append_operation(w, *route);
    w.end_object();
  }
  w.end_object().key("components").begin_object().key("securitySchemes").begin_object();
  w.key("token").begin_object().field("type", "http").field("scheme", "bearer").field("description", "a token of `waybill token create`: wb_…").end_object();
  w.key("session")
      .begin_object()
      .field("type", "apiKey")
      .field("in", "cookie")
      .field("name", kCookieName)
      .field("description", "the console's session; writes need the header x-waybill-csrf")
      .end_object()
      .end_object();
  w.key("responses")
      .begin_object()
      .key("Problem")
      .begin_object()
      .field("description", "what went wrong, where, and what to do next (RFC 9457)")
      .key("content")
      .begin_object();
  w.key("application/problem+json")
      .begin_object()
      .key("schema")
      .begin_object()
      .field("$ref", "#/components/schemas/Problem")
      .end_object()
      .end_object()
      .end_object()
      .end_object()
      .end_object();
  w.key("schemas")
      .begin_object()
      .key("Problem")
      .begin_object()
      .field("type", "object")
      .key("required")
      .begin_array()
      .value("title")
      .value("status")
      .value("detail")
      .end_array()
      .key("properties")
      .begin_object();
  for (const std::string_view name : {"type", "title", "detail", "code", "next"}) w.key(name).begin_object().field("type", "string").end_object();
  w.key("status").begin_object().field("type", "integer").end_object();
  w.key("where").begin_object().field("type", "array").key("items").begin_object().field("type", "string").end_object().end_object();
  w.end_object().end_object().end_object().end_object().key("tags").begin_array();
  for (const std::string_view tag : {"evidence", "deployments", "decisions", "questions", "log", "running"}) w.begin_object().field("name", tag).end_object();
  w.end_array().end_object();
  return std::move(w).take();
}

}  // namespace waybill::server
