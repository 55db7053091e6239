#include "waybill/base/random.h"

#include <sys/random.h>

#include <cerrno>
#include <system_error>

namespace waybill {
namespace {
struct SystemRandom final : Random {
  void fill(std::span<uint8_t> bytes) override {
    while (!bytes.empty()) {
      const ssize_t got = getrandom(bytes.data(), bytes.size(), 0);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw std::system_error(errno, std::generic_category(), "getrandom");
      bytes = bytes.subspan(static_cast<size_t>(got));
    }
  }
};
}  // namespace

Random& Random::system() {
  static SystemRandom random;
  return random;
}
void SeededRandom::fill(std::span<uint8_t> bytes) {
  for (auto& byte : bytes) {  // splitmix64
    uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
    byte = static_cast<uint8_t>(z ^ z >> 31);
  }
}

}  // namespace waybill
