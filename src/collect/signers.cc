#include "waybill/collect/signers.h"

#include "waybill/base/json_in.h"
#include "waybill/formats/formats.h"
#include "waybill/trust/dsse.h"

namespace waybill::collect {

Result<std::vector<Signer>> parse_signers(std::string_view trust_list_json) {
  TRY(const auto document, JsonDocument::parse(trust_list_json));
  std::vector<Signer> signers;
  size_t i = 0;
  for (const JsonValue& item : document.root()["signers"].items()) {
    const std::string place = "/signers/" + std::to_string(i++);
    const auto text = item["key"].string_or("");
    if (text.empty()) continue;  // keyless, by identity and issuer
    const auto identity = item["identity"].string_or(item["name"].string_or(""));
    auto key = trust::PublicKey::from_pem(text);
    if (!key) {
      // The base64 of SubjectPublicKeyInfo alone is what many tools print.
      if (auto der = parse_base64_lenient(text)) key = trust::PublicKey::from_der(*der);
    }
    if (!key) return fail(std::move(key.error()).at(place + "/key").next("give a public key as PEM: -----BEGIN PUBLIC KEY-----"));
    signers.push_back({std::string(identity), std::move(*key)});
  }
  return signers;
}

SignatureResult verify_signatures(std::string_view document, const std::vector<Signer>& signers) {
  SignatureResult result;
  const auto format = formats::detect(document);
  if (format != formats::Format::envelope && format != formats::Format::bundle) return result;
  const auto view = formats::parse_envelope(document);
  if (!view) {
    result.is_signed = true;
    result.reason = view.error().message();
    return result;
  }
  result.is_signed = true;
  trust::Envelope envelope;
  envelope.payload_type = view->payload_type;
  envelope.payload = view->payload;
  for (const auto& signature : view->signatures) envelope.signatures.push_back({signature.key_id, signature.bytes});
  if (!envelope.signatures.empty()) result.key = envelope.signatures[0].key_id;
  if (signers.empty()) {
    result.reason = "no trust list names a key that could verify it";
    return result;
  }
  std::vector<trust::PublicKey> keys;
  keys.reserve(signers.size());
  for (const auto& signer : signers) keys.push_back(signer.key);
  const auto verified = trust::verify_envelope(envelope, keys);
  if (!verified || verified->matches.empty()) {
    result.reason = "no key of the trust lists made this signature";
    return result;
  }
  const auto& signer = signers[verified->matches[0].key];
  result.verified = true;
  result.identity = signer.identity;
  result.key = signer.key.key_id();
  return result;
}

}  // namespace waybill::collect
