// net.cidr_*: IPv4 and IPv6 networks as 128-bit numbers.
#include <arpa/inet.h>

#include <map>

#include "waybill/rego/builtins.h"
#include "waybill/rego/text.h"
#include "waybill/rego/wide.h"

namespace waybill::rego {
namespace {

using Address = Uint128;

struct Network {
  Address first = 0;
  int bits = 0;     // of the prefix
  int width = 128;  // 32 or 128

  Address mask() const {
    const int free = width - bits;
    return free >= 128 ? Address{0} : ~((Address{1} << free) - 1);
  }
  Address last() const {
    const int free = width - bits;
    return free >= 128 ? ~Address{0} : first | ((Address{1} << free) - 1);
  }
};

std::optional<Network> parse_address(std::string_view text) {
  Network n;
  const std::string s(text);
  uint8_t bytes[16];
  if (s.find(':') == std::string::npos) {
    // Go refuses leading zeros; inet_pton does too.
    if (inet_pton(AF_INET, s.c_str(), bytes) != 1) return std::nullopt;
    n.width = n.bits = 32;
    for (int i = 0; i < 4; ++i) n.first = n.first << 8 | bytes[i];
    return n;
  }
  if (inet_pton(AF_INET6, s.c_str(), bytes) != 1) return std::nullopt;
  n.bits = 128;
  for (uint8_t b : bytes) n.first = n.first << 8 | b;
  if (n.first >> 32 == 0xFFFF) {  // ::ffff:a.b.c.d is IPv4
    n.first &= 0xFFFFFFFF;
    n.width = n.bits = 32;
  }
  return n;
}

std::optional<Network> parse_network(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  auto n = parse_address(text.substr(0, slash));
  const auto bits = text.substr(slash + 1);
  if (!n || bits.empty() || bits.size() > 3 || bits.find_first_not_of("0123456789") != std::string_view::npos || (bits.size() > 1 && bits[0] == '0'))
    return std::nullopt;
  int b = 0;
  for (char c : bits) b = b * 10 + (c - '0');
  if (b > n->width) return std::nullopt;
  n->bits = b;
  n->first &= n->mask();
  return n;
}

std::string to_text(Address a, int width) {
  char buffer[64];
  uint8_t bytes[16];
  const int count = width / 8;
  for (int i = count - 1; i >= 0; --i) bytes[i] = static_cast<uint8_t>(a), a >>= 8;
  inet_ntop(width == 32 ? AF_INET : AF_INET6, bytes, buffer, sizeof buffer);
  return buffer;
}
std::string to_text(const Network& n) { return to_text(n.first, n.width) + "/" + std::to_string(n.bits); }

bool contains(const Network& outer, const Network& inner) { return outer.width == inner.width && inner.first >= outer.first && inner.last() <= outer.last(); }

std::optional<Network> network_or_address(std::string_view text) {
  if (text.find('/') != std::string_view::npos) return parse_network(text);
  return parse_address(text);
}

Value contains_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0) || !want_string(c, o, 1)) return {};
  const auto outer = parse_network(o[0].text());
  if (!outer) return c.fail("invalid CIDR address: " + std::string(o[0].text()));
  const auto inner = network_or_address(o[1].text());
  if (!inner) return c.fail("not a valid textual representation of an IP address or CIDR: " + std::string(o[1].text()));
  return Value::of(contains(*outer, *inner));
}

Value intersects_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0) || !want_string(c, o, 1)) return {};
  const auto a = parse_network(o[0].text()), b = parse_network(o[1].text());
  if (!a) return c.fail("invalid CIDR address: " + std::string(o[0].text()));
  if (!b) return c.fail("invalid CIDR address: " + std::string(o[1].text()));
  return Value::of(contains(*a, *b) || contains(*b, *a));
}

Value is_valid_(BuiltinCall&, std::span<const Value> o) { return Value::of(o[0].is_string() && parse_network(o[0].text()).has_value()); }

Value expand_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0)) return {};
  const auto n = parse_network(o[0].text());
  if (!n) return c.fail("invalid CIDR address: " + std::string(o[0].text()));
  if (n->width - n->bits > 22) return c.fail("the network has too many addresses to list");
  std::vector<Value> out;
  for (Address a = n->first;; ++a) {
    out.push_back(c.string(to_text(a, n->width)));
    if (a == n->last()) break;
  }
  return c.heap.set(out);
}

// Strings, or arrays whose first item is one, with the key under which they are known.
bool entries_of(BuiltinCall& c, std::span<const Value> o, size_t at, std::vector<std::pair<Value, Network>>& out) {
  const std::string which = "operand " + std::to_string(at + 1) + ": ";
  const auto one = [&](const Value& key, const Value& v) {
    const Value text = v.is_string() ? v : v.is_array() && v.size() > 0 ? v.items()[0] : Value();
    if (!text.is_string()) return c.fail(which + "element must be string or non-empty array"), false;
    const auto n = network_or_address(text.text());
    if (!n) return c.fail(which + "not a valid textual representation of an IP address or CIDR: " + std::string(text.text())), false;
    out.emplace_back(key, *n);
    return true;
  };
  const Value& v = o[at];
  if (v.is_string()) return one(v, v);
  if (v.is_array()) {
    for (uint32_t i = 0; i < v.size(); ++i) {
      if (!one(Value::of(static_cast<int64_t>(i)), v.items()[i])) return false;
    }
    return true;
  }
  if (v.is_set()) {
    for (const Value& e : v.elements()) {
      if (!one(e, e)) return false;
    }
    return true;
  }
  if (v.is_object()) {
    for (const Entry& e : v.entries()) {
      if (!one(e.key, e.value)) return false;
    }
    return true;
  }
  c.wrong_type(at, "one of {array, object, set, string}", v);
  return false;
}

Value contains_matches_(BuiltinCall& c, std::span<const Value> o) {
  std::vector<std::pair<Value, Network>> outer, inner;
  if (!entries_of(c, o, 0, outer) || !entries_of(c, o, 1, inner)) return {};
  std::vector<Value> out;
  for (const auto& [a, x] : outer) {
    for (const auto& [b, y] : inner) {
      if (!contains(x, y)) continue;
      const Value pair[] = {a, b};
      out.push_back(c.heap.array(pair));
    }
  }
  return c.heap.set(out);
}

Value merge_(BuiltinCall& c, std::span<const Value> o) {
  std::span<const Value> items;
  if (!want_collection(c, o, 0, items)) return {};
  std::map<std::pair<int, Address>, Address> ranges;  // (width, first) → last
  std::vector<Network> all;
  for (const Value& v : items) {
    if (!v.is_string()) return c.fail("operand 1: element must be string");
    const auto text = v.text();
    auto n = network_or_address(text);
    if (!n) return c.fail("invalid CIDR address: " + std::string(text));
    if (text.find('/') == std::string_view::npos && n->width == 128) return c.fail("IPv6 invalid: needs prefix length");
    if (text.find('/') == std::string_view::npos) {
      // The class of an IPv4 address gives its mask, as Go's DefaultMask does.
      const auto top = static_cast<unsigned>(n->first >> 24);
      n->bits = top < 0x80 ? 8 : top < 0xC0 ? 16 : top < 0xE0 ? 24 : 32;
      n->first &= n->mask();
    }
    all.push_back(*n);
  }
  std::sort(all.begin(), all.end(), [](const Network& a, const Network& b) { return a.width != b.width ? a.width < b.width : a.first < b.first; });
  std::vector<Value> out;
  for (size_t i = 0; i < all.size();) {
    const int width = all[i].width;
    Address first = all[i].first, last = all[i].last();
    size_t j = i + 1;
    const Address top = width == 32 ? Address{0xFFFFFFFF} : ~Address{0};
    while (j < all.size() && all[j].width == width && (last == top || all[j].first <= last + 1)) last = std::max(last, all[j].last()), ++j;
    i = j;
    // The fewest networks that make up [first, last].
    while (true) {
      int bits = width;
      while (bits > 0) {
        Network wider{first, bits - 1, width};
        if ((first & wider.mask()) != first || wider.last() > last) break;
        --bits;
      }
      const Network n{first, bits, width};
      out.push_back(c.string(to_text(n)));
      if (n.last() >= last) break;
      first = n.last() + 1;
    }
  }
  return c.heap.set(out);
}

// Literal addresses and localhost only: what needs no resolver.
Value lookup_(BuiltinCall& c, std::span<const Value> o) {
  if (!want_string(c, o, 0)) return {};
  std::vector<Value> out;
  if (const auto n = parse_address(o[0].text())) {
    out.push_back(c.string(to_text(n->first, n->width)));
  } else if (o[0].text() == "localhost") {
    out.push_back(Value::view("127.0.0.1"));
    out.push_back(Value::view("::1"));
  } else {
    return c.fail("looking up names needs the capability `network`, which the caller did not grant");
  }
  return c.heap.set(out);
}

constexpr Builtin kTable[] = {
    {"net.cidr_contains", 2, contains_},
    {"net.cidr_intersects", 2, intersects_},
    {"net.cidr_is_valid", 1, is_valid_},
    {"net.cidr_expand", 1, expand_},
    {"net.cidr_contains_matches", 2, contains_matches_},
    {"net.cidr_merge", 1, merge_},
    {.name = "net.lookup_ip_addr", .arity = 1, .function = lookup_, .varying = true},
};

}  // namespace

std::span<const Builtin> net_builtins() { return kTable; }

}  // namespace waybill::rego
