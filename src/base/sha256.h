// SHA-256 (FIPS 180-4) at the hardware's speed: the SHA extensions where the processor has them, portable code elsewhere.
//
// Our own, because the first hash through OpenSSL costs 1.5 ms of start-up (docs/decisions/0002-static-archives.md) and
// because every byte that comes in is hashed once. Other algorithms come from OpenSSL, in trust/.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "waybill/base/bytes.h"

namespace waybill {

// 32 bytes, ordered and hashable. The name of a document, a leaf, a node.
struct Sha256 {
  std::array<uint8_t, 32> bytes{};

  friend auto operator<=>(const Sha256&, const Sha256&) = default;
  // 64 lower-case hexadecimal digits.
  std::string hex() const { return to_hex(bytes); }
  // "sha256:" and the digits.
  std::string to_string() const { return "sha256:" + hex(); }
  bool is_zero() const { return *this == Sha256{}; }

  template <class H>
  friend H AbslHashValue(H state, const Sha256& value) {
    uint64_t first;
    __builtin_memcpy(&first, value.bytes.data(), sizeof first);
    return H::combine(std::move(state), first);
  }
};

Sha256 sha256(Bytes bytes);
inline Sha256 sha256(std::string_view text) { return sha256(as_bytes(text)); }

// "sha256:<64 hex>" or "<64 hex>", either case.
Result<Sha256> parse_sha256(std::string_view text);

// For bytes that come in pieces.
class Sha256Stream {
 public:
  Sha256Stream();
  void update(Bytes bytes);
  void update(std::string_view text) { update(as_bytes(text)); }
  // Ends the stream; it may not be used afterwards.
  Sha256 finish();

 private:
  std::array<uint32_t, 8> state_;
  std::array<uint8_t, 64> block_;
  uint64_t length_ = 0;
};

// The slow twin, for tests: never uses the processor's extensions.
Sha256 sha256_portable(Bytes bytes);
// "sha-ni" or "portable": what sha256() uses on this machine.
std::string_view sha256_implementation();

}  // namespace waybill
