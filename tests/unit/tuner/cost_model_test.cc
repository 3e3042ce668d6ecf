#include "tuner/cost_model/cost_model.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/unit/tuner/synthetic.h"

namespace tenon {
namespace {

// The share of pairs that two lists of numbers put in the same order.
double pair_accuracy(const std::vector<double>& guess, const std::vector<double>& truth) {
  std::size_t same = 0, all = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (truth[i] == truth[j]) continue;
      ++all;
      same += (guess[i] < guess[j]) == (truth[i] < truth[j]);
    }
  }
  return static_cast<double>(same) / static_cast<double>(all);
}

struct Sampled {
  std::vector<FeatureRow> rows;
  std::vector<double> draft, truth;  // truth 0: failed
};

// Every stride-th point of the conv space from `first` on; learnt by `model` when given.
Sampled sampled(std::size_t first, std::size_t stride, CostModel* model) {
  static const TaskSearch task(setup_of(conv_task(64, 28), 0));
  Sampled result;
  for (std::size_t i = first; i < task.space().points().size(); i += stride) {
    const SpacePoint& point = task.space().points()[i];
    const double truth = synthetic_seconds(task.space(), point);
    CostSample sample = task.sample(i, 0, truth);
    result.rows.push_back(sample.features);
    result.draft.push_back(point.draft_seconds);
    result.truth.push_back(truth);
    if (model != nullptr) model->add(std::move(sample));
  }
  return result;
}

TEST(CostModel, EveryCandidateHasEveryColumn) {
  for (const FeatureRow& row : sampled(0, 7, nullptr).rows) {
    EXPECT_EQ(row.size(), feature_names().size());
  }
  const TaskSearch matmul(setup_of(matmul_task(128, 96, 64), 0));
  EXPECT_EQ(matmul.sample(0, 0, 1).features.size(), feature_names().size());
  EXPECT_GE(feature_names().size(), 60u);
}

TEST(CostModel, WithoutDataItIsTheDraft) {
  const Sampled some = sampled(0, 9, nullptr);
  const auto estimates = CostModel().estimate(some.rows, some.draft);
  for (std::size_t i = 0; i < estimates.size(); ++i) {
    EXPECT_EQ(estimates[i].seconds, some.draft[i]);
    EXPECT_EQ(estimates[i].score(), some.draft[i]);
  }
}

TEST(CostModel, LearnsToOrderUnseenCandidatesBetterThanTheDraft) {
  CostModel model;
  sampled(0, 3, &model);
  ASSERT_GE(model.num_samples(), CostModel::kFirstTraining);
  ASSERT_TRUE(model.train_if_due());
  const Sampled unseen = sampled(1, 3, nullptr);
  const auto estimates = model.estimate(unseen.rows, unseen.draft);
  std::vector<double> draft, learned, truth;
  double failing = 0, working = 0;
  std::size_t num_failing = 0;
  for (std::size_t i = 0; i < estimates.size(); ++i) {
    if (unseen.truth[i] == 0) {
      ++num_failing;
      failing += estimates[i].valid_probability;
      continue;
    }
    working += estimates[i].valid_probability;
    draft.push_back(unseen.draft[i]);
    learned.push_back(estimates[i].seconds);
    truth.push_back(unseen.truth[i]);
  }
  const double drafted = pair_accuracy(draft, truth), accuracy = pair_accuracy(learned, truth);
  EXPECT_GT(accuracy, drafted + 0.05);
  EXPECT_GT(accuracy, 0.85);
  ASSERT_GT(num_failing, 0u);
  EXPECT_LT(failing / static_cast<double>(num_failing), 0.5);
  EXPECT_GT(working / static_cast<double>(truth.size()), 0.8);
}

TEST(CostModel, TrainsAgainOnlyAfterAFifthMore) {
  CostModel model;
  const TaskSearch task(setup_of(conv_task(64, 28), 0));
  std::vector<std::size_t> trained_at;
  for (std::size_t i = 0; i < 40; ++i) {
    model.add(task.sample(i, 0, 1e-3));
    if (model.train_if_due()) trained_at.push_back(model.num_samples());
  }
  EXPECT_EQ(trained_at, (std::vector<std::size_t>{16, 19, 22, 26, 31, 37}));
}

TEST(CostModel, TrainingIsDeterministic) {
  CostModel first, second;
  sampled(0, 4, &first);
  sampled(0, 4, &second);
  first.train_if_due();
  second.train_if_due();
  const Sampled unseen = sampled(2, 4, nullptr);
  const auto a = first.estimate(unseen.rows, unseen.draft);
  const auto b = second.estimate(unseen.rows, unseen.draft);
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_EQ(a[i].seconds, b[i].seconds);
}

}  // namespace
}  // namespace tenon
