// DSSE envelopes: secure-systems-lab/dsse, protocol and JSON envelope v1.0.
//
// Called by collect/ (what came in), report/ and policy/ (what we state). It knows bytes and keys, nothing of statements
// (formats/ does), and never decides whom to trust: the caller brings the keys.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/trust/keys.h"

namespace waybill::trust {

constexpr std::string_view kInTotoPayloadType = "application/vnd.in-toto+json";
constexpr size_t kMaxEnvelopeSignatures = 100;

struct DsseSignature {
  std::string key_id;     // a hint, not to be trusted
  std::string signature;  // decoded
};
struct Envelope {
  std::string payload_type;
  std::string payload;  // decoded
  std::vector<DsseSignature> signatures;

  // {"payload":"…","payloadType":"…","signatures":[{"keyid":"…","sig":"…"}]}
  std::string to_json() const;
};

// Pre-authentication encoding: what is signed. "DSSEv1 29 http://example.com/HelloWorld 11 hello world".
std::string pre_authentication_encoding(std::string_view payload_type, std::string_view payload);

// Strict JSON; base64 of either alphabet (the protocol allows both) without white space or garbage; one signature at
// the least. Members that the protocol does not know are passed over. Errors: invalid, with the JSON pointer.
Result<Envelope> parse_envelope(std::string_view json, size_t max_bytes = size_t{256} << 20);

Result<Envelope> sign_envelope(std::string payload_type, std::string payload, const PrivateKey& key);
Result<void> add_signature(Envelope& envelope, const PrivateKey& key);

struct EnvelopeVerification {
  // A pair for each key that has signed: a key counts once, however many signatures it gave.
  struct Match {
    size_t key = 0;        // in the keys that were offered
    size_t signature = 0;  // in the envelope
  };
  std::vector<Match> matches;
};
// denied when fewer than `threshold` (at least 1) of the distinct keys have signed. Key ids are only hints: every
// signature is tried under every key, those with a fitting id first. ECDSA signatures may be DER or raw.
Result<EnvelopeVerification> verify_envelope(const Envelope& envelope, std::span<const PublicKey> keys, size_t threshold = 1);

}  // namespace waybill::trust
