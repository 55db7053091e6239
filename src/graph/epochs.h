// When may memory be used again that a reader might still be looking at? When every reader that was there is gone.
//
// A reader pins (one atomic claim, no lock); the writer retires memory with the epoch of its change and uses it again when
// no pin is that old. Only this room uses it.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>

namespace waybill::graph {

class Epochs {
 public:
  using Slot = std::atomic<uint64_t>;

  // Until unpinned, nothing retired from now on is used again. Never blocks: more slots are made when all are taken.
  Slot* pin() const {
    static std::atomic<uint32_t> next_hint{0};
    thread_local const uint32_t hint = next_hint.fetch_add(1, std::memory_order_relaxed);
    for (Block* block = &first_;; block = block->next_or_new()) {
      for (uint32_t i = 0; i < kSlots; ++i) {
        Slot& slot = block->slots[(hint * 7 + i) % kSlots].pinned;
        uint64_t free = 0;
        if (slot.load(std::memory_order_relaxed) == 0 &&
            slot.compare_exchange_strong(free, epoch_.load(std::memory_order_acquire), std::memory_order_seq_cst)) {
          // Whoever looks for pins after this sees ours, or we see all that it did before.
          std::atomic_thread_fence(std::memory_order_seq_cst);
          return &slot;
        }
      }
    }
  }
  static void unpin(Slot* slot) { slot->store(0, std::memory_order_release); }

  // --- the writer ---
  uint64_t now() const { return epoch_.load(std::memory_order_relaxed); }
  void advance() { epoch_.fetch_add(1, std::memory_order_acq_rel); }
  // Memory retired before this epoch is nobody's any more.
  uint64_t oldest() const {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    uint64_t oldest = epoch_.load(std::memory_order_relaxed);
    for (const Block* block = &first_; block != nullptr; block = block->next.load(std::memory_order_acquire)) {
      for (const auto& slot : block->slots) {
        const uint64_t pinned = slot.pinned.load(std::memory_order_seq_cst);
        if (pinned != 0 && pinned < oldest) oldest = pinned;
      }
    }
    return oldest;
  }

  Epochs() = default;
  Epochs(const Epochs&) = delete;
  Epochs& operator=(const Epochs&) = delete;
  ~Epochs() {
    for (Block* block = first_.next.load(); block != nullptr;) {
      Block* const after = block->next.load();
      delete block;
      block = after;
    }
  }

 private:
  static constexpr uint32_t kSlots = 128;
  struct Block {
    struct alignas(64) Padded {
      Slot pinned{0};
    };
    std::array<Padded, kSlots> slots;
    std::atomic<Block*> next{nullptr};

    Block* next_or_new() {
      if (Block* there = next.load(std::memory_order_acquire)) return there;
      auto* made = new Block;
      Block* expected = nullptr;
      if (next.compare_exchange_strong(expected, made, std::memory_order_acq_rel)) return made;
      delete made;
      return expected;
    }
  };
  mutable Block first_;
  std::atomic<uint64_t> epoch_{1};
};

}  // namespace waybill::graph
