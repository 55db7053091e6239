#include "waybill/identity/digest.h"

#include <array>

#include "waybill/base/bytes.h"

namespace waybill::identity {
namespace {

struct Algorithm {
  std::string_view name;
  std::string_view bare;  // without punctuation, lower case: how documents' spellings are compared
  size_t hex;
};
constexpr std::array kAlgorithms = {
    Algorithm{"sha256", "sha256", 64},
    Algorithm{"sha1", "sha1", 40},
    Algorithm{"sha512", "sha512", 128},
    Algorithm{"sha384", "sha384", 96},
    Algorithm{"sha224", "sha224", 56},
    Algorithm{"md5", "md5", 32},
    Algorithm{"sha3-256", "sha3256", 64},
    Algorithm{"sha3-384", "sha3384", 96},
    Algorithm{"sha3-512", "sha3512", 128},
    Algorithm{"sha3-224", "sha3224", 56},
    Algorithm{"sha512-256", "sha512256", 64},
    Algorithm{"sha512-224", "sha512224", 56},
    Algorithm{"blake2b-256", "blake2b256", 64},
    Algorithm{"blake2b-384", "blake2b384", 96},
    Algorithm{"blake2b-512", "blake2b512", 128},
    Algorithm{"blake2s-256", "blake2s256", 64},
    Algorithm{"blake3", "blake3", 64},
    Algorithm{"md2", "md2", 32},
    Algorithm{"md4", "md4", 32},
    Algorithm{"md6", "md6", 64},
    Algorithm{"adler32", "adler32", 8},
    Algorithm{"streebog-256", "streebog256", 64},
    Algorithm{"streebog-512", "streebog512", 128},
    Algorithm{"gitcommit", "gitcommit", 40},
    Algorithm{"gittree", "gittree", 40},
    Algorithm{"gitblob", "gitblob", 40},
    Algorithm{"gittag", "gittag", 40},
};

}  // namespace

std::string_view canonical_algorithm(std::string_view name) {
  char bare[16];
  size_t length = 0;
  for (const char c : name) {
    if (c == '-' || c == '_' || c == '/') continue;
    if (length == sizeof bare) return {};
    bare[length++] = to_lower(c);
  }
  const std::string_view wanted(bare, length);
  for (const auto& algorithm : kAlgorithms)
    if (algorithm.bare == wanted) return algorithm.name;
  return {};
}

size_t digest_hex_length(std::string_view algorithm) {
  for (const auto& known : kAlgorithms)
    if (known.name == algorithm) return known.hex;
  return 0;
}

Result<Digest> Digest::of(std::string_view algorithm, std::string_view hex) {
  const auto canonical = canonical_algorithm(algorithm);
  if (canonical.empty())
    return fail(Code::invalid, "unknown digest algorithm \"" + std::string(algorithm.substr(0, 40)) + "\", expected sha256 or another of the SHA families");
  const size_t wanted = digest_hex_length(canonical);
  if (hex.size() != wanted)
    return fail(Code::invalid, std::string(canonical) + " digest has " + std::to_string(hex.size()) + " digits, expected " + std::to_string(wanted));
  Digest digest{std::string(canonical), std::string(hex)};
  for (char& c : digest.hex) {
    c = to_lower(c);
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return fail(Code::invalid, "digest has a character that is no hexadecimal digit");
  }
  return digest;
}

Result<Digest> Digest::parse(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return fail(Code::invalid, "digest has no algorithm, expected \"sha256:\" and 64 hexadecimal digits");
  return of(text.substr(0, colon), text.substr(colon + 1));
}

bool is_artifact_digest(std::string_view text) {
  if (text.size() != 71 || !text.starts_with("sha256:")) return false;
  for (const char c : text.substr(7))
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
  return true;
}

}  // namespace waybill::identity
