#include "waybill/collect/fold.h"

#include "waybill/base/json_in.h"
#include "waybill/collect/signers.h"
#include "waybill/formats/formats.h"

namespace waybill::collect {
namespace {

// What collect/ wrote down about a document, as facts.
void add_signature(facts::Batch& batch, JsonValue signature, const Sha256& document) {
  if (!signature.is_object()) return;
  facts::Signed fact;
  fact.of = batch.keep(document.to_string());
  fact.about = about_of(batch.kind);
  fact.method = batch.keep(signature["method"].string_or("key"));
  fact.identity = batch.keep(signature["identity"].string_or(""));
  fact.issuer = batch.keep(signature["issuer"].string_or(""));
  fact.key = batch.keep(signature["key"].string_or(""));
  fact.reason = batch.keep(signature["reason"].string_or(""));
  fact.verified = signature["verified"].bool_or(false);
  batch.signed_by.push_back(fact);
}

bool is_document_entry(log::EntryKind kind) { return kind == log::EntryKind::evidence || kind == log::EntryKind::advisories; }

}  // namespace

Result<std::shared_ptr<const facts::Batch>> load_facts(log::Log& log, const log::Entry& entry) {
  if (entry.attachment) return std::static_pointer_cast<const facts::Batch>(std::static_pointer_cast<facts::Batch>(entry.attachment));
  if (!is_document_entry(entry.kind)) {
    auto batch = formats::parse_entry_body(log::to_string(entry.kind), std::make_shared<const std::string>(entry.body()));
    if (!batch) return std::make_shared<const facts::Batch>();
    return std::make_shared<const facts::Batch>(std::move(*batch));
  }
  auto out = std::make_shared<facts::Batch>();
  if (entry.documents.empty()) return out;
  const auto body = JsonDocument::parse(entry.body());
  const auto subject = body ? std::string(body->root()["subject"].string_or("")) : std::string();
  const auto kind = body ? std::string(body->root()["kind"].string_or("")) : std::string();
  auto bytes = log.load_document(entry.documents[0].digest);
  if (!bytes) {
    if (bytes.error().code() == Code::denied || bytes.error().code() == Code::not_found) return out;
    return fail(std::move(bytes.error()));
  }
  auto document = std::make_shared<const std::string>(std::move(*bytes));
  if (kind != "opaque") {
    formats::ParseOptions options;
    options.subject = subject;
    options.trusted = true;
    if (auto parsed = formats::parse(document, options)) *out = std::move(*parsed);
  }
  if (out->kind.empty()) {
    out->document = document;
    out->kind = kind.empty() ? "opaque" : kind;
    out->format = body ? std::string(body->root()["format"].string_or("unknown")) : "unknown";
    out->subject = subject;
  }
  if (body) add_signature(*out, body->root()["signature"], entry.documents[0].digest);
  return out;
}

Result<void> Folder::fold(std::span<const log::Entry> entries) {
  for (const auto& entry : entries) {
    if (entry.index < graph_.size()) continue;
    TRY(const auto batch, load_facts(log_, entry));
    graph::EntryHead head;
    head.index = entry.index;
    head.time = entry.time;
    head.kind = log::to_string(entry.kind);
    head.actor = entry.actor;
    std::string subject;
    if (is_document_entry(entry.kind) && entry.body().find("\"subject\"") != std::string_view::npos) {
      const auto body = JsonDocument::parse(entry.body());
      if (body) subject = body->root()["subject"].string_or("");
      head.subject = subject;
    }
    if (!entry.documents.empty()) {
      head.document = entry.documents[0].digest;
      head.document_bytes = entry.documents[0].bytes;
    }
    TRY_DO(graph_.apply(head, *batch));
  }
  return {};
}

}  // namespace waybill::collect
