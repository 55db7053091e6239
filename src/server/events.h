// Server-sent events: entries, transitions and checkpoints as they come, resumed by log index.
//
// Follows the log; each subscriber gets pieces through its open answer and is dropped when it does not read (it comes back
// with Last-Event-ID and misses nothing that the log has). Never waits for a subscriber.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/base/result.h"
#include "waybill/log/entry.h"
#include "waybill/policy/standing.h"

namespace waybill::server {

class World;

class EventHub : public std::enable_shared_from_this<EventHub> {
 public:
  // Gives a piece to one subscriber; false when it is gone.
  using Write = std::function<bool(std::string_view)>;

  explicit EventHub(World& world);
  // Begins to follow the log, which keeps it alive from then on. Before serving; needs a shared_ptr.
  Result<void> follow();
  // Sends what came after entry `after` (none: only what comes from now on), then stays. At most 10,000 entries are
  // caught up with; a gap beyond is told by an `event: gap`.
  Result<void> subscribe(std::optional<uint64_t> after, Write write);
  void tell(const policy::Transition& transition);
  // A comment line for everybody, so that proxies keep the connection: every 15 s.
  void keep_alive();
  size_t subscribers() const;
  void close();

  static constexpr uint64_t kMaxCatchUp = 10'000;

 private:
  void send(std::string_view piece);
  std::string piece_of(const log::Entry& entry) const;

  World& world_;
  mutable std::mutex mutex_;
  std::vector<Write> subscribers_;
  uint64_t next_ = 0;  // first entry that has not been sent
  bool closed_ = false;
};

}  // namespace waybill::server
