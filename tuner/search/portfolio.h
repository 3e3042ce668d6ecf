// All tasks of a model: which of them gets the next candidates. First the default schedule of every
// task, then the other seeds, in order of what a task costs the model; then the task with the
// largest expected gain per second of measuring. Pure, like TaskSearch; one cost model learns from
// all.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "tuner/search/task_search.h"

namespace tenon {

struct Proposal {
  std::size_t task = 0;
  std::size_t point = 0;
  std::uint64_t stop_above_ns = 0;  // racing: slower than this is not worth more samples; 0: none
};

class Portfolio {
 public:
  explicit Portfolio(const std::vector<TaskSetup>& tasks);

  // At most `count` candidates; none when all tasks are done.
  std::vector<Proposal> propose(std::size_t count);
  void consume(std::size_t task, std::size_t point, Verdict verdict, double seconds);
  // Trains the cost model when enough is new. True when it did.
  bool learn() { return model_.train_if_due(); }
  // No task is worth another candidate: all are done, or all together are expected to bring less
  // than 1 % of the model's time.
  bool is_converged() const;

  const TaskSearch& task(std::size_t index) const { return *tasks_[index].search; }
  Trace trace(const Proposal& proposal) const;

 private:
  struct Task {
    std::unique_ptr<TaskSearch> search;  // does not move: it refers to itself
    double weight = 1;
  };
  std::optional<std::size_t> next_task() const;
  double gain_per_second(const Task& task) const;

  std::vector<Task> tasks_;
  std::vector<std::size_t> order_;  // by weight x draft time, largest first
  CostModel model_;
};

}  // namespace tenon
