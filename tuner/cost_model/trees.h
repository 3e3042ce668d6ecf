// Boosted regression trees over feature rows: the only place that knows XGBoost.
#pragma once
#include <memory>
#include <vector>

#include "tuner/cost_model/features.h"

namespace tenon {

struct TreeOptions {
  enum class Objective { kSquaredError, kLogistic };
  Objective objective = Objective::kSquaredError;
  int rounds = 60;
  int depth = 6;
  int bins = 64;
};

struct TreeData {
  std::vector<FeatureRow> rows;  // all of one length
  std::vector<float> labels;
  std::vector<float> weights;
};

// Immutable after training. Training is deterministic and uses the calling thread alone.
class Trees {
 public:
  // Needs at least one row. Throws Bug when the library refuses.
  static Trees train(const TreeData& data, const TreeOptions& options);

  Trees(Trees&&) noexcept;
  Trees& operator=(Trees&&) noexcept;
  ~Trees();

  // One value a row: the regression's, or a probability for kLogistic.
  std::vector<float> predict(const std::vector<FeatureRow>& rows) const;

 private:
  struct State;
  explicit Trees(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tenon
