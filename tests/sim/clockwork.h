// Virtual time: things to do, in order of time, then of being asked for.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

namespace tenon::sim {

class Clockwork {
 public:
  std::int64_t now_ms() const { return now_ms_; }
  void at(std::int64_t time_ms, std::function<void()> action) {
    actions_.emplace(std::pair{time_ms < now_ms_ ? now_ms_ : time_ms, next_++}, std::move(action));
  }
  void after(std::int64_t delay_ms, std::function<void()> action) {
    at(now_ms_ + delay_ms, std::move(action));
  }
  // Does the next thing; false when there is none.
  bool advance() {
    if (actions_.empty()) return false;
    auto first = actions_.extract(actions_.begin());
    now_ms_ = first.key().first;
    first.mapped()();
    return true;
  }

 private:
  std::int64_t now_ms_ = 0;
  std::uint64_t next_ = 0;
  std::map<std::pair<std::int64_t, std::uint64_t>, std::function<void()>> actions_;
};

}  // namespace tenon::sim
