#include "waybill/store/lock.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

namespace waybill::store {
namespace {

std::string fresh_directory(const std::string& name) {
  const std::string path = testing::TempDir() + "waybill-" + std::to_string(::getpid()) + "-" + name;
  std::filesystem::remove_all(path);
  std::filesystem::create_directories(path);
  return path;
}

TEST(DirectoryLock, ASecondHolderIsRefusedWithPidAndAddressOfTheFirst) {
  const auto directory = fresh_directory("lock");
  EXPECT_FALSE(DirectoryLock::find_holder(directory));
  auto first = DirectoryLock::acquire(directory);
  ASSERT_TRUE(first);
  ASSERT_TRUE(first->announce_address("http://127.0.0.1:8620"));
  auto second = DirectoryLock::acquire(directory);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Code::conflict);
  EXPECT_NE(second.error().message().find("pid " + std::to_string(::getpid()) + ", listening on http://127.0.0.1:8620"), std::string::npos);
  const auto holder = DirectoryLock::find_holder(directory);
  ASSERT_TRUE(holder);
  EXPECT_EQ(holder->pid, ::getpid());
  EXPECT_EQ(holder->address, "http://127.0.0.1:8620");
}

TEST(DirectoryLock, TheLockGoesWithTheProcessEvenWhenItIsKilled) {
  const auto directory = fresh_directory("lock-killed");
  const pid_t child = ::fork();
  if (child == 0) {
    auto held = DirectoryLock::acquire(directory);
    ::kill(::getpid(), SIGKILL);
    ::_exit(held ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_FALSE(DirectoryLock::find_holder(directory));
  EXPECT_TRUE(DirectoryLock::acquire(directory));
}

}  // namespace
}  // namespace waybill::store
