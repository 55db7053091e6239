#include <charconv>

#include "waybill/server/handlers.h"
#include "waybill/server/present.h"
#include "waybill/server/world.h"
#include "waybill/trust/merkle.h"

namespace waybill::server {
namespace {

Result<uint64_t> parse_number(std::string_view text, std::string_view place) {
  uint64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size())
    return fail(Error(Code::invalid, "\"" + std::string(text) + "\" is no number").at(std::string(place)));
  return number;
}

// One line of what an entry says, made from what the graph keeps of it.
std::string summary_of(const graph::View& view, const graph::Entry& entry) {
  std::string name;
  if (entry.subject) {
    name = view.name(entry.subject);
    if (name.starts_with("sha256:")) name = short_digest(name);
  }
  const auto with = [&](std::string_view text, std::string_view link) {
    return name.empty() ? std::string(text) : std::string(text) + std::string(link) + name;
  };
  if (entry.kind == "evidence") {
    std::string text(entry.format.empty() ? std::string_view("A document") : entry.format);
    return with(text, " about ") + (entry.is_signed ? ", signed" : "");
  }
  if (entry.kind == "deployment") {
    if (const auto deployment = view.deployment(entry.index))
      return std::string(deployment->name.empty() ? short_digest(deployment->digest) : std::string(deployment->name)) + " runs as " +
             std::string(deployment->service_name) + " in " + std::string(deployment->environment_name);
    return with("Deployed", ": ");
  }
  if (entry.kind == "removal") return with("No longer runs", ": ");
  if (entry.kind == "decision") return with("Decided", " about ");
  if (entry.kind == "transition") return with("A verdict turned", ": ");
  if (entry.kind == "approval") return with("Approved", ": ");
  if (entry.kind == "exception") return with("Exception", ": ");
  if (entry.kind == "advisories") return "Advisories" + (entry.format.empty() ? std::string() : ": " + std::string(entry.format));
  if (entry.kind == "policy") return "Policy";
  if (entry.kind == "configuration") return with("Set up", ": ");
  if (entry.kind == "server_key") return "The server's signing key";
  if (const auto kind = log::parse_entry_kind(entry.kind)) return std::string(log::entry_kind_info(*kind).sentence);
  return std::string(entry.kind);
}

void append_entry(JsonWriter& w, const graph::View& view, const graph::Entry& entry) {
  w.field("index", entry.index)
      .field("at", to_rfc3339_ms(entry.at))
      .field("kind", entry.kind)
      .field("actor", entry.actor)
      .field("summary", summary_of(view, entry));
  append_id_or_null(w, "subject", entry.subject ? view.text(entry.subject) : std::string_view{});
  w.field("bytes", entry.document_bytes);
  if (entry.document.is_zero()) {
    w.key("document").null();
  } else {
    w.field("document", entry.document.to_string());
  }
  w.field("document_kind", entry.document_kind).field("format", entry.format).field("signed", entry.is_signed);
}

http::Response static_response(std::string bytes, std::string_view type, std::string_view cache) {
  http::Response response;
  response.headers.emplace_back("content-type", std::string(type));
  response.headers.emplace_back("cache-control", std::string(cache));
  response.headers.emplace_back("x-content-type-options", "nosniff");
  response.headers.emplace_back("access-control-allow-origin", "*");
  response.body = std::move(bytes);
  return response;
}

}  // namespace

Result<http::Response> list_entries(Context& context) {
  TRY(const auto view, context.view());
  TRY(const auto page, context.paging());
  const auto kind = context.parameter_or("kind", "");
  if (!kind.empty() && !log::parse_entry_kind(kind))
    return fail(
        Error(Code::invalid, "\"" + kind + "\" is no kind of entry").at("kind").next("evidence, deployment, decision, approval, exception, advisories, …"));
  auto all = view.entries(kind, {page.from, page.limit + 1});
  const bool more = all.size() > page.limit;
  if (more) all.resize(page.limit);
  JsonWriter w;
  w.begin_object();
  append_as_of(w, view, context.is_live());
  w.key("items").begin_array();
  for (const auto& entry : all) {
    w.begin_object();
    append_entry(w, view, entry);
    w.end_object();
  }
  w.end_array();
  if (more) w.field("next", std::to_string(page.from + page.limit));
  w.end_object();
  return json_response(std::move(w));
}

Result<http::Response> show_entry(Context& context) {
  TRY(const auto view, context.view());
  TRY(const auto index, parse_number(context.parts[0], "index"));
  if (index >= view.size())
    return fail(Error(Code::not_found, "there is no entry #" + context.parts[0] + "; the log ends at #" + std::to_string(view.size() == 0 ? 0 : view.index())));
  auto& log = context.world().log();
  TRY(const auto whole, log.load_entry(index));
  const auto head = log.head();
  TRY(const auto path, log.prove_inclusion(index, head.size));
  JsonWriter w;
  w.begin_object();
  append_as_of(w, view, context.is_live());
  if (const auto entry = view.entry(index)) append_entry(w, view, *entry);
  w.field_raw("body", whole.body()).field("entry", whole.leaf).field("leaf", trust::leaf_hash(whole.leaf).hex()).key("documents").begin_array();
  for (const auto& document : whole.documents)
    w.begin_object().field("sha256", document.digest.to_string()).field("bytes", document.bytes).field("type", document.type).end_object();
  w.end_array()
      .key("proof")
      .begin_object()
      .field("entry", index)
      .field("leaf", trust::leaf_hash(whole.leaf).hex())
      .field("index", index)
      .field("size", head.size)
      .field("root", head.root.hex())
      .key("path")
      .begin_array();
  for (const auto& hash : path) w.value(hash.hex());
  w.end_array().field("checkpoint", head.note).end_object().end_object();
  return json_response(std::move(w));
}

Result<http::Response> show_proof(Context& context) {
  auto& log = context.world().log();
  const auto head = log.head();
  uint64_t size = head.size;
  if (const auto text = context.parameter("size")) {
    TRY(size, parse_number(*text, "size"));
  }
  if (size > head.size) return fail(Error(Code::not_found, "the log has " + std::to_string(head.size) + " entries, not " + std::to_string(size)).at("size"));
  JsonWriter w;
  w.begin_object().field("size", size);
  TRY(const auto root, log.root_at(size));
  w.field("root", root.hex());
  trust::Hashes path;
  if (const auto from_text = context.parameter("from")) {
    TRY(const auto from, parse_number(*from_text, "from"));
    TRY(path, log.prove_consistency(from, size));
    w.field("from", from);
  } else {
    TRY(const auto index, parse_number(context.parameter_or("index", ""), "index"));
    TRY(path, log.prove_inclusion(index, size));
    TRY(const auto entry, log.load_entry(index));
    w.field("index", index).field("leaf", trust::leaf_hash(entry.leaf).hex());
  }
  w.key("path").begin_array();
  for (const auto& hash : path) w.value(hash.hex());
  w.end_array().field("checkpoint", head.note).end_object();
  return json_response(std::move(w));
}

Result<http::Response> show_timeline(Context& context) {
  TRY(const auto view, context.view());
  const auto number = [&](std::string_view name, uint64_t otherwise, uint64_t most) -> Result<uint64_t> {
    const auto text = context.parameter(name);
    if (!text || text->empty()) return otherwise;
    TRY(const auto value, parse_number(*text, name));
    if (value < 1 || value > most) return fail(Error(Code::invalid, "expected 1 to " + std::to_string(most)).at(std::string(name)));
    return value;
  };
  TRY(const auto hours, number("hours", 168, 87'600));
  TRY(const auto buckets, number("buckets", 168, 1000));
  const Time now = context.is_live() ? context.world().clock().now() : view.time();
  const Time from{now.ms - static_cast<int64_t>(hours) * kHourMs};
  const Time until{now.ms + 1};
  const auto timeline = view.timeline(from, until, buckets);
  JsonWriter w;
  w.begin_object();
  append_as_of(w, view, context.is_live());
  w.field("from", to_rfc3339(from)).field("until", to_rfc3339(now)).key("buckets").begin_array();
  for (const uint64_t count : timeline.counts) w.value(count);
  w.end_array().key("first_index").begin_array();
  for (const uint64_t index : timeline.first_index) w.value(index);
  w.end_array().key("transitions").begin_array();
  for (const auto& turned : view.transitions({.limit = 500})) {
    const Time at = turned.fact.at.is_set() ? turned.fact.at : Time{};
    if (at < from) break;
    w.begin_object()
        .field("at", to_rfc3339(at))
        .field("entry", turned.entry)
        .field("to", turned.fact.to)
        .field("service", last_part(turned.fact.service))
        .field("environment", turned.fact.environment)
        .end_object();
  }
  w.end_array();
  if (const auto first = view.size() > 0 ? view.entry(0) : std::nullopt)
    w.key("first_entry").begin_object().field("index", 0).field("at", to_rfc3339(first->at)).end_object();
  w.end_object();
  return json_response(std::move(w));
}

Result<http::Response> show_checkpoint(Context& context) {
  return static_response(context.world().log().checkpoint(), "text/plain; charset=utf-8", "no-cache");
}

Result<http::Response> show_tile(Context& context) {
  TRY(const auto name, trust::parse_tile_path("tile/" + context.parts[0]));
  auto& log = context.world().log();
  std::string bytes;
  if (name.entries) {
    TRY(bytes, log.load_entry_bundle(name.index, name.width));
  } else {
    TRY(bytes, log.load_tile(name.level, name.index, name.width));
  }
  // A tile never changes, partial ones neither: their width is part of the name.
  return static_response(std::move(bytes), "application/octet-stream", "public, max-age=31536000, immutable");
}

}  // namespace waybill::server
