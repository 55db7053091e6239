#include "waybill/trust/keys.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <mutex>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "waybill/base/sha256.h"

namespace waybill::trust {
namespace {

// Frees OpenSSL's things.
struct Free {
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(EVP_PKEY_CTX* p) const { EVP_PKEY_CTX_free(p); }
  void operator()(EVP_MD_CTX* p) const { EVP_MD_CTX_free(p); }
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(ECDSA_SIG* p) const { ECDSA_SIG_free(p); }
  void operator()(BIGNUM* p) const { BN_free(p); }
  void operator()(OSSL_PARAM* p) const { OSSL_PARAM_free(p); }
  void operator()(OSSL_PARAM_BLD* p) const { OSSL_PARAM_BLD_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

// Once, at the first use, and without openssl.cnf: what a machine's administrator put there must not decide how we
// verify, and reading it costs as much as all the rest.
void initialise() {
  static const bool done = OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr) == 1;
  (void)done;
}

std::string openssl_reason() {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  std::string text = reason == nullptr ? "no reason given" : reason;
  ERR_clear_error();
  return text;
}

constexpr int kMinRsaBits = 2048;

Result<KeyType> type_of(const EVP_PKEY* key) {
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_ED25519: return KeyType::ed25519;
    case EVP_PKEY_RSA:
      if (EVP_PKEY_get_bits(key) < kMinRsaBits)
        return fail(Code::invalid, "an RSA key of " + std::to_string(EVP_PKEY_get_bits(key)) + " bits is too short: expected 2,048 at the least");
      return KeyType::rsa;
    case EVP_PKEY_EC: {
      char name[64] = {};
      size_t length = 0;
      if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, name, sizeof name, &length) == 1) {
        const std::string_view group(name, length);
        if (group == "prime256v1") return KeyType::ecdsa_p256;
        if (group == "secp384r1") return KeyType::ecdsa_p384;
        if (group == "secp521r1") return KeyType::ecdsa_p521;
      }
      return fail(Code::invalid, "the key's curve " + std::string(name) + " is not supported: expected P-256, P-384 or P-521");
    }
    default: return fail(Code::invalid, "this kind of key is not supported: expected Ed25519, ECDSA (P-256, P-384, P-521) or RSA");
  }
}

const EVP_MD* digest_of(KeyType type) {
  switch (type) {
    case KeyType::ed25519: return nullptr;
    case KeyType::ecdsa_p384: return EVP_sha384();
    case KeyType::ecdsa_p521: return EVP_sha512();
    default: return EVP_sha256();
  }
}

std::string der_of(EVP_PKEY* key) {
  unsigned char* bytes = nullptr;
  const int size = i2d_PUBKEY(key, &bytes);
  std::string der;
  if (size > 0) der.assign(reinterpret_cast<char*>(bytes), static_cast<size_t>(size));
  OPENSSL_free(bytes);
  return der;
}

std::string take(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<size_t>(size)) : std::string();
}

// r || s of fixed size as DER; nullopt when the size is wrong.
std::optional<std::string> raw_to_der(KeyType type, std::string_view raw) {
  const size_t half = type == KeyType::ecdsa_p256 ? 32 : type == KeyType::ecdsa_p384 ? 48 : 66;
  if (raw.size() != 2 * half) return std::nullopt;
  const auto* bytes = reinterpret_cast<const unsigned char*>(raw.data());
  Owned<ECDSA_SIG> signature(ECDSA_SIG_new());
  Owned<BIGNUM> r(BN_bin2bn(bytes, static_cast<int>(half), nullptr)), s(BN_bin2bn(bytes + half, static_cast<int>(half), nullptr));
  if (!signature || !r || !s || ECDSA_SIG_set0(signature.get(), r.get(), s.get()) != 1) return std::nullopt;
  (void)r.release();
  (void)s.release();
  unsigned char* out = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &out);
  std::string der;
  if (size > 0) der.assign(reinterpret_cast<char*>(out), static_cast<size_t>(size));
  OPENSSL_free(out);
  return der;
}

const unsigned char* unsigned_bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

std::string_view to_string(KeyType type) {
  switch (type) {
    case KeyType::ed25519: return "ed25519";
    case KeyType::ecdsa_p256: return "ecdsa-p256";
    case KeyType::ecdsa_p384: return "ecdsa-p384";
    case KeyType::ecdsa_p521: return "ecdsa-p521";
    case KeyType::rsa: return "rsa";
  }
  return "";
}

struct PublicKey::State {
  Owned<EVP_PKEY> key;
  KeyType type = KeyType::ed25519;
  std::string der, id;

  static Result<std::shared_ptr<const State>> of(Owned<EVP_PKEY> key) {
    auto state = std::make_shared<State>();
    TRY(state->type, type_of(key.get()));
    state->der = der_of(key.get());
    if (state->der.empty()) return fail(Code::invalid, "the key cannot be written as a SubjectPublicKeyInfo: " + openssl_reason());
    state->id = sha256(state->der).hex();
    state->key = std::move(key);
    return std::shared_ptr<const State>(std::move(state));
  }
};

struct PrivateKey::State {
  Owned<EVP_PKEY> key;
  PublicKey public_key;
};

Result<PublicKey> PublicKey::from_pem(std::string_view pem) {
  initialise();
  constexpr std::string_view kBegin = "-----BEGIN PUBLIC KEY-----", kEnd = "-----END PUBLIC KEY-----";
  const auto text = trim(pem);
  if (!text.starts_with(kBegin) || !text.ends_with(kEnd) || text.size() < kBegin.size() + kEnd.size())
    return fail(Code::invalid, "this is no public key in PEM: expected one block from -----BEGIN PUBLIC KEY----- to -----END PUBLIC KEY-----");
  std::string body;
  for (const char c : text.substr(kBegin.size(), text.size() - kBegin.size() - kEnd.size()))
    if (c != '\n' && c != '\r' && c != ' ' && c != '\t') body += c;
  auto der = parse_base64(body);
  if (!der) return fail(std::move(der).error().at("public key in PEM"));
  return from_der(*der);
}

Result<PublicKey> PublicKey::from_der(std::string_view der) {
  initialise();
  if (der.size() > size_t{64} << 10) return fail(Code::invalid, "a public key of " + std::to_string(der.size()) + " bytes is too long");
  const unsigned char* at = unsigned_bytes(der);
  Owned<EVP_PKEY> key(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
  if (!key) return fail(Code::invalid, "this is no public key (SubjectPublicKeyInfo, DER): " + openssl_reason());
  if (at != unsigned_bytes(der) + der.size()) return fail(Code::invalid, "there are bytes behind the end of the public key");
  TRY(auto state, State::of(std::move(key)));
  return PublicKey(std::move(state));
}

Result<PublicKey> PublicKey::from_ed25519(Bytes raw) {
  initialise();
  if (raw.size() != 32) return fail(Code::invalid, "an Ed25519 public key has 32 bytes, not " + std::to_string(raw.size()));
  Owned<EVP_PKEY> key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw.data(), raw.size()));
  if (!key) return fail(Code::invalid, "these bytes are no Ed25519 public key: " + openssl_reason());
  TRY(auto state, State::of(std::move(key)));
  return PublicKey(std::move(state));
}

Result<PublicKey> PublicKey::from_point(KeyType type, Bytes point) {
  initialise();
  const char* group = type == KeyType::ecdsa_p256   ? "prime256v1"
                      : type == KeyType::ecdsa_p384 ? "secp384r1"
                      : type == KeyType::ecdsa_p521 ? "secp521r1"
                                                    : nullptr;
  if (group == nullptr) return fail(Code::invalid, "only ECDSA keys are points");
  Owned<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, group, 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
  Owned<OSSL_PARAM> parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* made = nullptr;
  if (!context || EVP_PKEY_fromdata_init(context.get()) != 1 || EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1)
    return fail(Code::invalid, "these bytes are no point of the curve " + std::string(to_string(type)) + ": " + openssl_reason());
  TRY(auto state, State::of(Owned<EVP_PKEY>(made)));
  return PublicKey(std::move(state));
}

KeyType PublicKey::type() const { return state_->type; }
const std::string& PublicKey::der() const { return state_->der; }
const std::string& PublicKey::key_id() const { return state_->id; }

std::string PublicKey::to_pem() const {
  const std::string text = to_base64(as_bytes(der()));
  std::string pem = "-----BEGIN PUBLIC KEY-----\n";
  for (size_t at = 0; at < text.size(); at += 64) pem.append(text, at, 64).append("\n");
  return pem + "-----END PUBLIC KEY-----\n";
}

std::string PublicKey::ed25519_bytes() const {
  std::string raw(32, '\0');
  size_t size = raw.size();
  if (type() != KeyType::ed25519 || EVP_PKEY_get_raw_public_key(state_->key.get(), reinterpret_cast<unsigned char*>(raw.data()), &size) != 1) return {};
  return raw;
}

Result<void> PublicKey::verify(std::string_view message, std::string_view signature, SignatureForm form) const {
  const auto denied = [&] {
    ERR_clear_error();
    return fail(Code::denied, "the signature does not fit the message under the " + std::string(to_string(type())) + " key " + key_id().substr(0, 12));
  };
  std::string der;
  const bool ecdsa = type() != KeyType::ed25519 && type() != KeyType::rsa;
  if (form == SignatureForm::raw && ecdsa) {
    auto converted = raw_to_der(type(), signature);
    if (!converted) return denied();
    der = std::move(*converted);
    signature = der;
  }
  if (form == SignatureForm::rsa_pss && type() != KeyType::rsa) return denied();
  Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* key_context = nullptr;
  if (!context || EVP_DigestVerifyInit(context.get(), &key_context, digest_of(type()), nullptr, state_->key.get()) != 1) return denied();
  if (form == SignatureForm::rsa_pss &&
      (EVP_PKEY_CTX_set_rsa_padding(key_context, RSA_PKCS1_PSS_PADDING) != 1 || EVP_PKEY_CTX_set_rsa_pss_saltlen(key_context, RSA_PSS_SALTLEN_DIGEST) != 1))
    return denied();
  if (EVP_DigestVerify(context.get(), unsigned_bytes(signature), signature.size(), unsigned_bytes(message), message.size()) != 1) return denied();
  return {};
}

Result<PrivateKey> PrivateKey::generate(KeyType type) {
  initialise();
  Owned<EVP_PKEY> key;
  if (type == KeyType::ed25519) key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  if (type == KeyType::ecdsa_p256) key.reset(EVP_EC_gen("P-256"));
  if (!key) return fail(Code::internal, "cannot make a key of type " + std::string(to_string(type)) + ": " + openssl_reason());
  TRY(auto public_state, PublicKey::State::of(Owned<EVP_PKEY>(EVP_PKEY_dup(key.get()))));
  return PrivateKey(std::make_shared<State>(State{std::move(key), PublicKey(std::move(public_state))}));
}

Result<PrivateKey> PrivateKey::from_pem(std::string_view pem) {
  initialise();
  Owned<BIO> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(std::min<size_t>(pem.size(), size_t{1} << 20))));
  // The callback refuses: an encrypted key must not make us ask on the terminal.
  const auto no_password = [](char*, int, int, void*) { return -1; };
  Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  if (!key) return fail(Code::invalid, "this is no private key in PEM (PKCS #8, not encrypted): " + openssl_reason());
  TRY(auto public_state, PublicKey::State::of(Owned<EVP_PKEY>(EVP_PKEY_dup(key.get()))));
  return PrivateKey(std::make_shared<State>(State{std::move(key), PublicKey(std::move(public_state))}));
}

std::string PrivateKey::to_pem() const {
  Owned<BIO> bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), state_->key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) return {};
  return take(bio.get());
}

const PublicKey& PrivateKey::public_key() const { return state_->public_key; }

Result<PrivateKey> PrivateKey::load(const Disk& disk, const std::string& path) {
  TRY(const auto pem, disk.read_file(path, size_t{64} << 10));
  struct stat info{};
  if (::stat(path.c_str(), &info) == 0 && (info.st_mode & 077) != 0)
    return fail(Error(Code::denied, "others than the owner may read this private key").at(path).next("chmod 600 " + path));
  auto key = from_pem(pem);
  if (!key) return fail(std::move(key).error().at(path));
  return key;
}

Result<PrivateKey> PrivateKey::load_or_create(Disk& disk, const std::string& path, KeyType type) {
  if (disk.exists(path)) {
    TRY(auto key, load(disk, path));
    if (key.type() != type)
      return fail(Error(Code::invalid, "this key is of type " + std::string(to_string(key.type())) + ", expected " + std::string(to_string(type))).at(path));
    return key;
  }
  TRY(auto key, generate(type));
  TRY_DO(disk.write_file(path, key.to_pem(), 0600));
  return key;
}

Result<std::string> PrivateKey::sign(std::string_view message) const {
  Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  size_t size = 0;
  if (!context || EVP_DigestSignInit(context.get(), nullptr, digest_of(type()), nullptr, state_->key.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, unsigned_bytes(message), message.size()) != 1)
    return fail(Code::internal, "cannot sign: " + openssl_reason());
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, unsigned_bytes(message), message.size()) != 1)
    return fail(Code::internal, "cannot sign: " + openssl_reason());
  signature.resize(size);
  return signature;
}

}  // namespace waybill::trust
