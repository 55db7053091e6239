// Where a command's questions go: a server over HTTP, or the same routes in this process over a data directory.
//
// Every command speaks the API of docs/api.md and does not see the difference. Local work needs no token: whoever may
// read the directory may ask.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "apps/waybill/command.h"
#include "waybill/base/http.h"
#include "waybill/base/json_in.h"
#include "waybill/base/result.h"

namespace waybill::cli {

enum class Access { read, write };

class Api {
 public:
  virtual ~Api() = default;
  // By --server, --data-dir, WAYBILL_SERVER, WAYBILL_DATA_DIR, ./.waybill, `waybill login`, in this order. A directory that
  // a server holds is read beside it; writes go to that server.
  static Result<std::unique_ptr<Api>> open(const Invocation& invocation, Access access);

  // The answer as it came, whatever its status.
  virtual Result<http::Answer> call(std::string_view method, const std::string& target, std::string_view body, const http::Headers& headers) = 0;
  // "http://127.0.0.1:8620" or the directory: for messages.
  virtual std::string where() const = 0;

  // A 2xx answer as JSON; a problem document as the Error that it stands for. `--at` is added to reads.
  Result<JsonDocument> get(const std::string& target);
  Result<JsonDocument> post(const std::string& target, std::string_view body, const http::Headers& headers = {});
  Result<JsonDocument> remove(const std::string& target);
  // The body of a 2xx answer.
  Result<std::string> fetch(const std::string& target);

 protected:
  std::string at_;  // the value of --at
};

// "/api/v1/trace?of=" + encoded.
std::string target(std::string_view path, std::initializer_list<std::pair<std::string_view, std::string_view>> parameters);
std::string path_segment(std::string_view text);

// Where data lies when nobody says: --data-dir, WAYBILL_DATA_DIR, ./.waybill if it exists, else $XDG_DATA_HOME/waybill.
std::string data_dir_of(const Invocation& invocation);
// "" when no server is named.
std::string server_of(const Invocation& invocation);
// Tokens by server, in $XDG_CONFIG_HOME/waybill/credentials.json (0600).
std::string stored_token(std::string_view server);
Result<std::string> store_token(std::string_view server, std::string_view token);

Result<http::Answer> ok_or_error(Result<http::Answer> answer);

}  // namespace waybill::cli
