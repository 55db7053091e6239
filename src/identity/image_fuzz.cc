// Image references, subjects, repositories: what is read prints, and reads back the same.
#include <cstdlib>

#include "waybill/base/bytes.h"
#include "waybill/identity/digest.h"
#include "waybill/identity/image.h"
#include "waybill/identity/subject.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace waybill::identity;
  const auto text = waybill::as_text({data, size});
  if (const auto image = ImageReference::parse(text)) {
    const auto again = ImageReference::parse(image->to_string());
    const auto familiar = ImageReference::parse(image->familiar());
    if (!again || !(*again == *image) || !familiar || !(*familiar == *image)) std::abort();
  }
  if (const auto subject = Subject::parse(text)) {
    const auto again = Subject::parse(subject->id);
    if (!again || again->id != subject->id || again->kind != subject->kind) std::abort();
  }
  if (const auto url = canonical_repository(text))
    if (const auto again = canonical_repository(*url); !again || *again != *url) std::abort();
  (void)Digest::parse(text);
  return 0;
}
