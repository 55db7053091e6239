#include "waybill/collect/collect.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "waybill/base/json_in.h"
#include "waybill/collect/fold.h"
#include "waybill/graph/graph.h"
#include "waybill/trust/dsse.h"

namespace waybill::collect {
namespace {

constexpr std::string_view kDigest = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

struct House {
  House() {
    std::string pattern = (std::filesystem::temp_directory_path() / "waybill-collect-XXXXXX").string();
    path = ::mkdtemp(pattern.data());
    open();
  }
  ~House() {
    close();
    std::filesystem::remove_all(path);
  }
  void open() {
    log::Options options;
    options.data_dir = path;
    auto opened = log::Log::open(options);
    if (!opened) ADD_FAILURE() << opened.error().to_string();
    log = std::move(*opened);
    graph = std::make_unique<graph::Graph>();
    folder = std::make_unique<Folder>(*log, *graph);
    EXPECT_TRUE(log->follow(0, [this](std::span<const log::Entry> entries) {
      const auto folded = folder->fold(entries);
      EXPECT_TRUE(folded) << (folded ? "" : folded.error().to_string());
    }));
    Setup setup;
    setup.log = log.get();
    setup.graph = graph.get();
    setup.max_document_bytes = 1 << 20;
    collector = std::make_unique<Collector>(setup);
  }
  void close() {
    collector.reset();
    log.reset();
    folder.reset();
  }
  std::string path;
  std::unique_ptr<log::Log> log;
  std::unique_ptr<graph::Graph> graph;
  std::unique_ptr<Folder> folder;
  std::unique_ptr<Collector> collector;
};

std::string sbom(std::string_view version = "1.0.0") {
  return R"({"bomFormat":"CycloneDX","specVersion":"1.6","metadata":{"component":{"type":"container","name":"harbour","hashes":[{"alg":"SHA-256","content":")" +
         std::string(kDigest.substr(7)) + R"("}]}},"components":[{"type":"library","name":"a","version":")" + std::string(version) + R"(","purl":"pkg:npm/a@)" +
         std::string(version) + R"("}]})";
}
Options by(std::string actor, std::string subject = "") {
  Options options;
  options.actor = std::move(actor);
  options.subject = std::move(subject);
  return options;
}

TEST(Collector, TheSameBytesFromTheSameCollectorAreOneEntryFromAnotherTwo) {
  House house;
  const auto first = house.collector->collect(sbom(), by("machine:ci"));
  ASSERT_TRUE(first) << first.error().to_string();
  EXPECT_EQ(first->subject, kDigest);
  EXPECT_FALSE(first->duplicate);
  const auto size = house.log->size();
  const auto again = house.collector->collect(sbom(), by("machine:ci"));
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->duplicate);
  EXPECT_EQ(again->index, first->index);
  EXPECT_EQ(house.log->size(), size);
  const auto other = house.collector->collect(sbom(), by("machine:other"));
  ASSERT_TRUE(other);
  EXPECT_FALSE(other->duplicate);
  EXPECT_EQ(house.log->size(), size + 1);
}

TEST(Collector, WhatWasFoldedFromTheLogIsWhatWasFoldedWhenItCame) {
  House house;
  ASSERT_TRUE(house.collector->collect(sbom(), by("machine:ci")));
  ASSERT_TRUE(
      house.collector->collect(R"(<testsuite name="unit" tests="2" failures="1"><testcase name="a"/><testcase name="b"><failure/></testcase></testsuite>)",
                               by("machine:ci", std::string(kDigest))));
  ASSERT_TRUE(house.collector->record(log::EntryKind::deployment,
                                      R"({"artifact":")" + std::string(kDigest) + R"(","service":"demo/harbour","environment":"production"})", "machine:ci"));
  ASSERT_TRUE(house.collector->import_advisories(
      R"({"id":"DEMO-1","modified":"2026-11-22T00:00:00Z","affected":[{"package":{"ecosystem":"npm","name":"a"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}]}]})",
      "demo", "machine:ci"));
  const auto live = house.graph->content_hash();
  graph::Graph again;
  Folder folder(*house.log, again);
  ASSERT_TRUE(house.log->scan_entries(0, house.log->size(), [&](const log::Entry& entry) { return folder.fold({&entry, 1}).has_value(); }));
  EXPECT_EQ(again.size(), house.graph->size());
  EXPECT_EQ(again.content_hash().hex(), live.hex());
}

TEST(Collector, RefusesAndStoresNothing) {
  House house;
  const auto size = house.log->size();
  for (const auto& [document, code] : {std::pair<std::string, Code>{"", Code::invalid},
                                       {R"({"hello":1})", Code::invalid},
                                       {sbom().substr(0, 100), Code::invalid},
                                       {std::string((1 << 20) + 1, ' '), Code::exhausted}}) {
    const auto refused = house.collector->collect(document, by("machine:ci"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), code) << refused.error().to_string();
  }
  EXPECT_EQ(house.log->size(), size);
  auto options = by("machine:ci", std::string(kDigest));
  options.keep_unknown = true;
  const auto kept = house.collector->collect(R"({"hello":1})", options);
  ASSERT_TRUE(kept) << kept.error().to_string();
  EXPECT_EQ(kept->kind, "opaque");
}

TEST(Collector, ASignatureHoldsOnceATrustListNamesItsKey) {
  House house;
  const auto key = trust::PrivateKey::generate(trust::KeyType::ecdsa_p256);
  ASSERT_TRUE(key);
  const std::string statement = R"({"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"harbour","digest":{"sha256":")" +
                                std::string(kDigest.substr(7)) + R"("}}],"predicateType":"https://example.com/checked/v1","predicate":{}})";
  const auto envelope = trust::sign_envelope(std::string(trust::kInTotoPayloadType), statement, *key);
  ASSERT_TRUE(envelope);
  const auto unknown = house.collector->collect(envelope->to_json(), by("machine:a"));
  ASSERT_TRUE(unknown) << unknown.error().to_string();
  EXPECT_TRUE(unknown->is_signed);
  EXPECT_FALSE(unknown->verified);
  EXPECT_NE(unknown->signature_reason, "");
  std::string pem;
  for (const char c : key->public_key().to_pem()) pem += c == '\n' ? std::string("\\n") : std::string(1, c);
  ASSERT_TRUE(
      house.collector->record(log::EntryKind::trust_list, R"({"name":"demo","signers":[{"identity":"machine:ci","key":")" + pem + R"("}]})", "person:ada"));
  const auto known = house.collector->collect(envelope->to_json(), by("machine:b"));
  ASSERT_TRUE(known);
  EXPECT_TRUE(known->verified) << known->signature_reason;
  const auto view = house.graph->view();
  const auto signatures = view.signatures(view.find(graph::Kind::artifact, kDigest));
  ASSERT_FALSE(signatures.empty());
  EXPECT_TRUE(signatures.front().fact.verified);
  EXPECT_EQ(signatures.front().fact.identity, "machine:ci");
}

TEST(Advisories, OneImportIsOneEntryWithWhatChanged) {
  House house;
  const auto record = [](std::string_view id, std::string_view summary) {
    return R"({"id":")" + std::string(id) + R"(","modified":"2026-11-22T00:00:00Z","summary":")" + std::string(summary) +
           R"(","affected":[{"package":{"ecosystem":"npm","name":"a"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}]}]})";
  };
  const auto first = house.collector->import_advisories(record("DEMO-1", "x") + "\n" + record("DEMO-2", "x") + "\n", "demo", "machine:ci");
  ASSERT_TRUE(first) << first.error().to_string();
  EXPECT_EQ(first->added, 2u);
  const auto size = house.log->size();
  const auto same = house.collector->import_advisories(record("DEMO-1", "x"), "demo", "machine:ci");
  ASSERT_TRUE(same);
  EXPECT_FALSE(same->changed);
  EXPECT_EQ(house.log->size(), size);
  house.close();
  house.open();  // what is known is read from the log again
  const auto changed =
      house.collector->import_advisories("[" + record("DEMO-1", "y") + "," + record("DEMO-2", "x") + "," + record("DEMO-3", "z") + "]", "demo", "machine:ci");
  ASSERT_TRUE(changed) << changed.error().to_string();
  EXPECT_EQ(changed->updated, 1u);
  EXPECT_EQ(changed->added, 1u);
  EXPECT_EQ(changed->same, 1u);
  EXPECT_FALSE(house.collector->import_advisories("no advisory", "demo", "machine:ci"));
}

}  // namespace
}  // namespace waybill::collect
