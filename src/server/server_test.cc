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
         std::string(digest.substr(7)) + R"("}]}},"components":[{"type":"library","name":"oakjson","version":")" + std::string(version) + R"(","purl":"pkg:npm/oakjson@)" + std::string(version) + R"("}]})";
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

}  // namespace
}  // namespace waybill::server
