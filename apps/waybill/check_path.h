// `waybill check PATH`: the same policies on a file that nobody has collected, in memory, never recorded.
#pragma once

#include <string>
#include <string_view>

#include "apps/waybill/command.h"

namespace waybill::cli {

// It has a slash, is "-", or is there.
bool is_path(std::string_view subject);
// The decision document (a preview). A directory is all its files.
Result<std::string> check_path(const Invocation& invocation, const std::string& path);

}  // namespace waybill::cli
