// The table of who may call what, tried in full: every route as every role.
#include "waybill/server/routes.h"

#include <gtest/gtest.h>

#include "waybill/base/json_in.h"
#include "waybill/server/questions.h"
#include "waybill/server/test_client.h"

namespace waybill::server {
namespace {

TEST(RouteTable, FindsEachOfItsOwnPathsAndTellsTheMethodsOfOthers) {
  for (const Route& route : routes()) {
    std::string path(route.path);
    for (size_t at; (at = path.find('{')) != std::string::npos;) path.replace(at, path.find('}') - at + 1, "x");
    const auto match = match_route(route.method, path);
    ASSERT_NE(match.route, nullptr) << route.method << " " << path;
    EXPECT_EQ(match.route->path, route.path) << path;
  }
  EXPECT_EQ(match_route("PUT", "/api/v1/evidence").route, nullptr);
  EXPECT_EQ(match_route("PUT", "/api/v1/evidence").allow, "POST");
  EXPECT_FALSE(match_route("GET", "/api/v1/nothing").path_known);
}

TEST(RouteTable, DecodesPartsAndKeepsSlashesInsideThem) {
  const auto match = match_route("GET", "/api/v1/subjects/pkg%3Anpm%2F%40acme%2Fa%401.0");
  ASSERT_NE(match.route, nullptr);
  EXPECT_EQ(match.parts[0], "pkg:npm/@acme/a@1.0");
  EXPECT_EQ(match_route("GET", "/log/tile/entries/x001/067").parts[0], "entries/x001/067");
  EXPECT_EQ(match_route("GET", "/api/v1/decisions/%zz").route, nullptr);
}

TEST(RouteTable, OpenApiNamesEveryRouteAndItsRoles) {
  const auto text = make_openapi(routes(), "1");
  const auto document = JsonDocument::parse(text);
  ASSERT_TRUE(document) << document.error().to_string();
  for (const Route& route : routes()) {
    std::string path(route.path);
    if (const auto star = path.find("*}"); star != std::string::npos) path.erase(star, 1);
    const auto operation = document->root()["paths"][path][to_lower(route.method)];
    ASSERT_TRUE(operation.is_object()) << path;
    size_t wanted = 0;
    for (const auto& role : roles()) wanted += (route.who.any_of & static_cast<Roles>(role.role)) != 0 ? 1 : 0;
    EXPECT_EQ(operation["x-roles"].size(), wanted) << path;
  }
}

TEST(RouteTable, LetsInWhomTheTableNamesAndNobodyElse) {
  TestServer server;
  ASSERT_EQ(server.error, "");
  auto admin = server.client();
  struct As {
    std::string role, token;
    Roles bit;
  };
  std::vector<As> all = {{"nobody", "", 0}};
  for (const auto& role : roles()) {
    const auto made =
        admin->call("POST", "/api/v1/tokens", "{\"id\":\"machine:" + std::string(role.word) + "\",\"roles\":[\"" + std::string(role.word) + "\"]}");
    ASSERT_EQ(made.status, 201) << made.body;
    const auto json = JsonDocument::parse(made.body);
    all.push_back({std::string(role.word), std::string(json->root()["token"].string_or("")), static_cast<Roles>(role.role)});
  }
  for (const auto& as : all) {
    for (const Route& route : routes()) {
      if (route.run == Run::events) continue;  // stays open: EventStream tests it
      if (route.path == "/api/v1/session" && route.method == "DELETE") continue;
      auto client = server.client(as.token);
      std::string path(route.path);
      for (size_t at; (at = path.find('{')) != std::string::npos;) path.replace(at, path.find('}') - at + 1, "none-such");
      const auto answer = client->call(route.method, path, route.method == "POST" ? "{}" : "");
      const bool may = route.who.any_of == 0 || route.who.log_route || (route.who.any_of & as.bit) != 0;
      const std::string where = as.role + ": " + std::string(route.method) + " " + path + " → " + std::to_string(answer.status) + " " + answer.body;
      if (may) {
        EXPECT_NE(answer.status, 403) << where;
        if (route.path != "/api/v1/session") {
          EXPECT_NE(answer.status, 401) << where;
        }
      } else {
        EXPECT_EQ(answer.status, as.role == "nobody" ? 401 : 403) << where;
      }
      EXPECT_NE(answer.status, 500) << where;
      EXPECT_NE(answer.status, 0) << where;
      if (answer.status >= 400) {
        EXPECT_TRUE(answer.header("content-type") == "application/problem+json" || answer.header("content-type").starts_with("text/plain")) << where;
      }
    }
  }
}

TEST(QuestionScanner, SaysTheSameAsTheParserOrNothing) {
  const std::string_view cases[] = {
      R"({"subject":"a@sha256:b","environment":"production","service":"harbour","action":"promote","preview":false})",
      R"({ "subject" : "x" , "preview" : true })",
      R"({"subject":"x","reason":"a b","ticket":"T-1"})",
  };
  for (const auto json : cases) {
    const auto fast = scan_question(json, "ci");
    ASSERT_TRUE(fast) << json;
    const auto document = JsonDocument::parse(json);
    const auto slow = parse_question(*document, "ci");
    ASSERT_TRUE(slow);
    EXPECT_EQ(fast->subject, slow->subject);
    EXPECT_EQ(fast->environment, slow->environment);
    EXPECT_EQ(fast->service, slow->service);
    EXPECT_EQ(fast->action, slow->action);
    EXPECT_EQ(fast->reason, slow->reason);
    EXPECT_EQ(fast->ticket, slow->ticket);
    EXPECT_EQ(fast->preview, slow->preview);
  }
  for (const std::string_view json : {R"({"subject":"x","subject":"y"})", R"({"subject":"\u0061"})", R"({"subject":"x"} trailing)", R"({"subject":1})", R"([])",
                                      R"({})", R"({"subject":"x",})", "{\"subject\":\"\xc3\xa9\"}", R"({"subject":"x","other":"y"})", ""})
    EXPECT_FALSE(scan_question(json, "ci")) << json;
}

}  // namespace
}  // namespace waybill::server
