// Digests, HMACs and JOSE signatures through OpenSSL: the only place in this room that knows it.
//
// Called by the crypto and token built-ins. Nothing is initialised before the first call.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/rego/value.h"

namespace waybill::rego {

enum class Hash : uint8_t { md5, sha1, sha256, sha384, sha512 };
std::string digest(Hash hash, std::string_view data);
std::string hmac(Hash hash, std::string_view key, std::string_view data);

struct KeyDeleter {
  void operator()(void* key) const;
};
// An EVP_PKEY, or the bytes of a symmetric key.
struct Key {
  std::unique_ptr<void, KeyDeleter> pkey;
  std::string secret;
  std::string id, algorithm;
};

// "RS256", "PS384", "ES512", "EdDSA", "HS256" … known?
bool is_jws_algorithm(std::string_view algorithm);
// The keys of a PEM certificate, PEM public key, JWK or JWK set. `problem` in OPA's words.
std::vector<Key> read_verification_keys(std::string_view text, std::string& problem);
std::optional<Key> read_jwk(const Value& jwk, std::string& problem);
bool verify_jws(std::string_view algorithm, const Key& key, std::string_view signed_part, std::string_view signature);
std::optional<std::string> sign_jws(std::string_view algorithm, const Key& key, std::string_view data, std::string& problem);

}  // namespace waybill::rego
