// The small part of the ZIP format that a DBoM with documents needs: stored and deflated members, no more than 4 GiB.
//
// Written from PKWARE's APPNOTE 6.3.10. Called by dbom.cc only. It reads hostile files: every offset is checked, every
// size is bounded before memory is taken, and names that point outside are refused.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "waybill/base/result.h"

namespace waybill::report {

using ZipMembers = std::vector<std::pair<std::string, std::string>>;  // name, bytes

// Deterministic: the same members give the same bytes.
std::string write_zip(const ZipMembers& members);
// Errors: invalid (broken, encrypted, unknown method, wrong CRC, "../" in a name, a name twice), exhausted.
Result<ZipMembers> read_zip(std::string_view zip, size_t max_members, size_t max_bytes);
bool is_zip(std::string_view bytes);

}  // namespace waybill::report
