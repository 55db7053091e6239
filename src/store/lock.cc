#include "waybill/store/lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

namespace waybill::store {
namespace {

std::string lock_path(const std::string& data_dir) { return data_dir + "/lock"; }

LockHolder read_holder(int descriptor) {
  char bytes[512];
  const ssize_t got = ::pread(descriptor, bytes, sizeof bytes, 0);
  LockHolder holder;
  if (got <= 0) return holder;
  const std::string_view text(bytes, static_cast<size_t>(got));
  const size_t line = text.find('\n');
  std::from_chars(text.data(), text.data() + std::min(line, text.size()), holder.pid);
  if (line != std::string_view::npos) holder.address = text.substr(line + 1, text.find('\n', line + 1) - line - 1);
  return holder;
}

}  // namespace

Result<DirectoryLock> DirectoryLock::acquire(const std::string& data_dir) {
  const std::string path = lock_path(data_dir);
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) {
    const int number = errno;
    return fail(Error(number == EACCES || number == EROFS ? Code::denied : Code::internal,
                      std::string("cannot open the lock file for writing: ") + std::strerror(number))
                    .at(path));
  }
  DirectoryLock lock(descriptor, path);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return fail(Error(Code::internal, std::string("cannot lock the file: ") + std::strerror(errno)).at(path));
    const LockHolder holder = read_holder(descriptor);
    std::string message = "another waybill process holds this data directory: pid " + std::to_string(holder.pid);
    if (!holder.address.empty()) message += ", listening on " + holder.address;
    return fail(
        Error(Code::conflict, std::move(message))
            .at(data_dir)
            .next(holder.address.empty() ? "stop that process, or use another --data-dir" : "use --server " + holder.address + ", or stop that process"));
  }
  TRY_DO(lock.write_holder({}));
  return lock;
}

std::optional<LockHolder> DirectoryLock::find_holder(const std::string& data_dir) {
  const int descriptor = ::open(lock_path(data_dir).c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return std::nullopt;
  std::optional<LockHolder> holder;
  if (::flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK) holder = read_holder(descriptor);
  ::close(descriptor);
  return holder;
}

DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)) {}

DirectoryLock& DirectoryLock::operator=(DirectoryLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(path_, other.path_);
  return *this;
}

DirectoryLock::~DirectoryLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<void> DirectoryLock::announce_address(std::string_view address) { return write_holder(address); }

Result<void> DirectoryLock::write_holder(std::string_view address) {
  const std::string text = std::to_string(::getpid()) + "\n" + std::string(address) + "\n";
  const auto size = static_cast<ssize_t>(text.size());
  if (::ftruncate(descriptor_, 0) != 0 || ::pwrite(descriptor_, text.data(), text.size(), 0) != size) {
    const int number = errno;
    return fail(
        Error(number == ENOSPC || number == EDQUOT ? Code::exhausted : Code::internal, std::string("cannot write the lock file: ") + std::strerror(number))
            .at(path_));
  }
  return {};
}

}  // namespace waybill::store
