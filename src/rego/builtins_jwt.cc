// io.jwt.*: JSON Web Tokens (RFC 7515, 7519), signed ones.
#include <cmath>

#include "waybill/base/bytes.h"
#include "waybill/rego/big_number.h"
#include "waybill/rego/builtins.h"
#include "waybill/rego/crypto_keys.h"
#include "waybill/rego/json_value.h"

namespace waybill::rego {
namespace {

// Unpadded (or padded) base64url; `bad` is the first byte that is none.
std::optional<std::string> decode_url(std::string_view text, size_t& bad) {
  std::string out;
  uint32_t bits = 0;
  int have = 0;
  while (text.ends_with('=')) text.remove_suffix(1);
  for (size_t i = 0; i < text.size(); ++i) {
    const char ch = text[i];
    int value = -1;
    if (ch >= 'A' && ch <= 'Z')
      value = ch - 'A';
    else if (ch >= 'a' && ch <= 'z')
      value = ch - 'a' + 26;
    else if (ch >= '0' && ch <= '9')
      value = ch - '0' + 52;
    else if (ch == '-')
      value = 62;
    else if (ch == '_')
      value = 63;
    bad = i;
    if (value < 0) return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(value);
    if ((have += 6) >= 8) {
      have -= 8;
      out += static_cast<char>(bits >> have & 0xFF);
    }
  }
  bad = text.size();
  if (text.size() % 4 == 1) return std::nullopt;
  return out;
}
std::string encode_url(std::string_view text) { return to_base64(as_bytes(text), Base64::url); }

struct Token {
  std::string_view signed_part;
  Value header, payload;
  std::string payload_text, signature;
};

// false after having failed the call.
bool split_token(BuiltinCall& c, std::string_view text, std::string_view parts[3]) {
  if (text.find('.') == std::string_view::npos) return c.fail("encoded JWT had no period separators"), false;
  const auto sections = split(text, '.');
  if (sections.size() != 3) return c.fail("encoded JWT must have 3 sections, found " + std::to_string(sections.size())), false;
  for (size_t i = 0; i < 3; ++i) parts[i] = sections[i];
  return true;
}

bool decode(BuiltinCall& c, std::string_view text, Token& out, bool want_payload_object = true) {
  std::string_view parts[3];
  if (!split_token(c, text, parts)) return false;
  static constexpr std::string_view names[] = {"header", "payload", "signature"};
  std::string decoded[3];
  for (size_t i = 0; i < 3; ++i) {
    size_t bad = 0;
    auto bytes = decode_url(parts[i], bad);
    if (!bytes) return c.fail("JWT " + std::string(names[i]) + " had invalid encoding: illegal base64 data at input byte " + std::to_string(bad)), false;
    decoded[i] = std::move(*bytes);
  }
  out.signed_part = text.substr(0, static_cast<size_t>(parts[2].data() - text.data()) - 1);
  out.signature = decoded[2];
  out.payload_text = decoded[1];
  const Value header_text = c.string(decoded[0]), payload_text = c.string(decoded[1]);
  const auto header = parse_json_value(c.heap, header_text.text());
  if (!header || !header->is_object()) return c.fail("JWT header is not a JSON object"), false;
  out.header = *header;
  const auto payload = parse_json_value(c.heap, payload_text.text());
  if (payload)
    out.payload = *payload;
  else if (want_payload_object && out.header["cty"].string_or("") != "JWT")
    return c.fail("JWT payload is not JSON"), false;
  return true;
}

Value decode_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0)) return {};
  std::string inner(o[0].text());
  for (int depth = 0; depth < 16; ++depth) {
    Token t;
    const Value text = c.string(inner);
    if (!decode(c, text.text(), t)) return {};
    if (t.header["enc"]) return c.fail("JWT is a JWE object, which is not supported");
    if (to_lower(t.header["cty"].string_or("")) == "jwt") {
      inner = t.payload.is_string() ? std::string(t.payload.text()) : t.payload_text;
      continue;
    }
    const Value out[] = {t.header, t.payload, c.string(to_hex(as_bytes(t.signature)))};
    return c.heap.array(out);
  }
  return c.fail("JWT is nested too deeply");
}

Value verify(BuiltinCall& c, std::span<const Value> o, std::string_view algorithm) {
  if (!want_string(c, o, 0) || !want_string(c, o, 1)) return {};
  std::string_view parts[3];
  if (!split_token(c, o[0].text(), parts)) return {};
  size_t bad = 0;
  const auto header_text = decode_url(parts[0], bad);
  if (!header_text) return c.fail("JWT header had invalid encoding: illegal base64 data at input byte " + std::to_string(bad));
  const auto signature = decode_url(parts[2], bad);
  if (!signature) return c.fail("JWT signature had invalid encoding: illegal base64 data at input byte " + std::to_string(bad));
  const auto signed_part = o[0].text().substr(0, static_cast<size_t>(parts[2].data() - o[0].text().data()) - 1);
  if (algorithm.starts_with("HS")) {
    Key key;
    key.secret = o[1].text();
    return Value::of(verify_jws(algorithm, key, signed_part, *signature));
  }
  std::string problem;
  const auto keys = read_verification_keys(o[1].text(), problem);
  if (keys.empty()) return c.fail(problem);
  const Value kept = c.string(*header_text);
  const auto header = parse_json_value(c.heap, kept.text());
  const auto kid = header ? (*header)["kid"].string_or("") : std::string_view();
  // The key that the token names first; otherwise any.
  for (const Key& k : keys) {
    if (!kid.empty() && k.id == kid) return Value::of(verify_jws(algorithm, k, signed_part, *signature));
  }
  for (const Key& k : keys) {
    if (verify_jws(algorithm, k, signed_part, *signature)) return Value::of(true);
  }
  return Value::of(false);
}

enum class Alg : uint8_t { hs256, hs384, hs512, rs256, rs384, rs512, ps256, ps384, ps512, es256, es384, es512, eddsa };
constexpr std::string_view kNames[] = {"HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"};
template <Alg A>
Value verify_(BuiltinCall& c, std::span<const Value> o) {
  return verify(c, o, kNames[static_cast<size_t>(A)]);
}

Value decode_verify_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0) || !want_object(c, o, 1)) return {};
  const Value& rules = o[1];
  const Value none[] = {Value::of(false), c.heap.sorted_object({}), c.heap.sorted_object({})};
  const Value refused = c.heap.array(none);
  std::vector<Key> keys;
  bool symmetric = false;
  for (const Entry& e : rules.entries()) {
    const auto name = e.key.string_or("");
    if (name == "cert") {
      if (!e.value.is_string()) return c.fail("cert constraint: must be a string");
      std::string problem;
      keys = read_verification_keys(e.value.text(), problem);
      if (keys.empty()) return c.fail(problem);
    } else if (name == "secret") {
      if (!e.value.is_string()) return c.fail("secret constraint: must be a string");
      Key k;
      k.secret = e.value.text();
      keys.push_back(std::move(k));
      symmetric = true;
    } else if (name == "alg" || name == "iss" || name == "aud") {
      if (!e.value.is_string()) return c.fail(std::string(name) + " constraint: must be a string");
    } else if (name == "time") {
      if (!e.value.is_number()) return c.fail("token time constraint: must be a number");
    } else {
      return c.fail("unknown token validation constraint: " + std::string(name));
    }
  }
  if (keys.empty()) return c.fail("no verification keys: give `cert` or `secret`");
  if (rules["cert"] && rules["secret"]) return c.fail("duplicate key constraints: `cert` and `secret`");
  std::string inner(o[0].text());
  Token t;
  for (int depth = 0;; ++depth) {
    if (depth > 16) return refused;
    const Value text = c.string(inner);
    t = Token();
    if (!decode(c, text.text(), t, false)) return {};
    const auto alg = t.header["alg"].string_or("");
    if (!is_jws_algorithm(alg) || (alg.starts_with("HS") != symmetric)) return refused;
    if (const Value want = rules["alg"]; want && want.text() != alg) return refused;
    // Extensions that must be understood: none are.
    if (t.header["crit"]) return refused;
    const auto kid = t.header["kid"].string_or("");
    bool valid = false, named = false;
    for (const Key& k : keys) {
      if (!kid.empty() && k.id == kid) named = true, valid |= verify_jws(alg, k, t.signed_part, t.signature);
    }
    for (const Key& k : keys) {
      if (!named && !valid) valid = verify_jws(alg, k, t.signed_part, t.signature);
    }
    if (!valid) return refused;
    if (to_lower(t.header["cty"].string_or("")) != "jwt") break;
    inner = t.payload.is_string() ? std::string(t.payload.text()) : t.payload_text;
  }
  if (!t.payload.is_object()) return refused;
  if (const Value want = rules["iss"]; want && !Value::equal(t.payload["iss"], want)) return refused;
  const Value aud = t.payload["aud"], want_aud = rules["aud"];
  if (aud.defined() != want_aud.defined()) return refused;
  if (aud) {
    bool found = Value::equal(aud, want_aud);
    for (const Value& v : aud.items()) found |= Value::equal(v, want_aud);
    if (!found) return refused;
  }
  // Seconds with fractions against nanoseconds.
  const long double now = rules["time"] ? to_float(rules["time"]) : static_cast<long double>(c.options.now_ns);
  if (const Value exp = t.payload["exp"]) {
    if (!exp.is_number()) return c.fail("exp value must be a number");
    if (now >= to_float(exp) * 1e9L) return refused;
  }
  if (const Value nbf = t.payload["nbf"]) {
    if (!nbf.is_number()) return c.fail("nbf value must be a number");
    if (now < to_float(nbf) * 1e9L) return refused;
  }
  const Value out[] = {Value::of(true), t.header, t.payload};
  return c.heap.array(out);
}

Value encode(BuiltinCall& c, std::string_view header_text, std::string_view payload, const Value& jwk) {
  const Value kept = c.string(header_text);
  const auto header = parse_json_value(c.heap, kept.text());
  if (!header || !header->is_object()) return c.fail("missing or invalid 'alg' header: cannot parse JSON");
  const auto alg = (*header)["alg"];
  if (!alg.is_string()) return c.fail("missing or invalid 'alg' header: jwsbb: header \"alg\" not found");
  if (!is_jws_algorithm(alg.text())) return c.fail("unknown JWS algorithm: " + std::string(alg.text()));
  const auto type = (*header)["typ"].string_or("");
  if ((type.empty() || type == "JWT") && !parse_json_value(c.heap, c.string(payload).text())) return c.fail("type is JWT but payload is not JSON");
  std::string problem;
  const auto key = read_jwk(jwk, problem);
  if (!key) return c.fail(problem);
  std::string out = encode_url(header_text) + "." + encode_url(payload);
  const auto signature = sign_jws(alg.text(), *key, out, problem);
  if (!signature) return c.fail(problem);
  return c.string(out + "." + encode_url(*signature));
}

Value encode_sign_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_object(c, o, 0) || !want_object(c, o, 1) || !want_object(c, o, 2)) return {};
  return encode(c, o[0].to_json(), o[1].to_json(), o[2]);
}
Value encode_sign_raw_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0) || !want_string(c, o, 1) || !want_string(c, o, 2)) return {};
  const auto jwk = parse_json_value(c.heap, o[2].text());
  if (!jwk || !jwk->is_object()) return c.fail("failed to parse a JWK key (set): invalid JSON");
  return encode(c, o[0].text(), o[1].text(), *jwk);
}

constexpr Builtin kTable[] = {
    {"io.jwt.decode", 1, decode_},
    {"io.jwt.verify_hs256", 2, verify_<Alg::hs256>},
    {"io.jwt.verify_hs384", 2, verify_<Alg::hs384>},
    {"io.jwt.verify_hs512", 2, verify_<Alg::hs512>},
    {"io.jwt.verify_rs256", 2, verify_<Alg::rs256>},
    {"io.jwt.verify_rs384", 2, verify_<Alg::rs384>},
    {"io.jwt.verify_rs512", 2, verify_<Alg::rs512>},
    {"io.jwt.verify_ps256", 2, verify_<Alg::ps256>},
    {"io.jwt.verify_ps384", 2, verify_<Alg::ps384>},
    {"io.jwt.verify_ps512", 2, verify_<Alg::ps512>},
    {"io.jwt.verify_es256", 2, verify_<Alg::es256>},
    {"io.jwt.verify_es384", 2, verify_<Alg::es384>},
    {"io.jwt.verify_es512", 2, verify_<Alg::es512>},
    {"io.jwt.verify_eddsa", 2, verify_<Alg::eddsa>},
    {.name = "io.jwt.decode_verify", .arity = 2, .function = decode_verify_, .varying = true},
    {.name = "io.jwt.encode_sign", .arity = 3, .function = encode_sign_, .varying = true},
    {.name = "io.jwt.encode_sign_raw", .arity = 3, .function = encode_sign_raw_, .varying = true},
};

}  // namespace

std::span<const Builtin> jwt_builtins() { return kTable; }

}  // namespace waybill::rego
