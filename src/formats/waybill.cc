// Our own small documents (docs/formats/waybill.md): what people and pipelines send to us as JSON or YAML, and the bodies
// of our own log entries. Both have the same members, so that one reader serves both.
#include "waybill/base/bytes.h"
#include "waybill/base/json_out.h"
#include "waybill/formats/reader.h"
#include "waybill/identity/subject.h"

namespace waybill::formats {
namespace {

using facts::Text;

constexpr std::string_view kTiers[] = {"development", "staging", "production"};
constexpr std::string_view kExposures[] = {"isolated", "internal", "partner", "internet"};
constexpr std::string_view kCriticalities[] = {"low", "moderate", "high", "critical"};
constexpr std::string_view kLifecycles[] = {"experimental", "active", "deprecated", "retired"};
constexpr std::string_view kVerdicts[] = {"allow", "warn", "ask", "deny", "unknown"};

class WaybillReader {
 public:
  explicit WaybillReader(facts::Batch& batch) : batch_(batch) {}

  Result<void> read(std::string_view what, const Field& root, std::string_view json) {
    TRY_DO(root.expect_object());
    if (what == "deployment") {
      TRY(const bool removed, root["removed"].flag());
      return removed ? removal(root) : deployment(root);
    }
    if (what == "removal") return removal(root);
    if (what == "approval") return approval(root);
    if (what == "exception") return exception(root);
    if (what == "decision") return decision(root);
    if (what == "transition") return transition(root);
    if (what == "secret_access") return access(root);
    return configuration(what, root, json);
  }

 private:
  Result<Text> text(const Field& field) {
    TRY(const Text word, field.text());
    return batch_.keep(word);
  }
  Result<Text> required(const Field& field) {
    TRY(const Text word, field.required_text());
    return batch_.keep(word);
  }
  // A time that must be one if it is there.
  Result<Time> time(const Field& field) {
    TRY(const Text word, field.text());
    if (word.empty()) return Time{};
    const auto time = parse_time(word);
    if (time) return *time;
    return fail(field.wrong("expected a time as in RFC 3339 (2026-11-22T14:43:00Z) or a date, found \"" + std::string(word.substr(0, 60)) + "\""));
  }
  // A text, or an object that has the text under `member`: decision documents nest what entries keep flat.
  Result<Text> text_or(const Field& field, std::string_view member) {
    if (field.value().is_object()) return text(field[member]);
    return text(field);
  }
  template <size_t N>
  Result<void> one_of(const Field& field, const std::string_view (&words)[N]) {
    if (!field.exists()) return {};
    TRY(const Text word, field.text());
    if (std::find(std::begin(words), std::end(words), word) != std::end(words)) return {};
    std::string expected;
    for (size_t i = 0; i < N; ++i) {
      if (i > 0) expected += i + 1 < N ? ", " : " or ";
      expected += words[i];
    }
    return fail(field.wrong("expected " + expected + ", found \"" + std::string(word.substr(0, 60)) + "\""));
  }
  // An artifact: a digest, or an image reference with one.
  struct Artifact {
    Text digest, name;
  };
  Result<Artifact> artifact(const Field& root) {
    const Field field = root["artifact"].exists() ? root["artifact"] : root["subject"];
    if (!field.exists()) return fail(root["artifact"].wrong("expected a digest (sha256:…) or an image with one (registry/app:1.4@sha256:…), found nothing"));
    TRY(const Text word, field.required_text());
    const auto subject = identity::Subject::parse(word);
    if (!subject) return fail(field.wrong(subject.error().message()));
    if (subject->kind != identity::SubjectKind::artifact)
      return fail(field.wrong("expected a digest (sha256:…) or an image with one, found \"" + std::string(word.substr(0, 120)) +
                              "\": a tag moves, so it names nothing"));
    Artifact found{batch_.keep(subject->id), batch_.keep(subject->name)};
    TRY(const Text name, text(root["name"]));
    if (!name.empty()) found.name = name;
    return found;
  }
  Result<Text> service(const Field& field) {
    TRY(const Text name, required(field));
    if (!identity::is_service_name(name))
      return fail(field.wrong("expected the name of a service (letters, digits, . _ - and /), found \"" + std::string(name.substr(0, 60)) + "\""));
    return name;
  }

  Result<void> deployment(const Field& root) {
    facts::Deployed fact;
    TRY(const Artifact what, artifact(root));
    fact.artifact = what.digest;
    fact.name = what.name;
    TRY(fact.service, service(root["service"]));
    TRY(fact.environment, service(root["environment"]));
    TRY(fact.by, text(root["by"]));
    TRY(fact.decision, text(root["decision"]));
    TRY(fact.at, time(root["at"]));
    batch_.deployed.push_back(fact);
    batch_.kind = "deployment";
    batch_.format = "Waybill deployment v1";
    batch_.subject = std::string(fact.artifact);
    batch_.subject_name = std::string(fact.name);
    return {};
  }
  Result<void> removal(const Field& root) {
    facts::Removed fact;
    TRY(fact.service, service(root["service"]));
    TRY(fact.environment, service(root["environment"]));
    TRY(fact.by, text(root["by"]));
    TRY(fact.at, time(root["at"]));
    batch_.removed.push_back(fact);
    batch_.kind = "deployment";
    batch_.format = "Waybill removal v1";
    batch_.subject = std::string(fact.service) + "@" + std::string(fact.environment);
    return {};
  }
  Result<void> approval(const Field& root) {
    facts::Approved fact;
    TRY(fact.decision, text(root["decision"]));
    TRY(fact.subject, text_or(root["subject"], "id"));
    if (fact.decision.empty() && fact.subject.empty()) return fail(root["decision"].wrong("expected the id of a decision (d_…), found nothing"));
    TRY(fact.environment, text_or(root["environment"], "name"));
    TRY(fact.by, required(root["by"]));
    TRY(fact.groups, keep_texts(batch_, root["groups"]));
    TRY(fact.reason, text(root["reason"]));
    TRY(fact.machine, root["machine"].flag());
    TRY(fact.break_glass, root["break_glass"].flag());
    TRY(fact.rejected, root["rejected"].flag());
    if (fact.break_glass && fact.reason.empty()) return fail(root["reason"].wrong("breaking the glass needs a reason"));
    TRY(fact.at, time(root["at"]));
    TRY(fact.until, time(root["until"]));
    if (fact.until.is_set() && fact.at.is_set() && fact.until <= fact.at) return fail(root["until"].wrong("the approval ends before it begins"));
    batch_.approved.push_back(fact);
    batch_.kind = "approval";
    batch_.format = "Waybill approval v1";
    batch_.subject = std::string(fact.subject);
    return {};
  }
  Result<void> exception(const Field& root) {
    using Act = facts::Excepted::Act;
    facts::Excepted fact;
    TRY(const Text act, text(root["act"]));
    if (act.empty() || act == "request")
      fact.act = Act::request;
    else if (act == "approve")
      fact.act = Act::approve;
    else if (act == "revoke")
      fact.act = Act::revoke;
    else
      return fail(root["act"].wrong("expected request, approve or revoke, found \"" + std::string(act.substr(0, 40)) + "\""));
    TRY(fact.id, text(root["id"]));
    TRY(fact.rule, text(root["rule"]));
    TRY(fact.matches, text(root["matches"]));
    TRY(fact.scope, text(root["scope"]));
    TRY(fact.service, text(root["service"]));
    TRY(fact.environment, text(root["environment"]));
    TRY(fact.reason, text(root["reason"]));
    TRY(fact.control, text(root["control"]));
    TRY(fact.by, text(root["by"]));
    TRY(fact.at, time(root["at"]));
    TRY(fact.until, time(root["until"]));
    if (fact.act == Act::request) {
      if (fact.rule.empty()) return fail(root["rule"].wrong("expected the id of a rule, found nothing"));
      if (fact.reason.empty()) return fail(root["reason"].wrong("an exception needs a reason"));
      if (!fact.until.is_set()) return fail(root["until"].wrong("an exception needs an end: a date or a time"));
      if (fact.at.is_set() && fact.until <= fact.at) return fail(root["until"].wrong("the exception ends before it begins"));
    } else if (fact.id.empty()) {
      return fail(root["id"].wrong("expected the id of the exception (x-…), found nothing"));
    }
    batch_.excepted.push_back(fact);
    batch_.kind = "exception";
    batch_.format = "Waybill exception v1";
    return {};
  }
  Result<void> decision(const Field& root) {
    facts::Decided fact;
    TRY(fact.id, required(root["id"]));
    TRY(fact.subject, text_or(root["subject"], "id"));
    TRY(fact.environment, text_or(root["environment"], "name"));
    TRY(fact.service, text_or(root["service"], "scope"));
    TRY(fact.gate, text(root["gate"]));
    TRY(fact.action, text(root["action"]));
    TRY(fact.verdict, required(root["verdict"]));
    TRY_DO(one_of(root["verdict"], kVerdicts));
    TRY(fact.summary, text(root["summary"]));
    TRY(fact.decision_digest, text(root["decision_digest"]));
    TRY(fact.input_digest, text(root["input_digest"]));
    if (fact.input_digest.empty()) {
      TRY(fact.input_digest, text(root["input"]["digest"]));
    }
    TRY(fact.policy_digest, text(root["policy_digest"]));
    if (fact.policy_digest.empty()) {
      TRY(fact.policy_digest, text(root["policy"]["digest"]));
    }
    TRY(fact.supersedes, text(root["supersedes"]));
    TRY(int64_t index, root["log_index"].integer(-1));
    if (index < 0) {
      TRY(index, root["log"]["index"].integer(0));
    }
    fact.log_index = static_cast<uint64_t>(std::max<int64_t>(index, 0));
    TRY(fact.at, time(root["at"]));
    TRY(fact.until, time(root["until"]));
    if (!fact.until.is_set()) {
      TRY(fact.until, time(root["valid"]["until"]));
    }
    batch_.decided.push_back(fact);
    batch_.kind = "decision";
    batch_.format = "Waybill decision v1";
    batch_.subject = std::string(fact.subject);
    return {};
  }
  Result<void> transition(const Field& root) {
    facts::Turned fact;
    TRY(fact.service, text_or(root["service"], "scope"));
    TRY(fact.environment, text_or(root["environment"], "name"));
    TRY(fact.subject, text_or(root["subject"], "id"));
    TRY(fact.from, text(root["from"]));
    TRY(fact.to, required(root["to"]));
    TRY_DO(one_of(root["to"], kVerdicts));
    TRY(fact.cause, text(root["cause"]));
    TRY(fact.decision, text(root["decision"]));
    TRY(fact.at, time(root["at"]));
    batch_.turned.push_back(fact);
    batch_.kind = "transition";
    batch_.format = "Waybill transition v1";
    batch_.subject = std::string(fact.subject);
    return {};
  }
  Result<void> access(const Field& root) {
    facts::Accessed fact;
    TRY(fact.secret, required(root["secret"]));
    TRY(fact.actor, text(root["actor"]));
    TRY(fact.purpose, text(root["purpose"]));
    TRY(fact.fingerprint, text(root["fingerprint"]));
    TRY(fact.at, time(root["at"]));
    batch_.accessed.push_back(fact);
    batch_.kind = "secret_access";
    batch_.format = "Waybill secret access v1";
    return {};
  }

  // service, environment, policy, trust, list: the whole document is the fact. What is checked here is what every reader
  // of it relies on; policy/ checks the inside of policies.
  Result<void> configuration(std::string_view kind, const Field& root, std::string_view json) {
    facts::Configured fact;
    fact.kind = kind == "service"       ? "service"
                : kind == "environment" ? "environment"
                : kind == "policy"      ? "policy"
                : kind == "trust"       ? "trust"
                : kind == "list"        ? "list"
                                        : "";
    if (fact.kind.empty()) {
      return fail(root["schema"].wrong("no kind of document: \"" + std::string(kind.substr(0, 60)) +
                                       "\"; expected waybill/ and deployment, removal, approval, exception, service, "
                                       "environment, policy, trust or list, and /v1"));
    }
    TRY(const Text name, text(root["name"]));
    TRY(const Text scope, text(root["scope"]));
    fact.name = fact.kind == "policy" || (fact.kind != "environment" && fact.kind != "list" && name.empty()) ? (scope.empty() ? name : scope) : name;
    if (fact.name.empty()) return fail(root[fact.kind == "policy" ? "scope" : "name"].wrong("expected a text, found nothing"));
    if (fact.kind == "service" || fact.kind == "environment") {
      const Field field = root["name"].exists() ? root["name"] : root["scope"];
      if (!identity::is_service_name(fact.name))
        return fail(field.wrong("expected letters, digits, . _ - and /, found \"" + std::string(fact.name.substr(0, 60)) + "\""));
      TRY_DO(one_of(root["tier"], kTiers));
      TRY_DO(one_of(root["exposure"], kExposures));
      TRY_DO(one_of(root["criticality"], kCriticalities));
      TRY_DO(one_of(root["lifecycle"], kLifecycles));
      TRY_DO(root["order"].integer(0));
      TRY_DO(root["owners"].expect_array());
      for (const char* list : {"after", "frameworks", "data_classes"}) TRY_DO(keep_texts(batch_, root[list]));
      if (root["labels"].exists()) TRY_DO(root["labels"].expect_object());
      TRY_DO(each_item(root["freezes"], [&](const Field& freeze) -> Result<void> {
        TRY_DO(freeze.expect_object());
        TRY(const Time from, time(freeze["from"]));
        TRY(const Time until, time(freeze["until"]));
        if (!from.is_set() || !until.is_set() || until <= from) return fail(freeze.wrong("expected from and until, in this order"));
        return {};
      }));
    }
    TRY(const std::string canonical, canonical_json(json));
    fact.json = batch_.keep(canonical);
    batch_.configured.push_back(fact);
    batch_.kind = "configuration";
    batch_.format = "Waybill " + std::string(fact.kind) + " v1";
    batch_.subject_name = std::string(fact.name);
    return {};
  }

  facts::Batch& batch_;
};

Result<void> read_json(std::string_view json, facts::Batch& batch, const JsonLimits& limits) {
  TRY(const auto tree, JsonDocument::parse(json, limits));
  const Field root(tree.root(), "");
  TRY_DO(root.expect_object());
  TRY(const Text schema, root["schema"].required_text());
  if (!schema.starts_with("waybill/") || !schema.ends_with("/v1"))
    return fail(root["schema"].wrong("expected waybill/…/v1, found \"" + std::string(schema.substr(0, 100)) + "\""));
  const Text what = schema.substr(8, schema.size() - 11);
  if (what == "decision" || what == "transition" || what == "secret_access")
    return fail(root["schema"].wrong("a " + std::string(what) + " is written by the server, not collected"));
  return WaybillReader(batch).read(what, root, json);
}

}  // namespace

Result<void> read_waybill(Reading reading) {
  return read_json(reading.text, reading.batch, {.bytes = reading.options.limits.small_bytes, .depth = reading.options.limits.depth});
}
Result<void> read_waybill_yaml(Reading reading) {
  TRY(const std::string json, yaml_to_json(reading.text, reading.options.limits));
  return read_json(json, reading.batch, {.bytes = reading.options.limits.small_bytes, .depth = reading.options.limits.depth});
}

Result<facts::Batch> parse_entry_body(std::string_view kind, std::shared_ptr<const std::string> body) {
  facts::Batch batch;
  batch.document = std::move(body);
  static constexpr std::string_view kPlain[] = {"deployment", "removal", "approval", "exception", "decision", "transition", "secret_access"};
  const bool plain = std::find(std::begin(kPlain), std::end(kPlain), kind) != std::end(kPlain);
  if (!plain && kind != "configuration" && kind != "policy" && kind != "trust_list") return batch;
  const std::string_view json = *batch.document;
  TRY(const auto tree, JsonDocument::parse(json));
  const Field root(tree.root(), "");
  if (auto done = root.expect_object(); !done) return fail(std::move(done).error());
  std::string_view what = kind == "trust_list" ? "trust" : kind;
  if (kind == "configuration") {
    // The document's schema says what it is, or a `kind` member does.
    TRY(const Text schema, root["schema"].text());
    TRY(const Text given, root["kind"].text());
    what = schema.starts_with("waybill/") && schema.ends_with("/v1") ? schema.substr(8, schema.size() - 11) : given;
    if (what.empty())
      return fail(
          root["schema"].wrong("expected waybill/service/v1, waybill/environment/v1, waybill/policy/v1, waybill/trust/v1 or waybill/list/v1, found nothing"));
  }
  WaybillReader reader(batch);
  if (auto done = reader.read(what, root, json); !done) return fail(std::move(done).error().at("the body of the " + std::string(kind) + " entry"));
  return batch;
}

}  // namespace waybill::formats
