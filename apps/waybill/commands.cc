#include "apps/waybill/commands.h"

#include "waybill/base/http_client.h"

namespace waybill::cli {

const std::vector<Command>& all_commands() {
  static const std::vector<Command> commands = [] {
    std::vector<Command> all;
    for (auto* family : {server_commands, evidence_commands, question_commands, proof_commands, consent_commands, policy_commands, log_commands, sign_commands,
                         access_commands})
      for (auto& command : family()) all.push_back(std::move(command));
    return all;
  }();
  return commands;
}

Result<std::string> fetch_url(const std::string& url, size_t max_bytes) {
  http::Call call;
  call.url = url;
  call.timeout_ms = 600'000;
  call.max_response_bytes = max_bytes;
  TRY(auto answer, http::curl_client().send(call));
  if (answer.status != 200) return fail(Error(Code::unavailable, "the mirror answered " + std::to_string(answer.status)).at(url));
  return std::move(answer.body);
}

}  // namespace waybill::cli
