// Keys: making them, keeping them, signing and verifying with them.
//
// Called by log/ (checkpoints), report/ and policy/ (DSSE), vault/. OpenSSL's EVP stands behind it and is set up at the
// first use, without its configuration file. Private keys leave this room only as PKCS #8 PEM for a file of mode 0600;
// no OpenSSL type is in a header, and nothing here decides whom to trust.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "waybill/base/bytes.h"
#include "waybill/base/disk.h"
#include "waybill/base/result.h"

namespace waybill::trust {

enum class KeyType { ed25519, ecdsa_p256, ecdsa_p384, ecdsa_p521, rsa };
// "ed25519", "ecdsa-p256", …
std::string_view to_string(KeyType type);

// How a signature is written and, for RSA, padded. The hash is SHA-256 (P-384: SHA-384, P-521: SHA-512); Ed25519 has
// its own.
enum class SignatureForm {
  usual,    // ECDSA: DER; RSA: PKCS #1 v1.5; Ed25519: 64 bytes
  raw,      // ECDSA: r || s of fixed size (IEEE P1363)
  rsa_pss,  // RSA: PSS, MGF1 and salt of the hash's size
};

// Thread-safe, cheap to copy (one shared pointer).
class PublicKey {
 public:
  // SubjectPublicKeyInfo as PEM ("BEGIN PUBLIC KEY") or DER. Errors: invalid, also for kinds of keys that we do not know
  // and for RSA below 2,048 bits.
  static Result<PublicKey> from_pem(std::string_view pem);
  static Result<PublicKey> from_der(std::string_view der);
  // 32 bytes.
  static Result<PublicKey> from_ed25519(Bytes raw);
  // Uncompressed point: 0x04, x, y.
  static Result<PublicKey> from_point(KeyType type, Bytes point);

  KeyType type() const;
  std::string to_pem() const;
  const std::string& der() const;     // SubjectPublicKeyInfo
  const std::string& key_id() const;  // SHA-256 of der(), 64 hexadecimal digits
  std::string ed25519_bytes() const;  // 32 bytes; empty for other types

  // denied when the signature does not fit; never anything else.
  Result<void> verify(std::string_view message, std::string_view signature, SignatureForm form = SignatureForm::usual) const;

  friend bool operator==(const PublicKey& a, const PublicKey& b) { return a.der() == b.der(); }

 private:
  friend class PrivateKey;
  struct State;
  explicit PublicKey(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

// Thread-safe, cheap to copy.
class PrivateKey {
 public:
  // ed25519 and ecdsa_p256 only.
  static Result<PrivateKey> generate(KeyType type);
  // PKCS #8, not encrypted.
  static Result<PrivateKey> from_pem(std::string_view pem);
  std::string to_pem() const;

  // The key in a file; made there, mode 0600, when the file is not there. Errors: denied when others may read the file,
  // invalid when it holds something else (also another type of key).
  static Result<PrivateKey> load_or_create(Disk& disk, const std::string& path, KeyType type);
  static Result<PrivateKey> load(const Disk& disk, const std::string& path);

  KeyType type() const { return public_key().type(); }
  const PublicKey& public_key() const;
  // In the usual form.
  Result<std::string> sign(std::string_view message) const;

 private:
  struct State;
  explicit PrivateKey(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

}  // namespace waybill::trust
