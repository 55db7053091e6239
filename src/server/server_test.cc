#include "waybill/server/server.h"

#include <gtest/gtest.h>

#include "waybill/base/json_in.h"
#include "waybill/base/json_out.h"
#include "waybill/server/test_client.h"

namespace waybill::server {
namespace {

constexpr std::string_view kDigest = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
std::string sbom(std::string_view digest = kDigest, std::string_view version = "4.2.1") {
  return R"({"bomFormat":"CycloneDX","specVersion":"1.6","version":1,"metadata":{"component":{"type":"container","name":"harbour","version":"1.4.0","hashes":[{"alg":"SHA-256","content":")" +
         std::string(digest.substr(7)) + R"("}]}},"components":[{"type":"library","name":"oakjson","version":")" + std::string(version) +
         R"(","purl":"pkg:npm/oakjson@)" + std::string(version) + R"("}]})";
}

TEST(Server, GivesAReceiptWithAProofAndServesTheBytesBack) {
  TestServer server;
  ASSERT_EQ(server.error, "");
  auto client = server.client();
  const auto receipt = client->call("POST", std::string("/api/v1/evidence?subject=") + std::string(kDigest), sbom());
  ASSERT_EQ(receipt.status, 201) << receipt.body;
  const auto json = JsonDocument::parse(receipt.body);
  ASSERT_TRUE(json);
  EXPECT_EQ(json->root()["format"].string_or(""), "CycloneDX 1.6");
  EXPECT_EQ(json->root()["subject"].string_or(""), kDigest);
  EXPECT_FALSE(json->root()["duplicate"].bool_or(true));
  EXPECT_FALSE(json->root()["checkpoint"].string_or("").empty());
  const auto again = client->call("POST", std::string("/api/v1/evidence?subject=") + std::string(kDigest), sbom());
  EXPECT_EQ(again.status, 200);
  EXPECT_NE(again.body.find("\"duplicate\":true"), std::string::npos) << again.body;
  const auto document = client->call("GET", "/api/v1/documents/" + std::string(json->root()["document"].string_or("")).substr(7));
  EXPECT_EQ(document.status, 200);
  EXPECT_EQ(document.body, sbom());
}

TEST(Server, RefusesBadInputWithTheNumberThatFitsAndStaysUp) {
  ServerOptions options;
  options.max_body_bytes = size_t{1} << 20;
  TestServer server(options);
  ASSERT_EQ(server.error, "");
  struct Case {
    std::string what, target, body;
    http::Headers headers;
    int status;
    std::string says;
  };
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "{\"a\":";
  const std::string digest = "POST /api/v1/evidence";
  const Case cases[] = {
      {"truncated JSON", "/api/v1/evidence", sbom().substr(0, 200), {}, 400, "where"},
      {"deeply nested JSON", "/api/v1/evidence", "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"x\":" + deep, {}, 0, ""},
      {"duplicate keys", "/api/v1/gates/ci/decisions", R"({"subject":"a","subject":"b"})", {}, 400, "subject"},
      {"invalid UTF-8", "/api/v1/gates/ci/decisions", "{\"subject\":\"\xff\"}", {}, 400, ""},
      {"no JSON", "/api/v1/gates/ci/decisions", "subject=a", {}, 400, ""},
      {"a list where an object belongs", "/api/v1/deployments", "[]", {}, 400, "object"},
      {"an unknown format", "/api/v1/evidence", R"({"hello":"world"})", {}, 400, "next"},
      {"an empty document", "/api/v1/evidence", "", {}, 400, ""},
      {"a wrong digest", "/api/v1/evidence?subject=sha256:abc", sbom(), {}, 400, "subject"},
      {"another content type", "/api/v1/deployments", "<a/>", {{"content-type", "text/xml"}}, 415, ""},
      {"another content encoding", "/api/v1/deployments", "{}", {{"content-encoding", "br"}}, 415, ""},
      {"broken gzip", "/api/v1/evidence", "\x1f\x8b\x08 nothing", {{"content-encoding", "gzip"}}, 400, ""},
      {"a tag where a digest belongs", "/api/v1/deployments", R"({"subject":"registry.example/a:1","service":"a","environment":"b"})", {}, 400, "digest"},
      {"an approval as evidence", "/api/v1/evidence", R"({"schema":"waybill/approval/v1","decision":"d_1","by":"person:eve"})", {}, 403, "next"},
  };
  for (const auto& one : cases) {
    auto client = server.client();
    const auto answer = client->call("POST", one.target, one.body, one.headers);
    if (one.status != 0) {
      EXPECT_EQ(answer.status, one.status) << one.what << ": " << answer.body;
    }
    EXPECT_GE(answer.status, 400) << one.what;
    EXPECT_LT(answer.status, 500) << one.what << ": " << answer.body;
    EXPECT_NE(answer.body.find(one.says), std::string::npos) << one.what << ": " << answer.body;
    EXPECT_EQ(answer.header("content-type"), "application/problem+json") << one.what;
  }
  EXPECT_EQ(server.client()->call("GET", "/healthz").body, "ok\n");
}

TEST(Server, RefusesABodyOfAGigabyteWithoutReadingIt) {
  TestServer server;
  auto client = server.client();
  client->send_raw("POST /api/v1/evidence HTTP/1.1\r\nhost: a\r\nauthorization: Bearer " + server.token + "\r\ncontent-length: 1073741824\r\n\r\n");
  const auto answer = client->read();
  EXPECT_EQ(answer.status, 413);
  EXPECT_NE(answer.body.find("1073741824"), std::string::npos) << answer.body;
}

TEST(Server, StreamsAReceiptForEachDocumentOfABatchAndGoesOnAfterRefusals) {
  TestServer server;
  auto client = server.client();
  const std::string lines = sbom() + "\n{\"hello\":1}\n" + sbom(kDigest, "4.2.2") + "\n";
  const auto answer = client->call("POST", "/api/v1/evidence", lines, {{"content-type", "application/x-ndjson"}});
  ASSERT_EQ(answer.status, 200);
  const auto out = split(answer.body, '\n');
  ASSERT_EQ(out.size(), 4u) << answer.body;
  EXPECT_NE(out[0].find("\"index\":"), std::string::npos);
  EXPECT_NE(out[1].find("\"name\":\"line 2\""), std::string::npos) << out[1];
  EXPECT_NE(out[1].find("\"status\":400"), std::string::npos) << out[1];
  EXPECT_NE(out[2].find("\"index\":"), std::string::npos);
}

TEST(Server, TheSameIdempotencyKeyGetsTheFirstAnswer) {
  TestServer server;
  auto client = server.client();
  const std::string body = R"({"kind":"environment","name":"staging","tier":"staging","order":1})";
  const auto first = client->call("POST", "/api/v1/configuration", body, {{"idempotency-key", "k1"}});
  ASSERT_EQ(first.status, 201) << first.body;
  const auto again = client->call("POST", "/api/v1/configuration", body, {{"idempotency-key", "k1"}});
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(again.header("idempotent-replayed"), "true");
  EXPECT_EQ(client->call("POST", "/api/v1/configuration", body + " ", {{"idempotency-key", "k1"}}).status, 422);
  EXPECT_NE(client->call("POST", "/api/v1/configuration", body, {{"idempotency-key", "k2"}}).body, first.body);
}

TEST(Server, ACookieSessionNeedsItsCsrfHeaderForWrites) {
  TestServer server;
  auto client = server.client("");
  EXPECT_EQ(client->call("POST", "/api/v1/session", R"({"token":"wb_wrong"})").status, 401);
  const auto session = client->call("POST", "/api/v1/session", "{\"token\":\"" + server.token + "\"}");
  ASSERT_EQ(session.status, 200) << session.body;
  const auto cookie = session.header("set-cookie");
  EXPECT_NE(cookie.find("HttpOnly"), std::string::npos);
  EXPECT_NE(cookie.find("SameSite=Strict"), std::string::npos);
  const http::Headers with = {{"cookie", std::string(cookie.substr(0, cookie.find(';')))}};
  const auto me = client->call("GET", "/api/v1/session", {}, with);
  ASSERT_EQ(me.status, 200) << me.body;
  const auto csrf = std::string(JsonDocument::parse(me.body)->root()["csrf"].string_or(""));
  ASSERT_FALSE(csrf.empty());
  const std::string body = R"({"kind":"environment","name":"staging","tier":"staging"})";
  EXPECT_EQ(client->call("POST", "/api/v1/configuration", body, with).status, 403);
  auto both = with;
  both.emplace_back("x-waybill-csrf", csrf);
  EXPECT_EQ(client->call("POST", "/api/v1/configuration", body, both).status, 201);
  EXPECT_EQ(client->call("DELETE", "/api/v1/session", {}, both).status, 204);
  EXPECT_EQ(client->call("GET", "/api/v1/session", {}, with).status, 401);
}

TEST(Server, TokensSurviveARestartAndTheFirstOneIsShownOnce) {
  TestServer server;
  ASSERT_FALSE(server.token.empty());
  server.close();
  server.open({});
  ASSERT_EQ(server.error, "");
  EXPECT_FALSE(server.server->first_token());
  EXPECT_EQ(server.client()->call("GET", "/api/v1/status").status, 200);
}

// The real disk, but as full as the test says.
class FullDisk : public Disk {
 public:
  std::atomic<bool> full{false};
  Result<std::string> read_file(const std::string& path, size_t max_bytes) const override { return Disk::system().read_file(path, max_bytes); }
  Result<void> write_file(const std::string& path, std::string_view bytes, unsigned mode) override { return Disk::system().write_file(path, bytes, mode); }
  Result<void> make_directories(const std::string& path, unsigned mode) override { return Disk::system().make_directories(path, mode); }
  bool exists(const std::string& path) const override { return Disk::system().exists(path); }
  bool is_directory(const std::string& path) const override { return Disk::system().is_directory(path); }
  Result<std::vector<std::string>> list_files(const std::string& path) const override { return Disk::system().list_files(path); }
  Result<void> remove_file(const std::string& path) override { return Disk::system().remove_file(path); }
  Result<uint64_t> free_bytes(const std::string& path) const override {
    return full.load() ? Result<uint64_t>(uint64_t{1000}) : Disk::system().free_bytes(path);
  }
};

TEST(Server, AFullDiskRefusesWritesAnswersReadsAndRecovers) {
  FullDisk disk;
  TestServer server({}, true, &disk);
  ASSERT_EQ(server.error, "");
  auto client = server.client();
  ASSERT_EQ(client->call("POST", "/api/v1/evidence", sbom()).status, 201);
  disk.full = true;
  // The log looks at the disk now and then, not at each append.
  http::Answer refused;
  for (int i = 0; i < 200 && refused.status != 507; ++i) {
    refused = client->call("POST", "/api/v1/evidence", sbom(kDigest, "1.0." + std::to_string(i)));
    if (refused.status == 201) ::usleep(20'000);
  }
  EXPECT_EQ(refused.status, 507) << refused.body;
  EXPECT_NE(refused.body.find("No space left"), std::string::npos) << refused.body;
  EXPECT_EQ(client->call("GET", "/api/v1/status").status, 200);
  disk.full = false;
  http::Answer taken;
  for (int i = 0; i < 200 && taken.status != 201; ++i) {
    taken = client->call("POST", "/api/v1/evidence", sbom(kDigest, "2.0." + std::to_string(i)));
    if (taken.status != 201) ::usleep(20'000);
  }
  EXPECT_EQ(taken.status, 201) << taken.body;
}

TEST(Server, SessionsAndIdempotencyKeysSurviveARestart) {
  TestServer server;
  const auto session = server.client("")->call("POST", "/api/v1/session", "{\"token\":\"" + server.token + "\"}");
  ASSERT_EQ(session.status, 200) << session.body;
  const auto cookie = session.header("set-cookie");
  const http::Headers with = {{"cookie", std::string(cookie.substr(0, cookie.find(';')))}};
  const std::string body = R"({"kind":"environment","name":"staging","tier":"staging"})";
  const auto first = server.client()->call("POST", "/api/v1/configuration", body, {{"idempotency-key", "k"}});
  ASSERT_EQ(first.status, 201);
  server.close();
  server.open({});
  ASSERT_EQ(server.error, "");
  EXPECT_EQ(server.client("")->call("GET", "/api/v1/session", {}, with).status, 200);
  const auto again = server.client()->call("POST", "/api/v1/configuration", body, {{"idempotency-key", "k"}});
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(server.client()->call("POST", "/api/v1/configuration", body + " ", {{"idempotency-key", "k"}}).status, 422);
}

TEST(Server, ASecondServerOnTheSameDirectoryIsRefusedWithThePid) {
  TestServer server;
  WorldOptions options;
  options.data_dir = server.directory.path;
  const auto second = World::open(std::move(options));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Code::conflict);
  EXPECT_NE(second.error().to_string().find(std::to_string(::getpid())), std::string::npos) << second.error().to_string();
}

TEST(Server, ASecondServerOnTheSamePortIsRefused) {
  TestServer server;
  TestDirectory other;
  WorldOptions options;
  options.data_dir = other.path;
  auto world = World::open(std::move(options));
  ASSERT_TRUE(world);
  ServerOptions same;
  same.port = server.server->port();
  const auto second = Server::start(**world, same);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Code::unavailable);
}

TEST(Server, EventsComeAsTheyHappenAndResumeFromAnIndex) {
  TestServer server({}, false);
  auto stream = server.client();
  stream->send_raw("GET /events HTTP/1.1\r\nhost: a\r\nauthorization: Bearer " + server.token + "\r\n\r\n");
  ASSERT_TRUE(stream->wait_for_text("event: checkpoint"));
  const auto receipt = server.client()->call("POST", "/api/v1/evidence", sbom());
  ASSERT_EQ(receipt.status, 201) << receipt.body;
  const auto index = JsonDocument::parse(receipt.body)->root()["index"].int_or(-1);
  EXPECT_TRUE(stream->wait_for_text("id: " + std::to_string(index) + "\nevent: entry"));
  auto late = server.client();
  late->send_raw("GET /events HTTP/1.1\r\nhost: a\r\nauthorization: Bearer " + server.token + "\r\nlast-event-id: " + std::to_string(index - 1) + "\r\n\r\n");
  EXPECT_TRUE(late->wait_for_text("id: " + std::to_string(index) + "\nevent: entry"));
  EXPECT_EQ(late->buffer().find("id: " + std::to_string(index - 1) + "\n"), std::string::npos);
}

TEST(Server, TheLogIsServedAsTilesForEverybody) {
  TestServer server;
  auto client = server.client("");
  const auto checkpoint = client->call("GET", "/log/checkpoint");
  EXPECT_EQ(checkpoint.status, 200);
  EXPECT_NE(checkpoint.body.find("\n\n\xe2\x80\x94 "), std::string::npos) << checkpoint.body;
  const auto tile = client->call("GET", "/log/tile/0/000.p/1");
  EXPECT_EQ(tile.status, 200) << tile.body;
  EXPECT_EQ(tile.body.size(), 32u);
  EXPECT_NE(tile.header("cache-control").find("immutable"), std::string::npos);
  EXPECT_EQ(client->call("GET", "/log/tile/0/001").status, 404);
  EXPECT_EQ(client->call("GET", "/log/tile/0/0x1").status, 400);
}

TEST(Server, AnswersPipelinedRequestsInOrderAndKeepsTheConnection) {
  TestServer server;
  auto client = server.client("");
  client->send_raw("GET /healthz HTTP/1.1\r\nhost: a\r\n\r\nGET /log/checkpoint HTTP/1.1\r\nhost: a\r\n\r\nGET /readyz HTTP/1.1\r\nhost: a\r\n\r\n");
  EXPECT_EQ(client->read().body, "ok\n");
  EXPECT_NE(client->read().body.find("waybill"), std::string::npos);
  EXPECT_EQ(client->read().body, "ready\n");
}

TEST(Server, RefusesWhatSmugglersSend) {
  TestServer server;
  for (const std::string_view raw : {"POST /healthz HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
                                     "POST /healthz HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd", "GET /healthz HTTP/9.9\r\n\r\n",
                                     "\x16\x03\x01 hello\r\n\r\n"}) {
    auto client = server.client("");
    client->send_raw(raw);
    const auto answer = client->read();
    EXPECT_GE(answer.status, 400) << raw;
    EXPECT_LT(answer.status, 600) << raw;
  }
}

TEST(Server, AnswersEveryQuestionOfAnEmptyLog) {
  TestServer server;
  auto client = server.client();
  for (const char* path :
       {"/api/v1/status",       "/api/v1/overview",    "/api/v1/deliveries", "/api/v1/subjects",      "/api/v1/vulnerabilities", "/api/v1/services",
        "/api/v1/environments", "/api/v1/deployments", "/api/v1/decisions",  "/api/v1/exceptions",    "/api/v1/policies",        "/api/v1/entries",
        "/api/v1/entries/0",    "/api/v1/timeline",    "/api/v1/search?q=a", "/api/v1/configuration", "/api/v1/advisories",      "/metrics",
        "/openapi.json",        "/api/v1/tokens"}) {
    const auto answer = client->call("GET", path);
    EXPECT_EQ(answer.status, 200) << path << ": " << answer.body;
    if (std::string_view(path) != "/metrics") {
      EXPECT_TRUE(JsonDocument::parse(answer.body)) << path << ": " << answer.body;
    }
  }
  EXPECT_EQ(client->call("GET", "/api/v1/overview?at=999999").status, 404);
  EXPECT_EQ(client->call("GET", "/api/v1/overview?at=yesterday").status, 400);
}

TEST(Server, GoesTheMainWay) {
  TestServer server;
  auto client = server.client();
  ASSERT_EQ(client->call("POST", "/api/v1/configuration", R"({"kind":"environment","name":"production","tier":"production","order":2})").status, 201);
  ASSERT_EQ(client->call("POST", "/api/v1/configuration", R"({"kind":"service","scope":"demo/harbour","name":"harbour","owners":["team:harbour"]})").status,
            201);
  ASSERT_EQ(client->call("POST", "/api/v1/evidence", sbom()).status, 201);
  const auto deployed =
      client->call("POST", "/api/v1/deployments",
                   "{\"subject\":\"registry.example/harbour@" + std::string(kDigest) + "\",\"service\":\"demo/harbour\",\"environment\":\"production\"}");
  ASSERT_EQ(deployed.status, 201) << deployed.body;
  const auto decision = client->call("POST", "/api/v1/gates/ci/decisions",
                                     "{\"subject\":\"" + std::string(kDigest) + "\",\"environment\":\"production\",\"service\":\"demo/harbour\"}");
  ASSERT_EQ(decision.status, 200) << decision.body;
  const auto again = client->call("POST", "/api/v1/gates/ci/decisions",
                                  "{\"subject\":\"" + std::string(kDigest) + "\",\"environment\":\"production\",\"service\":\"demo/harbour\"}");
  EXPECT_EQ(JsonDocument::parse(again.body)->root()["id"].string_or(""), JsonDocument::parse(decision.body)->root()["id"].string_or("x"));
  const auto imported = client->call(
      "POST", "/api/v1/advisories?source=demo",
      R"({"id":"DEMO-2026-0002","modified":"2026-11-22T00:00:00Z","published":"2026-11-22T00:00:00Z","summary":"oakjson","affected":[{"package":{"ecosystem":"npm","name":"oakjson"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"4.2.3"}]}]}]})");
  ASSERT_EQ(imported.status, 201) << imported.body;
  const auto trace = client->call("GET", "/api/v1/trace?of=DEMO-2026-0002");
  ASSERT_EQ(trace.status, 200) << trace.body;
  EXPECT_NE(trace.body.find("\"service\":\"harbour\""), std::string::npos) << trace.body;
  EXPECT_NE(trace.body.find("4.2.3"), std::string::npos) << trace.body;
  const auto vulnerability = client->call("GET", "/api/v1/vulnerabilities/DEMO-2026-0002");
  EXPECT_EQ(vulnerability.status, 200) << vulnerability.body;
  const auto list = client->call("GET", "/api/v1/vulnerabilities");
  EXPECT_NE(list.body.find("\"rank\":1"), std::string::npos) << list.body;
  const auto subject = client->call("GET", "/api/v1/subjects/" + http::percent_encode(kDigest));
  EXPECT_EQ(subject.status, 200) << subject.body;
  EXPECT_NE(subject.body.find("oakjson"), std::string::npos);
  const auto overview = client->call("GET", "/api/v1/overview");
  EXPECT_NE(overview.body.find("\"production\":{"), std::string::npos) << overview.body;
  EXPECT_EQ(client->call("GET", "/api/v1/deliveries").status, 200);
  const auto id = std::string(JsonDocument::parse(deployed.body)->root()["id"].string_or(""));
  const auto dbom = client->call("GET", "/api/v1/deployments/" + id + "/dbom");
  EXPECT_EQ(dbom.status, 200) << dbom.body.substr(0, 400);
}

}  // namespace
}  // namespace waybill::server
