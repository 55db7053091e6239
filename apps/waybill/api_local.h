// The API without a server: the routes in this process, over a data directory.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "apps/waybill/api.h"

namespace waybill::cli {

Result<std::unique_ptr<Api>> open_local(const std::string& data_dir, Access access, const std::string& at);

// The process that holds a directory, its address and the token that it left for local use (keys/local.token, 0600).
struct Holder {
  int pid = 0;
  std::string address, token;
};
std::optional<Holder> find_holder(const std::string& data_dir);

}  // namespace waybill::cli
