// zstd (RFC 8878) and gzip (RFC 1952): bodies that come in, documents at rest.
//
// Decompression always has a limit: hostile input must not fill the memory.
#pragma once

#include <string>
#include <string_view>

#include "waybill/base/result.h"

namespace waybill {

// One zstd frame with its content size. Level 1 to 19; negative levels are zstd's fast ones.
std::string zstd_compress(std::string_view bytes, int level = 1);
// The same against a prefix that decompression will be given too: for documents that are much like an earlier one.
std::string zstd_compress_with_prefix(std::string_view bytes, std::string_view prefix, int level = 1);
// Errors: invalid (broken frame), exhausted (more than `max_bytes`).
Result<std::string> zstd_decompress(std::string_view frame, size_t max_bytes);
Result<std::string> zstd_decompress_with_prefix(std::string_view frame, std::string_view prefix, size_t max_bytes);
// All members of a gzip file, one after the other.
Result<std::string> gzip_decompress(std::string_view bytes, size_t max_bytes);
std::string gzip_compress(std::string_view bytes);

bool is_zstd(std::string_view bytes);
bool is_gzip(std::string_view bytes);

}  // namespace waybill
