#include "waybill/collect/collect.h"

#include <condition_variable>

#include "waybill/base/json_in.h"
#include "waybill/base/json_out.h"
#include "waybill/collect/advisories.h"
#include "waybill/graph/graph.h"
#include "waybill/identity/subject.h"

namespace waybill::collect {
namespace {

// Our own small documents that change what people decided or set up: they have routes and roles of their own.
bool is_privileged(const std::string& kind) {
  return kind == "approval" || kind == "exception" || kind == "configuration" || kind == "decision" || kind == "transition" || kind == "policy" ||
         kind == "trust";
}

}  // namespace

struct Collector::State {
  Setup setup;
  AdvisoryImporter importer;
  std::atomic<uint64_t> documents{0}, duplicates{0}, refused{0}, bytes{0}, imports{0};

  // The signers of all trust lists, as of the last configuration entry.
  std::mutex mutex;
  std::shared_ptr<const std::vector<Signer>> signers;
  uint64_t signers_as_of = graph::kNoEntry - 1;

  explicit State(Setup s) : setup(s), importer(*s.log) {}

  std::shared_ptr<const std::vector<Signer>> current_signers() {
    const auto view = setup.graph->view();
    const std::lock_guard lock(mutex);
    const uint64_t entry = view.configuration_entry();
    if (signers == nullptr || entry != signers_as_of) {
      auto all = std::make_shared<std::vector<Signer>>();
      // What this server signs itself is always verified.
      all->push_back({"machine:waybill", setup.log->signing_key().public_key()});
      for (const auto& list : view.configurations("trust"))
        if (auto some = parse_signers(list.json)) all->insert(all->end(), some->begin(), some->end());
      signers = std::move(all);
      signers_as_of = entry;
    }
    return signers;
  }

  Result<std::string> canonical_subject(const std::string& hint) {
    if (hint.empty()) return std::string();
    auto subject = identity::Subject::parse(hint);
    if (!subject) return fail(std::move(subject.error()).at("subject"));
    if (subject->kind != identity::SubjectKind::image) return subject->id;
    // A tag moves: what it points to now is what is meant.
    const auto view = setup.graph->view();
    const auto id = view.resolve_image(subject->id);
    if (!id)
      return fail(Error(Code::invalid, "nobody has said yet which digest " + subject->id + " is")
                      .at("subject")
                      .next("name it by digest: " + subject->id + "@sha256:…"));
    return std::string(view.text(id));
  }
};

Collector::Collector(Setup setup) : state_(std::make_unique<State>(setup)) {}
Collector::~Collector() = default;

Collector::Metrics Collector::metrics() const {
  const auto& s = *state_;
  return {s.documents.load(), s.duplicates.load(), s.refused.load(), s.bytes.load(), s.imports.load()};
}

void Collector::collect(std::shared_ptr<const std::string> document, Options options, OnReceipt done) {
  auto& state = *state_;
  const auto refuse = [&](Error error) {
    state.refused.fetch_add(1, std::memory_order_relaxed);
    if (!options.name.empty()) error.at(options.name);
    done(Result<Receipt>(std::move(error)));
  };
  const uint64_t bytes = document->size();
  if (bytes == 0) return refuse(Error(Code::invalid, "the document is empty").next("send the bytes of one document: " + formats::understood_formats()));
  if (bytes > state.setup.max_document_bytes)
    return refuse(
        Error(Code::exhausted, "the document has " + std::to_string(bytes) + " bytes, at most " + std::to_string(state.setup.max_document_bytes) + " are taken")
            .next("split it, or start the server with a bigger --max-body"));
  auto subject = state.canonical_subject(options.subject);
  if (!subject) return refuse(std::move(subject.error()));

  const auto format = formats::detect(*document);
  auto batch = std::make_shared<facts::Batch>();
  {
    formats::ParseOptions parse;
    parse.subject = *subject;
    auto parsed = formats::parse_as(format, document, parse);
    if (parsed) {
      *batch = std::move(*parsed);
    } else if (options.keep_unknown && format == formats::Format::unknown) {
      batch->document = document;
      batch->kind = "opaque";
      batch->format = "unknown";
      batch->subject = *subject;
    } else {
      return refuse(std::move(parsed.error()));
    }
  }
  if (is_privileged(batch->kind))
    return refuse(Error(Code::denied, "a document of kind " + batch->kind + " is not taken as evidence: it would say what people have decided")
                      .next(batch->kind == "approval"    ? "use `waybill approve` (POST /api/v1/decisions/{id}/approvals)"
                            : batch->kind == "exception" ? "use `waybill exception` (POST /api/v1/exceptions)"
                                                         : "use `waybill policy apply` (POST /api/v1/policies)"));

  // Who vouches for it.
  SignatureResult signature;
  if (format == formats::Format::envelope || format == formats::Format::bundle) {
    signature = verify_signatures(*document, *state.current_signers());
  }
  const Sha256 digest = sha256(std::string_view(*document));

  log::NewEntry entry;
  entry.actor = options.actor;
  const bool is_deployment = batch->kind == "deployment";
  entry.kind = batch->kind == "advisories" ? log::EntryKind::advisories : log::EntryKind::evidence;
  if (is_deployment) entry.kind = batch->removed.empty() ? log::EntryKind::deployment : log::EntryKind::removal;
  if (is_deployment) {
    // A deployment's facts stand in the entry's body, wherever it came from.
    auto json = format == formats::Format::waybill_yaml ? formats::yaml_to_json(*document) : Result<std::string>(*document);
    if (!json) return refuse(std::move(json.error()));
    auto body = canonical_json(*json);
    if (!body) return refuse(std::move(body.error()));
    entry.body = std::move(*body);
  } else {
    JsonWriter w;
    w.begin_object().field("format", batch->format).field("kind", batch->kind);
    if (!options.name.empty()) w.field("name", options.name);
    if (signature.is_signed) {
      w.key("signature").begin_object();
      if (!signature.identity.empty()) w.field("identity", signature.identity);
      if (!signature.key.empty()) w.field("key", signature.key);
      w.field("method", "key");
      if (!signature.reason.empty()) w.field("reason", signature.reason);
      w.field("verified", signature.verified).end_object();
    }
    if (!subject->empty()) w.field("subject", *subject);
    w.end_object();
    entry.body = std::move(w).take();
    entry.documents.push_back(state.setup.log->prepare(
        *document, std::string(formats::row_of(format).media_type.empty() ? "application/octet-stream" : formats::row_of(format).media_type), digest));
    std::string key = "waybill/evidence/v1\n" + digest.hex() + "\n" + *subject + "\n" + options.actor;
    entry.unique_key = sha256(key);
  }
  if (signature.is_signed) {
    facts::Signed fact;
    fact.of = batch->keep(digest.to_string());
    fact.about = about_of(batch->kind);
    fact.method = "key";
    fact.identity = batch->keep(signature.identity);
    fact.key = batch->keep(signature.key);
    fact.reason = batch->keep(signature.reason);
    fact.verified = signature.verified;
    batch->signed_by.push_back(fact);
  }

  auto receipt = std::make_shared<Receipt>();
  receipt->document = digest;
  receipt->bytes = bytes;
  receipt->format = batch->format;
  receipt->kind = batch->kind;
  receipt->subject = batch->subject.empty() ? *subject : batch->subject;
  receipt->counts_json = facts::to_counts_json(*batch);
  receipt->warnings = batch->warnings;
  if (receipt->subject.empty() && batch->kind != "advisories" && batch->kind != "deployment" && batch->kind != "vex")
    receipt->warnings.push_back("the document does not say what it is about, so no artifact will show it; give --subject (?subject=) with a digest");
  receipt->is_signed = signature.is_signed;
  receipt->verified = signature.verified;
  receipt->signature_reason = signature.reason;
  entry.attachment = batch;
  auto queued = state.setup.log->append(std::move(entry), [receipt, done, &state](Result<log::Receipt> result) {
    if (!result) {
      state.refused.fetch_add(1, std::memory_order_relaxed);
      return done(Result<Receipt>(std::move(result.error())));
    }
    receipt->index = result->index;
    receipt->time = result->time;
    receipt->leaf = result->leaf;
    receipt->tree_size = result->tree_size;
    receipt->root = result->root;
    receipt->duplicate = result->duplicate;
    (result->duplicate ? state.duplicates : state.documents).fetch_add(1, std::memory_order_relaxed);
    state.bytes.fetch_add(receipt->bytes, std::memory_order_relaxed);
    done(std::move(*receipt));
  });
  if (!queued) refuse(std::move(queued.error()));
}

namespace {
// Waits for a callback that may come on another thread.
template <class T>
struct Waiter {
  std::mutex mutex;
  std::condition_variable arrived;
  std::optional<Result<T>> result;
  void set(Result<T> value) {
    const std::lock_guard lock(mutex);
    result.emplace(std::move(value));
    arrived.notify_one();
  }
  Result<T> wait() {
    std::unique_lock lock(mutex);
    arrived.wait(lock, [&] { return result.has_value(); });
    return std::move(*result);
  }
};
}  // namespace

Result<Receipt> Collector::collect(std::string document, Options options) {
  auto waiter = std::make_shared<Waiter<Receipt>>();
  collect(std::make_shared<const std::string>(std::move(document)), std::move(options), [waiter](Result<Receipt> receipt) { waiter->set(std::move(receipt)); });
  return waiter->wait();
}

void Collector::record(log::EntryKind kind, std::string body, std::string actor, std::function<void(Result<log::Receipt>)> done) {
  auto canonical = canonical_json(body);
  if (!canonical) return done(std::move(canonical.error()));
  auto shared = std::make_shared<const std::string>(std::move(*canonical));
  auto batch = formats::parse_entry_body(log::to_string(kind), shared);
  if (!batch) return done(std::move(batch.error()));
  log::NewEntry entry;
  entry.kind = kind;
  entry.actor = std::move(actor);
  entry.body = *shared;
  entry.attachment = std::make_shared<facts::Batch>(std::move(*batch));
  auto queued = state_->setup.log->append(std::move(entry), done);
  if (!queued) done(std::move(queued.error()));
}

Result<log::Receipt> Collector::record(log::EntryKind kind, std::string body, std::string actor) {
  auto waiter = std::make_shared<Waiter<log::Receipt>>();
  record(kind, std::move(body), std::move(actor), [waiter](Result<log::Receipt> receipt) { waiter->set(std::move(receipt)); });
  return waiter->wait();
}

Result<ImportReceipt> Collector::import_advisories(std::string bytes, std::string source, std::string actor) {
  auto receipt = state_->importer.import(std::move(bytes), std::move(source), std::move(actor));
  if (receipt) state_->imports.fetch_add(1, std::memory_order_relaxed);
  return receipt;
}

}  // namespace waybill::collect
