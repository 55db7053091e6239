// How a record lies in memory and in an image. Internal to advisory/.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "waybill/advisory/advisory.h"

namespace waybill::advisory {

// The parts of `fact` that Record shows, with what is computed from them, in one piece of bytes. `packages` are index names.
std::string pack_record(const facts::Affects& fact, const std::vector<std::string>& packages, uint64_t log_index, uint64_t first_log_index);
Record unpack_record(RecordId id, std::string_view bytes);
// Without unpacking the rest: of which vulnerability it is a record, and whether it is withdrawn.
struct RecordHead {
  std::string_view vulnerability;
  bool withdrawn = false;
};
RecordHead record_head(std::string_view bytes);

std::string pack_scores(const std::vector<Score>& scores);
std::vector<Score> unpack_scores(std::string_view bytes);

// "npm" and "lodash" → "npm\nlodash".
std::string index_name(std::string_view ecosystem, std::string_view name);
bool is_cve(std::string_view name);  // any case
std::string to_upper(std::string_view text);

}  // namespace waybill::advisory
