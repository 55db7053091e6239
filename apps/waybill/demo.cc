#include "apps/waybill/demo.h"

#include <time.h>

#include <cstdlib>
#include <span>

#include "apps/waybill/api.h"
#include "apps/waybill/own_build.h"
#include "apps/waybill/terminal.h"
#include "apps/waybill/version.h"
#include "waybill/base/disk.h"
#include "waybill/base/http_client.h"
#include "waybill/base/json_out.h"
#include "waybill/formats/formats.h"
#include "waybill/log/log.h"
#include "waybill/report/dbom.h"
#include "waybill/trust/dsse.h"
#include "waybill/trust/keys.h"

namespace waybill::cli {

std::span<const std::pair<std::string_view, std::string_view>> demo_files();

namespace {

constexpr std::string_view kBuilder = "https://waybill.example/builders/make/v1";

std::string file_of(std::string_view name) {
  for (const auto& [path, text] : demo_files())
    if (path == "demo/" + std::string(name)) return std::string(text);
  return {};
}
void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size()) text.replace(at, what.size(), with);
}
void pause_ms(int64_t ms) {
  const timespec pause{ms / 1000, ms % 1000 * 1'000'000};
  nanosleep(&pause, nullptr);
}
std::string text_of(const JsonValue& value) { return std::string(value.string_or("")); }

class Demo {
 public:
  explicit Demo(const DemoSetting& setting) : setting_(setting), dir_(setting.data_dir + "/demo") {}

  bool play() {
    const auto played = steps();
    if (!played) {
      talk("\n" + in_verdict("deny", "Not as told: ") + played.error().to_string() + "\n");
      return false;
    }
    return as_told_;
  }

 private:
  Result<void> steps() {
    TRY_DO(Disk::system().make_directories(dir_, 0755));
    TRY_DO(set_up());
    TRY_DO(deliver_waybill());
    TRY_DO(deliver_harbour());
    TRY_DO(prove());
    TRY_DO(new_advisory());
    return {};
  }

  // --- talking to the server ---

  Result<JsonDocument> send(std::string_view method, const std::string& target, std::string_view body, const std::string& token,
                            std::string_view type = "application/json") {
    http::Call call;
    call.method = method;
    call.url = setting_.url + target;
    call.body = body;
    call.headers = {{"authorization", "Bearer " + token}, {"content-type", std::string(type)}};
    TRY(const auto answer, ok_or_error(http::curl_client().send(call)));
    return JsonDocument::parse(answer.body.empty() ? std::string_view("{}") : std::string_view(answer.body));
  }
  Result<JsonDocument> get(const std::string& target) { return send("GET", target, {}, setting_.admin_token); }
  Result<std::string> fetch(const std::string& target) {
    http::Call call;
    call.url = setting_.url + target;
    call.headers = {{"authorization", "Bearer " + setting_.admin_token}};
    TRY(auto answer, ok_or_error(http::curl_client().send(call)));
    return std::move(answer.body);
  }

  // --- telling ---

  void heading(std::string_view text) { print("\n" + bold(text) + "\n"); }
  void step(const std::string& what, const std::string& command) { print("  " + what + "\n" + (command.empty() ? "" : dim("      " + command) + "\n")); }
  void expect(bool yes, const std::string& expected) {
    if (yes) return;
    as_told_ = false;
    print(in_verdict("deny", "      not as told: expected " + expected) + "\n");
  }

  Result<std::string> keep(const std::string& name, std::string_view bytes) {
    TRY_DO(Disk::system().write_file(dir_ + "/" + name, bytes));
    return name;
  }
  Result<std::string> collect(const std::string& what, const std::string& name, std::string_view bytes, const std::string& subject = {}) {
    TRY_DO(keep(name, bytes));
    TRY(const auto receipt, send("POST", target("/api/v1/evidence", {{"subject", subject}}), bytes, ci_, "application/octet-stream"));
    const auto root = receipt.root();
    step(what + dim("  #" + std::to_string(root["index"].int_or(0)) + "  " + text_of(root["format"])),
         "waybill collect demo/" + name + (subject.empty() ? "" : " --subject " + short_digest(subject)));
    return text_of(root["document"]);
  }
  Result<std::string> sign(std::string statement) {
    TRY(const auto envelope, trust::sign_envelope(std::string(trust::kInTotoPayloadType), std::move(statement), *key_));
    return envelope.to_json();
  }

  static std::string signature_of(std::string_view name, std::string_view hex) {
    JsonWriter w;
    w.begin_object()
        .field("_type", "https://in-toto.io/Statement/v1")
        .key("subject")
        .begin_array()
        .begin_object()
        .field("name", name)
        .key("digest")
        .begin_object();
    w.field("sha256", hex).end_object().end_object().end_array().field("predicateType", "https://sigstore.dev/cosign/sign/v1").end_object();
    return std::move(w).take();
  }

  struct Asked {
    std::string id, verdict, summary;
    JsonDocument document;
  };
  Result<Asked> ask(const std::string& subject, const std::string& service, const std::string& environment) {
    JsonWriter w;
    w.begin_object().field("subject", subject).field("environment", environment).field("service", service).field("action", "deploy").end_object();
    TRY(auto document, send("POST", "/api/v1/gates/ci/decisions", w.text(), ci_));
    const auto root = document.root();
    return Asked{text_of(root["id"]), text_of(root["verdict"]), text_of(root["summary"]), std::move(document)};
  }
  // One line for each rule that spoke, the worst first, at most `most`.
  void tell_findings(const Asked& asked, size_t most) {
    size_t told = 0, more = 0;
    for (const auto& result : asked.document.root()["results"].items()) {
      const auto outcome = result["outcome"].string_or("");
      if (result["verdict"].string_or("") == "allow" && outcome != "excepted") continue;
      for (const auto& finding : result["findings"].items()) {
        if (told == most) {
          ++more;
          continue;
        }
        ++told;
        std::string line = "      " + verdict(outcome == "excepted" ? "allow" : result["verdict"].string_or("")) + "  " + text_of(result["rule"]) +
                           (outcome == "excepted" ? " (excepted)" : "") + ": " + text_of(finding["message"]);
        if (const auto fix = text_of(finding["fix"]); !fix.empty() && outcome != "excepted") line += dim(" → " + fix);
        print(line + "\n");
      }
    }
    if (more > 0) print(dim("      … and " + std::to_string(more) + " more: waybill show, or the console") + "\n");
  }
  Result<std::string> deploy(const std::string& subject, const std::string& service, const std::string& environment, const std::string& decision) {
    JsonWriter w;
    w.begin_object().field("subject", subject).field("service", service).field("environment", environment).field("decision", decision).end_object();
    TRY(const auto answer, send("POST", "/api/v1/deployments", w.text(), ci_));
    const auto id = text_of(answer.root()["id"]);
    step(service + " runs in " + environment + dim("  " + id), "waybill deploy " + shorten(subject, 60) + " --service " + service + " --env " + environment);
    return id;
  }
  std::string check_command(const std::string& subject, const std::string& service, const std::string& environment) {
    return "waybill check " + shorten(subject, 60) + " --service " + service + " --env " + environment;
  }
  Result<std::string> token(const std::string& who, const std::string& role) {
    JsonWriter w;
    w.begin_object()
        .field("id", who)
        .key("roles")
        .begin_array()
        .value(role)
        .end_array()
        .key("scopes")
        .begin_array()
        .value("*")
        .end_array()
        .field("label", "demonstration")
        .end_object();
    TRY(const auto answer, send("POST", "/api/v1/tokens", w.text(), setting_.admin_token));
    return text_of(answer.root()["token"]);
  }

  // --- the steps ---

  Result<void> set_up() {
    heading("Setting up");
    TRY(ci_, token("machine:ci", "collector"));
    TRY(mara_, token("person:mara", "reader"));
    TRY(ada_, token("person:ada", "approver"));
    step("Three tokens: machine:ci brings evidence, person:mara asks, person:ada approves", "waybill token create machine:ci --role collector");
    TRY(key_, trust::PrivateKey::load_or_create(Disk::system(), dir_ + "/builder.key", trust::KeyType::ecdsa_p256));
    TRY_DO(keep("builder.pem", key_->public_key().to_pem()));
    step("A signing key for the builder, ECDSA P-256" + dim("  " + key_->public_key().key_id().substr(0, 16) + "…"),
         "waybill key -k demo/builder.key > demo/builder.pem");

    std::string settings = file_of("settings.yaml");
    std::string pem = key_->public_key().to_pem();
    replace_all(pem, "\n", "\\n");
    replace_all(settings, "{{KEY}}", pem);
    TRY_DO(keep("settings.yaml", settings));
    size_t documents = 0;
    std::string part;
    auto apply = [&]() -> Result<void> {
      TRY(const auto json, formats::yaml_to_json(part));
      part.clear();
      TRY(const auto document, JsonDocument::parse(json));
      if (document.root().size() == 0) return {};
      const bool policy = document.root()["schema"].string_or("") == "waybill/policy/v1";
      TRY(const auto ignored, send("POST", policy ? "/api/v1/policies" : "/api/v1/configuration", json, setting_.admin_token));
      ++documents;
      return {};
    };
    for (size_t from = 0; from < settings.size();) {
      const size_t to = std::min(settings.find('\n', from), settings.size());
      const auto line = std::string_view(settings).substr(from, to - from);
      if (line == "---") {
        TRY_DO(apply());
      } else {
        part.append(line).append("\n");
      }
      from = to + 1;
    }
    TRY_DO(apply());
    step("Two environments, two services, whom we trust, and the policies: " + std::to_string(documents) + " documents",
         "waybill policy apply demo/settings.yaml");
    return {};
  }

  Result<void> deliver_waybill() {
    heading("Waybill ships Waybill");
    const Time now = Clock::system().now();
    TRY(const auto build, find_own_build(setting_.source_dir));
    const std::string subject = "registry.example/waybill@" + build.digest.to_string();
    const auto sbom = own_sbom(build, now);
    TRY(const auto sbom_digest,
        collect("What is in this program: " + std::to_string(sbom.debian_shared) + " shared libraries and " + std::to_string(sbom.debian_archives) +
                    " archives of Debian, " + std::to_string(sbom.npm) + " npm packages of the console" +
                    (sbom.files > 0 ? ", " + std::to_string(sbom.files) + " files that no package owns" : ""),
                "waybill.cdx.json", sbom.document));
    TRY(const auto provenance, sign(own_provenance(build, kBuilder)));
    TRY(const auto ignored, collect("How it was made, signed: " +
                                        (build.commit.empty() ? std::string("no checkout at hand, so no source is stated")
                                                              : "commit " + build.commit.substr(0, 12) + (build.dirty ? " with uncommitted changes" : "")) +
                                        ", built by `make build`",
                                    "waybill.provenance.dsse.json", provenance));
    TRY(const auto signature, sign(signature_of("registry.example/waybill", build.digest.hex())));
    TRY(const auto signed_entry, collect("and the program itself, signed", "waybill.sig.json", signature));
    size_t passed = 0, failed = 0;
    if (const auto junit = own_unit_tests(build, passed, failed)) {
      TRY(const auto collected,
          collect("How it was tested just now: " + std::to_string(passed) + " tests of the policy packs passed, " + std::to_string(failed) + " failed",
                  "waybill.unit.junit.xml", *junit, build.digest.to_string()));
      expect(failed == 0, "no failing test");
    }
    TRY(const auto checks, self_check());
    TRY(const auto collected, collect("And as a whole: " + checks.text, "waybill.integration.junit.xml", checks.junit, build.digest.to_string()));

    for (const char* environment : {"staging", "production"}) {
      TRY(const auto asked, ask(subject, "demo/waybill", environment));
      step("May it go to " + std::string(environment) + "? " + verdict(asked.verdict) + "  " + asked.summary,
           check_command(subject, "demo/waybill", environment));
      if (std::string_view(environment) == "production") {
        tell_findings(asked, 4);
        expect(asked.verdict == "warn", "warn, since advisories for Debian and npm are not loaded");
      } else {
        expect(asked.verdict == "warn" || asked.verdict == "allow", "allow or warn");
      }
      TRY(const auto id, deploy(subject, "demo/waybill", environment, asked.id));
    }
    return {};
  }

  struct SelfCheck {
    std::string junit, text;
  };
  // Asks the running server what it says of itself: real checks over its own API.
  Result<SelfCheck> self_check() {
    struct Case {
      std::string name, failure;
    };
    std::vector<Case> cases;
    auto run = [&](std::string name, const std::function<Result<void>()>& check) {
      const auto done = check();
      cases.push_back({std::move(name), done ? "" : done.error().to_string()});
    };
    run("the checkpoint is signed", [&]() -> Result<void> {
      TRY(const auto note, fetch("/log/checkpoint"));
      TRY(const auto parsed, trust::parse_note(note));
      if (parsed.signatures.empty()) return fail(Code::internal, "no signature");
      return {};
    });
    run("the first entry is in the log by its inclusion proof", [&]() -> Result<void> {
      TRY(const auto entry, get("/api/v1/entries/0"));
      const auto proof = entry.root()["proof"];
      trust::Hashes path;
      for (const auto& hash : proof["path"].items()) {
        TRY(const auto digest, parse_sha256(hash.string_or("")));
        path.push_back(digest);
      }
      TRY(const auto leaf, parse_sha256(proof["leaf"].string_or("")));
      TRY(const auto root, parse_sha256(proof["root"].string_or("")));
      return trust::verify_inclusion(static_cast<uint64_t>(proof["index"].int_or(0)), static_cast<uint64_t>(proof["size"].int_or(0)), leaf, path, root);
    });
    run("what was collected comes back byte for byte", [&]() -> Result<void> {
      TRY(const auto entries, get("/api/v1/entries?kind=evidence&limit=1"));
      const auto digest = text_of(entries.root()["items"].at(0)["document"]);
      TRY(const auto bytes, fetch("/api/v1/documents/" + digest));
      if (sha256(bytes).to_string() != digest && sha256(bytes).hex() != digest) return fail(Code::internal, "its digest differs");
      return {};
    });
    run("broken JSON is refused with its place", [&]() -> Result<void> {
      const auto answer = send("POST", "/api/v1/evidence", "{\"bomFormat\":\"CycloneDX\",", ci_, "application/octet-stream");
      if (answer) return fail(Code::internal, "it was taken");
      if (answer.error().code() != Code::invalid || answer.error().where().empty())
        return fail(Code::internal, "the refusal names no place: " + answer.error().to_string());
      return {};
    });
    run("nobody gets in without a token", [&]() -> Result<void> {
      const auto answer = send("GET", "/api/v1/status", {}, "wb_wrong");
      if (answer || answer.error().code() != Code::denied) return fail(Code::internal, "a wrong token was taken");
      return {};
    });
    SelfCheck check;
    size_t failed = 0;
    std::string lines;
    for (const auto& one : cases) {
      failed += !one.failure.empty();
      lines += "    <testcase classname=\"waybill.self\" name=\"" + one.name + "\"" +
               (one.failure.empty() ? "/>\n" : "><failure>" + one.failure + "</failure></testcase>\n");
    }
    check.junit = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"waybill self-check (integration)\" tests=\"" +
                  std::to_string(cases.size()) + "\" failures=\"" + std::to_string(failed) + "\" timestamp=\"" + to_rfc3339(Clock::system().now()) +
                  "\">\n    <properties><property name=\"waybill.kind\" value=\"integration\"/></properties>\n" + lines + "  </testsuite>\n</testsuites>\n";
    check.text = std::to_string(cases.size() - failed) + " of " + std::to_string(cases.size()) + " checks of the running server hold";
    expect(failed == 0, "that all hold");
    return check;
  }

  Result<void> deliver_harbour() {
    heading("A second service: harbour, with a known vulnerability");
    const Time now = Clock::system().now();
    const std::string digest = sha256(file_of("harbour.manifest.json")).to_string();
    harbour_ = "registry.example/harbour:1.4.0@" + digest;

    size_t records = 0;
    std::string feed;
    for (const char* id : {"DEMO-2026-0001", "DEMO-2026-0003", "DEMO-2026-0004"}) {
      TRY(const auto json, canonical_json(file_of("advisories/" + std::string(id) + ".json")));
      feed += json + "\n";
      ++records;
    }
    TRY_DO(keep("advisories.ndjson", feed));
    TRY(const auto imported, send("POST", "/api/v1/advisories?source=demo", feed, ci_, "application/x-ndjson"));
    step("Advisories of the project's own, for harbour's packages: " + std::to_string(records) + " records" +
             dim("  #" + std::to_string(imported.root()["entry"].int_or(0))),
         "waybill advisories import demo/advisories.ndjson");

    std::string exploited = file_of("known-exploited.json");
    replace_all(exploited, "{{TIME}}", to_rfc3339(now));
    TRY_DO(keep("known-exploited.json", exploited));
    TRY(const auto catalogue, send("POST", "/api/v1/advisories?source=demo-kev", exploited, ci_, "application/json"));
    step("and a known-exploited catalogue with one record" + dim("  #" + std::to_string(catalogue.root()["entry"].int_or(0))),
         "waybill advisories import demo/known-exploited.json");

    std::string sbom = file_of("harbour.cdx.json");
    replace_all(sbom, "{{TIME}}", to_rfc3339(now));
    TRY(const auto one, collect("harbour's bill of materials", "harbour.cdx.json", sbom));

    JsonWriter w;
    w.begin_object()
        .field("_type", "https://in-toto.io/Statement/v1")
        .key("subject")
        .begin_array()
        .begin_object()
        .field("name", "registry.example/harbour:1.4.0")
        .key("digest")
        .begin_object();
    w.field("sha256", digest.substr(7))
        .end_object()
        .end_object()
        .end_array()
        .field("predicateType", "https://slsa.dev/provenance/v1")
        .key("predicate")
        .begin_object();
    w.key("buildDefinition").begin_object().field("buildType", "https://waybill.example/buildtypes/make/v1").key("externalParameters").begin_object();
    w.key("source")
        .begin_object()
        .field("uri", "git+https://git.example/harbour")
        .key("digest")
        .begin_object()
        .field("gitCommit", "5f0c1a9e7b3d48c2a6e1f0d9b8c7a6e5d4c3b2a1")
        .end_object()
        .end_object()
        .end_object();
    w.key("resolvedDependencies").begin_array().begin_object().field("uri", "git+https://git.example/harbour@refs/heads/main").key("digest").begin_object();
    w.field("gitCommit", "5f0c1a9e7b3d48c2a6e1f0d9b8c7a6e5d4c3b2a1").end_object().end_object().end_array().end_object();
    w.key("runDetails")
        .begin_object()
        .key("builder")
        .begin_object()
        .field("id", kBuilder)
        .end_object()
        .key("metadata")
        .begin_object()
        .field("invocationId", "harbour-1.4.0");
    w.field("startedOn", to_rfc3339(Time{now.ms - 9 * kMinuteMs}))
        .field("finishedOn", to_rfc3339(Time{now.ms - 4 * kMinuteMs}))
        .end_object()
        .end_object()
        .end_object()
        .end_object();
    TRY(const auto provenance, sign(std::move(w).take()));
    TRY(const auto two, collect("how it was made, signed by the builder", "harbour.provenance.dsse.json", provenance));

    TRY(const auto signature, sign(signature_of("registry.example/harbour:1.4.0", digest.substr(7))));
    TRY(const auto signed_entry, collect("the image itself, signed", "harbour.sig.json", signature));
    for (const auto& [kind, count] : std::initializer_list<std::pair<const char*, int>>{{"unit", 214}, {"integration", 37}}) {
      std::string junit = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites><testsuite name=\"harbour " + std::string(kind) + "\" tests=\"" +
                          std::to_string(count) + "\" failures=\"0\" timestamp=\"" + to_rfc3339(Time{now.ms - 3 * kMinuteMs}) +
                          "\"><properties><property name=\"waybill.kind\" value=\"" + kind + "\"/></properties>";
      for (int i = 0; i < count; ++i) junit += "<testcase classname=\"harbour." + std::string(kind) + "\" name=\"berth_" + std::to_string(i + 1) + "\"/>";
      junit += "</testsuite></testsuites>\n";
      TRY(const auto three, collect("its " + std::string(kind) + " tests", "harbour." + std::string(kind) + ".junit.xml", junit, digest));
    }
    JsonWriter scan;
    scan.begin_object()
        .field("_type", "https://in-toto.io/Statement/v1")
        .key("subject")
        .begin_array()
        .begin_object()
        .field("name", "registry.example/harbour:1.4.0")
        .key("digest")
        .begin_object();
    scan.field("sha256", digest.substr(7))
        .end_object()
        .end_object()
        .end_array()
        .field("predicateType", "https://in-toto.io/attestation/vulns/v0.1")
        .key("predicate")
        .begin_object();
    scan.key("scanner")
        .begin_object()
        .field("uri", "harbour-scan")
        .field("version", "1.2.0")
        .key("db")
        .begin_object()
        .field("lastUpdate", to_rfc3339(Time{now.ms - 5 * kHourMs}))
        .end_object();
    scan.key("result").begin_array().end_array().end_object();
    scan.key("metadata")
        .begin_object()
        .field("scanStartedOn", to_rfc3339(Time{now.ms - 2 * kMinuteMs}))
        .field("scanFinishedOn", to_rfc3339(Time{now.ms - kMinuteMs}))
        .field("coveredPercent", 100)
        .end_object()
        .end_object()
        .end_object();
    TRY(const auto scan_envelope, sign(std::move(scan).take()));
    TRY(const auto four, collect("and a container scan that found nothing, signed", "harbour.scan.dsse.json", scan_envelope));

    TRY(const auto staging, ask(harbour_, "demo/harbour", "staging"));
    step("May it go to staging? " + verdict(staging.verdict) + "  " + staging.summary, check_command(harbour_, "demo/harbour", "staging"));
    expect(staging.verdict == "allow" || staging.verdict == "warn", "allow or warn");
    TRY(const auto in_staging, deploy(harbour_, "demo/harbour", "staging", staging.id));

    TRY(const auto denied, ask(harbour_, "demo/harbour", "production"));
    step("May it go to production? " + verdict(denied.verdict) + "  " + denied.summary, check_command(harbour_, "demo/harbour", "production"));
    tell_findings(denied, 3);
    expect(denied.verdict == "deny", "deny, for DEMO-2026-0001 in oakjson 4.2.1");

    std::string on;
    for (const auto& result : denied.document.root()["results"].items())
      if (result["rule"].string_or("") == "serious-vulnerability-overdue")
        for (const auto& finding : result["findings"].items())
          if (on.empty()) on = text_of(finding["on"]);
    if (on.empty()) return fail(Code::internal, "the denial names no finding of serious-vulnerability-overdue");
    const std::string until = to_rfc3339(Time{now.ms + 14 * kDayMs});
    JsonWriter request;
    request.begin_object()
        .field("rule", "serious-vulnerability-overdue")
        .field("matches", on)
        .field("service", "demo/harbour")
        .field("environment", "production")
        .field("until", until);
    request.field("reason", "the fixed release is in review; requests are limited to 16 levels at the edge")
        .field("control", "the edge refuses deeper nesting")
        .end_object();
    TRY(const auto requested, send("POST", "/api/v1/exceptions", request.text(), mara_));
    const auto exception = text_of(requested.root()["id"]);
    step("mara asks for an exception, for this vulnerability only, until " + until.substr(0, 10) + dim("  " + exception),
         "waybill exception request --rule serious-vulnerability-overdue --matches '" + on +
             "' --service demo/harbour --env production --until 14d --reason '…'");
    const auto own = send("POST", "/api/v1/exceptions/" + exception + "/approvals", "{\"reason\":\"mine\"}", mara_);
    expect(!own, "that nobody approves their own exception");
    TRY(const auto approved, send("POST", "/api/v1/exceptions/" + exception + "/approvals", "{\"reason\":\"seen the limit at the edge\"}", ada_));
    step("ada, who did not ask for it, approves", "waybill exception approve " + exception);

    TRY(const auto allowed, ask(harbour_, "demo/harbour", "production"));
    step("May it go to production now? " + verdict(allowed.verdict) + "  " + allowed.summary, check_command(harbour_, "demo/harbour", "production"));
    tell_findings(allowed, 2);
    expect(allowed.verdict == "allow" || allowed.verdict == "warn", "allow or warn, by exception");
    TRY(deployment_, deploy(harbour_, "demo/harbour", "production", allowed.id));
    decision_ = allowed.id;
    return {};
  }

  Result<void> prove() {
    heading("Proof that nobody has to believe us");
    TRY(const auto dbom, fetch("/api/v1/deployments/" + deployment_ + "/dbom"));
    TRY_DO(keep("harbour.dbom.json", dbom));
    step("The Delivery Bill of Materials of " + deployment_ + ", signed, with proofs" + dim("  " + with_thousands(dbom.size()) + " bytes"),
         "waybill dbom " + deployment_ + " -f demo/harbour.dbom.json");
    TRY(const auto key_text, Disk::system().read_file(setting_.data_dir + "/keys/log.pub", 10'000));
    TRY(const auto key, trust::NoteVerifier::parse(trim(key_text)));
    TRY(const auto verified, report::verify_dbom(dbom, key));
    size_t held = 0;
    for (const auto& check : verified.checks) held += check.holds;
    step("Verified offline with the log's public key alone: " + std::to_string(held) + " of " + std::to_string(verified.checks.size()) + " checks hold" +
             (verified.holds ? "" : "; " + verified.first_failure),
         "waybill verify demo/harbour.dbom.json --key keys/log.pub");
    expect(verified.holds, "that it verifies");
    TRY(const auto replayed, send("POST", "/api/v1/decisions/" + decision_ + "/replay", {}, setting_.admin_token));
    step("The decision evaluated again from its pinned inputs: " + std::string(replayed.root()["same"].bool_or(false) ? "the same" : "another"),
         "waybill replay " + decision_);
    expect(replayed.root()["same"].bool_or(false), "the same verdict");
    return {};
  }

  Result<void> new_advisory() {
    heading("Next morning: a new advisory");
    TRY(const auto before, get("/api/v1/overview"));
    size_t turned_before = before.root()["turned"].size();
    TRY(auto json, canonical_json(file_of("advisories/DEMO-2026-0002.json")));
    TRY_DO(keep("DEMO-2026-0002.json", json));
    TRY(const auto imported, send("POST", "/api/v1/advisories?source=demo", json, ci_, "application/json"));
    step("DEMO-2026-0002 arrives: lanternhttp before 2.0.9" + dim("  #" + std::to_string(imported.root()["entry"].int_or(0))),
         "waybill advisories import demo/DEMO-2026-0002.json");
    bool red = false;
    for (int i = 0; i < 60 && !red; ++i) {
      pause_ms(50);
      TRY(const auto overview, get("/api/v1/overview"));
      if (overview.root()["turned"].size() <= turned_before) continue;
      for (const auto& turn : overview.root()["turned"].items()) {
        if (turn["to"].string_or("") != "deny") continue;
        std::string where;
        for (const auto& deployment : turn["deployments"].items())
          where += (where.empty() ? "" : ", ") + text_of(deployment["service"]) + " in " + text_of(deployment["environment"]);
        step(where + " turned by itself: " + verdict(turn["from"].string_or("unknown")) + " → " + verdict("deny") + "  " + text_of(turn["cause"]),
             "waybill show demo/harbour@production");
        red = true;
        break;
      }
    }
    expect(red, "that harbour in production turns to deny");
    print("  The way from the vulnerability to the deployment:\n" + dim("      waybill trace DEMO-2026-0002") + "\n\n");
    setenv("WAYBILL_TOKEN", setting_.admin_token.c_str(), 1);
    std::vector<std::string> words{"waybill", "trace", "DEMO-2026-0002", "--server", setting_.url};
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    expect(run(static_cast<int>(argv.size()), argv.data()) == kFine, "a trace");
    return {};
  }

  const DemoSetting& setting_;
  std::string dir_, ci_, mara_, ada_, harbour_, deployment_, decision_;
  std::optional<trust::PrivateKey> key_;
  bool as_told_ = true;
};

}  // namespace

bool play_demo(const DemoSetting& setting) { return Demo(setting).play(); }

}  // namespace waybill::cli
