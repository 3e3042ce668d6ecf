#include "tuner/cost_model/cost_model.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "compiler/support/error.h"

namespace tenon {
namespace {

constexpr double kSlowestWeight = 0.1;

}  // namespace

void CostModel::add(CostSample sample) {
  CHECK(sample.draft_s > 0) << "a candidate without a draft estimate";
  samples_.push_back(std::move(sample));
}

// The fast ones of each task weigh most: it is their order that search needs.
TreeData CostModel::residual_data() const {
  std::map<std::size_t, double> best;
  for (const CostSample& sample : samples_) {
    if (sample.measured_s <= 0) continue;
    const auto [place, is_new] = best.emplace(sample.task, sample.measured_s);
    if (!is_new) place->second = std::min(place->second, sample.measured_s);
  }
  TreeData data;
  for (const CostSample& sample : samples_) {
    if (sample.measured_s <= 0) continue;
    data.rows.push_back(sample.features);
    data.labels.push_back(static_cast<float>(std::log(sample.draft_s / sample.measured_s)));
    const double weight = best[sample.task] / sample.measured_s;
    data.weights.push_back(static_cast<float>(std::max(weight, kSlowestWeight)));
  }
  return data;
}

TreeData CostModel::validity_data() const {
  TreeData data;
  for (const CostSample& sample : samples_) {
    data.rows.push_back(sample.features);
    data.labels.push_back(sample.measured_s > 0 ? 1.0f : 0.0f);
    data.weights.push_back(1.0f);
  }
  return data;
}

bool CostModel::train_if_due() {
  const std::size_t due = std::max(kFirstTraining, num_trained_ + num_trained_ / 5);
  if (samples_.size() < due || samples_.size() == num_trained_) return false;
  num_trained_ = samples_.size();
  const TreeData valid = residual_data();
  if (!valid.rows.empty()) residual_.emplace(Trees::train(valid, {}));
  validity_.reset();
  const bool has_both = !valid.rows.empty() && valid.rows.size() < samples_.size();
  if (has_both) {
    validity_.emplace(Trees::train(validity_data(),
                                   {.objective = TreeOptions::Objective::kLogistic, .rounds = 30}));
  }
  return true;
}

std::vector<CostEstimate> CostModel::estimate(const std::vector<FeatureRow>& rows,
                                              const std::vector<double>& draft_s) const {
  CHECK(rows.size() == draft_s.size()) << "rows and draft estimates differ in number";
  std::vector<CostEstimate> result(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) result[i].seconds = draft_s[i];
  if (residual_) {
    const std::vector<float> residual = residual_->predict(rows);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      result[i].seconds = draft_s[i] / std::exp(static_cast<double>(residual[i]));
    }
  }
  if (validity_) {
    const std::vector<float> valid = validity_->predict(rows);
    for (std::size_t i = 0; i < rows.size(); ++i) result[i].valid_probability = valid[i];
  }
  return result;
}

}  // namespace tenon
