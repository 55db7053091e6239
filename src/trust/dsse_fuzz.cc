// DSSE envelopes and public keys from outside.
#include <cstdlib>

#include "waybill/trust/dsse.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace waybill;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const auto key = trust::PrivateKey::generate(trust::KeyType::ecdsa_p256);
  if (auto envelope = trust::parse_envelope(text, size_t{1} << 20)) {
    // Nobody can have signed for a key that is made in this run.
    if (trust::verify_envelope(*envelope, {&key->public_key(), 1})) std::abort();
    const auto again = trust::parse_envelope(envelope->to_json());
    if (!again || again->payload != envelope->payload || again->signatures.size() != envelope->signatures.size()) std::abort();
  }
  if (const auto from_pem = trust::PublicKey::from_pem(text)) {
    if (!(*trust::PublicKey::from_pem(from_pem->to_pem()) == *from_pem)) std::abort();
  }
  if (const auto from_der = trust::PublicKey::from_der(text)) (void)from_der->verify("message", text);
  (void)key->public_key().verify("message", text);
  (void)key->public_key().verify("message", text, trust::SignatureForm::raw);
  return 0;
}
