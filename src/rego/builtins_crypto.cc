// crypto.sha256 and its HMAC, crypto.hmac.equal. (Other digests and certificates need OpenSSL.)
#include "waybill/base/sha256.h"
#include "waybill/rego/builtins.h"

namespace waybill::rego {
namespace {

Value sha256_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0)) return {};
  return c.string(sha256(o[0].text()).hex());
}

// RFC 2104.
Value hmac_sha256_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0) || !want_string(c, o, 1)) return {};
  std::string key(o[1].text());
  if (key.size() > 64) {
    const auto digest = sha256(key);
    key.assign(reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size());
  }
  key.resize(64, '\0');
  std::string inner, outer;
  for (char ch : key) {
    inner += static_cast<char>(ch ^ 0x36);
    outer += static_cast<char>(ch ^ 0x5c);
  }
  inner += o[0].text();
  const auto first = sha256(inner);
  outer.append(reinterpret_cast<const char*>(first.bytes.data()), first.bytes.size());
  return c.string(sha256(outer).hex());
}

Value hmac_equal_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0) || !want_string(c, o, 1)) return {};
  return Value::of(Value::equal(o[0], o[1]));
}

constexpr Builtin kTable[] = {{"crypto.sha256", 1, sha256_}, {"crypto.hmac.sha256", 2, hmac_sha256_}, {"crypto.hmac.equal", 2, hmac_equal_}};

}  // namespace

std::span<const Builtin> crypto_builtins() { return kTable; }

}  // namespace waybill::rego
