// The families of commands, one file each. all_commands() puts them in the order of `waybill --help`.
#pragma once

#include <string>
#include <vector>

#include "apps/waybill/command.h"

namespace waybill::cli {

std::vector<Command> server_commands();    // demo, serve
std::vector<Command> evidence_commands();  // collect, deploy, advisories …
std::vector<Command> question_commands();  // check, trace, show
std::vector<Command> proof_commands();     // dbom, verify, replay
std::vector<Command> consent_commands();   // exception …, approve
std::vector<Command> policy_commands();    // policy …
std::vector<Command> log_commands();       // log …
std::vector<Command> access_commands();    // login, token …
std::vector<Command> sign_commands();      // sign, attest

// A file from the network, by libcurl.
Result<std::string> fetch_url(const std::string& url, size_t max_bytes);

}  // namespace waybill::cli
