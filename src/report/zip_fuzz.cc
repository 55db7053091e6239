#include "waybill/report/zip.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto members = waybill::report::read_zip({reinterpret_cast<const char*>(data), size}, 100, size_t{1} << 22);
  if (members) {
    const auto again = waybill::report::read_zip(waybill::report::write_zip(*members), 100, size_t{1} << 22);
    if (!again || *again != *members) __builtin_trap();
  }
  return 0;
}
