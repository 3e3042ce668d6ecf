#include "compiler/support/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <memory>

#include "compiler/support/error.h"

namespace tenon {
namespace {

// Shared by the caller and its helpers. A helper that the pool reaches only after the loop is
// closed runs nothing, so the caller need not wait for it.
struct Loop {
  size_t count = 0;
  const std::function<void(size_t)>* body = nullptr;
  std::atomic<size_t> next_index{0};
  std::mutex mutex;
  bool is_closed = false;
  std::vector<bool> has_started;
};

void work(Loop& loop) {
  for (size_t index; (index = loop.next_index.fetch_add(1)) < loop.count;) (*loop.body)(index);
}

void help(Loop& loop, size_t helper_index) {
  {
    std::lock_guard lock(loop.mutex);
    if (loop.is_closed) return;
    loop.has_started[helper_index] = true;
  }
  work(loop);
}

}  // namespace

ThreadPool::ThreadPool(size_t num_threads) {
  CHECK(num_threads >= 1) << "a pool needs a thread";
  for (size_t i = 0; i < num_threads; ++i) threads_.emplace_back([this] { run(); });
}

ThreadPool::~ThreadPool() {
  {
    std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

std::future<void> ThreadPool::submit(std::function<void()> task) {
  std::packaged_task<void()> packaged(std::move(task));
  std::future<void> result = packaged.get_future();
  {
    std::lock_guard lock(mutex_);
    CHECK(!is_stopping_) << "submit to a pool that is being destroyed";
    tasks_.push_back(std::move(packaged));
  }
  wake_.notify_one();
  return result;
}

void ThreadPool::parallel_for(size_t count, const std::function<void(size_t)>& body) {
  auto loop = std::make_shared<Loop>();
  loop->count = count;
  loop->body = &body;
  size_t num_helpers = count < 2 ? 0 : std::min(num_threads(), count - 1);
  loop->has_started.resize(num_helpers);
  std::vector<std::future<void>> results;
  for (size_t i = 0; i < num_helpers; ++i) results.push_back(submit([loop, i] { help(*loop, i); }));
  // A packaged task keeps an exception of the caller's own share until the helpers have let go of
  // `body`.
  std::packaged_task<void()> own([&] { work(*loop); });
  own();
  {
    std::lock_guard lock(loop->mutex);
    loop->is_closed = true;
  }
  for (size_t i = 0; i < num_helpers; ++i) {
    if (loop->has_started[i]) results[i].wait();
  }
  own.get_future().get();
  for (size_t i = 0; i < num_helpers; ++i) {
    if (loop->has_started[i]) results[i].get();
  }
}

void ThreadPool::run() {
  for (;;) {
    std::packaged_task<void()> task;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return is_stopping_ || !tasks_.empty(); });
      if (tasks_.empty()) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
  }
}

}  // namespace tenon
