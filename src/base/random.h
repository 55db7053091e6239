// The Random seam: bytes nobody can guess. Thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace waybill {

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<uint8_t> bytes) = 0;
  // getrandom(2).
  static Random& system();
};
// Repeatable, for tests: never for keys.
class SeededRandom : public Random {
 public:
  explicit SeededRandom(uint64_t seed) : state_(seed) {}
  void fill(std::span<uint8_t> bytes) override;

 private:
  uint64_t state_;
};

}  // namespace waybill
