// Files: the few operations that the rooms need, with errors that name the path and say what to do.
//
// The Disk seam lets tests play a full or broken disk. SQLite keeps its own files; the seam is asked before it writes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/base/result.h"

namespace waybill {

class Disk {
 public:
  virtual ~Disk() = default;
  // The whole file. exhausted when it is longer than `max_bytes`.
  virtual Result<std::string> read_file(const std::string& path, size_t max_bytes = size_t{1} << 30) const = 0;
  // Writes beside, syncs, renames, syncs the directory: after a crash the old or the new content, never half of one.
  virtual Result<void> write_file(const std::string& path, std::string_view bytes, unsigned mode = 0644) = 0;
  virtual Result<void> make_directories(const std::string& path, unsigned mode = 0755) = 0;
  virtual bool exists(const std::string& path) const = 0;
  virtual bool is_directory(const std::string& path) const = 0;
  // Names of regular files below `path`, recursively, sorted; links are not followed.
  virtual Result<std::vector<std::string>> list_files(const std::string& path) const = 0;
  virtual Result<void> remove_file(const std::string& path) = 0;
  virtual Result<uint64_t> free_bytes(const std::string& path) const = 0;
  static Disk& system();
};

}  // namespace waybill
