// Counters and latencies for Prometheus, by route and status.
//
// Filled by server.h after each answer, read by /metrics. Lock-free: relaxed atomics, one cell a route and class.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string>

#include "waybill/server/routes.h"

namespace waybill::server {

class Metrics {
 public:
  Metrics();
  // `route` null: nothing matched (static files, 404).
  void count(const Route* route, int status, int64_t micros);
  void stream_opened() { streams_.fetch_add(1, std::memory_order_relaxed); }
  void stream_closed() { streams_.fetch_sub(1, std::memory_order_relaxed); }
  // The text exposition format 0.0.4.
  std::string to_text(Site& site) const;

  static constexpr std::array<int64_t, 10> kBoundsUs = {50, 100, 250, 500, 1'000, 2'500, 10'000, 50'000, 250'000, 1'000'000};

 private:
  struct Cell {
    std::array<std::atomic<uint64_t>, 6> by_class{};  // 1xx … 5xx; [0] unused
    std::array<std::atomic<uint64_t>, kBoundsUs.size() + 1> buckets{};
    std::atomic<uint64_t> sum_us{0};
  };
  std::unique_ptr<Cell[]> cells_;  // one a route, the last for everything else
  std::atomic<int64_t> streams_{0};
};

}  // namespace waybill::server
