// An image with anything in it: opening it and asking it never reads outside its bytes. (Images are our own files, but a
// disk may lie.) And CVSS vectors of any kind.
#include "waybill/advisory/advisory.h"
#include "waybill/advisory/cvss.h"
#include "waybill/base/bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace waybill::advisory;
  if (const auto cvss = parse_cvss(waybill::as_text({data, size})); cvss && (cvss->score < 0 || cvss->score > 10)) __builtin_trap();
  auto index = Index::open({data, size});
  if (!index) return 0;
  waybill::identity::Purl purl;
  purl.type = "npm";
  purl.name = "x";
  for (const char* version : {"1.0.0", "latest"}) {
    purl.version = version;
    const auto probe = to_probe(purl);
    for (const auto& match : index->match(probe)) {
      (void)index->record(match.record);
      (void)index->fixed_versions(probe, match.record);
      (void)index->vulnerability_of(match.record);
    }
  }
  (void)index->find_vulnerabilities("CVE-2026-1");
  (void)index->scores_of("CVE-2026-1");
  return 0;
}
