// What every benchmark needs beside its own subject: clocks, CPU time, steal, percentiles, yardsticks, one way to print.
//
// Included by bench/*_bench.cc only. A figure is a line `name value unit ratio`; the ratio is to a yardstick that was
// measured in the same run, so that figures of different machines can be compared. Each run opens with the core count
// and closes with the CPU steal of /proc/stat: a figure taken while the host took 20 % away is no figure.
#pragma once

#include <time.h>
#include <unistd.h>

#include <fcntl.h>
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/base/sha256.h"

namespace waybill::bench {

inline double seconds_of(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}
inline double wall_seconds() { return seconds_of(CLOCK_MONOTONIC); }
// Of all threads of this process, user and system.
inline double process_cpu_seconds() { return seconds_of(CLOCK_PROCESS_CPUTIME_ID); }
inline double thread_cpu_seconds() { return seconds_of(CLOCK_THREAD_CPUTIME_ID); }
inline unsigned cores() { return static_cast<unsigned>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN))); }

// The first line of /proc/stat, in ticks.
struct MachineCpu {
  uint64_t busy = 0, idle = 0, steal = 0;
  static MachineCpu now() {
    MachineCpu cpu;
    if (std::FILE* file = std::fopen("/proc/stat", "r")) {
      unsigned long long user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, soft = 0, steal = 0;
      if (std::fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system, &idle, &wait, &irq, &soft, &steal) == 8)
        cpu = {user + nice + system + irq + soft, idle + wait, steal};
      std::fclose(file);
    }
    return cpu;
  }
};
// Per cent of all CPU time between two moments that the host took away / that anybody used.
inline double steal_percent(const MachineCpu& from, const MachineCpu& to) {
  const double all = static_cast<double>((to.busy - from.busy) + (to.idle - from.idle) + (to.steal - from.steal));
  return all > 0 ? 100.0 * static_cast<double>(to.steal - from.steal) / all : 0;
}
inline double busy_percent(const MachineCpu& from, const MachineCpu& to) {
  const double all = static_cast<double>((to.busy - from.busy) + (to.idle - from.idle) + (to.steal - from.steal));
  return all > 0 ? 100.0 * static_cast<double>(to.busy - from.busy) / all : 0;
}

// Wall and CPU time of this process since it was made (or restarted), and the machine's steal.
class Stopwatch {
 public:
  Stopwatch() { restart(); }
  void restart() {
    wall_ = wall_seconds();
    cpu_ = process_cpu_seconds();
    machine_ = MachineCpu::now();
  }
  double wall() const { return wall_seconds() - wall_; }
  double cpu() const { return process_cpu_seconds() - cpu_; }
  double steal() const { return steal_percent(machine_, MachineCpu::now()); }

 private:
  double wall_ = 0, cpu_ = 0;
  MachineCpu machine_;
};

// 0 <= share <= 1; nearest rank. 0 for no samples. Sorts its copy.
inline double percentile(std::vector<double> samples, double share) {
  if (samples.empty()) return 0;
  const auto rank = std::min(samples.size() - 1, static_cast<size_t>(share * static_cast<double>(samples.size())));
  std::nth_element(samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(rank), samples.end());
  return samples[rank];
}

// `name value unit ratio`. A ratio of 0 is not printed: there is no yardstick for it.
inline void report(std::string_view name, double value, std::string_view unit, double ratio = 0, std::string_view of = {}) {
  std::printf("%-52.*s %14.*f %-10.*s", static_cast<int>(name.size()), name.data(),
              value >= 1000 ? 0
              : value >= 10 ? 1
                            : 3,
              value, static_cast<int>(unit.size()), unit.data());
  if (ratio > 0) std::printf(" %9.2f x %.*s", ratio, static_cast<int>(of.size()), of.data());
  std::printf("\n");
  std::fflush(stdout);
}

// Opens and closes a run: `bench::Run run("log");` at the top of main().
class Run {
 public:
  explicit Run(const char* name) : name_(name) {
    std::printf("# %s: %u cores, SHA-256 %.*s, %s\n", name, cores(), static_cast<int>(sha256_implementation().size()), sha256_implementation().data(),
#ifdef NDEBUG
                "optimised"
#else
                "NOT OPTIMISED: figures of this build say little"
#endif
    );
    std::fflush(stdout);
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;
  ~Run() {
    const auto now = MachineCpu::now();
    std::printf("# %s: %u cores, steal %.1f %%, machine busy %.0f %%, %.1f s\n", name_, cores(), steal_percent(start_, now), busy_percent(start_, now),
                watch_.wall());
  }

 private:
  const char* name_;
  MachineCpu start_ = MachineCpu::now();
  Stopwatch watch_;
};

// --- Yardsticks

// Microseconds of CPU to hash `bytes` of these bytes once.
inline double sha256_micros(std::string_view bytes) {
  const auto rounds = static_cast<int>(std::max<size_t>(8, (size_t{32} << 20) / (bytes.size() + 64)));
  volatile uint8_t sink = 0;
  const double from = thread_cpu_seconds();
  for (int i = 0; i < rounds; ++i) sink = static_cast<uint8_t>(sink ^ sha256(bytes).bytes[0]);
  return (thread_cpu_seconds() - from) * 1e6 / rounds;
}
// Microseconds of wall time, p50, of writing `bytes` at the end of a file and fdatasync(2), in `directory`.
inline double fdatasync_micros(const std::string& directory, size_t bytes = 4096, int rounds = 100) {
  const std::string path = directory + "/fdatasync.yardstick";
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return 0;
  const std::string block(bytes, 'w');
  std::vector<double> took;
  for (int i = 0; i < rounds; ++i) {
    const double from = wall_seconds();
    if (::write(file, block.data(), block.size()) != static_cast<ssize_t>(block.size()) || ::fdatasync(file) != 0) break;
    took.push_back((wall_seconds() - from) * 1e6);
  }
  ::close(file);
  ::unlink(path.c_str());
  return percentile(std::move(took), 0.5);
}

// Resident memory of this process in MB (10^6 bytes).
inline double resident_mb() {
  long pages = 0, resident = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%ld %ld", &pages, &resident) != 2) resident = 0;
    std::fclose(file);
  }
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6;
}

}  // namespace waybill::bench
