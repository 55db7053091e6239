#include "waybill/policy/decision.h"

#include <algorithm>

#include "waybill/base/json_out.h"

namespace waybill::policy {
namespace {

enum class Form { whole, digested };

void write_texts(JsonWriter& w, std::string_view key, const std::vector<std::string>& texts) {
  w.key(key).begin_array();
  for (const auto& text : texts) w.value(text);
  w.end_array();
}
void write_entries(JsonWriter& w, const std::vector<uint64_t>& entries) {
  w.key("entries").begin_array();
  for (const auto entry : entries) w.value(entry);
  w.end_array();
}

void write_finding(JsonWriter& w, const Finding& finding, Form form) {
  w.begin_object().key("evidence").begin_array();
  for (const auto& one : finding.evidence) {
    w.begin_object();
    if (!one.document.empty()) w.field("document", one.document);
    w.field("entry", one.entry).field("what", one.what).end_object();
  }
  w.end_array();
  if (!finding.exception.empty()) w.field("exception", finding.exception);
  if (!finding.fix.empty()) w.field("fix", finding.fix);
  if (!finding.flip_json.empty()) w.field_raw("flip", finding.flip_json);
  w.field("key", finding.key);
  if (!finding.location_json.empty()) w.field_raw("location", finding.location_json);
  w.field("message", finding.message).field("on", finding.on);
  if (form == Form::whole && finding.since.is_set()) w.field("since", to_rfc3339(finding.since));
  w.end_object();
}

void write_result(JsonWriter& w, const RuleResult& result, Form form) {
  w.begin_object();
  write_texts(w, "controls", result.controls);
  w.key("findings").begin_array();
  for (const auto& finding : result.findings) write_finding(w, finding, form);
  w.end_array()
      .field("mode", to_string(result.mode))
      .field("outcome", to_string(result.outcome))
      .field("pack", result.pack)
      .field("remedy", result.remedy)
      .field("rule", result.rule)
      .field("severity", result.severity)
      .field("title", result.title)
      .field("verdict", to_string(result.verdict))
      .field("would", to_string(result.would))
      .end_object();
}

std::string write(const Decision& d, Form form) {
  JsonWriter w;
  w.begin_object().field("action", d.action).key("approvals_used").begin_array();
  for (const auto& one : d.approvals_used) {
    w.begin_object();
    if (one.break_glass) w.field("break_glass", true);
    w.field("by", one.by);
    write_entries(w, one.entries);
    w.field("id", one.id).field("until", to_rfc3339(one.until)).field("uses_left", one.uses_left).end_object();
  }
  w.end_array().field("asked_by", d.asked_by);
  if (d.asks) {
    w.key("asks").begin_object().field("approve_with", d.asks->approve_with);
    write_texts(w, "groups", d.asks->groups);
    w.field("needed", d.asks->needed);
    write_texts(w, "not", d.asks->not_by);
    w.field("until", to_rfc3339(d.asks->until)).end_object();
  }
  w.field("at", to_rfc3339(d.at)).key("counts").begin_object();
  for (const auto outcome : {Outcome::broken, Outcome::does_not_apply, Outcome::excepted, Outcome::failed, Outcome::holds, Outcome::unknown})
    w.field(to_string(outcome), d.counts[static_cast<size_t>(outcome)]);
  w.end_object();
  if (form == Form::whole)
    w.key("engine").begin_object().field("microseconds", d.microseconds).field("name", "waybill").field("version", d.engine_version).end_object();
  if (!d.environment.empty()) w.key("environment").begin_object().field("name", d.environment).field("tier", to_string(d.tier)).end_object();
  w.key("exceptions_used").begin_array();
  for (const auto& one : d.exceptions_used) {
    w.begin_object();
    write_texts(w, "approved_by", one.approved_by);
    write_entries(w, one.entries);
    w.field("id", one.id).field("rule", one.rule).field("until", to_rfc3339(one.until)).end_object();
  }
  w.end_array().key("flips").begin_array();
  for (const auto& flip : d.flips) {
    w.begin_object().field("checked", flip.checked).key("do").begin_array();
    for (const auto& step : flip.steps)
      w.begin_object().field("how", step.how).field("rule", step.rule).field("what", step.what).field("who", step.who).end_object();
    w.end_array().field("to", to_string(flip.to)).end_object();
  }
  w.end_array().field("gate", d.gate);
  write_texts(w, "held", d.held);
  w.field("id", d.id).key("input").begin_object().field("bytes", d.input_bytes).field("digest", d.input_digest).field("schema", "waybill/input/v1");
  write_texts(w, "slices", d.slices);
  w.end_object().key("log").begin_object();
  if (form == Form::whole && d.log_entry) w.field("entry", *d.log_entry);
  w.field("index", d.log_index).field("root", d.log_root).field("size", d.log_size).end_object();
  write_texts(w, "not_applicable", d.not_applicable);
  if (form == Form::whole && !d.parts.empty()) write_texts(w, "parts", d.parts);
  w.key("policy").begin_object().field("digest", d.policy_digest).key("packs").begin_array();
  for (const auto& pack : d.packs)
    w.begin_object().field("digest", pack.digest).field("mode", to_string(pack.mode)).field("pack", pack.pack).field("version", pack.version).end_object();
  w.end_array().field("scope", d.policy_scope.empty() ? std::string_view("*") : std::string_view(d.policy_scope)).end_object();
  w.field("preview", d.preview).key("results").begin_array();
  for (const auto& result : d.results) write_result(w, result, form);
  w.end_array().field("schema", kDecisionSchema);
  if (form == Form::whole && !d.see.empty()) w.field("see", d.see);
  if (!d.service_scope.empty()) {
    w.key("service").begin_object().field("name", d.service_name);
    write_texts(w, "owners", d.owners);
    w.field("scope", d.service_scope).end_object();
  }
  w.key("subject").begin_object().field("id", d.subject_id).field("kind", to_string(d.subject_kind)).field("name", d.subject_name).end_object();
  w.field("summary", d.summary);
  if (form == Form::whole && !d.supersedes.empty()) w.field("supersedes", d.supersedes);
  w.key("valid")
      .begin_object()
      .field("because", d.valid_because)
      .field("cache_seconds", d.cache_seconds)
      .field("from", to_rfc3339(d.valid_from))
      .field("until", to_rfc3339(d.valid_until))
      .end_object()
      .field("verdict", to_string(d.verdict))
      .end_object();
  return std::move(w).take();
}

std::vector<std::string> texts(JsonValue list) {
  std::vector<std::string> out;
  for (const auto item : list.items()) out.emplace_back(item.string_or(""));
  return out;
}
std::vector<uint64_t> numbers(JsonValue list) {
  std::vector<uint64_t> out;
  for (const auto item : list.items()) out.push_back(static_cast<uint64_t>(item.int_or(0)));
  return out;
}
Time time_of(JsonValue value) {
  auto time = parse_time(value.string_or(""));
  return time ? *time : Time{};
}
std::string text_of(JsonValue value) { return std::string(value.string_or("")); }

constexpr std::string_view kCrockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

}  // namespace

std::string Decision::to_json() const { return write(*this, Form::whole); }
Sha256 Decision::digest() const { return sha256(write(*this, Form::digested)); }

Result<Decision> parse_decision(std::string_view json) {
  TRY(auto document, JsonDocument::parse(json));
  const auto root = document.root();
  if (root["schema"].string_or("") != kDecisionSchema) return fail(Error(Code::invalid, "expected waybill/decision/v1").at("/schema"));
  Decision d;
  d.id = text_of(root["id"]);
  d.at = time_of(root["at"]);
  d.gate = text_of(root["gate"]);
  d.action = text_of(root["action"]);
  d.asked_by = text_of(root["asked_by"]);
  d.preview = root["preview"].bool_or(false);
  const auto kind = find_subject_kind(root["subject"]["kind"].string_or(""));
  if (!kind) return fail(Error(Code::invalid, "expected artifact, revision, service or manifest").at("/subject/kind"));
  d.subject_kind = *kind;
  d.subject_id = text_of(root["subject"]["id"]);
  d.subject_name = text_of(root["subject"]["name"]);
  d.environment = text_of(root["environment"]["name"]);
  d.tier = find_tier(root["environment"]["tier"].string_or("")).value_or(Tier::production);
  d.service_scope = text_of(root["service"]["scope"]);
  d.service_name = text_of(root["service"]["name"]);
  d.owners = texts(root["service"]["owners"]);
  const auto verdict = find_verdict(root["verdict"].string_or(""));
  if (!verdict) return fail(Error(Code::invalid, "expected allow, warn, ask or deny").at("/verdict"));
  d.verdict = *verdict;
  d.summary = text_of(root["summary"]);
  for (size_t i = 0; i < d.counts.size(); ++i) d.counts[i] = static_cast<int>(root["counts"][to_string(static_cast<Outcome>(i))].int_or(0));
  for (const auto item : root["results"].items()) {
    RuleResult result;
    result.rule = text_of(item["rule"]);
    result.pack = text_of(item["pack"]);
    result.title = text_of(item["title"]);
    result.severity = text_of(item["severity"]);
    result.remedy = text_of(item["remedy"]);
    result.controls = texts(item["controls"]);
    for (size_t i = 0; i < d.counts.size(); ++i)
      if (item["outcome"].string_or("") == to_string(static_cast<Outcome>(i))) result.outcome = static_cast<Outcome>(i);
    result.mode = find_mode(item["mode"].string_or("")).value_or(Mode::enforce);
    result.would = find_verdict(item["would"].string_or("")).value_or(Verdict::deny);
    result.verdict = find_verdict(item["verdict"].string_or("")).value_or(Verdict::deny);
    for (const auto one : item["findings"].items()) {
      Finding finding;
      finding.key = text_of(one["key"]);
      finding.on = text_of(one["on"]);
      finding.message = text_of(one["message"]);
      finding.fix = text_of(one["fix"]);
      finding.exception = text_of(one["exception"]);
      if (one["flip"].exists()) finding.flip_json = one["flip"].to_json();
      if (one["location"].exists()) finding.location_json = one["location"].to_json();
      finding.since = time_of(one["since"]);
      for (const auto evidence : one["evidence"].items())
        finding.evidence.push_back({static_cast<uint64_t>(evidence["entry"].int_or(0)), text_of(evidence["what"]), text_of(evidence["document"])});
      result.findings.push_back(std::move(finding));
    }
    d.results.push_back(std::move(result));
  }
  d.held = texts(root["held"]);
  d.not_applicable = texts(root["not_applicable"]);
  for (const auto item : root["exceptions_used"].items())
    d.exceptions_used.push_back({text_of(item["id"]), text_of(item["rule"]), time_of(item["until"]), texts(item["approved_by"]), numbers(item["entries"])});
  for (const auto item : root["approvals_used"].items())
    d.approvals_used.push_back({text_of(item["id"]), text_of(item["by"]), time_of(item["until"]), static_cast<int>(item["uses_left"].int_or(0)),
                                item["break_glass"].bool_or(false), numbers(item["entries"])});
  if (const auto asks = root["asks"]; asks.exists())
    d.asks = Asks{static_cast<int>(asks["needed"].int_or(1)), texts(asks["groups"]), texts(asks["not"]), time_of(asks["until"]), text_of(asks["approve_with"])};
  for (const auto item : root["flips"].items()) {
    Flip flip;
    flip.to = find_verdict(item["to"].string_or("")).value_or(Verdict::allow);
    flip.checked = item["checked"].bool_or(false);
    for (const auto step : item["do"].items()) flip.steps.push_back({text_of(step["rule"]), text_of(step["how"]), text_of(step["what"]), text_of(step["who"])});
    d.flips.push_back(std::move(flip));
  }
  d.valid_from = time_of(root["valid"]["from"]);
  d.valid_until = time_of(root["valid"]["until"]);
  d.valid_because = text_of(root["valid"]["because"]);
  d.cache_seconds = static_cast<int>(root["valid"]["cache_seconds"].int_or(0));
  d.policy_digest = text_of(root["policy"]["digest"]);
  d.policy_scope = text_of(root["policy"]["scope"]);
  if (d.policy_scope == "*") d.policy_scope.clear();
  for (const auto item : root["policy"]["packs"].items())
    d.packs.push_back({text_of(item["pack"]), text_of(item["version"]), text_of(item["digest"]), find_mode(item["mode"].string_or("")).value_or(Mode::off)});
  d.input_digest = text_of(root["input"]["digest"]);
  d.input_bytes = static_cast<uint64_t>(root["input"]["bytes"].int_or(0));
  d.slices = texts(root["input"]["slices"]);
  d.log_index = static_cast<uint64_t>(root["log"]["index"].int_or(0));
  d.log_size = static_cast<uint64_t>(root["log"]["size"].int_or(0));
  d.log_root = text_of(root["log"]["root"]);
  if (const auto entry = root["log"]["entry"]; entry.exists()) d.log_entry = static_cast<uint64_t>(entry.int_or(0));
  d.engine_version = text_of(root["engine"]["version"]);
  d.microseconds = root["engine"]["microseconds"].int_or(0);
  d.supersedes = text_of(root["supersedes"]);
  d.see = text_of(root["see"]);
  d.parts = texts(root["parts"]);
  return d;
}

std::string decision_id(Time at, const Sha256& input, const Sha256& policy, std::string_view gate) {
  Sha256Stream stream;
  stream.update(Bytes(input.bytes));
  stream.update(Bytes(policy.bytes));
  stream.update(gate);
  const auto hash = stream.finish();
  std::array<uint8_t, 16> bits{};
  const auto ms = static_cast<uint64_t>(at.ms);
  for (int i = 0; i < 6; ++i) bits[static_cast<size_t>(i)] = static_cast<uint8_t>(ms >> (40 - 8 * i));
  std::copy(hash.bytes.begin(), hash.bytes.begin() + 10, bits.begin() + 6);
  // 128 bits in 26 digits of 5: the first digit holds the upper 3 bits.
  std::string out = "d_";
  unsigned buffer = 0, held = 2;  // two leading zero bits: 130 in all
  for (const auto byte : bits) {
    buffer = buffer << 8 | byte;
    held += 8;
    while (held >= 5) {
      held -= 5;
      out += kCrockford[buffer >> held & 31];
    }
    buffer &= (1U << held) - 1;
  }
  return out;
}

std::optional<Time> find_time_of(std::string_view id) {
  if (id.size() != 28 || !id.starts_with("d_")) return std::nullopt;
  // 2 zero bits and 48 bits of time are the first ten digits.
  uint64_t ms = 0;
  for (size_t i = 2; i < 28; ++i) {
    const auto digit = kCrockford.find(id[i]);
    if (digit == std::string_view::npos) return std::nullopt;
    if (i < 12) ms = ms << 5 | digit;
  }
  return Time{static_cast<int64_t>(ms)};
}

std::string finding_key(std::string_view rule, std::string_view on, std::string_view service, std::string_view environment) {
  Sha256Stream stream;
  for (const auto part : {rule, on, service, environment}) {
    stream.update(part);
    stream.update(std::string_view("\0", 1));
  }
  return "f_" + stream.finish().hex().substr(0, 12);
}

}  // namespace waybill::policy
