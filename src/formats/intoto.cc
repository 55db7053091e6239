// in-toto statements v0.1 and v1, alone, in a DSSE envelope, or in a Sigstore bundle. The predicate is handed to the
// reader of its format; one that we do not know is kept as an observation of its subjects.
//
// No signature is looked at: trust/ verifies what parse_envelope() hands out, over the very payload that was read here.
#include "waybill/base/bytes.h"
#include "waybill/formats/reader.h"
#include "waybill/identity/digest.h"

namespace waybill::formats {
namespace {

using facts::Text;

constexpr std::string_view kPayloadType = "application/vnd.in-toto+json";
constexpr std::string_view kStatements[] = {"https://in-toto.io/Statement/v0.1", "https://in-toto.io/Statement/v1"};
constexpr size_t kMaxSignatures = 100;

// What one subject of a statement is called here; "" when it has only a weak digest that names nothing.
Result<std::string> subject_name(facts::Batch& batch, const Field& item) {
  TRY_DO(item.expect_object());
  TRY(const Text name, item["name"].text());
  TRY(const Text uri, item["uri"].text());
  const Field digest = item["digest"];
  if (!digest.value().is_object() || digest.value().size() == 0) return fail(digest.wrong("the subject has no digest; expected {\"sha256\": \"…\"}"));
  bool strong = false;
  std::string found;
  for (const auto& [algorithm, value] : digest.value().members()) {
    const Field field = digest[algorithm];
    TRY(const Text hex, field.required_text());
    if (algorithm == "gitCommit" || algorithm == "sha1" || algorithm == "gitTree" || algorithm == "gitBlob" || algorithm == "gitTag") {
      if (algorithm != "gitCommit" && algorithm != "sha1") continue;
      const Text revision = keep_revision(batch, !uri.empty() ? uri : name, hex);
      if (!revision.empty() && found.empty()) found = std::string(revision);
      continue;
    }
    const auto known = identity::canonical_algorithm(algorithm);
    if (known.empty() || known == "md5") continue;
    const auto checked = identity::Digest::of(algorithm, hex);
    if (!checked) return fail(field.wrong(checked.error().message()));
    if (checked->hex != hex) return fail(field.wrong("expected lower-case hexadecimal digits"));
    strong = true;
    if (known == "sha256") found = checked->to_string();
  }
  if (!found.empty()) return found;
  if (!strong) return fail(digest.wrong("the subject has no digest that names it; expected sha256"));
  // npm states SHA-512 only, beside the purl.
  for (const Text text : {uri, name})
    if (text.starts_with("pkg:")) return std::string(keep_purl(batch, text, item.pointer() + "/name"));
  return std::string();
}

Result<void> read_subjects(facts::Batch& batch, std::string_view json, const Limits& limits) {
  TRY(const auto tree, JsonDocument::parse(json, {.bytes = limits.small_bytes, .depth = limits.depth}));
  const Field subjects(tree.root(), "/subject");
  if (!tree.root().is_array() || tree.root().size() == 0) return fail(subjects.wrong("expected an array with at least one subject"));
  return each_item(subjects, [&](const Field& item) -> Result<void> {
    TRY(std::string name, subject_name(batch, item));
    const Text called = item["name"].value().string_or("");
    if (batch.subject_name.empty()) batch.subject_name = std::string(called);
    if (name.empty()) {
      warn(batch, item.pointer() + ": only a SHA-256 digest, a git commit or a purl can name a subject");
    } else if (batch.subject.empty()) {
      batch.subject = std::move(name);
      batch.subject_name = std::string(called);
    } else if (name != batch.subject && std::find(batch.more_subjects.begin(), batch.more_subjects.end(), name) == batch.more_subjects.end()) {
      batch.more_subjects.push_back(std::move(name));
    }
    return {};
  });
}

template <class F>
void for_each_subject(facts::Batch& batch, F&& f) {
  f(batch.keep(batch.subject));
  for (const auto& subject : batch.more_subjects) f(batch.keep(subject));
}

void observe(facts::Batch& batch, Text property, Text value, Time at = {}) {
  for_each_subject(batch, [&](Text subject) { batch.observed.push_back({.subject = subject, .property = property, .value = value, .at = at}); });
}

// in-toto.io/attestation/test-result/v0.1
Result<void> read_test_result(facts::Batch& batch, const Field& predicate) {
  TRY_DO(predicate.expect_object());
  TRY(const Text result, predicate["result"].required_text());
  if (result != "PASSED" && result != "WARNED" && result != "FAILED")
    return fail(predicate["result"].wrong("expected PASSED, WARNED or FAILED, found \"" + std::string(result.substr(0, 40)) + "\""));
  facts::Tested tested;
  TRY_DO(each_item(predicate["configuration"], [&](const Field& item) -> Result<void> {
    TRY(const Text name, item["name"].text());
    if (tested.suite.empty()) tested.suite = batch.keep(name);
    return {};
  }));
  if (tested.suite.empty()) {
    TRY(const Text url, predicate["url"].text());
    tested.suite = batch.keep(url);
  }
  for (const char* list : {"passedTests", "warnedTests"}) {
    TRY_DO(predicate[list].expect_array());
    tested.passed += static_cast<uint32_t>(predicate[list].value().size());
  }
  TRY(auto failed, keep_texts(batch, predicate["failedTests"]));
  tested.failed = static_cast<uint32_t>(failed.size());
  tested.failures = failed.first(std::min<size_t>(failed.size(), 20));
  if (result == "FAILED" && tested.failed == 0) tested.failed = 1;
  for_each_subject(batch, [&](Text subject) {
    tested.subject = subject;
    batch.tested.push_back(tested);
  });
  batch.kind = "tests";
  return {};
}

// in-toto.io/attestation/vulns/v0.1 and its ancestor, cosign.sigstore.dev/attestation/vuln/v1.
Result<void> read_vulns(const Reading& reading, const Field& predicate) {
  facts::Batch& batch = reading.batch;
  TRY_DO(predicate.expect_object());
  const Field scanner = predicate["scanner"], metadata = predicate["metadata"];
  TRY_DO(scanner.expect_object());
  facts::Scanned scan;
  TRY(const Text uri, scanner["uri"].text());
  TRY(const Text version, scanner["version"].text());
  TRY(const Text finished, metadata["scanFinishedOn"].text());
  TRY(const Text data, scanner["db"]["lastUpdate"].text());
  scan.tool = batch.keep(uri);
  scan.version = batch.keep(version);
  scan.kind = facts::ScanKind::container;
  scan.outcome = facts::Outcome::done;
  scan.at = time_or_warn(batch, finished, "/predicate/metadata/scanFinishedOn");
  scan.data_at = time_or_warn(batch, data, "/predicate/scanner/db/lastUpdate");
  // Ours: the share of packages that the scanner looked at, 0 to 100. Scanners do not say so by themselves.
  if (const auto covered = metadata["coveredPercent"]; covered.exists()) {
    const double percent = covered.value().number_or(-1);
    if (percent < 0 || percent > 100) return fail(covered.wrong("expected a number from 0 to 100"));
    scan.covered_percent = percent;
  }
  const Field result = scanner["result"];
  std::vector<facts::Found> found;
  if (result.value().is_array()) {
    TRY_DO(each_item(result, [&](const Field& item) -> Result<void> {
      TRY(const Text id, item["id"].text());
      facts::Found one;
      one.kind = facts::FindingKind::vulnerability;
      one.tool = scan.tool;
      one.vulnerability = one.rule = batch.keep(id);
      TRY_DO(each_item(item["severity"], [&](const Field& rating) -> Result<void> {
        one.severity = std::max(one.severity, facts::parse_severity(rating["score"].value().string_or("")));
        return {};
      }));
      TRY_DO(each_item(item["annotations"], [&](const Field& note) -> Result<void> {
        const Text purl = note["purl"].value().string_or(note["package"].value().string_or(""));
        if (purl.starts_with("pkg:")) one.package = batch.keep(purl);
        return {};
      }));
      one.fingerprint = one.package.empty() ? one.vulnerability : keep_joined(batch, one.vulnerability, " ", one.package);
      found.push_back(one);
      return {};
    }));
  } else if (result.value()["runs"].exists()) {
    // Trivy and others put a SARIF report here.
    const std::string sarif = result.value().to_json();
    return read_sarif({batch.keep(sarif), batch, reading.options, reading.wrapped + 1});
  }
  for (const auto& one : found) {
    switch (one.severity) {
      case facts::Severity::critical: ++scan.critical; break;
      case facts::Severity::high: ++scan.high; break;
      case facts::Severity::medium: ++scan.medium; break;
      case facts::Severity::low: ++scan.low; break;
      case facts::Severity::none: break;
      case facts::Severity::unknown: ++scan.unknown; break;
    }
  }
  for_each_subject(batch, [&](Text subject) {
    scan.subject = subject;
    batch.scanned.push_back(scan);
    for (auto one : found) {
      one.subject = subject;
      batch.found.push_back(one);
    }
  });
  batch.kind = "scan";
  return {};
}

// slsa.dev/verification_summary/v1
Result<void> read_summary(facts::Batch& batch, const Field& predicate) {
  TRY_DO(predicate.expect_object());
  TRY(const Text result, predicate["verificationResult"].required_text());
  TRY(const Text verifier, predicate["verifier"]["id"].required_text());
  TRY(const Text at, predicate["timeVerified"].text());
  const Time time = time_or_warn(batch, at, "/predicate/timeVerified");
  observe(batch, "slsa.verification_summary.result", batch.keep(result), time);
  observe(batch, "slsa.verification_summary.verifier", batch.keep(verifier), time);
  TRY(const auto levels, keep_texts(batch, predicate["verifiedLevels"]));
  for (const Text level : levels) observe(batch, "slsa.verification_summary.level", level, time);
  return {};
}

// An SBOM or VEX document as predicate. cosign once wrapped it: {"Data": "…" or {…}, "Timestamp": …}.
Result<void> read_inner(const Reading& reading, std::string_view predicate, Result<void> (*read)(Reading)) {
  facts::Batch& batch = reading.batch;
  std::string_view text = predicate;
  {
    Arena arena;
    JsonCursor cursor;
    TRY_DO(cursor.start(predicate, arena, reading.options.limits.depth));
    if (cursor.peek() == '{') {
      cursor.enter_object();
      for (Text name; cursor.next_member(name);) {
        if (name != "Data")
          cursor.skip();
        else if (cursor.peek() == '"')
          text = batch.keep(cursor.string());
        else
          text = cursor.raw();
      }
    } else if (cursor.peek() == '"') {  // the document as a string
      text = batch.keep(cursor.string());
    }
    if (!cursor.ok()) return fail(cursor.error());
  }
  // The statement says what it is about; what the SBOM calls its subject is only its own view.
  std::string subject = batch.subject, name = batch.subject_name, format = batch.format;
  if (auto done = read({text, batch, reading.options, reading.wrapped + 1}); !done) return fail(std::move(done).error().at("/predicate"));
  batch.format += " in an " + format;
  batch.subject = std::move(subject);
  batch.subject_name = std::move(name);
  for (auto& listed : batch.listed) {
    if (!listed.subject.empty() && listed.subject.starts_with("sha256:") && !batch.subject.empty() && listed.subject != batch.subject)
      warn(batch, "/predicate: the bill of materials names another subject, " + std::string(listed.subject));
    listed.subject = batch.keep(batch.subject);
  }
  return {};
}

}  // namespace

Result<void> read_statement(Reading reading) {
  facts::Batch& batch = reading.batch;
  if (reading.wrapped > reading.options.limits.wrapped)
    return fail(Code::exhausted, "documents are wrapped in each other more than " + std::to_string(reading.options.limits.wrapped) + " times");
  JsonCursor cursor;
  TRY_DO(cursor.start(reading.text, batch.arena, reading.options.limits.depth));
  Text type, predicate_type, subject, predicate;
  uint32_t seen = 0;
  const auto start = cursor.mark();
  JsonCursor::Mark type_at{};
  cursor.enter_object();
  for (Text name; cursor.next_member(name);) {
    const unsigned bit = name == "_type" ? 1 : name == "predicateType" ? 2 : name == "subject" ? 4 : name == "predicate" ? 8 : 0;
    if ((seen & bit) != 0) {
      cursor.refuse("the name stands twice in one object");
      break;
    }
    seen |= bit;
    if (bit == 1) {
      type_at = cursor.mark();
      type = cursor.string();
    } else if (bit == 2) {
      predicate_type = cursor.string();
    } else if (bit == 4) {
      subject = cursor.raw();
    } else if (bit == 8) {
      predicate = cursor.raw();
    } else {
      cursor.skip();
    }
  }
  cursor.finish();
  if (cursor.ok() && (seen & 1) == 0) cursor.refuse(start, "_type is missing; expected " + std::string(kStatements[1]));
  if (cursor.ok() && std::find(std::begin(kStatements), std::end(kStatements), type) == std::end(kStatements))
    cursor.refuse(type_at, "expected " + std::string(kStatements[1]) + " or v0.1, found \"" + std::string(type.substr(0, 100)) + "\"");
  if (cursor.ok() && predicate_type.empty()) cursor.refuse(start, "predicateType is missing; expected a URI");
  if (cursor.ok() && (seen & 4) == 0) cursor.refuse(start, "subject is missing; expected an array with at least one subject");
  if (!cursor.ok()) return fail(cursor.error());

  TRY_DO(read_subjects(batch, subject, reading.options.limits));
  batch.predicate_type = std::string(predicate_type);
  batch.kind = "statement";
  batch.format = type == kStatements[0] ? "in-toto statement v0.1" : "in-toto statement v1";
  const bool is_sbom = predicate_type.starts_with("https://cyclonedx.org/bom") || predicate_type.starts_with("https://spdx.dev/Document");
  if (is_sbom && !predicate.empty()) return read_inner(reading, predicate, predicate_type.starts_with("https://cyclonedx") ? read_cyclonedx : read_spdx);
  if (predicate_type.starts_with("https://openvex.dev/ns") && !predicate.empty()) return read_inner(reading, predicate, read_openvex);

  const bool slsa = predicate_type == "https://slsa.dev/provenance/v0.2" || predicate_type == "https://slsa.dev/provenance/v1";
  const bool test = predicate_type.starts_with("https://in-toto.io/attestation/test-result/");
  const bool vulns = predicate_type.starts_with("https://in-toto.io/attestation/vulns/") ||
                     predicate_type == "https://cosign.sigstore.dev/attestation/vuln/v1" || predicate_type == "cosign.sigstore.dev/attestation/vuln/v1";
  const bool summary = predicate_type == "https://slsa.dev/verification_summary/v1";
  // What cosign writes for an image: a statement that says nothing but who it is about.
  if (predicate_type == "https://sigstore.dev/cosign/sign/v1") {
    batch.kind = "signature";
    batch.format = "signature of an artifact";
    return {};
  }
  if (!slsa && !test && !vulns && !summary) {
    observe(batch, batch.keep(predicate_type), predicate);
    return {};
  }
  if (predicate.empty()) return fail(Error(Code::invalid, "predicate is missing; expected an object").at("the document"));
  TRY(const auto tree, JsonDocument::parse(predicate, {.bytes = reading.options.limits.small_bytes, .depth = reading.options.limits.depth}));
  const Field field(tree.root(), "/predicate");
  if (slsa) {
    batch.kind = "provenance";
    batch.format = predicate_type.ends_with("/v1") ? "SLSA provenance v1" : "SLSA provenance v0.2";
    return read_slsa(tree.root(), predicate_type, batch);
  }
  if (test) return read_test_result(batch, field);
  if (vulns) return read_vulns(reading, field);
  return read_summary(batch, field);
}

// --- wrappers ---------------------------------------------------------------------------------------------------

namespace {

Result<EnvelopeView> envelope_of(const Field& envelope) {
  TRY_DO(envelope.expect_object());
  EnvelopeView view;
  TRY(const Text type, envelope["payloadType"].required_text());
  view.payload_type = std::string(type);
  TRY(const Text payload, envelope["payload"].required_text());
  auto decoded = parse_base64_lenient(payload);
  if (!decoded) return fail(envelope["payload"].wrong("no base64: " + decoded.error().message()));
  view.payload = std::move(*decoded);
  const Field signatures = envelope["signatures"];
  if (!signatures.value().is_array() || signatures.value().size() == 0) return fail(signatures.wrong("expected an array with at least one signature"));
  if (signatures.value().size() > kMaxSignatures)
    return fail(Error(Code::exhausted, "more than " + std::to_string(kMaxSignatures) + " signatures").at(signatures.pointer()));
  TRY_DO(each_item(signatures, [&](const Field& item) -> Result<void> {
    TRY_DO(item.expect_object());
    EnvelopeSignature signature;
    TRY(const Text key_id, item["keyid"].text());
    TRY(const Text bytes, item["sig"].required_text());
    TRY(const Text certificate, item["cert"].text());
    auto raw = parse_base64_lenient(bytes);
    if (!raw) return fail(item["sig"].wrong("no base64: " + raw.error().message()));
    signature.key_id = std::string(key_id);
    signature.bytes = std::move(*raw);
    signature.certificate = std::string(certificate);
    view.signatures.push_back(std::move(signature));
    return {};
  }));
  return view;
}

Result<void> read_payload(const Reading& reading, EnvelopeView view, std::string_view pointer) {
  if (view.payload_type != kPayloadType) {
    return fail(Error(Code::invalid, "expected the payload type " + std::string(kPayloadType) + ", found \"" + view.payload_type.substr(0, 100) + "\"")
                    .at(std::string(pointer) + "/payloadType")
                    .next("send what is in it as it is, or store the envelope with --keep-unknown"));
  }
  if (reading.wrapped >= reading.options.limits.wrapped)
    return fail(Code::exhausted, "documents are wrapped in each other more than " + std::to_string(reading.options.limits.wrapped) + " times");
  const std::string_view payload = reading.batch.keep(view.payload);
  view.payload = {};
  if (detect(payload) != Format::statement) {
    return fail(Error(Code::invalid, "expected an in-toto statement (\"_type\": \"https://in-toto.io/Statement/v1\")")
                    .at("the payload")
                    .at(std::string(pointer) + "/payload")
                    .next("layouts and links are not read yet; store them with --keep-unknown"));
  }
  if (auto done = read_statement({payload, reading.batch, reading.options, reading.wrapped + 1}); !done)
    return fail(std::move(done).error().at("the payload").at(std::string(pointer) + "/payload"));
  return {};
}

}  // namespace

Result<EnvelopeView> parse_envelope(std::string_view json, const Limits& limits) {
  TRY(const auto tree, JsonDocument::parse(json, {.bytes = limits.bytes, .depth = limits.depth}));
  const Field root(tree.root(), "");
  if (root["dsseEnvelope"].exists()) return envelope_of(root["dsseEnvelope"]);
  return envelope_of(root);
}

Result<void> read_envelope(Reading reading) {
  TRY(auto view, parse_envelope(reading.text, reading.options.limits));
  return read_payload(reading, std::move(view), "");
}

Result<void> read_bundle(Reading reading) {
  TRY(const auto tree, JsonDocument::parse(reading.text, {.bytes = reading.options.limits.bytes, .depth = reading.options.limits.depth}));
  const Field root(tree.root(), "");
  TRY_DO(root.expect_object());
  if (root["dsseEnvelope"].exists()) {
    TRY(auto view, envelope_of(root["dsseEnvelope"]));
    return read_payload(reading, std::move(view), "/dsseEnvelope");
  }
  const Field message = root["messageSignature"];
  if (!message.exists()) return fail(Error(Code::invalid, "expected dsseEnvelope or messageSignature").at("the document"));
  // A signature over an artifact: it says nothing but that; trust/ finds out whether it holds.
  TRY(const Text algorithm, message["messageDigest"]["algorithm"].required_text());
  TRY(const Text digest, message["messageDigest"]["digest"].required_text());
  const auto raw = parse_base64_lenient(digest);
  if (!raw) return fail(message["messageDigest"]["digest"].wrong("no base64: " + raw.error().message()));
  facts::Batch& batch = reading.batch;
  batch.format = "Sigstore bundle";
  batch.kind = "signature";
  if (algorithm == "SHA2_256") {
    if (raw->size() != 32) return fail(message["messageDigest"]["digest"].wrong("expected 32 bytes, found " + std::to_string(raw->size())));
    batch.subject = "sha256:" + to_hex(as_bytes(*raw));
  } else {
    warn(batch, "/messageSignature/messageDigest: only a SHA-256 digest can name a subject");
  }
  return {};
}

}  // namespace waybill::formats
