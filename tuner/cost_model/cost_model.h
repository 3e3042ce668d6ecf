// The learned cost model: corrects the draft model by what was measured. It learns the residual
// log(draft / measured), so without data it is the draft model; a second model tells candidates
// that fail from those that run.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "tuner/cost_model/trees.h"

namespace tenon {

struct CostSample {
  FeatureRow features;
  std::size_t task = 0;  // samples of one task are weighted against each other
  double draft_s = 0;
  double measured_s = 0;  // 0: the candidate failed
};

struct CostEstimate {
  double seconds = 0;
  double valid_probability = 1;
  // Lower is better: the time to expect, failures counted as a slow run.
  double score() const { return seconds / (valid_probability < 0.05 ? 0.05 : valid_probability); }
};

class CostModel {
 public:
  void add(CostSample sample);
  // Trains when there is enough new data: at first kFirstTraining samples, then 20 % more than at
  // the last training. A function of the samples added, not of time. True when it trained.
  bool train_if_due();
  // One estimate a row; draft_s in the same order.
  std::vector<CostEstimate> estimate(const std::vector<FeatureRow>& rows,
                                     const std::vector<double>& draft_s) const;
  bool is_trained() const { return residual_.has_value(); }
  std::size_t num_samples() const { return samples_.size(); }

  static constexpr std::size_t kFirstTraining = 16;

 private:
  TreeData residual_data() const;
  TreeData validity_data() const;

  std::vector<CostSample> samples_;
  std::size_t num_trained_ = 0;
  std::optional<Trees> residual_, validity_;
};

}  // namespace tenon
