// Whose signatures count: the keys on the trust lists, and what became of the signatures on one document.
//
// Called by collect.h when evidence arrives (a gate never verifies). What is found is written into the entry, so that the
// fold needs no key. Whether a verified signer is the right one for a scope is judged by policy/, from its lists.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "waybill/base/result.h"
#include "waybill/trust/keys.h"

namespace waybill::collect {

struct Signer {
  std::string identity;  // "machine:ci", a person, a workflow
  trust::PublicKey key;
};

struct SignatureResult {
  bool is_signed = false;  // there is an envelope
  bool verified = false;
  std::string identity;  // of the signer whose key fits
  std::string key;       // key id: SHA-256 of the key that fits, else the first hint of the envelope
  std::string reason;    // why it does not hold, "" when it does
};

// The signers of a trust list document: {"signers": [{"identity": "machine:ci", "key": "-----BEGIN PUBLIC KEY-----…"}]}.
// A signer without a key (keyless) is passed over here. Errors: invalid, with the JSON pointer.
Result<std::vector<Signer>> parse_signers(std::string_view trust_list_json);

// What the signature over a document of this kind vouches for (policy-input.md, signatures[].about).
inline std::string_view about_of(std::string_view kind) {
  if (kind == "signature") return "subject";
  if (kind == "sbom" || kind == "provenance") return kind == "sbom" ? "sbom" : "provenance";
  return "other";
}

// Looks for a DSSE envelope or bundle and tries every key.
SignatureResult verify_signatures(std::string_view document, const std::vector<Signer>& signers);

}  // namespace waybill::collect
