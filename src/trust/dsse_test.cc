#include "waybill/trust/dsse.h"

#include <gtest/gtest.h>

namespace waybill::trust {
namespace {

class Dsse : public testing::Test {
 protected:
  PrivateKey key_ = PrivateKey::generate(KeyType::ecdsa_p256).value();
  PrivateKey second_ = PrivateKey::generate(KeyType::ed25519).value();
  PrivateKey stranger_ = PrivateKey::generate(KeyType::ecdsa_p256).value();
};

TEST_F(Dsse, TheEncodingIsThatOfTheProtocol) {
  EXPECT_EQ(pre_authentication_encoding("http://example.com/HelloWorld", "hello world"), "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
  EXPECT_EQ(pre_authentication_encoding("", ""), "DSSEv1 0  0 ");
  EXPECT_EQ(pre_authentication_encoding("é", std::string("\0", 1)), std::string("DSSEv1 2 é 1 \0", 15));
}

TEST_F(Dsse, WhatWasSignedComesBackAndVerifies) {
  const auto made = sign_envelope(std::string(kInTotoPayloadType), "{\"a\":1}", key_).value();
  const auto json = made.to_json();
  const auto envelope = parse_envelope(json);
  ASSERT_TRUE(envelope) << envelope.error().to_string();
  EXPECT_EQ(envelope->payload, "{\"a\":1}");
  EXPECT_EQ(envelope->payload_type, kInTotoPayloadType);
  EXPECT_EQ(envelope->signatures[0].key_id, key_.public_key().key_id());
  EXPECT_TRUE(verify_envelope(*envelope, {&key_.public_key(), 1}));
  EXPECT_EQ(verify_envelope(*envelope, {&stranger_.public_key(), 1}).error().code(), Code::denied);
  EXPECT_FALSE(verify_envelope(*envelope, {}));
  EXPECT_EQ(envelope->to_json(), json);
}

TEST_F(Dsse, NeitherPayloadNorTypeCanBeChanged) {
  const auto good = sign_envelope("type", "payload", key_).value();
  auto changed = good;
  changed.payload = "Payload";
  EXPECT_FALSE(verify_envelope(changed, {&key_.public_key(), 1}));
  changed = good;
  changed.payload_type = "Type";
  EXPECT_FALSE(verify_envelope(changed, {&key_.public_key(), 1}));
  // Moving bytes between the two is why the encoding has lengths.
  changed = good;
  changed.payload_type = "typ";
  changed.payload = "e7 payload";
  EXPECT_FALSE(verify_envelope(changed, {&key_.public_key(), 1}));
}

TEST_F(Dsse, AKeyCountsOnceHoweverOftenItSigned) {
  auto envelope = sign_envelope("type", "payload", key_).value();
  ASSERT_TRUE(add_signature(envelope, key_));
  const std::vector<PublicKey> keys = {key_.public_key(), second_.public_key(), key_.public_key()};
  EXPECT_TRUE(verify_envelope(envelope, keys, 1));
  EXPECT_FALSE(verify_envelope(envelope, keys, 2));
  ASSERT_TRUE(add_signature(envelope, second_));
  const auto verified = verify_envelope(envelope, keys, 2);
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->matches.size(), 2u);
  EXPECT_FALSE(verify_envelope(envelope, keys, 3));
  EXPECT_TRUE(verify_envelope(envelope, keys, 0)) << "a threshold of nothing means one";
  EXPECT_FALSE(verify_envelope(envelope, {&stranger_.public_key(), 1}, 0));
}

TEST_F(Dsse, KeyIdsAreOnlyHints) {
  auto envelope = sign_envelope("type", "payload", key_).value();
  envelope.signatures[0].key_id = stranger_.public_key().key_id();
  EXPECT_TRUE(verify_envelope(envelope, {&key_.public_key(), 1}));
  EXPECT_FALSE(verify_envelope(envelope, {&stranger_.public_key(), 1}));
  envelope.signatures[0].key_id.clear();
  EXPECT_TRUE(verify_envelope(envelope, {&key_.public_key(), 1}));
}

TEST_F(Dsse, BothAlphabetsAreRead) {
  const std::string bytes = "\xfb\xff\xfe?";
  const auto url = parse_envelope(R"({"payloadType":"t","payload":"-__-Pw","signatures":[{"sig":"AA"}]})");
  ASSERT_TRUE(url) << url.error().to_string();
  EXPECT_EQ(url->payload, bytes);
  EXPECT_EQ(parse_envelope(R"({"payloadType":"t","payload":"+//+Pw==","signatures":[{"sig":"AA=="}]})")->payload, bytes);
}

TEST_F(Dsse, WhatIsWrongIsNamedWithItsPlace) {
  const struct {
    std::string_view json, message;
  } kRows[] = {
      {"[]", "DSSE envelope: /: expected an object"},
      {R"({"payload":"","signatures":[{"sig":"AA=="}]})", "DSSE envelope: /payloadType: expected the payload's type as text"},
      {R"({"payloadType":"","payload":"","signatures":[{"sig":"AA=="}]})", "DSSE envelope: /payloadType: is empty"},
      {R"({"payloadType":"t","signatures":[{"sig":"AA=="}]})", "DSSE envelope: /payload: is missing: expected base64 text"},
      {R"({"payloadType":"t","payload":7,"signatures":[{"sig":"AA=="}]})", "DSSE envelope: /payload: expected base64 text, found an integer"},
      {R"({"payloadType":"t","payload":"","signatures":[]})", "DSSE envelope: /signatures: expected an array of one signature at the least"},
      {R"({"payloadType":"t","payload":"","signatures":["x"]})", "DSSE envelope: /signatures/0: expected an object"},
      {R"({"payloadType":"t","payload":"","signatures":[{"sig":""}]})", "DSSE envelope: /signatures/0/sig: is empty"},
      {R"({"payloadType":"t","payload":"","signatures":[{"sig":"AA==","keyid":7}]})", "DSSE envelope: /signatures/0/keyid: expected text"},
  };
  for (const auto& row : kRows) {
    const auto envelope = parse_envelope(row.json);
    ASSERT_FALSE(envelope) << row.json;
    EXPECT_EQ(envelope.error().to_string(), row.message);
    EXPECT_EQ(envelope.error().code(), Code::invalid);
  }
  for (const auto* broken :
       {R"({"payloadType":"t","payload":"AA=","signatures":[{"sig":"AA=="}]})", R"({"payloadType":"t","payload":"A A=","signatures":[{"sig":"AA=="}]})",
        R"({"payloadType":"t","payload":"AB==","signatures":[{"sig":"AA=="}]})", R"({"payloadType":"t","payload":"-/==","signatures":[{"sig":"AA=="}]})",
        R"({"payloadType":"t","payloadType":"u","payload":"","signatures":[{"sig":"AA=="}]})",
        R"({"payloadType":"t","payload":"","signatures":[{"sig":"AA=="}])"})
    EXPECT_FALSE(parse_envelope(broken)) << broken;
}

}  // namespace
}  // namespace waybill::trust
