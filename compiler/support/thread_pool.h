// A fixed set of threads that run tasks in the order they came. parallel_for is the usual way in.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

namespace tenon {

class ThreadPool {
 public:
  // Needs num_threads >= 1.
  explicit ThreadPool(size_t num_threads);
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // Runs what was submitted, then joins.
  ~ThreadPool();

  size_t num_threads() const { return threads_.size(); }

  // An exception of the task comes out of the future's get().
  std::future<void> submit(std::function<void()> task);

  // Runs body(0) ... body(count - 1), in no fixed order, on the pool and the calling thread;
  // returns when all are done. If bodies throw, the remaining indices of that thread are not run
  // and one of the exceptions is thrown here. May be called from inside a body: the caller works
  // too, so it cannot wait for itself.
  void parallel_for(size_t count, const std::function<void(size_t)>& body);

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::packaged_task<void()>> tasks_;
  bool is_stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace tenon
