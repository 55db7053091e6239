// Whatever is read prints, and what is printed reads back the same.
#include <cstdlib>

#include "waybill/base/bytes.h"
#include "waybill/identity/ecosystem.h"
#include "waybill/identity/purl.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace waybill;
  const auto text = as_text({data, size});
  for (const auto rules : {identity::PurlRules::tolerant, identity::PurlRules::strict}) {
    const auto purl = identity::Purl::parse(text, rules);
    if (!purl) continue;
    const auto again = identity::Purl::parse(purl->to_string(), rules);
    if (!again || !(*again == *purl)) std::abort();
    (void)identity::advisory_name(*purl);
  }
  if (identity::is_canonical_purl(text)) {
    const auto purl = identity::Purl::parse(text);
    if (!purl || purl->to_string() != text) std::abort();
  }
  return 0;
}
