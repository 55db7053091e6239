#include "waybill/trust/dsse.h"

#include <algorithm>

#include "waybill/base/json_in.h"
#include "waybill/base/json_out.h"

namespace waybill::trust {
namespace {

tl::unexpected<Error> wrong(const std::string& pointer, const std::string& message) {
  return fail(Error(Code::invalid, message).at(pointer).at("DSSE envelope"));
}

Result<std::string> read_base64(const JsonValue& value, const std::string& pointer) {
  if (!value.is_string())
    return wrong(pointer, value.exists() ? "expected base64 text, found " + std::string(to_string(value.kind())) : "is missing: expected base64 text");
  auto bytes = parse_base64_lenient(value.string_or(""));
  if (!bytes) return wrong(pointer, bytes.error().message());
  return bytes;
}

bool fits(const PublicKey& key, std::string_view message, std::string_view signature) {
  if (key.verify(message, signature)) return true;
  // The protocol's own test vector carries r || s; everybody else writes DER.
  return key.verify(message, signature, SignatureForm::raw).has_value();
}

}  // namespace

std::string pre_authentication_encoding(std::string_view payload_type, std::string_view payload) {
  std::string out = "DSSEv1 ";
  out.reserve(payload.size() + payload_type.size() + 48);
  out += std::to_string(payload_type.size());
  out += ' ';
  out += payload_type;
  out += ' ';
  out += std::to_string(payload.size());
  out += ' ';
  out += payload;
  return out;
}

std::string Envelope::to_json() const {
  JsonWriter out;
  out.begin_object().field("payload", to_base64(as_bytes(payload))).field("payloadType", payload_type).key("signatures").begin_array();
  for (const auto& one : signatures) {
    out.begin_object();
    if (!one.key_id.empty()) out.field("keyid", one.key_id);
    out.field("sig", to_base64(as_bytes(one.signature))).end_object();
  }
  out.end_array().end_object();
  return std::move(out).take();
}

Result<Envelope> parse_envelope(std::string_view json, size_t max_bytes) {
  auto document = JsonDocument::parse(json, {.bytes = max_bytes, .depth = 100});
  if (!document) return fail(std::move(document).error().at("DSSE envelope"));
  const JsonValue root = document->root();
  if (!root.is_object()) return wrong("/", "expected an object");
  Envelope envelope;
  const auto type = root["payloadType"];
  if (!type.is_string()) return wrong("/payloadType", "expected the payload's type as text");
  envelope.payload_type = type.string_or("");
  if (envelope.payload_type.empty()) return wrong("/payloadType", "is empty");
  TRY(envelope.payload, read_base64(root["payload"], "/payload"));
  const auto signatures = root["signatures"];
  if (!signatures.is_array() || signatures.size() == 0) return wrong("/signatures", "expected an array of one signature at the least");
  if (signatures.size() > kMaxEnvelopeSignatures)
    return wrong("/signatures", "has " + std::to_string(signatures.size()) + " signatures, at most " + std::to_string(kMaxEnvelopeSignatures) + " are read");
  for (const JsonValue one : signatures.items()) {
    const std::string pointer = "/signatures/" + std::to_string(envelope.signatures.size());
    if (!one.is_object()) return wrong(pointer, "expected an object");
    const auto key_id = one["keyid"];
    if (key_id.exists() && !key_id.is_string() && !key_id.is_null()) return wrong(pointer + "/keyid", "expected text");
    TRY(auto bytes, read_base64(one["sig"], pointer + "/sig"));
    if (bytes.empty()) return wrong(pointer + "/sig", "is empty");
    envelope.signatures.push_back({std::string(key_id.string_or("")), std::move(bytes)});
  }
  return envelope;
}

Result<void> add_signature(Envelope& envelope, const PrivateKey& key) {
  TRY(auto signature, key.sign(pre_authentication_encoding(envelope.payload_type, envelope.payload)));
  envelope.signatures.push_back({key.public_key().key_id(), std::move(signature)});
  return {};
}

Result<Envelope> sign_envelope(std::string payload_type, std::string payload, const PrivateKey& key) {
  Envelope envelope{std::move(payload_type), std::move(payload), {}};
  TRY_DO(add_signature(envelope, key));
  return envelope;
}

Result<EnvelopeVerification> verify_envelope(const Envelope& envelope, std::span<const PublicKey> keys, size_t threshold) {
  const std::string message = pre_authentication_encoding(envelope.payload_type, envelope.payload);
  EnvelopeVerification out;
  std::vector<const std::string*> counted;
  for (size_t k = 0; k < keys.size(); ++k) {
    // The same key offered twice is one key.
    if (std::any_of(counted.begin(), counted.end(), [&](const auto* id) { return *id == keys[k].key_id(); })) continue;
    std::vector<size_t> order;
    for (const bool hinted : {true, false})
      for (size_t s = 0; s < envelope.signatures.size(); ++s)
        if ((envelope.signatures[s].key_id == keys[k].key_id()) == hinted) order.push_back(s);
    for (const size_t s : order) {
      if (!fits(keys[k], message, envelope.signatures[s].signature)) continue;
      out.matches.push_back({k, s});
      counted.push_back(&keys[k].key_id());
      break;
    }
  }
  threshold = std::max<size_t>(threshold, 1);
  if (out.matches.size() < threshold)
    return fail(Error(Code::denied, std::to_string(out.matches.size()) + " of the " + std::to_string(keys.size()) + " known keys have signed this, " +
                                        std::to_string(threshold) + " must have")
                    .at("DSSE envelope"));
  return out;
}

}  // namespace waybill::trust
