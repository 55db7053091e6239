// A few threads that do what an io thread must not: think for long, or wait.
//
// Used by server.h: one pool for work that needs a processor (parsing, compressing), one for work that waits for the log.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace waybill::server {

class Workers {
 public:
  // `nice`: how much other threads go before these (0 to 19), so that a flood of documents leaves room for questions.
  // `name`, of at most 15 letters, is what top and perf show.
  Workers(const char* name, unsigned threads, int nice, size_t max_queued);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // False when too much waits already: the caller answers 503.
  bool post(std::function<void()> work);
  size_t queued() const;
  // Finishes what is queued, then ends the threads.
  void stop();

 private:
  void run(int nice);
  mutable std::mutex mutex_;
  std::condition_variable something_;
  std::deque<std::function<void()>> queue_;
  std::vector<std::thread> threads_;
  size_t max_queued_;
  bool stopping_ = false;
};

}  // namespace waybill::server
