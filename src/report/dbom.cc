#include "waybill/report/dbom.h"

#include <algorithm>
#include <set>

#include "waybill/base/bytes.h"
#include "waybill/base/json_in.h"
#include "waybill/base/json_out.h"
#include "waybill/graph/graph.h"
#include "waybill/log/log.h"
#include "waybill/policy/decision.h"
#include "waybill/report/zip.h"
#include "waybill/trust/dsse.h"
#include "waybill/trust/keys.h"
#include "waybill/trust/merkle.h"

namespace waybill::report {
namespace {

constexpr std::string_view kStatementType = "https://in-toto.io/Statement/v1";

// What the statement rests on: the entries that it names, each once, ascending.
class Basis {
 public:
  void add(uint64_t entry) {
    if (entry != graph::kNoEntry) entries_.insert(entry);
  }
  const std::set<uint64_t>& entries() const { return entries_; }

 private:
  std::set<uint64_t> entries_;
};

void write_time(JsonWriter& w, std::string_view name, Time time) {
  if (time.is_set()) w.field(name, to_rfc3339_ms(time));
}
void write_text(JsonWriter& w, std::string_view name, std::string_view text) {
  if (!text.empty()) w.field(name, text);
}

void write_source(JsonWriter& w, const graph::View& view, graph::Id artifact, Basis& basis) {
  w.key("source").begin_array();
  for (const auto& known : view.sources(artifact)) {
    if (known.fact.source.empty()) continue;
    basis.add(known.entry);
    w.begin_object().field("id", known.fact.source).field("entry", known.entry);
    write_text(w, "branch", known.fact.branch);
    write_text(w, "tag", known.fact.tag);
    write_text(w, "linkedBy", known.fact.linked_by);
    w.end_object();
  }
  w.end_array();
}
void write_builds(JsonWriter& w, const graph::View& view, graph::Id artifact, Basis& basis) {
  const auto signatures = view.signatures(artifact);
  w.key("builds").begin_array();
  for (const auto& known : view.builds(artifact)) {
    basis.add(known.entry);
    bool is_signed = false;
    std::string_view reason;
    for (const auto& signature : signatures)
      if (signature.entry == known.entry) is_signed |= signature.fact.verified, reason = signature.fact.reason;
    w.begin_object().field("builder", known.fact.builder);
    write_text(w, "type", known.fact.type);
    write_text(w, "invocation", known.fact.invocation);
    write_time(w, "startedAt", known.fact.started_at);
    write_time(w, "finishedAt", known.fact.finished_at);
    w.field("entry", known.entry).field("signed", is_signed);
    if (!is_signed) write_text(w, "reason", reason);
    w.end_object();
  }
  w.end_array();
}
void write_tests(JsonWriter& w, const graph::View& view, graph::Id artifact, Basis& basis) {
  w.key("tests").begin_array();
  auto write = [&](graph::Id id) {
    for (const auto& known : view.tests(id)) {
      basis.add(known.entry);
      w.begin_object().field("suite", known.fact.suite).field("kind", facts::to_string(known.fact.kind));
      w.field("passed", known.fact.passed).field("failed", known.fact.failed).field("skipped", known.fact.skipped);
      write_time(w, "at", known.fact.at);
      w.field("entry", known.entry).end_object();
    }
  };
  write(artifact);
  for (const auto source : view.built_from(artifact)) write(source);
  w.end_array();
}
void write_inside(JsonWriter& w, const graph::View& view, graph::Id artifact, size_t max_components, Basis& basis) {
  const auto packages = view.packages(artifact);
  w.key("components").begin_object().field("count", static_cast<uint64_t>(packages.size())).key("purls").begin_array();
  const size_t shown = std::min(packages.size(), max_components);
  std::vector<std::string_view> purls;
  for (size_t i = 0; i < shown; ++i) purls.push_back(view.text(packages[i]));
  std::sort(purls.begin(), purls.end());
  for (const auto purl : purls) w.value(purl);
  w.end_array().field("omitted", static_cast<uint64_t>(packages.size() - shown)).end_object();

  w.key("vulnerabilities").begin_array();
  for (const auto& match : view.vulnerabilities(artifact)) {
    const auto vulnerability = view.vulnerability(match.vulnerability);
    w.begin_object().field("id", view.text(match.vulnerability)).field("package", view.text(match.package));
    w.field("severity", vulnerability ? facts::to_string(vulnerability->severity) : std::string_view("unknown"));
    w.key("fixed").begin_array();
    for (const auto version : match.fixed) w.value(version);
    w.end_array();
    write_time(w, "knownAt", match.known_at);
    w.key("entries").begin_array();
    std::set<uint64_t> entries{match.advisory_entry, match.package_entry};
    for (const auto entry : entries)
      if (entry != graph::kNoEntry) basis.add(entry), w.value(entry);
    w.end_array().end_object();
  }
  w.end_array();
}

}  // namespace

Result<std::string> make_dbom(log::Log& log, const graph::View& view, uint64_t deployment_entry, const DbomOptions& options) {
  const auto deployment = view.deployment(deployment_entry);
  if (!deployment)
    return fail(Error(Code::not_found, "there is no deployment r-" + std::to_string(deployment_entry)).next("`waybill show SERVICE@ENVIRONMENT` lists them"));
  const auto head = log.head();
  Basis basis;
  basis.add(deployment_entry);
  basis.add(deployment->ended_entry);

  JsonWriter w;
  w.begin_object();
  w.key("deployment").begin_object().field("id", "r-" + std::to_string(deployment_entry)).field("entry", deployment_entry);
  w.field("service", deployment->service_name).field("environment", deployment->environment_name);
  write_time(w, "at", deployment->from);
  write_text(w, "by", deployment->by);
  write_text(w, "name", deployment->name);
  write_time(w, "until", deployment->until);
  w.end_object();

  // The decision that let it in: the one that the deployment names, else the newest about this artifact here.
  std::optional<graph::Decision> decided;
  if (!deployment->decision.empty()) decided = view.decision(deployment->decision);
  if (!decided) decided = view.standing(deployment->artifact, deployment->environment);
  std::optional<policy::Decision> document;
  if (decided) {
    basis.add(decided->entry);
    TRY(const auto bytes, log.load_document(decided->document));
    TRY(document, policy::parse_decision(bytes));
    w.key("decision").begin_object().field("id", decided->fact.id).field("entry", decided->entry).field("verdict", decided->fact.verdict);
    w.field("summary", document->summary).field("document", decided->document.to_string());
    w.field("policyDigest", document->policy_digest).field("inputDigest", document->input_digest).end_object();
    for (const auto& result : document->results)
      for (const auto& finding : result.findings)
        for (const auto& evidence : finding.evidence)
          if (evidence.entry < head.size) basis.add(evidence.entry);
  } else {
    w.key("decision").null();
  }

  w.key("approvals").begin_array();
  if (decided) {
    auto approvals = view.approvals(decided->subject);
    for (const auto& approval : approvals) {
      if (!approval.fact.environment.empty() && approval.fact.environment != deployment->environment_name) continue;
      basis.add(approval.entry);
      w.begin_object().field("id", "a-" + std::to_string(approval.entry)).field("entry", approval.entry).field("by", approval.fact.by);
      write_time(w, "at", approval.fact.at);
      write_text(w, "reason", approval.fact.reason);
      w.end_object();
    }
  }
  w.end_array();
  w.key("exceptions").begin_array();
  if (document) {
    for (const auto& used : document->exceptions_used) {
      const auto exception = view.exception(used.id, deployment->from);
      w.begin_object().field("id", used.id).key("entries").begin_array();
      for (const auto entry : used.entries) basis.add(entry), w.value(entry);
      w.end_array().field("rule", used.rule);
      if (exception) {
        write_text(w, "matches", exception->matches);
        write_text(w, "reason", exception->reason);
        write_text(w, "control", exception->control);
        write_text(w, "requestedBy", exception->requested_by);
      }
      write_time(w, "until", used.until);
      w.key("approvedBy").begin_array();
      for (const auto& who : used.approved_by) w.value(who);
      w.end_array().end_object();
    }
  }
  w.end_array();

  write_source(w, view, deployment->artifact, basis);
  write_builds(w, view, deployment->artifact, basis);
  write_tests(w, view, deployment->artifact, basis);
  write_inside(w, view, deployment->artifact, options.max_components, basis);

  for (const auto& entry : view.entries_of(deployment->artifact)) basis.add(entry.index);
  for (const auto source : view.built_from(deployment->artifact))
    for (const auto& entry : view.entries_of(source)) basis.add(entry.index);
  const uint64_t key_entry = log.signing_key_entry();
  basis.add(key_entry);
  if (basis.entries().size() > kMaxDbomEntries)
    return fail(Code::exhausted,
                "this deployment rests on " + std::to_string(basis.entries().size()) + " entries, a DBoM holds at most " + std::to_string(kMaxDbomEntries));

  JsonWriter entries;
  entries.begin_array();
  w.key("evidence").begin_array();
  for (const uint64_t index : basis.entries()) {
    if (index >= head.size) continue;
    TRY(const auto entry, log.load_entry(index));
    TRY(const auto proof, log.prove_inclusion(index, head.size));
    entries.begin_object().field("index", index).field("leaf", to_base64(as_bytes(entry.leaf))).key("proof").begin_array();
    for (const auto& hash : proof) entries.value(hash.hex());
    entries.end_array().end_object();

    const auto known = view.entry(index);
    w.begin_object().field("entry", index).field("kind", log::to_string(entry.kind));
    if (known) write_text(w, "format", known->format);
    w.field("actor", entry.actor).field("at", to_rfc3339_ms(entry.time)).key("documents").begin_array();
    for (const auto& ref : entry.documents) w.begin_object().field("sha256", ref.digest.hex()).field("bytes", ref.bytes).field("type", ref.type).end_object();
    w.end_array().end_object();
  }
  w.end_array();
  entries.end_array();

  w.key("serverKey").begin_object().field("entry", key_entry).field("keyId", log.signing_key().public_key().key_id()).end_object();
  w.key("log").begin_object().field("origin", log.origin()).field("size", head.size).field("root", head.root.hex()).end_object();
  w.field("madeAt", to_rfc3339_ms(head.time));
  w.key("madeBy").begin_object().field("name", "waybill").field("version", options.engine_version);
  write_text(w, "server", options.server_url);
  w.end_object().end_object();

  JsonWriter statement;
  statement.begin_object().field("_type", kStatementType).key("subject").begin_array().begin_object();
  statement.field("name", deployment->name.empty() ? deployment->digest : deployment->name).key("digest").begin_object();
  std::string_view hex = deployment->digest;
  if (hex.starts_with("sha256:")) hex.remove_prefix(7);
  statement.field("sha256", hex).end_object().end_object().end_array();
  statement.field("predicateType", kDbomPredicateType).field_raw("predicate", w.text()).end_object();

  TRY(const auto envelope, trust::sign_envelope(std::string(trust::kInTotoPayloadType), std::move(statement).take(), log.signing_key()));
  JsonWriter out;
  out.begin_object().field("mediaType", kDbomMediaType).field_raw("envelope", envelope.to_json());
  out.key("log").begin_object().field("checkpoint", head.note).field_raw("entries", entries.text()).end_object().end_object();
  return std::move(out).take();
}

Result<std::string> make_dbom_archive(log::Log& log, std::string_view dbom) {
  TRY(const auto document, JsonDocument::parse(dbom, {.bytes = kMaxDbomBytes}));
  ZipMembers members{{"dbom.json", std::string(dbom)}};
  std::set<std::string> done;
  for (const auto& item : document.root()["log"]["entries"].items()) {
    TRY(auto leaf, parse_base64(item["leaf"].string_or("")));
    TRY(const auto entry, log::parse_entry(std::move(leaf)));
    for (const auto& ref : entry.documents) {
      if (!done.insert(ref.digest.hex()).second) continue;
      auto bytes = log.load_document(ref.digest);
      if (bytes)
        members.emplace_back("documents/" + ref.digest.hex(), std::move(*bytes));
      else if (bytes.error().code() != Code::denied && bytes.error().code() != Code::not_found)
        return fail(std::move(bytes).error());
    }
  }
  return write_zip(members);
}

bool is_dbom(std::string_view file) {
  if (is_zip(file)) return true;
  return file.substr(0, 200).find(kDbomMediaType) != std::string_view::npos;
}

namespace {

class Checker {
 public:
  Checker(Verified& verified) : verified_(verified) {}
  // Notes a check. Later checks go on where they can: a reader wants to see all that is wrong.
  bool note(std::string what, bool holds, std::string text) {
    if (!holds && verified_.first_failure.empty()) verified_.first_failure = what + ": " + text;
    verified_.checks.push_back({std::move(what), std::move(text), holds});
    return holds;
  }

 private:
  Verified& verified_;
};

struct Leaf {
  uint64_t index;
  log::Entry entry;
};

const Leaf* find_leaf(const std::vector<Leaf>& leaves, uint64_t index) {
  const auto it = std::lower_bound(leaves.begin(), leaves.end(), index, [](const Leaf& leaf, uint64_t i) { return leaf.index < i; });
  return it != leaves.end() && it->index == index ? &*it : nullptr;
}
uint64_t index_or(const JsonValue& value, uint64_t otherwise) {
  const int64_t number = value.int_or(-1);
  return number < 0 ? otherwise : static_cast<uint64_t>(number);
}
// A member of an entry's body under any of the names that its writer may use.
std::string body_text(const JsonValue& body, std::initializer_list<std::string_view> names) {
  for (const auto name : names)
    if (const auto value = body[name]; value.is_string()) return std::string(value.string_or(""));
  return {};
}

// The server's key out of its entry's body.
Result<trust::PublicKey> server_key_of(const Leaf& leaf) {
  if (leaf.entry.kind != log::EntryKind::server_key) return fail(Code::invalid, "entry " + std::to_string(leaf.index) + " announces no server key");
  TRY(const auto body, JsonDocument::parse(leaf.entry.body()));
  for (const auto& [name, value] : body.root().members())
    if (value.is_string() && value.string_or("").starts_with("-----BEGIN PUBLIC KEY-----")) return trust::PublicKey::from_pem(value.string_or(""));
  return fail(Code::invalid, "entry " + std::to_string(leaf.index) + " holds no public key");
}

}  // namespace

Result<Verified> verify_dbom(std::string_view file, const trust::NoteVerifier& log_key) {
  ZipMembers members;
  std::string_view json = file;
  if (is_zip(file)) {
    TRY(members, read_zip(file, kMaxDbomEntries * 4, size_t{1} << 30));
    const auto it = std::find_if(members.begin(), members.end(), [](const auto& member) { return member.first == "dbom.json"; });
    if (it == members.end()) return fail(Error(Code::invalid, "the zip has no dbom.json: it is no DBoM").at("zip"));
    json = it->second;
  }
  TRY(const auto file_document, JsonDocument::parse(json, {.bytes = kMaxDbomBytes}));
  const auto root = file_document.root();
  if (root["mediaType"].string_or("") != kDbomMediaType)
    return fail(
        Error(Code::invalid, "expected \"" + std::string(kDbomMediaType) + "\"").at("/mediaType").next("is this a DBoM? `waybill dbom DEPLOYMENT` makes one"));

  Verified verified;
  Checker check(verified);

  const auto checkpoint = trust::verify_checkpoint(root["log"]["checkpoint"].string_or(""), log_key);
  if (!check.note("checkpoint", checkpoint.has_value(),
                  checkpoint ? "signed by " + log_key.name + ", " + std::to_string(checkpoint->size) + " entries, root " + checkpoint->root.hex()
                             : checkpoint.error().to_string()))
    return verified;
  verified.origin = checkpoint->origin;
  verified.log_size = checkpoint->size;

  std::vector<Leaf> leaves;
  bool all_in = true;
  for (const auto& item : root["log"]["entries"].items()) {
    const uint64_t index = index_or(item["index"], graph::kNoEntry);
    const std::string what = "entry " + std::to_string(index);
    if (leaves.size() >= kMaxDbomEntries || (!leaves.empty() && index <= leaves.back().index)) {
      check.note(what, false, "the entries are not in ascending order, or there are too many");
      all_in = false;
      break;
    }
    auto leaf = parse_base64(item["leaf"].string_or(""));
    trust::Hashes proof;
    bool readable = leaf.has_value();
    for (const auto& hash : item["proof"].items()) {
      const auto digest = parse_sha256(hash.string_or(""));
      if (!digest)
        readable = false;
      else
        proof.push_back(*digest);
    }
    if (!readable) {
      check.note(what, false, "its leaf or proof cannot be read");
      all_in = false;
      continue;
    }
    const auto included = trust::verify_inclusion(index, checkpoint->size, trust::leaf_hash(*leaf), proof, checkpoint->root);
    if (!included) {
      check.note(what, false, "it is not in the log: " + included.error().to_string());
      all_in = false;
      continue;
    }
    auto entry = log::parse_entry(std::move(*leaf));
    if (!entry) {
      check.note(what, false, entry.error().to_string());
      all_in = false;
      continue;
    }
    entry->index = index;
    leaves.push_back({index, std::move(*entry)});
  }
  verified.entries = leaves.size();
  if (all_in) check.note("entries", !leaves.empty(), std::to_string(leaves.size()) + " entries are in the log, by their inclusion proofs");

  const auto envelope = trust::parse_envelope(root["envelope"].to_json(), kMaxDbomBytes);
  if (!check.note("envelope", envelope.has_value() && envelope->payload_type == trust::kInTotoPayloadType,
                  !envelope ? envelope.error().to_string() : "DSSE, payload type " + envelope->payload_type))
    return verified;
  const auto statement_document = JsonDocument::parse(envelope->payload, {.bytes = kMaxDbomBytes});
  if (!statement_document) {
    check.note("statement", false, statement_document.error().to_string());
    return verified;
  }
  const auto statement = statement_document->root();
  const auto predicate = statement["predicate"];
  if (!check.note("statement",
                  statement["_type"].string_or("") == kStatementType && statement["predicateType"].string_or("") == kDbomPredicateType &&
                      statement["subject"].size() == 1,
                  "in-toto Statement v1 of type " + std::string(statement["predicateType"].string_or("(none)")) + " about " +
                      std::to_string(statement["subject"].size()) + " subject(s)"))
    return verified;

  const Leaf* key_leaf = find_leaf(leaves, index_or(predicate["serverKey"]["entry"], graph::kNoEntry));
  if (!check.note("server key", key_leaf != nullptr,
                  key_leaf ? "announced by entry " + std::to_string(key_leaf->index) : "the entry that announces it is not in the file"))
    return verified;
  const auto key = server_key_of(*key_leaf);
  if (!key || key->key_id() != predicate["serverKey"]["keyId"].string_or("")) {
    check.note("server key", false, key ? "the key of that entry has another id than the statement names" : key.error().to_string());
    return verified;
  }
  const trust::PublicKey keys[] = {*key};
  const auto matches = trust::verify_envelope(*envelope, keys);
  check.note("signature", matches.has_value(),
             matches ? "the statement is signed by the server's key " + key->key_id().substr(0, 16) + "…" : matches.error().to_string());

  const auto log_part = predicate["log"];
  check.note(
      "log",
      log_part["origin"].string_or("") == checkpoint->origin && index_or(log_part["size"], 0) == checkpoint->size &&
          log_part["root"].string_or("") == checkpoint->root.hex(),
      "the statement speaks of " + std::string(log_part["origin"].string_or("(no log)")) + " at " + std::to_string(index_or(log_part["size"], 0)) + " entries");

  // The deployment's own entry says the same as the statement.
  const auto deployment = predicate["deployment"];
  const auto subject = statement["subject"].at(0);
  verified.deployment = deployment["id"].string_or("");
  verified.service = deployment["service"].string_or("");
  verified.environment = deployment["environment"].string_or("");
  verified.artifact = "sha256:" + std::string(subject["digest"]["sha256"].string_or(""));
  verified.artifact_name = subject["name"].string_or("");
  if (const auto at = parse_time(deployment["at"].string_or(""))) verified.deployed_at = *at;
  const Leaf* deployed = find_leaf(leaves, index_or(deployment["entry"], graph::kNoEntry));
  if (deployed == nullptr) {
    check.note("deployment", false, "its entry is not in the file");
  } else {
    const auto body = JsonDocument::parse(deployed->entry.body());
    bool same = body.has_value() && deployed->entry.kind == log::EntryKind::deployment;
    if (same) {
      const auto artifact = body_text(body->root(), {"artifact", "subject", "digest"});
      same = artifact.find(verified.artifact) != std::string::npos && body_text(body->root(), {"service"}) == verified.service &&
             body_text(body->root(), {"environment"}) == verified.environment && verified.deployment == "r-" + std::to_string(deployed->index);
    }
    check.note("deployment", same,
               same ? verified.artifact_name + " as " + verified.service + " in " + verified.environment + ", entry " + std::to_string(deployed->index)
                    : "its entry says something else than the statement");
  }

  if (const auto decision = predicate["decision"]; decision.is_object()) {
    verified.decision = decision["id"].string_or("");
    verified.verdict = decision["verdict"].string_or("");
    const Leaf* decided = find_leaf(leaves, index_or(decision["entry"], graph::kNoEntry));
    bool same = false;
    if (decided != nullptr && decided->entry.kind == log::EntryKind::decision) {
      const auto body = JsonDocument::parse(decided->entry.body());
      const auto wanted = parse_sha256(decision["document"].string_or(""));
      same = body && wanted && body_text(body->root(), {"id"}) == verified.decision && body_text(body->root(), {"verdict"}) == verified.verdict &&
             std::any_of(decided->entry.documents.begin(), decided->entry.documents.end(), [&](const auto& ref) { return ref.digest == *wanted; });
    }
    check.note("decision", same,
               same ? verified.decision + ", verdict " + verified.verdict + ", entry " + std::to_string(decided->index)
                    : "its entry is not in the file or says something else than the statement");
  } else {
    check.note("decision", true, "no gate was asked: the deployment went round them");
  }

  bool evidence_fits = true;
  size_t evidence = 0;
  for (const auto& item : predicate["evidence"].items()) {
    const uint64_t index = index_or(item["entry"], graph::kNoEntry);
    const Leaf* leaf = find_leaf(leaves, index);
    bool same = leaf != nullptr && item["kind"].string_or("") == log::to_string(leaf->entry.kind) && item["actor"].string_or("") == leaf->entry.actor &&
                item["at"].string_or("") == to_rfc3339_ms(leaf->entry.time) && item["documents"].size() == leaf->entry.documents.size();
    size_t i = 0;
    if (same)
      for (const auto& document : item["documents"].items()) {
        const auto& ref = leaf->entry.documents[i++];
        same = same && document["sha256"].string_or("") == ref.digest.hex() && index_or(document["bytes"], graph::kNoEntry) == ref.bytes;
      }
    if (!same) {
      evidence_fits = false;
      check.note("evidence", false, "entry " + std::to_string(index) + " is not in the file or says something else than the statement");
    }
    ++evidence;
  }
  if (evidence_fits) check.note("evidence", evidence == leaves.size(), std::to_string(evidence) + " entries are listed as they stand in the log");

  // Everything else that the statement names as an entry must be there.
  size_t dangling = 0;
  for (const char* list : {"approvals", "source", "builds", "tests"})
    for (const auto& item : predicate[list].items())
      if (find_leaf(leaves, index_or(item["entry"], graph::kNoEntry)) == nullptr) ++dangling;
  for (const char* list : {"exceptions", "vulnerabilities"})
    for (const auto& item : predicate[list].items())
      for (const auto& entry : item["entries"].items())
        if (find_leaf(leaves, index_or(entry, graph::kNoEntry)) == nullptr) ++dangling;
  check.note("references", dangling == 0,
             dangling == 0 ? "every entry that the statement names is in the file"
                           : std::to_string(dangling) + " entries that the statement names are not in the file");

  if (!members.empty()) {
    std::set<std::string> named;
    for (const auto& leaf : leaves)
      for (const auto& ref : leaf.entry.documents) named.insert(ref.digest.hex());
    bool documents_fit = true;
    for (const auto& [name, bytes] : members) {
      if (name == "dbom.json") continue;
      const std::string hex = name.starts_with("documents/") ? name.substr(10) : "";
      if (sha256(bytes).hex() == hex && named.count(hex) > 0) {
        ++verified.documents;
      } else {
        documents_fit = false;
        check.note("documents", false, name + " has another digest than its name, or belongs to no entry");
      }
    }
    if (documents_fit)
      check.note("documents", true,
                 std::to_string(verified.documents) + " of " + std::to_string(named.size()) + " documents are here, each with the digest that its entry names");
  }
  verified.holds = verified.first_failure.empty();
  return verified;
}

}  // namespace waybill::report
