// A queue between two threads of the daemon.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace tenon {

template <class T>
class Mailbox {
 public:
  void put(T item) {
    {
      const std::lock_guard lock(mutex_);
      if (is_closed_) return;
      items_.push_back(std::move(item));
    }
    changed_.notify_one();
  }

  // The oldest item; waits for one. nullopt after close().
  std::optional<T> take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return is_closed_ || !items_.empty(); });
    if (is_closed_) return std::nullopt;
    std::optional<T> item(std::move(items_.front()));
    items_.pop_front();
    return item;
  }

  // All that is there, without waiting.
  std::vector<T> take_all() {
    const std::lock_guard lock(mutex_);
    std::vector<T> all(std::make_move_iterator(items_.begin()),
                       std::make_move_iterator(items_.end()));
    items_.clear();
    return all;
  }

  bool is_empty() {
    const std::lock_guard lock(mutex_);
    return items_.empty();
  }

  // Items that are still there are dropped; later ones too.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      is_closed_ = true;
      items_.clear();
    }
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<T> items_;
  bool is_closed_ = false;
};

}  // namespace tenon
