#include "waybill/base/disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace waybill {
namespace {

tl::unexpected<Error> system_error(const char* what, const std::string& path) {
  const int number = errno;
  Code code = Code::internal;
  if (number == ENOENT || number == ENOTDIR) code = Code::not_found;
  if (number == EACCES || number == EPERM || number == EROFS) code = Code::denied;
  if (number == ENOSPC || number == EDQUOT || number == EMFILE || number == ENFILE) code = Code::exhausted;
  if (number == EISDIR || number == ENAMETOOLONG || number == ELOOP) code = Code::invalid;
  return fail(Error(code, std::string("cannot ") + what + ": " + std::strerror(number)).at(path));
}

struct File {
  int fd;
  explicit File(int descriptor) : fd(descriptor) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd >= 0) ::close(fd);
  }
};

struct SystemDisk final : Disk {
  Result<std::string> read_file(const std::string& path, size_t max_bytes) const override {
    File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.fd < 0) return system_error("open the file", path);
    struct stat info{};
    if (::fstat(file.fd, &info) != 0) return system_error("read the file", path);
    if (S_ISDIR(info.st_mode)) return fail(Error(Code::invalid, "this is a directory, a file was expected").at(path));
    std::string out;
    size_t want = info.st_size > 0 ? static_cast<size_t>(info.st_size) : size_t{64} << 10;
    while (true) {
      if (out.size() > max_bytes || want > max_bytes + 1)
        return fail(Error(Code::exhausted, "the file is longer than " + std::to_string(max_bytes) + " bytes").at(path));
      const size_t have = out.size();
      out.resize(std::max(want, have + 1));
      const ssize_t got = ::read(file.fd, out.data() + have, out.size() - have);
      if (got < 0 && errno == EINTR) {
        out.resize(have);
        continue;
      }
      if (got < 0) return system_error("read the file", path);
      out.resize(have + static_cast<size_t>(got));
      if (got == 0) return out;
      if (out.size() >= want) want = out.size() + (size_t{64} << 10);
      if (S_ISREG(info.st_mode) && out.size() == static_cast<size_t>(info.st_size)) want = out.size() + 1;
    }
  }

  Result<void> write_file(const std::string& path, std::string_view bytes, unsigned mode) override {
    const std::string beside = path + ".new." + std::to_string(::getpid());
    {
      File file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
      if (file.fd < 0) return system_error("create the file", beside);
      size_t done = 0;
      while (done < bytes.size()) {
        const ssize_t wrote = ::write(file.fd, bytes.data() + done, bytes.size() - done);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0) {
          auto error = system_error("write the file", beside);
          ::unlink(beside.c_str());
          return error;
        }
        done += static_cast<size_t>(wrote);
      }
      if (::fsync(file.fd) != 0) return system_error("sync the file", beside);
    }
    if (::rename(beside.c_str(), path.c_str()) != 0) return system_error("rename the file into place", path);
    const auto directory = std::filesystem::path(path).parent_path().string();
    File parent(::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (parent.fd >= 0) ::fsync(parent.fd);
    return {};
  }

  Result<void> make_directories(const std::string& path, unsigned mode) override {
    std::string so_far;
    for (size_t at = 0; at != std::string::npos;) {
      at = path.find('/', at + 1);
      so_far = path.substr(0, at);
      if (so_far.empty() || is_directory(so_far)) continue;
      if (::mkdir(so_far.c_str(), mode) != 0 && errno != EEXIST) return system_error("make the directory", so_far);
    }
    if (!is_directory(path)) return fail(Error(Code::conflict, "a file of that name is in the way of a directory").at(path));
    return {};
  }
  bool exists(const std::string& path) const override { return ::access(path.c_str(), F_OK) == 0; }
  bool is_directory(const std::string& path) const override {
    struct stat info{};
    return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
  }
  Result<std::vector<std::string>> list_files(const std::string& path) const override {
    std::error_code error;
    std::vector<std::string> names;
    std::filesystem::recursive_directory_iterator it(path, error), end;
    for (; !error && it != end; it.increment(error))
      if (it->is_regular_file(error) && !it->is_symlink(error)) names.push_back(it->path().string());
    if (error) return fail(Error(Code::not_found, "cannot list the directory: " + error.message()).at(path));
    std::sort(names.begin(), names.end());
    return names;
  }
  Result<void> remove_file(const std::string& path) override {
    if (::unlink(path.c_str()) != 0) return system_error("remove the file", path);
    return {};
  }
  Result<uint64_t> free_bytes(const std::string& path) const override {
    struct statvfs info{};
    if (::statvfs(path.c_str(), &info) != 0) return system_error("ask for free space", path);
    return static_cast<uint64_t>(info.f_bavail) * info.f_frsize;
  }
};

}  // namespace

Disk& Disk::system() {
  static SystemDisk disk;
  return disk;
}

}  // namespace waybill
