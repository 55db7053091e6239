#include <condition_variable>
#include <deque>

#include "waybill/base/compress.h"
#include "waybill/facts/facts.h"
#include "waybill/server/handlers.h"
#include "waybill/server/receipts.h"
#include "waybill/server/world.h"

namespace waybill::server {
namespace {

constexpr size_t kBatchWindow = 256;  // documents under way at once
constexpr size_t kBatchWindowBytes = size_t{64} << 20;

std::string hex_of(const Sha256& hash) { return hash.hex(); }

// Bytes with a caption that no browser runs.
http::Response bytes_response(std::string bytes, std::string type) {
  http::Response response;
  response.headers.emplace_back("content-type", std::move(type));
  response.headers.emplace_back("x-content-type-options", "nosniff");
  response.headers.emplace_back("content-security-policy", "default-src 'none'; sandbox");
  response.headers.emplace_back("cache-control", "private, max-age=31536000, immutable");
  response.body = std::move(bytes);
  return response;
}

}  // namespace

void append_receipt(JsonWriter& w, World& world, const collect::Receipt& receipt, Proofs proofs) {
  w.begin_object().field("index", receipt.index).field("at", to_rfc3339_ms(receipt.time)).field("document", receipt.document.to_string());
  w.field("leaf", hex_of(receipt.leaf)).field("format", receipt.format).field("kind", receipt.kind).field("subject", receipt.subject);
  w.field("bytes", receipt.bytes).field_raw("facts", receipt.counts_json).field("duplicate", receipt.duplicate);
  w.field("signed", receipt.is_signed).field("verified", receipt.verified);
  if (!receipt.signature_reason.empty()) w.field("signature_reason", receipt.signature_reason);
  if (!receipt.warnings.empty()) {
    w.key("warnings").begin_array();
    for (const auto& warning : receipt.warnings) w.value(warning);
    w.end_array();
  }
  w.field("tree_size", receipt.tree_size).field("root", hex_of(receipt.root));
  if (proofs == Proofs::with) {
    const auto head = world.log().head();
    w.field("checkpoint", head.note);
    if (const auto path = world.log().prove_inclusion(receipt.index, head.size)) {
      w.key("proof").begin_array();
      for (const auto& hash : *path) w.value(hex_of(hash));
      w.end_array();
    }
  }
  w.end_object();
}

Result<std::string_view> decode_body(const http::Request& request, std::string_view body, std::string& storage, size_t max_bytes) {
  const auto encoding = to_lower(trim(request.header("content-encoding")));
  if (encoding.empty() || encoding == "identity") return body;
  if (encoding == "gzip" || encoding == "x-gzip") {
    TRY(storage, gzip_decompress(body, max_bytes));
  } else if (encoding == "zstd") {
    TRY(storage, zstd_decompress(body, max_bytes));
  } else {
    return fail(Error(Code::invalid, "the content encoding " + encoding + " is not understood").next("send it plain, or as gzip or zstd"));
  }
  return std::string_view(storage);
}

Result<BodyKind> find_body_kind(const http::Request& request, std::string_view& body, std::string& storage, size_t max_bytes) {
  const auto type = request.header("content-type");
  const auto media = to_lower(trim(type.substr(0, type.find(';'))));
  if (media == "application/x-ndjson" || media == "application/ndjson" || media == "application/jsonl") return BodyKind::lines;
  if (is_zstd(body) || is_gzip(body)) {  // a .tar.zst, or one compressed document, sent without saying so
    std::string unpacked;
    if (is_zstd(body)) {
      TRY(unpacked, zstd_decompress(body, max_bytes));
    } else {
      TRY(unpacked, gzip_decompress(body, max_bytes));
    }
    storage = std::move(unpacked);
    body = storage;
  }
  if (collect::looks_like_tar(body)) return BodyKind::archive;
  if (media == "application/x-tar" || media == "application/tar")
    return fail(Error(Code::invalid, "the body is no tar archive, though its content type says so")
                    .next("send `tar c FILES`, or one document with its own content type"));
  return BodyKind::document;
}

collect::Options evidence_options(const Context& context) {
  collect::Options options;
  options.subject = context.parameter_or("subject", "");
  options.actor = std::string(context.actor());
  options.name = context.parameter_or("name", "");
  options.keep_unknown = context.flag("keep_unknown");
  return options;
}

std::string problem_line(const Error& error, std::string_view name) {
  JsonWriter w;
  w.begin_object().field("name", name).field("type", "about:blank").field("title", "Refused").field("status", http::status_of(error.code()));
  w.field("detail", error.message()).field("code", to_string(error.code()));
  if (!error.where().empty()) {
    w.key("where").begin_array();
    for (auto place = error.where().rbegin(); place != error.where().rend(); ++place) w.value(*place);
    w.end_array();
  }
  if (!error.next().empty()) w.field("next", error.next());
  w.end_object();
  return std::move(w).take() + "\n";
}

void collect_batch(World& world, BodyKind kind, std::string_view body, const collect::Options& options, const std::function<bool(std::string_view)>& write) {
  struct Slot {
    std::string name;
    size_t bytes = 0;
    std::optional<Result<collect::Receipt>> result;
  };
  struct Shared {
    std::mutex mutex;
    std::condition_variable arrived;
  };
  auto shared = std::make_shared<Shared>();
  std::deque<std::shared_ptr<Slot>> under_way;
  size_t bytes_under_way = 0;
  bool listened = true;
  const auto hand_over = [&](bool wait) {  // receipts in the order of the documents
    std::string lines;
    while (!under_way.empty()) {
      auto& slot = under_way.front();
      {
        std::unique_lock lock(shared->mutex);
        if (!slot->result) {
          if (!wait) break;
          shared->arrived.wait(lock, [&] { return slot->result.has_value(); });
          wait = under_way.size() > kBatchWindow;
        }
      }
      if (*slot->result) {
        JsonWriter w;
        append_receipt(w, world, **slot->result, Proofs::none);
        std::string line = std::move(w).take();
        line.insert(line.size() - 1, ",\"name\":" + to_json_string(slot->name));
        lines += line;
        lines.push_back('\n');
      } else {
        lines += problem_line(slot->result->error(), slot->name);
      }
      bytes_under_way -= slot->bytes;
      under_way.pop_front();
    }
    if (!lines.empty() && !write(lines)) listened = false;
  };
  const auto take = [&](const collect::Piece& piece) {
    auto slot = std::make_shared<Slot>();
    slot->name = piece.name;
    slot->bytes = piece.bytes.size();
    under_way.push_back(slot);
    bytes_under_way += slot->bytes;
    collect::Options one = options;
    one.name = piece.name;
    world.collector().collect(std::make_shared<const std::string>(piece.bytes), std::move(one), [slot, shared](Result<collect::Receipt> receipt) {
      const std::lock_guard lock(shared->mutex);
      slot->result.emplace(std::move(receipt));
      shared->arrived.notify_one();
    });
    hand_over(under_way.size() > kBatchWindow || bytes_under_way > kBatchWindowBytes);
    return listened;  // a collector that went away sends the rest again; what was taken is in the log
  };
  const auto done = kind == BodyKind::lines ? collect::for_each_line(body, take) : collect::for_each_in_tar(body, take);
  while (!under_way.empty()) hand_over(true);
  if (!done && listened) write(problem_line(done.error(), "the archive"));
}

Result<http::Response> post_evidence(Context& context) {
  auto storage = std::make_shared<std::string>();
  const size_t limit = context.world().options().max_document_bytes;
  TRY(std::string_view body, decode_body(context.request, context.request.body, *storage, limit * 4));
  TRY(const auto kind, find_body_kind(context.request, body, *storage, limit * 4));
  if (kind == BodyKind::document) {
    TRY(const auto receipt, context.world().collector().collect(std::string(body), evidence_options(context)));
    JsonWriter w;
    append_receipt(w, context.world(), receipt, context.parameter_or("proof", "1") == "0" ? Proofs::none : Proofs::with);
    return json_response(std::move(w), receipt.duplicate ? 200 : 201);
  }
  http::Response response;
  response.headers.emplace_back("content-type", "application/x-ndjson");
  response.stream = [&world = context.world(), kind, body, storage, options = evidence_options(context)](const std::function<bool(std::string_view)>& write) {
    collect_batch(world, kind, body, options, write);
  };
  return response;
}

namespace {
Result<Sha256> digest_of(const Context& context) {
  auto digest = parse_sha256(context.parts[0]);
  if (!digest) return fail(std::move(digest.error()).at("sha256").next("a document's name is the SHA-256 of its bytes: 64 hexadecimal digits"));
  return *digest;
}
}  // namespace

Result<http::Response> show_document(Context& context) {
  TRY(const auto digest, digest_of(context));
  TRY(auto bytes, context.world().log().load_document(digest));
  std::string type = "application/octet-stream";
  const auto start = trim(std::string_view(bytes).substr(0, 64));
  if (start.starts_with('{') || start.starts_with('[')) type = "application/json";
  if (start.starts_with('<')) type = "text/xml; charset=utf-8";
  return bytes_response(std::move(bytes), std::move(type));
}

Result<http::Response> show_document_facts(Context& context) {
  TRY(const auto digest, digest_of(context));
  TRY(const auto view, context.view());
  const auto entries = view.entries_with(digest);
  if (entries.empty()) return fail(Error(Code::not_found, "no entry names the document " + digest.to_string()));
  TRY(const auto batch, context.world().load_facts()(entries.back()));
  JsonWriter w;
  w.begin_object().field("document", digest.to_string()).field("entry", entries.back()).field("format", batch->format).field("kind", batch->kind);
  w.field("subject", batch->subject).field_raw("counts", facts::to_counts_json(*batch)).field_raw("facts", facts::to_json(*batch)).end_object();
  return json_response(std::move(w));
}

Result<http::Response> show_document_proof(Context& context) {
  TRY(const auto digest, digest_of(context));
  TRY(const auto view, context.view());
  const auto entries = view.entries_with(digest);
  if (entries.empty()) return fail(Error(Code::not_found, "no entry names the document " + digest.to_string()));
  auto& log = context.world().log();
  const auto head = log.head();
  JsonWriter w;
  w.begin_object()
      .field("document", digest.to_string())
      .field("size", head.size)
      .field("root", head.root.hex())
      .field("checkpoint", head.note)
      .key("items")
      .begin_array();
  for (const uint64_t index : entries) {
    TRY(const auto entry, log.load_entry(index));
    TRY(const auto path, log.prove_inclusion(index, head.size));
    w.begin_object().field("index", index).field("leaf", trust::leaf_hash(entry.leaf).hex()).field("entry", entry.leaf).key("path").begin_array();
    for (const auto& hash : path) w.value(hash.hex());
    w.end_array().end_object();
  }
  w.end_array().end_object();
  return json_response(std::move(w));
}

Result<http::Response> post_advisories(Context& context) {
  std::string storage;
  TRY(const auto body, decode_body(context.request, context.request.body, storage, size_t{2} << 30));
  if (body.empty())
    return fail(Error(Code::invalid, "the request has no body").next("send OSV records, an archive of them, the known-exploited catalogue or an EPSS file"));
  TRY(const auto receipt, context.world().collector().import_advisories(std::string(body), context.parameter_or("source", ""), std::string(context.actor())));
  JsonWriter w;
  w.begin_object().field("changed", receipt.changed);
  if (receipt.changed) w.field("entry", receipt.index).field("index", receipt.index);
  w.field("source", receipt.source)
      .field("records", receipt.records)
      .field("added", receipt.added)
      .field("updated", receipt.updated)
      .field("same", receipt.same);
  w.field("refused", receipt.refused).key("refusals").begin_array();
  for (const auto& refusal : receipt.refusals) w.value(refusal);
  w.end_array().end_object();
  return json_response(std::move(w), receipt.changed ? 201 : 200);
}

Result<http::Response> list_advisories(Context& context) {
  TRY(const auto view, context.view());
  JsonWriter w;
  w.begin_object();
  append_as_of(w, view, context.is_live());
  w.key("items").begin_array();
  for (const auto& loaded : view.advisories_loaded()) {
    w.begin_object().field("source", loaded.source).field("records", loaded.records).field("entry", loaded.entry).field("at", to_rfc3339(loaded.at));
    w.field("age_hours", hours_between(loaded.at, context.world().clock().now())).end_object();
  }
  w.end_array().end_object();
  return json_response(std::move(w));
}

}  // namespace waybill::server
