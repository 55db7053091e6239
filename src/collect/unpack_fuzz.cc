// Any bytes as an archive or as lines: never beyond the bytes, never more documents than there are headers.
#include <cstdint>

#include "waybill/collect/collect.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  size_t bytes = 0;
  const auto each = [&](const waybill::collect::Piece& piece) {
    bytes += piece.bytes.size();
    return true;
  };
  waybill::collect::UnpackLimits limits;
  limits.unpacked_bytes = size_t{1} << 20;
  (void)waybill::collect::looks_like_tar(body);
  (void)waybill::collect::for_each_in_tar(body, each, limits);
  if (bytes > std::max(size, limits.unpacked_bytes)) __builtin_trap();
  (void)waybill::collect::for_each_line(body, each);
  return 0;
}
