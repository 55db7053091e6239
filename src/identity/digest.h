// Digests as documents write them: "algorithm:hex".
//
// Called by formats/, image.h and subject.h. It never computes one (base/sha256.h and trust/ do).
#pragma once

#include <string>
#include <string_view>

#include "waybill/base/result.h"

namespace waybill::identity {

// "SHA-256", "sha256", "SHA256" → "sha256"; "SHA3-256" → "sha3-256"; "BLAKE2b-256" → "blake2b-256". Lower case, SHA-1 and
// SHA-2 without a dash. "" when it is no algorithm that we know.
std::string_view canonical_algorithm(std::string_view name);
// Hexadecimal digits that a digest of this (canonical) algorithm has; 0 for an unknown one.
size_t digest_hex_length(std::string_view algorithm);

struct Digest {
  std::string algorithm;  // canonical
  std::string hex;        // lower case, of the algorithm's length

  // "sha256:<64 hex>", any case. Errors: invalid (unknown algorithm, wrong length, no hexadecimal digit).
  static Result<Digest> parse(std::string_view text);
  static Result<Digest> of(std::string_view algorithm, std::string_view hex);
  std::string to_string() const { return algorithm + ":" + hex; }

  friend auto operator<=>(const Digest&, const Digest&) = default;
};

// "sha256:" and 64 lower-case digits, exactly: the canonical name of an artifact.
bool is_artifact_digest(std::string_view text);

}  // namespace waybill::identity
