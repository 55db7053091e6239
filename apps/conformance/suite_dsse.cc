// DSSE: the protocol's test vector and pre-authentication encodings; Wycheproof's signature vectors under our keys.
#include <filesystem>

#include "suites.h"
#include "waybill/base/json_in.h"
#include "waybill/trust/dsse.h"

namespace waybill::conformance {
namespace {

using trust::KeyType;
using trust::PublicKey;
using trust::SignatureForm;

std::string from_hex(std::string_view text) { return parse_hex(text).value_or(std::string()); }

// A decimal number as `bytes` big-endian bytes.
std::string from_decimal(std::string_view digits, size_t bytes) {
  std::string out(bytes, '\0');
  for (const char digit : digits) {
    unsigned carry = static_cast<unsigned>(digit - '0');
    for (size_t i = bytes; i-- > 0;) {
      const unsigned value = static_cast<uint8_t>(out[i]) * 10u + carry;
      out[i] = static_cast<char>(value & 0xff);
      carry = value >> 8;
    }
  }
  return out;
}

void run_protocol(Counts& counts, const std::string& file, JsonValue root) {
  const auto expect = [&](std::string_view name, bool right, std::string_view wanted, std::string_view got) {
    if (right) {
      ++counts.passed;
    } else {
      report_failure(counts, file, name, wanted, got);
    }
  };
  const auto encoding = [&](JsonValue test, std::string_view payload, const std::string& name) {
    const std::string wanted = test["pae_utf8"].exists() ? std::string(test["pae_utf8"].string_or("")) : from_hex(test["pae_hex"].string_or(""));
    const std::string got = trust::pre_authentication_encoding(test["payloadType"].string_or(""), payload);
    expect(name, got == wanted, wanted, got);
  };
  size_t number = 0;
  for (const auto test : root["vectors"].items()) {
    const std::string name = "vectors/" + std::to_string(number++);
    const std::string_view payload = test["payload_utf8"].string_or("");
    encoding(test, payload, name + ": PAE");
    const auto key = PublicKey::from_point(
        KeyType::ecdsa_p256, as_bytes("\x04" + from_decimal(test["key"]["x_dec"].string_or(""), 32) + from_decimal(test["key"]["y_dec"].string_or(""), 32)));
    expect(name + ": key", key.has_value(), "a key", key ? "" : key.error().to_string());
    auto envelope = trust::parse_envelope(test["envelope"].to_json());
    expect(name + ": envelope", envelope && envelope->payload == payload && envelope->payload_type == test["payloadType"].string_or(""), payload,
           envelope ? envelope->payload : envelope.error().to_string());
    if (!key || !envelope) continue;
    const auto verified = trust::verify_envelope(*envelope, {&*key, 1});
    expect(name + ": signature", verified.has_value(), "verifies", verified ? "" : verified.error().to_string());
    // The same signature over anything else must not verify.
    auto forged = *envelope;
    forged.payload += ' ';
    expect(name + ": other payload", !trust::verify_envelope(forged, {&*key, 1}), "refusal", "verified");
    forged = *envelope;
    forged.payload_type += 'x';
    expect(name + ": other type", !trust::verify_envelope(forged, {&*key, 1}), "refusal", "verified");
  }
  number = 0;
  for (const auto test : root["pae_edge"].items()) encoding(test, from_hex(test["payload_hex"].string_or("")), "pae_edge/" + std::to_string(number++));
}

void run_wycheproof(Counts& counts, const std::string& file, JsonValue root) {
  const auto form = root["algorithm"].string_or("") == "RSASSA-PSS" ? SignatureForm::rsa_pss : SignatureForm::usual;
  for (const auto group : root["testGroups"].items()) {
    const auto key = PublicKey::from_pem(group["publicKeyPem"].string_or(""));
    for (const auto test : group["tests"].items()) {
      const auto wanted = test["result"].string_or("");
      const std::string name = "tcId " + test["tcId"].to_json() + " (" + std::string(test["comment"].string_or("")) + ")";
      const bool verified = key && key->verify(from_hex(test["msg"].string_or("")), from_hex(test["sig"].string_or("")), form);
      if (wanted == "acceptable" || (wanted == "valid") == verified) {
        ++counts.passed;
      } else {
        report_failure(counts, file, name, wanted, verified ? "verified" : key ? "refused" : key.error().to_string());
      }
    }
  }
}

Result<Counts> run(const std::string& path) {
  Counts counts;
  for (const auto& file : list_files(path, ".json")) {
    TRY(const auto text, read_file(file));
    TRY(const auto document, JsonDocument::parse(text));
    const std::string name = std::filesystem::path(file).filename().string();
    if (document.root()["testGroups"].exists())
      run_wycheproof(counts, name, document.root());
    else
      run_protocol(counts, name, document.root());
  }
  return counts;
}

const Registration suite{"dsse", "DSSE protocol vectors and Wycheproof signature vectors", run};

}  // namespace
}  // namespace waybill::conformance
