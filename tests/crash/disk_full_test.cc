// A disk that is full: appends are refused, nothing is half there, the log stays up and goes on when there is room.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdio>

#include "writing.h"

namespace waybill::log {
namespace {

// The real disk, but with as much free space as the test says.
struct NarrowDisk final : Disk {
  std::atomic<uint64_t> free = uint64_t{1} << 40;
  Result<std::string> read_file(const std::string& path, size_t max_bytes) const override { return system().read_file(path, max_bytes); }
  Result<void> write_file(const std::string& path, std::string_view bytes, unsigned mode) override { return system().write_file(path, bytes, mode); }
  Result<void> make_directories(const std::string& path, unsigned mode) override { return system().make_directories(path, mode); }
  bool exists(const std::string& path) const override { return system().exists(path); }
  bool is_directory(const std::string& path) const override { return system().is_directory(path); }
  Result<std::vector<std::string>> list_files(const std::string& path) const override { return system().list_files(path); }
  Result<void> remove_file(const std::string& path) override { return system().remove_file(path); }
  Result<uint64_t> free_bytes(const std::string&) const override { return free.load(); }
};

TEST(DiskFull, AppendsAreRefusedBeforeTheReserveIsTouchedAndWorkAgainWhenThereIsRoom) {
  NarrowDisk disk;
  Options options;
  options.data_dir = fresh_directory("narrow");
  options.disk = &disk;
  {
    auto log = Log::open(options);
    ASSERT_TRUE(log) << log.error().to_string();
    ASSERT_TRUE((*log)->append(entry_of(1)));
    const Head before = (*log)->head();
    disk.free = options.reserve_bytes - 1;
    for (int i = 0; i < 3; ++i) {
      const auto refused = (*log)->append(entry_of(3));
      ASSERT_FALSE(refused);
      EXPECT_EQ(refused.error().code(), Code::exhausted);
    }
    EXPECT_EQ((*log)->head().note, before.note);
    EXPECT_FALSE((*log)->has_document(sha256(document_of(3))));
    EXPECT_TRUE((*log)->load_entry(0));
    disk.free = uint64_t{1} << 40;
    const auto receipt = (*log)->append(entry_of(3));
    ASSERT_TRUE(receipt) << receipt.error().to_string();
    EXPECT_EQ(receipt->index, before.size);
    EXPECT_TRUE((*log)->verify_all(VerifyDepth::documents));
  }
  std::filesystem::remove_all(options.data_dir);
}

// SQLite itself meets the limit: no file may grow beyond 3 MB. In a child, because the limit cannot be raised again by
// everybody and holds for the whole process.
int write_against_a_limit(const std::string& directory) {
  const auto complain = [](const char* what, const std::string& why) {
    std::fprintf(stderr, "%s: %s\n", what, why.c_str());
    return 1;
  };
  ::signal(SIGXFSZ, SIG_IGN);
  Options options;
  options.data_dir = directory;
  auto log = Log::open(options);
  if (!log) return complain("open", log.error().to_string());
  rlimit limit{};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = 3 << 20;
  ::setrlimit(RLIMIT_FSIZE, &limit);
  uint64_t number = 0, acknowledged = (*log)->size();
  int refused = 0;
  for (; refused < 20 && number < 20000; ++number) {
    const auto receipt = (*log)->append(entry_of(number * 17));  // with 40 kB of document every third time
    if (receipt) {
      ++acknowledged;
    } else {
      ++refused;
      if (receipt.error().code() != Code::exhausted) return complain("refused", receipt.error().to_string());
      if ((*log)->size() != acknowledged) return complain("size", "a refused entry is in the log");
    }
  }
  if (refused == 0) return complain("limit", "was never met");
  if (auto report = (*log)->verify_all(VerifyDepth::documents); !report) return complain("verify", report.error().to_string());
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_FSIZE, &limit);
  for (int i = 0; i < 50; ++i, ++number) {
    const auto receipt = (*log)->append(entry_of(number * 17));
    if (!receipt) return complain("after the limit was lifted", receipt.error().to_string());
    ++acknowledged;
  }
  if ((*log)->size() != acknowledged) return complain("size", "not what was acknowledged");
  if (auto report = (*log)->verify_all(VerifyDepth::documents); !report) return complain("verify", report.error().to_string());
  return 0;
}

TEST(DiskFull, WhenSqliteMeetsTheEndTheBatchIsRolledBackAndTheLogStaysUp) {
  const std::string directory = fresh_directory("limit");
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) ::_exit(write_against_a_limit(directory));
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "the writer says why on stderr";
  Options options;
  options.data_dir = directory;
  {
    auto log = Log::open(options);
    ASSERT_TRUE(log) << log.error().to_string();
    EXPECT_TRUE((*log)->verify_all(VerifyDepth::documents));
  }
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace waybill::log
