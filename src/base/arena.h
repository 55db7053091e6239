// Memory that is given back all at once: many small things with one life.
//
// Used by fact batches and the policy engine. Not thread-safe; nothing in it has a destructor.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <type_traits>
#include <vector>

namespace waybill {

class Arena {
 public:
  explicit Arena(size_t block_bytes = size_t{64} << 10) : block_bytes_(block_bytes) {}
  Arena(Arena&&) noexcept = default;
  Arena& operator=(Arena&&) noexcept = default;

  void* allocate(size_t bytes, size_t alignment = alignof(std::max_align_t)) {
    size_t start = (used_ + alignment - 1) & ~(alignment - 1);
    if (blocks_.empty() || start + bytes > size_) {
      size_ = bytes > block_bytes_ ? bytes : block_bytes_;
      blocks_.emplace_back(new std::byte[size_]);
      total_ += size_;
      start = 0;
    }
    used_ = start + bytes;
    return blocks_.back().get() + start;
  }
  template <class T>
  T* allocate_array(size_t count) {
    static_assert(std::is_trivially_destructible_v<T>);
    return static_cast<T*>(allocate(count * sizeof(T), alignof(T)));
  }
  // A copy that lives as long as the arena.
  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    auto* at = static_cast<char*>(allocate(text.size(), 1));
    std::memcpy(at, text.data(), text.size());
    return {at, text.size()};
  }
  size_t bytes() const { return total_; }

 private:
  size_t block_bytes_, used_ = 0, size_ = 0, total_ = 0;
  std::vector<std::unique_ptr<std::byte[]>> blocks_;
};

}  // namespace waybill
