// A writer is killed with SIGKILL a hundred times, at random moments. Each time every acknowledged entry must be there,
// with its documents, and the log must verify.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <csignal>
#include <cstring>
#include <map>
#include <random>
#include <thread>

#include "writing.h"

namespace waybill::log {
namespace {

// What the writer tells its parent about each receipt, in one write(2): a pipe takes so few bytes whole or not at all,
// and they stay in it when the writer dies.
struct Acknowledged {
  uint64_t number = 0, index = 0;
  Sha256 leaf;
};

// Appends for ever, up to 300 entries in flight.
[[noreturn]] void write_until_killed(const std::string& directory, uint64_t number, int pipe) {
  Options options;
  options.data_dir = directory;
  auto log = Log::open(options);
  if (!log) {
    std::fprintf(stderr, "the writer cannot open the log: %s\n", log.error().to_string().c_str());
    ::_exit(1);
  }
  std::atomic<int> in_flight = 0;
  for (;; ++number) {
    while (in_flight.load() >= 300) std::this_thread::yield();
    in_flight.fetch_add(1);
    auto queued = (*log)->append(entry_of(number), [&in_flight, number, pipe](Result<Receipt> receipt) {
      in_flight.fetch_sub(1);
      if (!receipt) return;
      Acknowledged line{number, receipt->index, receipt->leaf};
      if (::write(pipe, &line, sizeof line) != static_cast<ssize_t>(sizeof line)) ::_exit(1);
    });
    if (!queued) ::_exit(1);
    if (number % 97 == 0) std::this_thread::sleep_for(std::chrono::microseconds(300));  // batches of all sizes
  }
}

TEST(Crash, KillingTheWriterAHundredTimesLosesNothingAcknowledged) {
  constexpr int kRounds = 100, kRoundsOnOneLog = 25;
  std::mt19937 random(20261122);
  size_t acknowledged_in_all = 0, rounds_with_receipts = 0;
  std::string directory;
  std::map<uint64_t, Acknowledged> acknowledged;  // by index, of the log at hand
  uint64_t next_number = 0;
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    if (round % kRoundsOnOneLog == 0) {
      if (!directory.empty()) std::filesystem::remove_all(directory);
      directory = fresh_directory("kill-" + std::to_string(round));
      acknowledged.clear();
    }
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(ends[0]);
      write_until_killed(directory, next_number, ends[1]);
    }
    ::close(ends[1]);
    // One round in four ends anywhere, also while the log is being opened; the others some time after the first receipt
    // (a busy machine may take long to get there), now and then late enough for checkpoints of the database.
    const bool anywhere = round % 4 == 3;
    const int micros = round % 10 == 8 ? 120000 : static_cast<int>(random() % (anywhere ? 60000 : 20000));
    std::vector<Acknowledged> lines;
    std::atomic<bool> begun = false;
    std::thread listener([&] {
      Acknowledged line;
      size_t have = 0;
      while (true) {
        const ssize_t got = ::read(ends[0], reinterpret_cast<char*>(&line) + have, sizeof line - have);
        if (got <= 0) break;
        have += static_cast<size_t>(got);
        if (have < sizeof line) continue;
        lines.push_back(line);
        begun = true;
        have = 0;
      }
    });
    for (int waited = 0; !anywhere && !begun.load() && waited < 10000; ++waited) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    std::this_thread::sleep_for(std::chrono::microseconds(micros));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself";
    listener.join();
    ::close(ends[0]);
    rounds_with_receipts += lines.empty() ? 0 : 1;
    for (const auto& line : lines) {
      EXPECT_TRUE(acknowledged.emplace(line.index, line).second) << "index " << line.index << " was given twice";
      next_number = std::max(next_number, line.number + 1);
    }
    next_number += 1000;  // what was in flight may be in the log or not: its numbers are not used again
    acknowledged_in_all += lines.size();

    Options options;
    options.data_dir = directory;
    auto log = Log::open(options);
    ASSERT_TRUE(log) << log.error().to_string();
    const uint64_t size = (*log)->size();
    auto check = acknowledged.begin();
    uint64_t before = acknowledged.size() > 3000 ? size - std::min<uint64_t>(size, 3000) : 0;  // old ones were checked in earlier rounds
    check = acknowledged.lower_bound(before);
    ASSERT_TRUE((*log)->scan_entries(before, size, [&](const Entry& entry) {
      if (check == acknowledged.end() || check->first != entry.index) return true;
      const auto& [index, line] = *check;
      EXPECT_EQ(trust::leaf_hash(entry.leaf), line.leaf);
      EXPECT_EQ(entry.body(), "{\"number\":" + std::to_string(line.number) + "}");
      for (const auto& document : entry.documents) {
        const auto bytes = (*log)->load_document(document.digest);
        EXPECT_TRUE(bytes && *bytes == document_of(line.number));
      }
      if (line.number % 5 == 0) {
        EXPECT_EQ((*log)->find_by_unique_key(sha256("key " + std::to_string(line.number))), index);
      }
      ++check;
      return true;
    }));
    EXPECT_TRUE(check == acknowledged.end()) << "an acknowledged entry is gone: " << check->first << " of " << size;
    if (round % 5 == 4 || round < 5) {
      const auto report = (*log)->verify_all(VerifyDepth::documents);
      ASSERT_TRUE(report) << report.error().to_string();
    }
    // And it goes on from here.
    const auto receipt = (*log)->append(entry_of(next_number));
    ASSERT_TRUE(receipt) << receipt.error().to_string();
    EXPECT_GE(receipt->index, size);
    ++next_number;
    if (HasFatalFailure() || HasNonfatalFailure()) break;
  }
  std::filesystem::remove_all(directory);
  // The test itself must have tested something.
  EXPECT_GT(acknowledged_in_all, 2000u);
  EXPECT_GT(rounds_with_receipts, 70u);
}

}  // namespace
}  // namespace waybill::log
