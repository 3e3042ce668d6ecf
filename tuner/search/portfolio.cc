#include "tuner/search/portfolio.h"

#include <algorithm>
#include <numeric>

namespace tenon {
namespace {

constexpr double kRacingFactor = 1.5;
constexpr double kWorthwhile = 0.01;   // of the model's time, for all tasks together
constexpr double kTrialSeconds = 0.1;  // build, start, warm-up
constexpr double kCallsPerTrial = 50;  // measured, as far as its budget goes
constexpr double kBudgetSeconds = 0.3;

double trial_seconds(double call_seconds) {
  return kTrialSeconds + std::min(kBudgetSeconds, kCallsPerTrial * call_seconds);
}

}  // namespace

Portfolio::Portfolio(const std::vector<TaskSetup>& tasks) {
  for (const TaskSetup& setup : tasks) {
    tasks_.push_back({std::make_unique<TaskSearch>(setup),
                      static_cast<double>(std::max(setup.task.num_calls, 1))});
  }
  order_.resize(tasks_.size());
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  std::stable_sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) {
    return tasks_[a].weight * tasks_[a].search->best_seconds() >
           tasks_[b].weight * tasks_[b].search->best_seconds();
  });
}

double Portfolio::gain_per_second(const Task& task) const {
  const double best = task.search->best_seconds();
  return task.weight * best * task.search->expected_gain() / trial_seconds(best);
}

std::optional<std::size_t> Portfolio::next_task() const {
  for (const std::size_t i : order_) {
    if (tasks_[i].search->num_seen() == 0 && !tasks_[i].search->is_done()) return i;
  }
  for (const std::size_t i : order_) {
    if (!tasks_[i].search->has_seeded() && !tasks_[i].search->is_done()) return i;
  }
  std::optional<std::size_t> best;
  double best_gain = 0;
  for (const std::size_t i : order_) {
    const double gain = gain_per_second(tasks_[i]);
    if (gain <= best_gain) continue;
    best_gain = gain;
    best = i;
  }
  return best;
}

bool Portfolio::is_converged() const {
  double total = 0, gain = 0;
  for (const Task& task : tasks_) {
    if (task.search->is_done()) {
      total += task.weight * task.search->best_seconds();
      continue;
    }
    if (!task.search->has_seeded()) return false;
    total += task.weight * task.search->best_seconds();
    gain += task.weight * task.search->best_seconds() * task.search->expected_gain();
  }
  return gain < kWorthwhile * total || gain == 0;
}

std::vector<Proposal> Portfolio::propose(std::size_t count) {
  std::vector<Proposal> result;
  while (result.size() < count && !is_converged()) {
    const auto chosen = next_task();
    if (!chosen) break;
    TaskSearch& search = *tasks_[*chosen].search;
    const bool is_first = search.num_seen() == 0;
    const double limit = search.best_point() ? search.best_seconds() * kRacingFactor * 1e9 : 0;
    const auto points = search.propose(is_first ? 1 : count - result.size(), model_);
    for (const std::size_t point : points) {
      result.push_back({*chosen, point, is_first ? 0 : static_cast<std::uint64_t>(limit)});
    }
  }
  return result;
}

void Portfolio::consume(std::size_t task, std::size_t point, Verdict verdict, double seconds) {
  TaskSearch& search = *tasks_[task].search;
  search.consume(point, verdict, seconds);
  if (verdict != Verdict::kUnknown) {
    model_.add(search.sample(point, task, verdict == Verdict::kValid ? seconds : 0));
  }
}

Trace Portfolio::trace(const Proposal& proposal) const {
  const Space& space = tasks_[proposal.task].search->space();
  return space.trace(space.points()[proposal.point]);
}

}  // namespace tenon
