#include "waybill/server/workers.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace waybill::server {

Workers::Workers(const char* name, unsigned threads, int nice, size_t max_queued) : max_queued_(max_queued) {
  for (unsigned i = 0; i < threads; ++i) {
    threads_.emplace_back([this, nice] { run(nice); });
    ::pthread_setname_np(threads_.back().native_handle(), name);
  }
}
Workers::~Workers() { stop(); }

bool Workers::post(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || queue_.size() >= max_queued_) return false;
    queue_.push_back(std::move(work));
  }
  something_.notify_one();
  return true;
}
size_t Workers::queued() const {
  const std::lock_guard lock(mutex_);
  return queue_.size();
}
void Workers::stop() {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ && threads_.empty()) return;
    stopping_ = true;
  }
  something_.notify_all();
  for (auto& thread : threads_)
    if (thread.joinable()) thread.join();
  threads_.clear();
}
void Workers::run(int nice) {
  // Linux keeps niceness by thread.
  if (nice != 0) ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), nice);
  std::unique_lock lock(mutex_);
  for (;;) {
    something_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    auto work = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    work();
    work = nullptr;
    lock.lock();
  }
}

}  // namespace waybill::server
