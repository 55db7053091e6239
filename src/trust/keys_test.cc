#include "waybill/trust/keys.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace waybill::trust {
namespace {

TEST(Keys, WhatOneHalfSignsTheOtherVerifies) {
  for (const auto type : {KeyType::ed25519, KeyType::ecdsa_p256}) {
    const auto key = PrivateKey::generate(type);
    ASSERT_TRUE(key) << key.error().to_string();
    EXPECT_EQ(key->type(), type);
    auto signature = key->sign("message").value();
    EXPECT_TRUE(key->public_key().verify("message", signature));
    EXPECT_EQ(key->public_key().verify("massage", signature).error().code(), Code::denied);
    EXPECT_FALSE(PrivateKey::generate(type)->public_key().verify("message", signature));
    EXPECT_FALSE(key->public_key().verify("message", ""));
    EXPECT_FALSE(key->public_key().verify("message", signature + "x"));
    signature[signature.size() / 2] ^= 1;
    EXPECT_FALSE(key->public_key().verify("message", signature));
  }
}

TEST(Keys, PemAndDerComeBack) {
  for (const auto type : {KeyType::ed25519, KeyType::ecdsa_p256}) {
    const auto key = PrivateKey::generate(type).value();
    const auto again = PrivateKey::from_pem(key.to_pem());
    ASSERT_TRUE(again) << again.error().to_string();
    EXPECT_EQ(again->public_key(), key.public_key());
    EXPECT_TRUE(key.to_pem().starts_with("-----BEGIN PRIVATE KEY-----\n"));
    EXPECT_EQ(PublicKey::from_pem(key.public_key().to_pem()).value(), key.public_key());
    EXPECT_EQ(PublicKey::from_der(key.public_key().der()).value(), key.public_key());
    EXPECT_EQ(key.public_key().key_id().size(), 64u);
  }
}

// RFC 8032 §7.1, test 2.
TEST(Keys, Ed25519IsThatOfTheRfc) {
  const auto raw = parse_hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c").value();
  const auto key = PublicKey::from_ed25519(as_bytes(raw)).value();
  EXPECT_EQ(key.ed25519_bytes(), raw);
  EXPECT_TRUE(key.verify("\x72", parse_hex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302a"
                                           "eeb00d291612bb0c00")
                                     .value()));
}

TEST(Keys, RawEcdsaSignaturesAreTheDerOnes) {
  const auto key = PrivateKey::generate(KeyType::ecdsa_p256).value();
  const auto der = key.sign("message").value();
  // SEQUENCE { INTEGER r, INTEGER s } by hand.
  std::string raw;
  for (size_t at = 2; at < der.size();) {
    const size_t length = static_cast<uint8_t>(der[at + 1]);
    std::string number = der.substr(at + 2, length);
    while (number.size() > 32) number.erase(0, 1);
    raw += std::string(32 - number.size(), '\0') + number;
    at += 2 + length;
  }
  EXPECT_TRUE(key.public_key().verify("message", raw, SignatureForm::raw));
  EXPECT_FALSE(key.public_key().verify("message", raw));
  EXPECT_FALSE(key.public_key().verify("message", der, SignatureForm::raw));
  EXPECT_FALSE(key.public_key().verify("message", der, SignatureForm::rsa_pss));
}

TEST(Keys, WhatIsNoKeyIsRefusedWithAReason) {
  for (const auto* text :
       {"", "hello", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        "-----BEGIN PUBLIC KEY----------END PUBLIC KEY-----", "-----BEGIN PUBLIC KEY-----"}) {
    const auto key = PublicKey::from_pem(text);
    ASSERT_FALSE(key) << text;
    EXPECT_EQ(key.error().code(), Code::invalid);
  }
  const auto good = PrivateKey::generate(KeyType::ed25519)->public_key();
  EXPECT_FALSE(PublicKey::from_der(good.der() + "x"));
  EXPECT_FALSE(PublicKey::from_ed25519(as_bytes("short")));
  EXPECT_FALSE(PublicKey::from_point(KeyType::ecdsa_p256, as_bytes(std::string(65, '\4'))));
  EXPECT_FALSE(PrivateKey::from_pem("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"));
  // RSA of 1,024 bits: `openssl genrsa 1024`.
  const auto weak = PublicKey::from_pem(
      "-----BEGIN PUBLIC "
      "KEY-----\nMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDdlatRjRjogo3WojgGHFHYLugd\nUWAY9iR3fy4arWNA1KoS8kVw33cJibXr8bvwUAUparCwlvdbH6dvEOfou0/gCFQs\n"
      "HUfQrSDv+MuSUMAe8jzKE4qW+jK+xQU9a03GUnKHkkle+Q0pX/g6jXZ7r1/xAK5D\no2kQ+X5xK9cipRgEKwIDAQAB\n-----END PUBLIC KEY-----\n");
  ASSERT_FALSE(weak);
  EXPECT_NE(weak.error().message().find("1024 bits is too short"), std::string::npos) << weak.error().to_string();
}

TEST(Keys, AKeyFileIsMadeOnceAndKeptFromOthers) {
  const std::string path = testing::TempDir() + "waybill-key-" + std::to_string(::getpid());
  std::filesystem::remove(path);
  auto& disk = Disk::system();
  const auto first = PrivateKey::load_or_create(disk, path, KeyType::ecdsa_p256);
  ASSERT_TRUE(first) << first.error().to_string();
  struct stat info{};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_EQ(PrivateKey::load_or_create(disk, path, KeyType::ecdsa_p256)->public_key(), first->public_key());
  EXPECT_EQ(PrivateKey::load_or_create(disk, path, KeyType::ed25519).error().code(), Code::invalid);
  ::chmod(path.c_str(), 0640);
  EXPECT_EQ(PrivateKey::load(disk, path).error().code(), Code::denied);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace waybill::trust
