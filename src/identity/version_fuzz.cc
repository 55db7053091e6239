// One byte for the scheme, two versions separated by a zero: keys of what is accepted are whole and no key begins another.
#include <cstdlib>

#include "waybill/base/bytes.h"
#include "waybill/identity/version.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace waybill::identity;
  if (size < 1) return 0;
  const auto scheme = static_cast<Scheme>(data[0] % (static_cast<uint8_t>(Scheme::text)));
  const auto text = waybill::as_text({data + 1, size - 1});
  const size_t zero = text.find('\0');
  const auto a = to_version_key(scheme, text.substr(0, zero));
  if (!a || zero == std::string_view::npos) return 0;
  const auto b = to_version_key(scheme, text.substr(zero + 1));
  if (!b || *a == *b) return 0;
  // PHP ranks its placeholder "#" as the end of a version, so that there a key may begin another; the shorter sorts first.
  if (scheme == Scheme::packagist) return 0;
  if (a->bytes.starts_with(b->bytes) || b->bytes.starts_with(a->bytes)) std::abort();
  return 0;
}
