// login, token: who may do what.
#include <unistd.h>

#include <cstdlib>

#include "apps/waybill/api.h"
#include "apps/waybill/commands.h"
#include "apps/waybill/terminal.h"
#include "waybill/base/bytes.h"
#include "waybill/base/http_client.h"
#include "waybill/base/json_out.h"

namespace waybill::cli {
namespace {

int login(const Invocation& invocation) {
  std::string server = invocation.positionals.empty() ? server_of(invocation) : invocation.positionals[0];
  if (server.empty()) server = "http://127.0.0.1:8620";
  while (server.ends_with('/')) server.pop_back();
  if (invocation.has("remove")) {
    const auto path = store_token(server, "");
    if (!path) return report(invocation, path.error());
    print("The token for " + server + " is forgotten.\n");
    return kFine;
  }
  std::string token;
  if (const char* env = std::getenv("WAYBILL_TOKEN"); env != nullptr && *env != '\0') {
    token = env;
  } else {
    if (isatty(0) == 1) talk("Token for " + server + " (it is not shown): ");
    const bool terminal = isatty(0) == 1 && std::system("stty -echo 2>/dev/null") == 0;
    char c = 0;
    while (::read(0, &c, 1) == 1 && c != '\n' && token.size() < 4096) token.push_back(c);
    if (terminal) {
      [[maybe_unused]] const int ignored = std::system("stty echo 2>/dev/null");
      talk("\n");
    }
  }
  token = std::string(trim(token));
  http::Call call;
  call.url = server + "/api/v1/status";
  call.headers = {{"authorization", "Bearer " + token}};
  auto answer = ok_or_error(http::curl_client().send(call));
  if (!answer) return report(invocation, answer.error());
  std::string who, role;
  if (const auto document = JsonDocument::parse(answer->body))
    who = document->root()["me"]["id"].string_or(""), role = document->root()["me"]["role"].string_or("");
  const auto path = store_token(server, token);
  if (!path) return report(invocation, path.error());
  print("Logged in at " + server + (who.empty() ? "" : " as " + who + " (" + role + ")") + ". The token lies in " + *path +
        ".\nUse it: export WAYBILL_SERVER=" + server + "\n");
  return kFine;
}

int token_create(const Invocation& invocation) {
  auto api = Api::open(invocation, Access::write);
  if (!api) return report(invocation, api.error());
  JsonWriter w;
  w.begin_object().field("id", invocation.positionals[0]).key("roles").begin_array();
  const std::string wanted = invocation.value_or("role", "reader"), scopes = invocation.value_or("scope", "*");
  for (const auto role : split(wanted, ',')) w.value(trim(role));
  w.end_array().key("scopes").begin_array();
  for (const auto scope : split(scopes, ',')) w.value(trim(scope));
  w.end_array().field("label", invocation.value_or("label", ""));
  if (const auto lifetime = invocation.value("lifetime")) w.field("lifetime", *lifetime);
  w.end_object();
  auto answer = (*api)->post("/api/v1/tokens", w.text());
  if (!answer) return report(invocation, answer.error());
  if (print_as(invocation.output(), answer->root())) return kFine;
  print(std::string(answer->root()["token"].string_or("")) + "\n");
  talk("This is shown once. It is for " + invocation.positionals[0] + " as " + invocation.value_or("role", "reader") + ".\n");
  return kFine;
}
int token_list(const Invocation& invocation) {
  auto api = Api::open(invocation, Access::read);
  if (!api) return report(invocation, api.error());
  auto answer = (*api)->get("/api/v1/tokens");
  if (!answer) return report(invocation, answer.error());
  if (print_as(invocation.output(), answer->root())) return kFine;
  Table table({"id", "who", "roles", "scopes", "created", "ends", "label"});
  const auto joined = [](const JsonValue& list) {
    std::string out;
    for (const auto& item : list.items()) out += (out.empty() ? "" : ", ") + std::string(item.string_or(""));
    return out;
  };
  for (const auto& row : answer->root()["items"].items())
    table.add({std::string(row["id"].string_or("")), std::string(row["principal"].string_or("")), joined(row["roles"]), joined(row["scopes"]),
               short_time(row["created"].string_or("")), row["expires"].is_string() ? short_time(row["expires"].string_or("")) : "",
               std::string(row["label"].string_or(""))});
  print(table.to_string());
  return kFine;
}
int token_revoke(const Invocation& invocation) {
  auto api = Api::open(invocation, Access::write);
  if (!api) return report(invocation, api.error());
  auto answer = (*api)->remove("/api/v1/tokens/" + path_segment(invocation.positionals[0]));
  if (!answer) return report(invocation, answer.error());
  if (print_as(invocation.output(), answer->root())) return kFine;
  print(invocation.positionals[0] + " no longer opens anything\n");
  return kFine;
}

}  // namespace

std::vector<Command> access_commands() {
  return {
      {"login",
       "Keeps a token for a server",
       "The token is read from WAYBILL_TOKEN or asked for, tried, and kept in a file that only you can read.",
       {{"URL", "the server (default: http://127.0.0.1:8620)", Positional::Count::optional}},
       {{"--remove", "", "forget it"}, kServer},
       {{"waybill login https://waybill.example", "asks for the token"}, {"WAYBILL_TOKEN=wb_… waybill login https://waybill.example", "without a question"}},
       login},
      {"token create",
       "Makes a token for a person or machine",
       "Roles: collector (brings evidence), reader (asks), approver (reads, approves, excepts), admin (all).",
       {{"WHO", "person:…, or machine:…"}},
       with_connection({{"--role", "ROLE[,ROLE]", "collector, reader, approver, admin (default: reader)"},
                        {"--scope", "SCOPE[,SCOPE]", "organisation/team/service (default: everywhere)"},
                        {"--lifetime", "DURATION", "90d, 12h (default: no end)"},
                        {"--label", "TEXT", "what it is for"},
                        kOutput}),
       {{"waybill token create machine:ci --role collector", "for a pipeline"}, {"waybill token create person:ada --role approver", "for a person"}},
       token_create},
      {"token list",
       "Lists tokens, never their secrets",
       "",
       {},
       with_connection({kOutput}),
       {{"waybill token list", "a table"}, {"waybill token list -o json", "for a script"}},
       token_list},
      {"token revoke",
       "Ends a token at once",
       "",
       {{"ID", "as `waybill token list` shows it"}},
       with_connection({kOutput}),
       {{"waybill token revoke t-12", "at once"}, {"waybill token list", "shows the ids"}},
       token_revoke},
  };
}

}  // namespace waybill::cli
