// For this room's tests: a real log in a fresh directory, a graph that follows it, a clock that stands still.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "waybill/base/json_in.h"
#include "waybill/base/json_out.h"
#include "waybill/formats/formats.h"
#include "waybill/graph/graph.h"
#include "waybill/log/log.h"
#include "waybill/policy/policy.h"

namespace waybill::policy {

class TestWorld {
 public:
  explicit TestWorld(Time now = {1'795'000'000'000}) : clock(now) {
    std::string name = (std::filesystem::temp_directory_path() / "waybill-policy-XXXXXX").string();
    directory = ::mkdtemp(name.data());
    open();
  }
  ~TestWorld() {
    close();
    std::filesystem::remove_all(directory);
  }
  void open() {
    log::Options options;
    options.data_dir = directory + "/data";
    options.clock = &clock;
    auto opened = log::Log::open(options);
    ASSERT_TRUE(opened) << opened.error().to_string();
    log = std::move(*opened);
    graph = std::make_unique<graph::Graph>();
    ASSERT_TRUE(log->follow(0, [this](std::span<const log::Entry> entries) {
      for (const auto& entry : entries) fold(entry);
    }));
    Setup setup;
    setup.log = log.get();
    setup.graph = graph.get();
    setup.clock = &clock;
    auto made = Decider::open(setup);
    ASSERT_TRUE(made) << made.error().to_string();
    decider = std::move(*made);
  }
  void close() {
    log.reset();  // no more folding; then those who hear of it may go
    decider.reset();
    graph.reset();
  }
  void fold(const log::Entry& entry) {
    graph::EntryHead head;
    head.index = entry.index;
    head.time = entry.time;
    head.kind = log::to_string(entry.kind);
    head.actor = entry.actor;
    facts::Batch batch;
    if (!entry.documents.empty()) {
      head.document = entry.documents[0].digest;
      head.document_bytes = entry.documents[0].bytes;
    }
    if (entry.kind == log::EntryKind::evidence || entry.kind == log::EntryKind::advisories) {
      auto body = JsonDocument::parse(entry.body());
      const auto subject = std::string(body->root()["subject"].string_or(""));
      formats::ParseOptions options;
      options.subject = subject;
      options.trusted = true;
      auto bytes = log->load_document(entry.documents[0].digest);
      auto parsed = formats::parse(bytes ? *bytes : std::string(), options);
      if (parsed)
        batch = std::move(*parsed);
      else
        ADD_FAILURE() << parsed.error().to_string();
      const auto signature = body->root()["signature"];
      if (signature.exists()) {
        facts::Signed fact;
        fact.of = batch.keep(entry.documents[0].digest.to_string());
        fact.about = batch.kind == "provenance" ? "provenance" : "other";
        fact.method = "key";
        fact.identity = batch.keep(signature["identity"].string_or(""));
        fact.key = batch.keep(signature["key"].string_or(""));
        fact.verified = true;
        batch.signed_by.push_back(fact);
      }
      head.subject = subject;
      auto applied = graph->apply(head, batch);
      ASSERT_TRUE(applied) << applied.error().to_string();
      return;
    }
    auto parsed = formats::parse_entry_body(head.kind, std::make_shared<const std::string>(entry.body()));
    if (parsed) batch = std::move(*parsed);
    auto applied = graph->apply(head, batch);
    ASSERT_TRUE(applied) << applied.error().to_string();
  }
  uint64_t record(log::EntryKind kind, std::string_view json, std::string actor = "person:ada") {
    auto body = canonical_json(json);
    EXPECT_TRUE(body) << body.error().to_string();
    log::NewEntry entry;
    entry.kind = kind;
    entry.body = *body;
    entry.actor = std::move(actor);
    auto receipt = log->append(std::move(entry));
    EXPECT_TRUE(receipt) << receipt.error().to_string();
    return receipt ? receipt->index : 0;
  }
  // `signer`: a signature that was verified when it came; "" is none.
  uint64_t collect(std::string_view document, std::string_view subject, std::string_view signer = {}, log::EntryKind kind = log::EntryKind::evidence) {
    JsonWriter w;
    w.begin_object();
    if (!signer.empty()) w.key("signature").begin_object().field("identity", signer).end_object();
    w.field("subject", subject).end_object();
    log::NewEntry entry;
    entry.kind = kind;
    entry.body = w.text();
    entry.actor = "machine:ci";
    entry.documents.push_back(log->prepare(document, "application/json"));
    auto receipt = log->append(std::move(entry));
    EXPECT_TRUE(receipt) << receipt.error().to_string();
    return receipt ? receipt->index : 0;
  }
  Answer ask(std::string_view environment, std::string_view who = "machine:ci", bool preview = false) {
    Question question;
    question.subject = kDigest;
    question.environment = environment;
    question.service = "harbour";
    question.who.id = who;
    question.preview = preview;
    auto answer = decider->ask(question);
    EXPECT_TRUE(answer) << answer.error().to_string();
    return answer ? *answer : Answer{};
  }

  // A service, two environments, one component that npm's advisories will know, tests, nothing signed.
  static constexpr std::string_view kDigest = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
  void populate() {
    record(log::EntryKind::configuration, R"({"kind": "environment", "name": "staging", "tier": "staging", "order": 1, "exposure": "internal"})");
    record(log::EntryKind::configuration,
           R"({"kind": "environment", "name": "production", "tier": "production", "order": 2, "after": ["staging"], "exposure": "internet"})");
    record(log::EntryKind::configuration,
           R"({"kind": "service", "name": "harbour", "scope": "demo/harbour", "owners": ["team:harbour"], "criticality": "high"})");
    collect(
        R"({"bomFormat":"CycloneDX","specVersion":"1.6","version":1,"metadata":{"timestamp":"2026-11-18T10:00:00Z","tools":{"components":[{"type":"application","name":"syft","version":"1.38"}]},
      "component":{"type":"container","name":"registry.example/harbour","version":"1.4.0","bom-ref":"root","supplier":{"name":"Acme"}}},
      "components":[{"type":"library","name":"oakjson","version":"4.2.1","purl":"pkg:npm/oakjson@4.2.1","bom-ref":"oak","licenses":[{"license":{"id":"MIT"}}],"supplier":{"name":"Oak"}}],
      "dependencies":[{"ref":"root","dependsOn":["oak"]},{"ref":"oak","dependsOn":[]}]})",
        kDigest);
    collect("<testsuite name=\"unit\" tests=\"3\" failures=\"0\"><testcase name=\"a\"/><testcase name=\"b\"/><testcase name=\"c\"/></testsuite>", kDigest);
  }
  // Affects oakjson below 4.2.3.
  static std::string advisory(std::string_view id, std::string_view package = "oakjson", std::string_view fixed = "4.2.3", std::string_view ecosystem = "npm") {
    return std::string(R"({"id":")") + std::string(id) +
           R"(","modified":"2026-11-19T10:00:00Z","published":"2026-11-19T10:00:00Z","summary":"Parses too much","severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],"affected":[{"package":{"ecosystem":")" +
           std::string(ecosystem) + R"(","name":")" + std::string(package) + R"("},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":")" +
           std::string(fixed) + R"("}]}]}]})";
  }
  uint64_t size() const { return log->size(); }

  ManualClock clock;
  std::string directory;
  std::unique_ptr<log::Log> log;
  std::unique_ptr<graph::Graph> graph;
  std::unique_ptr<Decider> decider;
};

}  // namespace waybill::policy
