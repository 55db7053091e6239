// rand.intn, uuid.*: random only where the caller grants it, and repeatable by its seed.
#include <cstdio>

#include "waybill/base/bytes.h"
#include "waybill/rego/builtins.h"

namespace waybill::rego {
namespace {

uint64_t step(uint64_t& state) {  // SplitMix64
  uint64_t z = (state += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

// The same key gives the same number within one evaluation.
uint64_t keyed(BuiltinCall& c, std::string_view key) {
  uint64_t state = c.options.seed;
  for (char ch : key) state = state * 1099511628211ULL + static_cast<uint8_t>(ch) + 1;
  return step(state);
}

Value intn_(BuiltinCall& c, std::span<const Value> o) {
  int64_t n = 0;
  if (!want_string(c, o, 0) || !want_integer(c, o, 1, n)) return {};
  if (!c.options.capabilities.random) return c.fail("needs the capability `random`, which the caller did not grant");
  if (n == 0) return Value::of(int64_t{0});
  const uint64_t limit = n < 0 ? 0 - static_cast<uint64_t>(n) : static_cast<uint64_t>(n);
  return Value::of(static_cast<int64_t>(keyed(c, std::string(o[0].text()) + "/" + std::to_string(n)) % limit));
}

Value rfc4122_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0)) return {};
  if (!c.options.capabilities.random) return c.fail("needs the capability `random`, which the caller did not grant");
  const uint64_t a = (keyed(c, "a" + std::string(o[0].text())) & ~0xF000ULL) | 0x4000ULL;
  const uint64_t b = (keyed(c, "b" + std::string(o[0].text())) & ~(3ULL << 62)) | (2ULL << 62);
  char buffer[40];
  std::snprintf(buffer, sizeof buffer, "%08x-%04x-%04x-%04x-%012llx", static_cast<unsigned>(a >> 32), static_cast<unsigned>(a >> 16 & 0xFFFF),
                static_cast<unsigned>(a & 0xFFFF), static_cast<unsigned>(b >> 48), static_cast<unsigned long long>(b & 0xFFFFFFFFFFFFULL));
  return c.string(buffer);
}

Value parse_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0)) return {};
  std::string text = to_lower(o[0].text());
  if (text.starts_with("urn:uuid:")) text.erase(0, 9);
  if (text.starts_with('{') && text.ends_with('}')) text = text.substr(1, text.size() - 2);
  std::string hex;
  if (text.size() == 36 && text[8] == '-' && text[13] == '-' && text[18] == '-' && text[23] == '-') {
    for (char ch : text) {
      if (ch != '-') hex += ch;
    }
  } else if (text.size() == 32) {
    hex = text;
  }
  const auto bytes = parse_hex(hex);
  if (!bytes || bytes->size() != 16) return c.fail("invalid UUID");
  const auto at = [&](size_t i) { return static_cast<uint64_t>(static_cast<uint8_t>((*bytes)[i])); };
  std::vector<Entry> out;
  const auto put = [&](std::string_view key, Value v) { out.push_back({c.string(key), v}); };
  const int64_t version = static_cast<int64_t>(at(6) >> 4);
  const uint64_t top = at(8);
  put("version", Value::of(version));
  put("variant", Value::view((top & 0xc0) == 0x80 ? "RFC4122" : (top & 0xe0) == 0xc0 ? "Microsoft" : (top & 0xe0) == 0xe0 ? "Future" : "Reserved"));
  if (version == 1 || version == 2) {
    uint64_t ticks = (at(6) & 0x0F) << 56 | at(7) << 48 | at(4) << 40 | at(5) << 32;
    if (version == 1)
      ticks |= at(0) << 24 | at(1) << 16 | at(2) << 8 | at(3);
    else
      ticks |= at(0) << 24 | at(1) << 16 | at(2) << 8 | at(3);
    put("time", Value::of(int64_t{(static_cast<int64_t>(ticks) - int64_t{122192928000000000}) * 100}));
    put("clocksequence", Value::of(static_cast<int64_t>((at(8) & 0x3F) << 8 | at(9))));
    char node[20];
    std::snprintf(node, sizeof node, "%02x-%02x-%02x-%02x-%02x-%02x", static_cast<unsigned>(at(10)), static_cast<unsigned>(at(11)),
                  static_cast<unsigned>(at(12)), static_cast<unsigned>(at(13)), static_cast<unsigned>(at(14)), static_cast<unsigned>(at(15)));
    put("nodeid", c.string(node));
    std::string variables;
    if ((at(10) & 2) != 0)
      variables = "local:";
    else
      variables = "global:";
    variables += (at(10) & 1) != 0 ? "multicast" : "unicast";
    put("macvariables", c.string(variables));
    if (version == 2) {
      put("id", Value::of(static_cast<int64_t>(at(0) << 24 | at(1) << 16 | at(2) << 8 | at(3))));
      const uint64_t domain = at(9);
      put("domain", domain == 0   ? Value::view("Person")
                    : domain == 1 ? Value::view("Group")
                    : domain == 2 ? Value::view("Org")
                                  : c.string("Domain" + std::to_string(domain)));
    }
  }
  return c.heap.object(out);
}

constexpr Builtin kTable[] = {
    {.name = "rand.intn", .arity = 2, .function = intn_, .varying = true},
    {.name = "uuid.rfc4122", .arity = 1, .function = rfc4122_, .varying = true},
    {"uuid.parse", 1, parse_},
};

}  // namespace

std::span<const Builtin> random_builtins() { return kTable; }

}  // namespace waybill::rego
