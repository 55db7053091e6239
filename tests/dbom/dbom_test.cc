// The Delivery Bill of Materials from end to end: made of a real log, checked with nothing but itself and the log's key,
// and refused, with the check that failed, whatever is changed in it.
#include <gtest/gtest.h>

#include <filesystem>

#include "waybill/base/bytes.h"
#include "waybill/base/disk.h"
#include "waybill/base/json_in.h"
#include "waybill/base/json_out.h"
#include "waybill/graph/graph.h"
#include "waybill/log/log.h"
#include "waybill/report/dbom.h"
#include "waybill/server/routes.h"
#include "waybill/server/world.h"
#include "waybill/trust/dsse.h"

namespace waybill {
namespace {

std::string source_file(const std::string& name) {
  const auto bytes = Disk::system().read_file(std::string(WAYBILL_SOURCE_DIR) + "/" + name);
  EXPECT_TRUE(bytes) << name;
  return bytes ? *bytes : "";
}
std::string replaced(std::string text, std::string_view what, std::string_view with) {
  const auto at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  if (at != std::string::npos) text.replace(at, what.size(), with);
  return text;
}

// One small world, made once: harbour is collected, judged and deployed.
class Dbom : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    dir = ::testing::TempDir() + "waybill-dbom-" + std::to_string(::getpid());
    std::filesystem::remove_all(dir);
    server::WorldOptions options;
    options.data_dir = dir;
    options.keep_verdicts = false;
    auto opened = server::World::open(std::move(options));
    ASSERT_TRUE(opened) << opened.error().to_string();
    world = std::move(*opened);
    std::string sbom = replaced(source_file("demo/harbour.cdx.json"), "{{TIME}}", "2026-11-22T00:00:00Z");
    ASSERT_EQ(call("POST", "/api/v1/configuration", R"({"schema":"waybill/environment/v1","name":"production","tier":"production"})").status / 100, 2);
    ASSERT_EQ(call("POST", "/api/v1/evidence", sbom).status / 100, 2);
    ASSERT_EQ(call("POST", "/api/v1/advisories?source=demo", source_file("demo/advisories/DEMO-2026-0001.json")).status / 100, 2);
    const std::string image = "registry.example/harbour:1.4.0@" + sha256(source_file("demo/harbour.manifest.json")).to_string();
    const auto decided = call("POST", "/api/v1/gates/ci/decisions", R"({"subject":")" + image + R"(","environment":"production","service":"harbour"})");
    ASSERT_EQ(decided.status / 100, 2) << decided.body;
    const auto decision = JsonDocument::parse(decided.body);
    ASSERT_TRUE(decision);
    const auto deployed = call("POST", "/api/v1/deployments",
                               R"({"subject":")" + image + R"(","environment":"production","service":"harbour","decision":")" +
                                   std::string(decision->root()["id"].string_or("")) + "\"}");
    ASSERT_EQ(deployed.status / 100, 2) << deployed.body;
    const auto answer = JsonDocument::parse(deployed.body);
    entry = static_cast<uint64_t>(answer->root()["entry"].int_or(0));
    auto made = report::make_dbom(world->log(), world->graph().view(), entry);
    ASSERT_TRUE(made) << made.error().to_string();
    dbom = *made;
  }
  static void TearDownTestSuite() {
    world.reset();
    std::filesystem::remove_all(dir);
  }
  static http::Response call(std::string_view method, std::string target, const std::string& body) {
    server::Site site{.world = *world};
    const http::Headers headers{{"content-type", "application/json"}};
    http::Request request;
    const auto question = target.find('?');
    request.method = method;
    request.target = target;
    request.path = std::string_view(target).substr(0, question);
    request.query = question == std::string::npos ? std::string_view{} : std::string_view(target).substr(question + 1);
    request.body = body;
    request.headers = &headers;
    return server::dispatch(site, request);
  }
  static const trust::NoteVerifier& key() { return world->log().public_key(); }
  // The file with another payload in its envelope, signed by the server's own key or left with the old signature.
  static std::string with_payload(const std::string& payload, bool sign_again) {
    const auto document = JsonDocument::parse(dbom);
    auto envelope = *trust::parse_envelope(document->root()["envelope"].to_json());
    const std::string old = document->root()["envelope"].to_json();
    if (sign_again)
      envelope = *trust::sign_envelope(std::string(trust::kInTotoPayloadType), payload, world->log().signing_key());
    else
      envelope.payload = payload;
    return replaced(dbom, old, envelope.to_json());
  }
  static std::string payload() { return trust::parse_envelope(JsonDocument::parse(dbom)->root()["envelope"].to_json())->payload; }
  static void expect_failure(const std::string& file, std::string_view check) {
    const auto verified = report::verify_dbom(file, key());
    if (!verified) {
      EXPECT_EQ(check, "unreadable") << verified.error().to_string();
      return;
    }
    EXPECT_FALSE(verified->holds) << check;
    EXPECT_TRUE(verified->first_failure.starts_with(check)) << "expected " << check << ", got " << verified->first_failure;
  }

  static std::string dir, dbom;
  static std::unique_ptr<server::World> world;
  static uint64_t entry;
};
std::string Dbom::dir, Dbom::dbom;
std::unique_ptr<server::World> Dbom::world;
uint64_t Dbom::entry = 0;

TEST_F(Dbom, HoldsWithTheFileAndTheLogsKeyAlone) {
  const auto verified = report::verify_dbom(dbom, key());
  ASSERT_TRUE(verified) << verified.error().to_string();
  EXPECT_TRUE(verified->holds) << verified->first_failure;
  EXPECT_EQ(verified->service, "harbour");
  EXPECT_EQ(verified->environment, "production");
  EXPECT_EQ(verified->deployment, "r-" + std::to_string(entry));
  EXPECT_FALSE(verified->decision.empty());
  EXPECT_GT(verified->entries, 4u);
}
TEST_F(Dbom, NamesTheVulnerabilityAndItsFix) {
  const auto statement = JsonDocument::parse(payload());
  const auto found = statement->root()["predicate"]["vulnerabilities"].at(0);
  EXPECT_EQ(found["id"].string_or(""), "DEMO-2026-0001");
  EXPECT_EQ(found["fixed"].at(0).string_or(""), "4.2.3");
  EXPECT_EQ(statement->root()["predicate"]["components"]["count"].int_or(0), 24);
}
TEST_F(Dbom, AnotherLogsKeyIsNotEnough) {
  const auto other = trust::NoteVerifier::of(key().name, trust::PrivateKey::generate(trust::KeyType::ed25519)->public_key());
  const auto verified = report::verify_dbom(dbom, *other);
  ASSERT_TRUE(verified);
  EXPECT_FALSE(verified->holds);
  EXPECT_TRUE(verified->first_failure.starts_with("checkpoint"));
}
TEST_F(Dbom, WhateverIsChangedIsFound) {
  expect_failure(replaced(dbom, "\"checkpoint\":\"waybill", "\"checkpoint\":\"Waybill"), "checkpoint");
  expect_failure(with_payload(replaced(payload(), "\"service\":\"harbour\"", "\"service\":\"marina\""), false), "signature");
  // An insider with the server's key, but without the log's.
  expect_failure(with_payload(replaced(payload(), "\"service\":\"harbour\"", "\"service\":\"marina\""), true), "deployment");
  expect_failure(with_payload(replaced(payload(), "\"verdict\":\"", "\"verdict\":\"x"), true), "decision");
  expect_failure(with_payload(replaced(payload(), "\"actor\":\"", "\"actor\":\"x"), true), "evidence");
  expect_failure(with_payload(replaced(payload(), "\"log\":{\"origin\":\"", "\"log\":{\"origin\":\"x"), true), "log");
  expect_failure(
      with_payload(replaced(payload(), "\"predicateType\":\"https://waybill.example/dbom/v1\"", "\"predicateType\":\"https://waybill.example/dbom/v2\""), true),
      "statement");
  expect_failure(with_payload(replaced(payload(), "\"entries\":[", "\"entries\":[99999,"), true), "references");
  expect_failure(with_payload("{}", true), "statement");
  // A statement signed by somebody else's key.
  const auto other = trust::PrivateKey::generate(trust::KeyType::ecdsa_p256);
  const auto document = JsonDocument::parse(dbom);
  const auto forged = trust::sign_envelope(std::string(trust::kInTotoPayloadType), payload(), *other);
  expect_failure(replaced(dbom, document->root()["envelope"].to_json(), forged->to_json()), "signature");
  expect_failure("{}", "unreadable");
  expect_failure(dbom.substr(0, dbom.size() / 2), "unreadable");
}
TEST_F(Dbom, EveryEntryIsBoundByItsProof) {
  const auto document = JsonDocument::parse(dbom);
  for (const auto& item : document->root()["log"]["entries"].items()) {
    auto leaf = *parse_base64(item["leaf"].string_or(""));
    const auto at = leaf.rfind("Z\"}");
    leaf[at - 1] = leaf[at - 1] == '1' ? '2' : '1';  // another millisecond
    expect_failure(replaced(dbom, item["leaf"].string_or(""), to_base64(as_bytes(leaf))), "entry " + std::to_string(item["index"].int_or(0)));
  }
}
TEST_F(Dbom, TravelsWithItsDocumentsInAZip) {
  const auto zip = report::make_dbom_archive(world->log(), dbom);
  ASSERT_TRUE(zip) << zip.error().to_string();
  const auto verified = report::verify_dbom(*zip, key());
  ASSERT_TRUE(verified) << verified.error().to_string();
  EXPECT_TRUE(verified->holds) << verified->first_failure;
  EXPECT_GT(verified->documents, 2u);
}

}  // namespace
}  // namespace waybill
