#include "waybill/base/sha256.h"

#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace waybill {
namespace {

using State = std::array<uint32_t, 8>;
using Compress = void (*)(State&, const uint8_t*, size_t blocks);

constexpr State kInitial = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

alignas(64) constexpr uint32_t kRound[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74,
    0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d,
    0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e,
    0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5,
    0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

uint32_t rotate(uint32_t value, int by) { return value >> by | value << (32 - by); }

uint32_t load_big_endian(const uint8_t* at) {
  uint32_t value;
  std::memcpy(&value, at, 4);
  return __builtin_bswap32(value);
}

void compress_portable(State& state, const uint8_t* data, size_t blocks) {
  for (; blocks > 0; --blocks, data += 64) {
    uint32_t w[64];
    for (int i = 0; i < 16; ++i) w[i] = load_big_endian(data + 4 * i);
    for (int i = 16; i < 64; ++i) {
      const uint32_t s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
      const uint32_t s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
      w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    auto [a, b, c, d, e, f, g, h] = state;
    for (int i = 0; i < 64; ++i) {
      const uint32_t t1 = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + kRound[i] + w[i];
      const uint32_t t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
      h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e, state[5] += f, state[6] += g, state[7] += h;
  }
}

#if defined(__x86_64__)
// Intel's SHA extensions: four rounds a step, the message schedule in four registers that rotate.
__attribute__((target("sha,sse4.1,ssse3"))) void compress_sha_ni(State& state, const uint8_t* data, size_t blocks) {
  const __m128i flip = _mm_set_epi64x(0x0c0d0e0f08090a0bULL, 0x0405060700010203ULL);
  __m128i abcd = _mm_loadu_si128(reinterpret_cast<const __m128i*>(&state[0]));
  __m128i efgh = _mm_loadu_si128(reinterpret_cast<const __m128i*>(&state[4]));
  abcd = _mm_shuffle_epi32(abcd, 0xb1);                // badc
  efgh = _mm_shuffle_epi32(efgh, 0x1b);                // hgfe reversed
  __m128i state0 = _mm_alignr_epi8(abcd, efgh, 8);     // abef
  __m128i state1 = _mm_blend_epi16(efgh, abcd, 0xf0);  // cdgh
  for (; blocks > 0; --blocks, data += 64) {
    const __m128i save0 = state0, save1 = state1;
    __m128i m[4];
    for (int i = 0; i < 4; ++i) m[i] = _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(data + 16 * i)), flip);
#pragma GCC unroll 16
    for (int i = 0; i < 16; ++i) {
      __m128i words;
      if (i < 4) {
        words = m[i];
      } else {
        __m128i& oldest = m[i & 3];
        const __m128i next = m[(i + 1) & 3], third = m[(i + 2) & 3], newest = m[(i + 3) & 3];
        oldest = _mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32(oldest, next), _mm_alignr_epi8(newest, third, 4)), newest);
        words = oldest;
      }
      __m128i sum = _mm_add_epi32(words, _mm_load_si128(reinterpret_cast<const __m128i*>(&kRound[4 * i])));
      state1 = _mm_sha256rnds2_epu32(state1, state0, sum);
      sum = _mm_shuffle_epi32(sum, 0x0e);
      state0 = _mm_sha256rnds2_epu32(state0, state1, sum);
    }
    state0 = _mm_add_epi32(state0, save0);
    state1 = _mm_add_epi32(state1, save1);
  }
  const __m128i feba = _mm_shuffle_epi32(state0, 0x1b), dchg = _mm_shuffle_epi32(state1, 0xb1);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(&state[0]), _mm_blend_epi16(feba, dchg, 0xf0));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(&state[4]), _mm_alignr_epi8(dchg, feba, 8));
}

bool has_sha_ni() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (b >> 29 & 1) == 0) return false;
  return __get_cpuid(1, &a, &b, &c, &d) && (c >> 19 & 1) != 0 && (c >> 9 & 1) != 0;
}
const Compress kCompress = has_sha_ni() ? compress_sha_ni : compress_portable;
#else
const Compress kCompress = compress_portable;
#endif

Sha256 to_digest(const State& state) {
  Sha256 out;
  for (int i = 0; i < 8; ++i) {
    const uint32_t value = __builtin_bswap32(state[i]);
    std::memcpy(&out.bytes[4 * i], &value, 4);
  }
  return out;
}

// The last, partial block and the padding (FIPS 180-4 §5.1.1).
Sha256 finish_with(State& state, Compress compress, const uint8_t* rest, size_t rest_size, uint64_t length) {
  uint8_t tail[128] = {};
  if (rest_size > 0) std::memcpy(tail, rest, rest_size);
  tail[rest_size] = 0x80;
  const size_t blocks = rest_size < 56 ? 1 : 2;
  const uint64_t bits = __builtin_bswap64(length * 8);
  std::memcpy(tail + 64 * blocks - 8, &bits, 8);
  compress(state, tail, blocks);
  return to_digest(state);
}

Sha256 hash_with(Compress compress, Bytes bytes) {
  State state = kInitial;
  const size_t blocks = bytes.size() / 64;
  compress(state, bytes.data(), blocks);
  return finish_with(state, compress, bytes.data() + 64 * blocks, bytes.size() % 64, bytes.size());
}

}  // namespace

Sha256 sha256(Bytes bytes) { return hash_with(kCompress, bytes); }
Sha256 sha256_portable(Bytes bytes) { return hash_with(compress_portable, bytes); }
std::string_view sha256_implementation() { return kCompress == compress_portable ? "portable" : "sha-ni"; }

Result<Sha256> parse_sha256(std::string_view text) {
  auto digits = text;
  if (digits.starts_with("sha256:")) digits.remove_prefix(7);
  auto bytes = digits.size() == 64 ? parse_hex(digits) : std::nullopt;
  if (!bytes) return fail(Code::invalid, "\"" + std::string(text) + "\" is no SHA-256: expected sha256: and 64 hexadecimal digits");
  Sha256 out;
  std::memcpy(out.bytes.data(), bytes->data(), 32);
  return out;
}

Sha256Stream::Sha256Stream() : state_(kInitial) {}

void Sha256Stream::update(Bytes bytes) {
  size_t filled = length_ % 64;
  length_ += bytes.size();
  if (filled > 0) {
    const size_t take = std::min<size_t>(64 - filled, bytes.size());
    if (take > 0) std::memcpy(block_.data() + filled, bytes.data(), take);
    bytes = bytes.subspan(take);
    if (filled + take < 64) return;
    kCompress(state_, block_.data(), 1);
  }
  const size_t blocks = bytes.size() / 64;
  if (blocks > 0) kCompress(state_, bytes.data(), blocks);
  const auto rest = bytes.subspan(64 * blocks);
  if (!rest.empty()) std::memcpy(block_.data(), rest.data(), rest.size());
}

Sha256 Sha256Stream::finish() { return finish_with(state_, kCompress, block_.data(), length_ % 64, length_); }

}  // namespace waybill
