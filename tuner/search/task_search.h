// The search of one workload: which points of its space to measure next, given what was measured.
// A pure state machine: no clock, no threads; random numbers are keyed by (seed, workload, round,
// slot), so what it proposes is a function of the seed and the results consumed, in order.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compiler/compile.h"
#include "tuner/cost_model/cost_model.h"
#include "tuner/search/point_index.h"

namespace tenon {

struct TaskSetup {
  TuningTask task;
  Target target;
  int threads = 1;
  std::uint64_t seed = 0;
};

// How one measured point went.
enum class Verdict : std::uint8_t {
  kValid,    // it ran and was right
  kInvalid,  // the candidate is at fault
  kUnknown,  // device or worker failed: nothing is learnt
};

class TaskSearch {
 public:
  explicit TaskSearch(const TaskSetup& setup);
  TaskSearch(const TaskSearch&) = delete;
  TaskSearch& operator=(const TaskSearch&) = delete;

  // At most `count` points that were not proposed before, the most promising first. The first ever
  // is the default schedule. Fewer when the task is nearly done, none when it is.
  std::vector<std::size_t> propose(std::size_t count, const CostModel& model);
  // Points measured in earlier sessions are consumed without having been proposed.
  void consume(std::size_t point, Verdict verdict, double seconds);

  // The seeds have all been proposed.
  bool has_seeded() const { return num_seeds_proposed_ == seeds_.size(); }
  // Points proposed, or measured in earlier sessions.
  std::size_t num_seen() const { return is_seen_.size() - num_unseen_; }
  // Nothing left that is worth measuring.
  bool is_done() const;
  // By how much of itself the best time is expected to fall with the next batch.
  double expected_gain() const;
  // Seconds of the best valid point; the draft's best while there is none.
  double best_seconds() const;
  std::optional<std::size_t> best_point() const;

  // The schedule that an untuned library has.
  bool is_default(std::size_t point) const { return !seeds_.empty() && point == seeds_.front(); }

  const Space& space() const { return space_; }
  // The point that a trace came from; nullopt when this space does not make it.
  std::optional<std::size_t> find(const Trace& trace) const;
  CostSample sample(std::size_t point, std::size_t task, double seconds) const;

 private:
  struct Ranked {
    std::size_t point = 0;
    CostEstimate estimate;
  };
  std::vector<std::size_t> take_seeds(std::size_t count);
  std::vector<std::size_t> unseen_neighbours() const;
  std::vector<std::size_t> pool();
  std::vector<Ranked> rank(std::vector<std::size_t> points, const CostModel& model) const;
  std::vector<std::size_t> pick(const std::vector<Ranked>& ranked, std::size_t count);
  bool is_stagnant() const;
  void mark(std::size_t point);

  std::uint64_t seed_, key_;
  Space space_;
  PointIndex index_;
  FeatureRow features_;
  std::vector<std::size_t> seeds_;
  std::size_t num_seeds_proposed_ = 0;
  std::vector<char> is_seen_;
  std::size_t num_unseen_ = 0;
  std::uint64_t round_ = 0;
  struct Measured {
    double seconds = 0;
    std::size_t point = 0;
    auto operator<=>(const Measured&) const = default;
  };
  std::vector<Measured> measured_;  // valid ones, best first
  std::vector<double> best_after_;  // each consumed result
  double mark_seconds_ = 0;         // best at the last gain of 1 %
  std::size_t num_since_gain_ = 0;  // results consumed since then
  double model_gain_ = 1;           // expected by the model at the last proposal
};

}  // namespace tenon
