#include "waybill/server/events.h"

#include "waybill/base/json_in.h"
#include "waybill/base/json_out.h"
#include "waybill/server/world.h"

namespace waybill::server {

EventHub::EventHub(World& world) : world_(world) {}

std::string EventHub::piece_of(const log::Entry& entry) const {
  JsonWriter w;
  w.begin_object().field("index", entry.index).field("at", to_rfc3339_ms(entry.time)).field("kind", log::to_string(entry.kind));
  std::string subject;
  const auto view = world_.graph().view();
  if (const auto known = view.entry(entry.index); known && known->subject) subject = view.text(known->subject);
  if (subject.empty()) {
    w.key("subject").null();
  } else {
    w.field("subject", subject);
  }
  w.end_object();
  return "id: " + std::to_string(entry.index) + "\nevent: entry\ndata: " + std::move(w).take() + "\n\n";
}

void EventHub::send(std::string_view piece) {
  std::erase_if(subscribers_, [&](const Write& write) { return !write(piece); });
}

Result<void> EventHub::follow() {
  next_ = world_.log().size();
  return world_.log().follow(next_, [self = shared_from_this(), this](std::span<const log::Entry> entries) {
    const std::lock_guard lock(mutex_);
    if (entries.empty()) return;
    next_ = entries.back().index + 1;
    if (subscribers_.empty() || closed_) return;
    std::string piece;
    for (const auto& entry : entries) {
      piece += piece_of(entry);
      if (piece.size() > size_t{256} << 10) {
        send(piece);
        piece.clear();
      }
    }
    const auto head = world_.log().head();
    JsonWriter w;
    w.begin_object().field("size", head.size).field("root", head.root.hex()).end_object();
    piece += "event: checkpoint\ndata: " + std::move(w).take() + "\n\n";
    send(piece);
  });
}

Result<void> EventHub::subscribe(std::optional<uint64_t> after, Write write) {
  // Holding the lock, no entry can come between what is caught up with and what follows.
  const std::lock_guard lock(mutex_);
  if (closed_) return fail(Code::unavailable, "the server is stopping");
  const auto head = world_.log().head();
  std::string piece = "retry: 2000\n\n";
  if (after && *after + 1 < next_) {
    uint64_t from = *after + 1;
    if (next_ - from > kMaxCatchUp) {
      piece += "event: gap\ndata: {\"from\":" + std::to_string(from) + ",\"until\":" + std::to_string(next_ - kMaxCatchUp) + "}\n\n";
      from = next_ - kMaxCatchUp;
    }
    TRY_DO(world_.log().scan_entries(from, next_, [&](const log::Entry& entry) {
      piece += piece_of(entry);
      return true;
    }));
  }
  JsonWriter w;
  w.begin_object().field("size", head.size).field("root", head.root.hex()).end_object();
  piece += "event: checkpoint\ndata: " + std::move(w).take() + "\n\n";
  if (write(piece)) subscribers_.push_back(std::move(write));
  return {};
}

void EventHub::tell(const policy::Transition& transition) {
  JsonWriter w;
  w.begin_object()
      .field("entry", transition.entry)
      .field("at", to_rfc3339_ms(transition.at))
      .field("from", transition.first ? std::string_view("unknown") : policy::to_string(transition.from));
  w.field("to", policy::to_string(transition.to))
      .field("service", transition.service)
      .field("environment", transition.environment)
      .field("deployment", transition.deployment);
  w.field("decision", transition.decision).field("cause", transition.cause).end_object();
  const std::lock_guard lock(mutex_);
  if (!closed_) send("event: transition\ndata: " + std::move(w).take() + "\n\n");
}

void EventHub::keep_alive() {
  const std::lock_guard lock(mutex_);
  if (!closed_) send(": still here\n\n");
}
size_t EventHub::subscribers() const {
  const std::lock_guard lock(mutex_);
  return subscribers_.size();
}
void EventHub::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  subscribers_.clear();
}

}  // namespace waybill::server
