#include "apps/waybill/api.h"

#include <cstdlib>

#include "apps/waybill/api_local.h"
#include "waybill/base/bytes.h"
#include "waybill/base/disk.h"
#include "waybill/base/http_client.h"
#include "waybill/base/json_out.h"

namespace waybill::cli {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}
std::string credentials_path() {
  std::string dir = environment("XDG_CONFIG_HOME");
  if (dir.empty()) dir = environment("HOME") + "/.config";
  return dir + "/waybill/credentials.json";
}

Code code_of(std::string_view word, int status) {
  for (const Code code : {Code::invalid, Code::not_found, Code::denied, Code::conflict, Code::unavailable, Code::exhausted, Code::internal})
    if (word == to_string(code)) return code;
  if (status == 401 || status == 403) return Code::denied;
  if (status == 404) return Code::not_found;
  if (status == 409) return Code::conflict;
  if (status == 413 || status == 429 || status == 507) return Code::exhausted;
  if (status == 503) return Code::unavailable;
  return status >= 500 ? Code::internal : Code::invalid;
}

class RemoteApi final : public Api {
 public:
  RemoteApi(std::string server, std::string token, std::string at) : server_(std::move(server)), token_(std::move(token)) {
    while (server_.ends_with('/')) server_.pop_back();
    at_ = std::move(at);
  }
  std::string where() const override { return server_; }
  Result<http::Answer> call(std::string_view method, const std::string& target, std::string_view body, const http::Headers& headers) override {
    http::Call call;
    call.method = method;
    call.url = server_ + target;
    call.headers = headers;
    call.body = body;
    call.timeout_ms = 600'000;
    if (!token_.empty()) call.headers.emplace_back("authorization", "Bearer " + token_);
    return http::curl_client().send(call);
  }

 private:
  std::string server_, token_;
};

std::string with_at(const std::string& target, const std::string& at) {
  if (at.empty()) return target;
  return target + (target.find('?') == std::string::npos ? "?at=" : "&at=") + http::percent_encode(at);
}

}  // namespace

std::string server_of(const Invocation& invocation) {
  if (const auto server = invocation.value("server")) return *server;
  if (invocation.has("data-dir")) return {};
  return environment("WAYBILL_SERVER");
}
std::string data_dir_of(const Invocation& invocation) {
  if (const auto dir = invocation.value("data-dir")) return *dir;
  if (const auto dir = environment("WAYBILL_DATA_DIR"); !dir.empty()) return dir;
  if (Disk::system().is_directory(".waybill")) return ".waybill";
  std::string data = environment("XDG_DATA_HOME");
  if (data.empty()) data = environment("HOME") + "/.local/share";
  return data + "/waybill";
}

std::string stored_token(std::string_view server) {
  const auto bytes = Disk::system().read_file(credentials_path(), size_t{1} << 20);
  if (!bytes) return {};
  const auto document = JsonDocument::parse(*bytes);
  return document ? std::string(document->root()["tokens"][server].string_or("")) : std::string();
}
Result<std::string> store_token(std::string_view server, std::string_view token) {
  const std::string path = credentials_path();
  TRY_DO(Disk::system().make_directories(path.substr(0, path.rfind('/')), 0700));
  JsonWriter w;
  w.begin_object().key("tokens").begin_object();
  if (const auto bytes = Disk::system().read_file(path, size_t{1} << 20))
    if (const auto document = JsonDocument::parse(*bytes))
      for (const auto& [name, value] : document->root()["tokens"].members())
        if (name != server) w.field(name, value.string_or(""));
  if (!token.empty()) w.field(server, token);
  w.end_object().end_object();
  TRY_DO(Disk::system().write_file(path, w.text(), 0600));
  return path;
}

Result<std::unique_ptr<Api>> Api::open(const Invocation& invocation, Access access) {
  const std::string at = invocation.value_or("at", "");
  if (const std::string server = server_of(invocation); !server.empty()) {
    std::string token = environment("WAYBILL_TOKEN");
    if (token.empty()) token = stored_token(server);
    return std::unique_ptr<Api>(new RemoteApi(server, token, at));
  }
  const std::string dir = data_dir_of(invocation);
  if (access == Access::write) {
    // A directory that a server holds is written through that server.
    if (auto holder = find_holder(dir)) {
      if (holder->address.empty() || holder->token.empty())
        return fail(Error(Code::conflict, "the directory is held by the Waybill with process id " + std::to_string(holder->pid))
                        .at(dir)
                        .next("name it with --server and WAYBILL_TOKEN, or stop it"));
      return std::unique_ptr<Api>(new RemoteApi(holder->address, holder->token, at));
    }
  }
  return open_local(dir, access, at);
}

Result<http::Answer> ok_or_error(Result<http::Answer> answer) {
  if (!answer || (answer->status >= 200 && answer->status < 300)) return answer;
  const auto document = JsonDocument::parse(answer->body);
  if (!document || !document->root()["title"].exists())
    return fail(code_of("", answer->status), "the server answered " + std::to_string(answer->status) + ": " + answer->body.substr(0, 200));
  const auto problem = document->root();
  std::string message(problem["detail"].string_or(problem["title"].string_or("")));
  Error error(code_of(problem["code"].string_or(""), answer->status), std::move(message));
  std::vector<std::string> places;
  for (const auto& place : problem["where"].items()) places.emplace_back(place.string_or(""));
  for (auto place = places.rbegin(); place != places.rend(); ++place) error.at(*place);
  if (problem["next"].is_string())
    error = std::move(error).next(std::string(problem["next"].string_or("")));
  else if (answer->status == 401)
    error = std::move(error).next("log in with `waybill login`, or set WAYBILL_TOKEN");
  return fail(std::move(error));
}

Result<JsonDocument> Api::get(const std::string& target) {
  TRY(const auto answer, ok_or_error(call("GET", with_at(target, at_), {}, {{"accept", "application/json"}})));
  return JsonDocument::parse(answer.body);
}
Result<std::string> Api::fetch(const std::string& target) {
  TRY(auto answer, ok_or_error(call("GET", with_at(target, at_), {}, {})));
  return std::move(answer.body);
}
Result<JsonDocument> Api::post(const std::string& target, std::string_view body, const http::Headers& headers) {
  http::Headers all = headers;
  bool typed = false;
  for (const auto& [name, value] : headers) typed |= name == "content-type";
  if (!typed) all.emplace_back("content-type", "application/json");
  TRY(const auto answer, ok_or_error(call("POST", target, body, all)));
  return JsonDocument::parse(answer.body.empty() ? std::string_view("{}") : std::string_view(answer.body));
}
Result<JsonDocument> Api::remove(const std::string& target) {
  TRY(const auto answer, ok_or_error(call("DELETE", target, {}, {})));
  return JsonDocument::parse(answer.body.empty() ? std::string_view("{}") : std::string_view(answer.body));
}

std::string target(std::string_view path, std::initializer_list<std::pair<std::string_view, std::string_view>> parameters) {
  std::string out(path);
  char separator = '?';
  for (const auto& [name, value] : parameters) {
    if (value.empty()) continue;
    out += separator;
    separator = '&';
    out += name;
    out += '=';
    out += http::percent_encode(value);
  }
  return out;
}
std::string path_segment(std::string_view text) { return http::percent_encode(text); }

}  // namespace waybill::cli
