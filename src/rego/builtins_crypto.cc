// crypto.*: digests and HMACs. SHA-256 is base's own, the rest OpenSSL's.
#include "waybill/base/sha256.h"
#include "waybill/rego/builtins.h"
#include "waybill/rego/crypto_keys.h"

namespace waybill::rego {
namespace {

Value hex(BuiltinCall& c, std::string_view bytes) { return c.string(to_hex(as_bytes(bytes))); }

Value sha256_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0)) return {};
  return c.string(sha256(o[0].text()).hex());
}
template <Hash H>
Value digest_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0)) return {};
  return hex(c, digest(H, o[0].text()));
}
template <Hash H>
Value hmac_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0) || !want_string(c, o, 1)) return {};
  return hex(c, hmac(H, o[1].text(), o[0].text()));
}
Value hmac_equal_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0) || !want_string(c, o, 1)) return {};
  return Value::of(Value::equal(o[0], o[1]));
}

constexpr Builtin kTable[] = {
    {"crypto.sha256", 1, sha256_},
    {"crypto.md5", 1, digest_<Hash::md5>},
    {"crypto.sha1", 1, digest_<Hash::sha1>},
    {"crypto.hmac.md5", 2, hmac_<Hash::md5>},
    {"crypto.hmac.sha1", 2, hmac_<Hash::sha1>},
    {"crypto.hmac.sha256", 2, hmac_<Hash::sha256>},
    {"crypto.hmac.sha512", 2, hmac_<Hash::sha512>},
    {"crypto.hmac.equal", 2, hmac_equal_},
};

}  // namespace

std::span<const Builtin> crypto_builtins() { return kTable; }

}  // namespace waybill::rego
