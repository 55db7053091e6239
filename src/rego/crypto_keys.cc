#include "waybill/rego/crypto_keys.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "waybill/base/bytes.h"
#include "waybill/rego/json_value.h"

namespace waybill::rego {
namespace {

const EVP_MD* md(Hash hash) {
  switch (hash) {
    case Hash::md5: return EVP_md5();
    case Hash::sha1: return EVP_sha1();
    case Hash::sha256: return EVP_sha256();
    case Hash::sha384: return EVP_sha384();
    case Hash::sha512: return EVP_sha512();
  }
  return nullptr;
}

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

struct Algorithm {
  std::string_view name;
  enum class Kind : uint8_t { hmac, rsa, pss, ecdsa, eddsa } kind;
  Hash hash;
  size_t half = 0;  // of an ECDSA signature
};
constexpr Algorithm kAlgorithms[] = {
    {"HS256", Algorithm::Kind::hmac, Hash::sha256},      {"HS384", Algorithm::Kind::hmac, Hash::sha384},
    {"HS512", Algorithm::Kind::hmac, Hash::sha512},      {"RS256", Algorithm::Kind::rsa, Hash::sha256},
    {"RS384", Algorithm::Kind::rsa, Hash::sha384},       {"RS512", Algorithm::Kind::rsa, Hash::sha512},
    {"PS256", Algorithm::Kind::pss, Hash::sha256},       {"PS384", Algorithm::Kind::pss, Hash::sha384},
    {"PS512", Algorithm::Kind::pss, Hash::sha512},       {"ES256", Algorithm::Kind::ecdsa, Hash::sha256, 32},
    {"ES384", Algorithm::Kind::ecdsa, Hash::sha384, 48}, {"ES512", Algorithm::Kind::ecdsa, Hash::sha512, 66},
    {"EdDSA", Algorithm::Kind::eddsa, Hash::sha512},
};
const Algorithm* find_algorithm(std::string_view name) {
  for (const Algorithm& a : kAlgorithms) {
    if (a.name == name) return &a;
  }
  return nullptr;
}

EVP_PKEY* pkey(const Key& key) { return static_cast<EVP_PKEY*>(key.pkey.get()); }

bool fits(const Algorithm& a, EVP_PKEY* key) {
  if (key == nullptr) return false;
  const int id = EVP_PKEY_get_base_id(key);
  switch (a.kind) {
    case Algorithm::Kind::rsa:
    case Algorithm::Kind::pss: return id == EVP_PKEY_RSA || id == EVP_PKEY_RSA_PSS;
    case Algorithm::Kind::ecdsa: return id == EVP_PKEY_EC && static_cast<size_t>(EVP_PKEY_get_bits(key) + 7) / 8 == a.half;
    case Algorithm::Kind::eddsa: return id == EVP_PKEY_ED25519;
    case Algorithm::Kind::hmac: return false;
  }
  return false;
}

struct Bio {
  BIO* bio;
  explicit Bio(std::string_view text) : bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))) {}
  ~Bio() { BIO_free(bio); }
  Bio(const Bio&) = delete;
  Bio& operator=(const Bio&) = delete;
};

struct Params {
  OSSL_PARAM_BLD* bld = OSSL_PARAM_BLD_new();
  std::vector<BIGNUM*> numbers;
  ~Params() {
    for (BIGNUM* n : numbers) BN_clear_free(n);
    OSSL_PARAM_BLD_free(bld);
  }
  void number(const char* name, std::string_view data) {
    BIGNUM* n = BN_bin2bn(bytes(data), static_cast<int>(data.size()), nullptr);
    numbers.push_back(n);
    OSSL_PARAM_BLD_push_BN(bld, name, n);
  }
  EVP_PKEY* key(const char* type, int selection) {
    OSSL_PARAM* params = OSSL_PARAM_BLD_to_param(bld);
    EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr);
    EVP_PKEY* out = nullptr;
    if (params == nullptr || context == nullptr || EVP_PKEY_fromdata_init(context) != 1 || EVP_PKEY_fromdata(context, &out, selection, params) != 1)
      out = nullptr;
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(params);
    return out;
  }
};

}  // namespace

void KeyDeleter::operator()(void* key) const { EVP_PKEY_free(static_cast<EVP_PKEY*>(key)); }

std::string digest(Hash hash, std::string_view data) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  if (EVP_Digest(data.data(), data.size(), out, &length, md(hash), nullptr) != 1) return {};
  return {reinterpret_cast<char*>(out), length};
}

std::string hmac(Hash hash, std::string_view key, std::string_view data) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  if (HMAC(md(hash), key.empty() ? "" : key.data(), static_cast<int>(key.size()), bytes(data), data.size(), out, &length) == nullptr) return {};
  return {reinterpret_cast<char*>(out), length};
}

bool is_jws_algorithm(std::string_view algorithm) { return find_algorithm(algorithm) != nullptr; }

std::optional<Key> read_jwk(const Value& jwk, std::string& problem) {
  Key key;
  key.id = jwk["kid"].string_or("");
  key.algorithm = jwk["alg"].string_or("");
  const auto field = [&](std::string_view name) {
    auto decoded = parse_base64_lenient(jwk[name].string_or(""));
    return decoded ? *decoded : std::string();
  };
  const auto type = jwk["kty"].string_or("");
  if (type == "oct") {
    key.secret = field("k");
  } else if (type == "RSA") {
    Params p;
    const std::string n = field("n"), e = field("e"), d = field("d"), a = field("p"), b = field("q"), x = field("dp"), y = field("dq"), z = field("qi");
    if (n.empty() || e.empty()) return problem = "failed to parse a JWK key (set)", std::nullopt;
    p.number(OSSL_PKEY_PARAM_RSA_N, n);
    p.number(OSSL_PKEY_PARAM_RSA_E, e);
    if (!d.empty()) p.number(OSSL_PKEY_PARAM_RSA_D, d);
    if (!d.empty() && !a.empty() && !b.empty() && !x.empty() && !y.empty() && !z.empty()) {
      p.number(OSSL_PKEY_PARAM_RSA_FACTOR1, a);
      p.number(OSSL_PKEY_PARAM_RSA_FACTOR2, b);
      p.number(OSSL_PKEY_PARAM_RSA_EXPONENT1, x);
      p.number(OSSL_PKEY_PARAM_RSA_EXPONENT2, y);
      p.number(OSSL_PKEY_PARAM_RSA_COEFFICIENT1, z);
    }
    key.pkey.reset(p.key("RSA", d.empty() ? EVP_PKEY_PUBLIC_KEY : EVP_PKEY_KEYPAIR));
  } else if (type == "EC") {
    const auto curve = jwk["crv"].string_or("");
    const size_t size = curve == "P-256" ? 32 : curve == "P-384" ? 48 : curve == "P-521" ? 66 : 0;
    std::string x = field("x"), y = field("y");
    const std::string d = field("d");
    if (size == 0 || x.size() > size || y.size() > size) return problem = "failed to parse a JWK key (set)", std::nullopt;
    x.insert(0, size - x.size(), '\0');
    y.insert(0, size - y.size(), '\0');
    const std::string point = "\x04" + x + y;
    Params p;
    OSSL_PARAM_BLD_push_utf8_string(p.bld, OSSL_PKEY_PARAM_GROUP_NAME, curve.data(), curve.size());
    OSSL_PARAM_BLD_push_octet_string(p.bld, OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
    if (!d.empty()) p.number(OSSL_PKEY_PARAM_PRIV_KEY, d);
    key.pkey.reset(p.key("EC", d.empty() ? EVP_PKEY_PUBLIC_KEY : EVP_PKEY_KEYPAIR));
  } else if (type == "OKP" && jwk["crv"].string_or("") == "Ed25519") {
    const std::string x = field("x"), d = field("d");
    key.pkey.reset(!d.empty() ? EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes(d), d.size())
                              : EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes(x), x.size()));
  }
  if (!key.pkey && type != "oct") return problem = "failed to parse a JWK key (set)", std::nullopt;
  return key;
}

std::vector<Key> read_verification_keys(std::string_view text, std::string& problem) {
  std::vector<Key> keys;
  const auto begin = text.find("-----BEGIN ");
  if (begin != std::string_view::npos) {
    const auto end = text.find("-----END ", begin);
    const auto close = end == std::string_view::npos ? end : text.find("-----", end + 9);
    if (close == std::string_view::npos) return problem = "failed to parse a PEM certificate", std::vector<Key>();
    if (!trim(text.substr(close + 5)).empty()) return problem = "extra data after a PEM certificate block", std::vector<Key>();
    const auto label = text.substr(begin + 11, text.find("-----", begin + 11) - begin - 11);
    const Bio bio(text);
    Key key;
    if (label == "CERTIFICATE") {
      X509* certificate = PEM_read_bio_X509(bio.bio, nullptr, nullptr, nullptr);
      if (certificate == nullptr) return problem = "failed to parse a PEM certificate", std::vector<Key>();
      key.pkey.reset(X509_get_pubkey(certificate));
      X509_free(certificate);
      if (!key.pkey) return problem = "failed to parse a PEM certificate", std::vector<Key>();
    } else if (label == "PUBLIC KEY") {
      key.pkey.reset(PEM_read_bio_PUBKEY(bio.bio, nullptr, nullptr, nullptr));
      if (!key.pkey) return problem = "failed to parse a PEM public key", std::vector<Key>();
    } else {
      return problem = "failed to extract a Key from the PEM certificate", std::vector<Key>();
    }
    keys.push_back(std::move(key));
    return keys;
  }
  Heap heap;
  const auto json = parse_json_value(heap, text);
  if (!json || !json->is_object()) return problem = "failed to parse a JWK key (set): invalid JSON", std::vector<Key>();
  if (const Value set = (*json)["keys"]; set.is_array()) {
    for (const Value& jwk : set.items()) {
      std::string ignored;
      if (auto key = read_jwk(jwk, ignored)) keys.push_back(std::move(*key));
    }
  } else if (auto key = read_jwk(*json, problem)) {
    keys.push_back(std::move(*key));
  }
  if (keys.empty() && problem.empty()) problem = "failed to parse a JWK key (set)";
  return keys;
}

bool verify_jws(std::string_view algorithm, const Key& key, std::string_view data, std::string_view signature) {
  const Algorithm* a = find_algorithm(algorithm);
  if (a == nullptr) return false;
  if (a->kind == Algorithm::Kind::hmac) {
    const std::string expected = hmac(a->hash, key.secret, data);
    return expected.size() == signature.size() && CRYPTO_memcmp(expected.data(), signature.data(), expected.size()) == 0;
  }
  if (!fits(*a, pkey(key))) return false;
  std::string der;
  if (a->kind == Algorithm::Kind::ecdsa) {
    if (signature.size() != 2 * a->half) return false;
    ECDSA_SIG* pair = ECDSA_SIG_new();
    ECDSA_SIG_set0(pair, BN_bin2bn(bytes(signature), static_cast<int>(a->half), nullptr),
                   BN_bin2bn(bytes(signature) + a->half, static_cast<int>(a->half), nullptr));
    unsigned char* out = nullptr;
    const int length = i2d_ECDSA_SIG(pair, &out);
    if (length > 0) der.assign(reinterpret_cast<char*>(out), static_cast<size_t>(length));
    OPENSSL_free(out);
    ECDSA_SIG_free(pair);
    signature = der;
  }
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_PKEY_CTX* parameters = nullptr;
  bool fine = EVP_DigestVerifyInit(context, &parameters, a->kind == Algorithm::Kind::eddsa ? nullptr : md(a->hash), nullptr, pkey(key)) == 1;
  if (fine && a->kind == Algorithm::Kind::pss) {
    fine = EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1 && EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_AUTO) == 1;
  }
  fine = fine && EVP_DigestVerify(context, bytes(signature), signature.size(), bytes(data), data.size()) == 1;
  EVP_MD_CTX_free(context);
  return fine;
}

std::optional<std::string> sign_jws(std::string_view algorithm, const Key& key, std::string_view data, std::string& problem) {
  const Algorithm* a = find_algorithm(algorithm);
  if (a == nullptr) return problem = "unknown JWS algorithm: " + std::string(algorithm), std::nullopt;
  if (a->kind == Algorithm::Kind::hmac) return hmac(a->hash, key.secret, data);
  if (!fits(*a, pkey(key))) return problem = "the key does not fit the algorithm " + std::string(algorithm), std::nullopt;
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_PKEY_CTX* parameters = nullptr;
  bool fine = EVP_DigestSignInit(context, &parameters, a->kind == Algorithm::Kind::eddsa ? nullptr : md(a->hash), nullptr, pkey(key)) == 1;
  if (fine && a->kind == Algorithm::Kind::pss) {
    fine = EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1 && EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) == 1;
  }
  size_t length = 0;
  std::string out;
  fine = fine && EVP_DigestSign(context, nullptr, &length, bytes(data), data.size()) == 1;
  if (fine) {
    out.resize(length);
    fine = EVP_DigestSign(context, reinterpret_cast<unsigned char*>(out.data()), &length, bytes(data), data.size()) == 1;
    out.resize(length);
  }
  EVP_MD_CTX_free(context);
  if (!fine) return problem = "signing failed: the key is not a private key", std::nullopt;
  if (a->kind == Algorithm::Kind::ecdsa) {
    const unsigned char* at = bytes(out);
    ECDSA_SIG* pair = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(out.size()));
    if (pair == nullptr) return problem = "signing failed", std::nullopt;
    std::string raw(2 * a->half, '\0');
    BN_bn2binpad(ECDSA_SIG_get0_r(pair), reinterpret_cast<unsigned char*>(raw.data()), static_cast<int>(a->half));
    BN_bn2binpad(ECDSA_SIG_get0_s(pair), reinterpret_cast<unsigned char*>(raw.data()) + a->half, static_cast<int>(a->half));
    ECDSA_SIG_free(pair);
    return raw;
  }
  return out;
}

}  // namespace waybill::rego
