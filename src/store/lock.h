// One writer for a data directory: DATA_DIR/lock, held with flock(2) as long as the process lives.
//
// Called by log/ when it opens for writing, and by the command line to find the server that holds a directory. The file
// has two lines, the process id and the address where that process listens (may be empty). The kernel lets go of the
// lock when the process dies, however it dies; the file itself stays.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "waybill/base/result.h"

namespace waybill::store {

struct LockHolder {
  int pid = 0;
  std::string address;  // "http://127.0.0.1:8620", or empty when it does not listen (yet)
};

class DirectoryLock {
 public:
  // Errors: conflict, naming pid and address, when another process (or another lock in this one) holds it.
  static Result<DirectoryLock> acquire(const std::string& data_dir);
  // Who holds the lock of a directory right now; nullopt when nobody does or there is no such directory.
  static std::optional<LockHolder> find_holder(const std::string& data_dir);

  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock& operator=(DirectoryLock&& other) noexcept;
  ~DirectoryLock();

  Result<void> announce_address(std::string_view address);

 private:
  DirectoryLock(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
  Result<void> write_holder(std::string_view address);
  int descriptor_ = -1;
  std::string path_;
};

}  // namespace waybill::store
