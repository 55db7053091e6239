// The log: durable appends a second, CPU of each, receipts at a steady rate, proofs, restart.
//
//     bench_log [directory]      default: a fresh one under the temporary directory
//
// "All of the process" has the generator in it; "the log" is that without what the generator costs when nothing else runs.
//
// Goals (docs/limits): >= 200,000 durable appends of 1 kB a second with >= 1,024 in flight, <= 4 us of CPU each;
// receipt p99 < 10 ms at 10,000/s.
#include <sys/stat.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>

#include "measure.h"
#include "waybill/base/json_out.h"
#include "waybill/log/log.h"

namespace waybill {
namespace {

using log::Log;
using log::NewEntry;
using log::Receipt;

std::unique_ptr<Log> open_log(const std::string& directory) {
  log::Options options;
  options.data_dir = directory;
  auto opened = Log::open(options);
  if (!opened) {
    std::fprintf(stderr, "%s\n", opened.error().to_string().c_str());
    std::exit(1);
  }
  return std::move(*opened);
}

// An entry whose leaf has about 1,000 bytes, different for each number.
NewEntry entry_of(uint64_t number) {
  static const std::string filler = [] {
    std::string text;
    for (int i = 0; text.size() < 860; ++i) text += "evidence line " + std::to_string(i) + ", ";
    text.resize(860);
    return text;
  }();
  NewEntry entry;
  entry.kind = log::EntryKind::evidence;
  entry.actor = "machine:bench";
  entry.body.reserve(900);
  entry.body = "{\"number\":";
  entry.body += std::to_string(number);
  entry.body += ",\"text\":\"";
  entry.body += filler;
  entry.body += "\"}";
  return entry;
}

// Never more than `in_flight` appends without a receipt.
class Window {
 public:
  explicit Window(size_t in_flight) : free_(in_flight) {}
  // Takes as many places as there are, at most `wanted`; waits until a good part of the window is free.
  size_t take(size_t wanted) {
    std::unique_lock lock(mutex_);
    freed_.wait(lock, [&] { return free_ > 0; });
    const size_t taken = std::min(wanted, free_);
    free_ -= taken;
    return taken;
  }
  void give_back() {
    std::lock_guard lock(mutex_);
    if (free_++ == 0) freed_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable freed_;
  size_t free_;
};

// What the generator itself costs: making an entry and a callback, passing the window. Not the log's.
double generator_micros() {
  Window window(1024);
  std::atomic<uint64_t> done = 0, failed = 0;
  constexpr uint64_t kRounds = 300000;
  uint64_t bytes = 0;
  const double from = bench::thread_cpu_seconds();
  for (uint64_t i = 0; i < kRounds; ++i) {
    if (i % 64 == 0) window.take(64);
    const NewEntry entry = entry_of(i);
    const Log::OnReceipt receive = [&](Result<Receipt> receipt) {
      if (!receipt) failed.fetch_add(1, std::memory_order_relaxed);
      done.fetch_add(1, std::memory_order_relaxed);
      window.give_back();
    };
    bytes += entry.body.size();
    receive(Receipt{});
  }
  return bytes > 0 ? (bench::thread_cpu_seconds() - from) * 1e6 / static_cast<double>(kRounds) : 0;
}

void append_rate(Log& log, size_t in_flight, double seconds, double sha_micros, double generator) {
  Window window(in_flight);
  std::atomic<uint64_t> done = 0, failed = 0;
  const uint64_t from = log.size();
  uint64_t sent = 0;
  bench::Stopwatch watch;
  while (watch.wall() < seconds) {
    for (size_t n = window.take(64); n > 0; --n) {
      auto queued = log.append(entry_of(sent), [&](Result<Receipt> receipt) {
        if (!receipt) failed.fetch_add(1, std::memory_order_relaxed);
        done.fetch_add(1, std::memory_order_relaxed);
        window.give_back();
      });
      if (!queued) {
        std::fprintf(stderr, "%s\n", queued.error().to_string().c_str());
        std::exit(1);
      }
      ++sent;
    }
  }
  while (done.load() < sent) std::this_thread::sleep_for(std::chrono::microseconds(50));
  const double wall = watch.wall(), cpu = watch.cpu(), steal = watch.steal();
  const std::string name = "append, 1 kB, " + std::to_string(in_flight) + " in flight";
  const auto count = static_cast<double>(log.size() - from);
  bench::report(name, count / wall, "/s");
  const double each = cpu * 1e6 / count;
  bench::report(name + ", CPU each, all of the process", each, "us", each / sha_micros, "SHA-256 of the same bytes");
  bench::report(name + ", CPU each, the log", each - generator, "us", (each - generator) / sha_micros, "SHA-256 of the same bytes");
  bench::report(name + ", steal", steal, "%");
  if (failed.load() > 0) bench::report(name + ", FAILED", static_cast<double>(failed.load()), "entries");
}

void receipts_at(Log& log, double rate, double seconds) {
  std::mutex mutex;
  std::vector<double> took;
  took.reserve(static_cast<size_t>(rate * seconds) + 1);
  std::atomic<uint64_t> done = 0;
  uint64_t sent = 0;
  bench::Stopwatch watch;
  const double start = bench::wall_seconds();
  const auto total = static_cast<uint64_t>(rate * seconds);
  while (sent < total) {
    // Open loop: each append has its moment, and its latency counts from there, however late we are.
    const double due = start + static_cast<double>(sent) / rate;
    const double now = bench::wall_seconds();
    if (now < due) {
      std::this_thread::sleep_for(std::chrono::duration<double>(due - now));
      continue;
    }
    auto queued = log.append(entry_of(sent), [&, due](Result<Receipt>) {
      const double micros = (bench::wall_seconds() - due) * 1e6;
      {
        std::lock_guard lock(mutex);
        took.push_back(micros);
      }
      done.fetch_add(1);
    });
    if (!queued) break;
    ++sent;
  }
  while (done.load() < sent) std::this_thread::sleep_for(std::chrono::microseconds(100));
  const double cpu = watch.cpu(), wall = watch.wall(), steal = watch.steal();
  const std::string name = "receipt at " + std::to_string(static_cast<int>(rate)) + "/s";
  bench::report(name + ", reached", static_cast<double>(sent) / wall, "/s");
  bench::report(name + ", p50", bench::percentile(took, 0.5) / 1000, "ms");
  bench::report(name + ", p99", bench::percentile(took, 0.99) / 1000, "ms");
  bench::report(name + ", p99.9", bench::percentile(took, 0.999) / 1000, "ms");
  bench::report(name + ", max", bench::percentile(took, 1) / 1000, "ms");
  bench::report(name + ", CPU each (with the generator)", cpu * 1e6 / static_cast<double>(sent), "us");
  bench::report(name + ", steal", steal, "%");
}

void documents_rate(Log& log, size_t bytes, double seconds) {
  Window window(1024);
  std::atomic<uint64_t> done = 0;
  uint64_t sent = 0;
  std::string document(bytes, ' ');
  for (size_t i = 0; i < bytes; ++i) document[i] = static_cast<char>('a' + (i * i / 7 + i) % 23);
  bench::Stopwatch watch;
  while (watch.wall() < seconds) {
    for (size_t n = window.take(64); n > 0; --n) {
      NewEntry entry;
      entry.kind = log::EntryKind::evidence;
      entry.actor = "machine:bench";
      entry.body = "{\"format\":\"text\"}";
      const std::string number = std::to_string(sent);
      document.replace(0, number.size(), number);
      document[number.size()] = ' ';
      const Sha256 digest = sha256(document);
      entry.unique_key = digest;
      entry.documents.push_back(log.prepare(document, "text/plain", digest));
      auto queued = log.append(std::move(entry), [&](Result<Receipt>) {
        done.fetch_add(1, std::memory_order_relaxed);
        window.give_back();
      });
      if (!queued) std::exit(1);
      ++sent;
    }
  }
  while (done.load() < sent) std::this_thread::sleep_for(std::chrono::microseconds(50));
  const std::string name = "append with a new document of " + std::to_string(bytes) + " B";
  bench::report(name, static_cast<double>(sent) / watch.wall(), "/s");
  bench::report(name + ", CPU each (hash, zstd, key)", watch.cpu() * 1e6 / static_cast<double>(sent), "us");
}

void proofs(Log& log) {
  const uint64_t size = log.size();
  constexpr int kRounds = 20000;
  double from = bench::thread_cpu_seconds();
  for (int i = 0; i < kRounds; ++i) (void)log.prove_inclusion(size - 1 - static_cast<uint64_t>(i) % 1000, size);
  bench::report("inclusion proof of a recent entry, CPU", (bench::thread_cpu_seconds() - from) * 1e6 / kRounds, "us");
  from = bench::thread_cpu_seconds();
  for (uint64_t i = 0; i < 200; ++i) (void)log.prove_inclusion(i * 7919 * 131 % size, size);
  bench::report("inclusion proof of any entry, CPU", (bench::thread_cpu_seconds() - from) * 1e6 / 200, "us");
}

int run(int argc, char** argv) {
  const std::string directory = argc > 1 ? argv[1] : std::filesystem::temp_directory_path().string() + "/waybill-log-bench-" + std::to_string(::getpid());
  std::filesystem::create_directories(directory);
  bench::Run run("log");
  const double sha_micros = bench::sha256_micros(std::string(1000, 'x'));
  bench::report("yardstick: SHA-256 of 1,000 B, CPU", sha_micros, "us");
  const double generator = generator_micros();
  bench::report("generator: entry, callback, window, CPU", generator, "us", generator / sha_micros, "SHA-256 of the same bytes");
  bench::report("yardstick: fdatasync after 4 kB, p50", bench::fdatasync_micros(directory, 4096), "us");
  bench::report("yardstick: fdatasync after 1 MB, p50", bench::fdatasync_micros(directory, 1 << 20, 30), "us");
  {
    auto log = open_log(directory + "/log");
    append_rate(*log, 4096, 0.5, sha_micros, generator);  // warms up: files, page cache, allocator
    append_rate(*log, 1024, 2, sha_micros, generator);
    append_rate(*log, 4096, 2, sha_micros, generator);
    append_rate(*log, 16384, 2, sha_micros, generator);
    receipts_at(*log, 10000, 5);
    receipts_at(*log, 1000, 3);
    proofs(*log);
    documents_rate(*log, 1000, 1.5);
    bench::report("entries", static_cast<double>(log->size()), "");
    bench::report("resident memory", bench::resident_mb(), "MB");
  }
  bench::Stopwatch watch;
  {
    auto log = open_log(directory + "/log");
    bench::report("open again: newest tiles, leaves and checkpoint verified", watch.wall() * 1000, "ms");
    watch.restart();
    const auto report = log->verify_all(log::VerifyDepth::documents);
    if (!report) {
      std::fprintf(stderr, "%s\n", report.error().to_string().c_str());
      return 1;
    }
    bench::report("verify the whole log, each entry", watch.wall() * 1e6 / static_cast<double>(report->entries), "us");
  }
  std::filesystem::remove_all(directory);
  return 0;
}

}  // namespace
}  // namespace waybill

int main(int argc, char** argv) { return waybill::run(argc, argv); }
