#include "tuner/cost_model/trees.h"

#include <xgboost/c_api.h>

#include <limits>
#include <numeric>
#include <string>

#include "compiler/support/error.h"

namespace tenon {
namespace {

void check(int code) { CHECK(code == 0) << "xgboost: " << XGBGetLastError(); }

// Owns one matrix of the library.
class Matrix {
 public:
  explicit Matrix(const std::vector<FeatureRow>& rows) {
    CHECK(!rows.empty()) << "a matrix without rows";
    const std::size_t num_columns = rows.front().size();
    std::vector<float> flat;
    flat.reserve(rows.size() * num_columns);
    for (const FeatureRow& row : rows) {
      CHECK(row.size() == num_columns) << "a row of " << row.size() << " columns";
      flat.insert(flat.end(), row.begin(), row.end());
    }
    check(XGDMatrixCreateFromMat_omp(flat.data(), rows.size(), num_columns,
                                     std::numeric_limits<float>::quiet_NaN(), &handle_, 1));
  }
  Matrix(const Matrix&) = delete;
  Matrix& operator=(const Matrix&) = delete;
  ~Matrix() { XGDMatrixFree(handle_); }

  void set(const char* field, const std::vector<float>& values) {
    check(XGDMatrixSetFloatInfo(handle_, field, values.data(), values.size()));
  }
  DMatrixHandle get() const { return handle_; }

 private:
  DMatrixHandle handle_ = nullptr;
};

}  // namespace

struct Trees::State {
  BoosterHandle booster = nullptr;
  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (booster != nullptr) XGBoosterFree(booster);
  }
  void set(const char* name, const std::string& value) {
    check(XGBoosterSetParam(booster, name, value.c_str()));
  }
};

Trees::Trees(std::unique_ptr<State> state) : state_(std::move(state)) {}
Trees::Trees(Trees&&) noexcept = default;
Trees& Trees::operator=(Trees&&) noexcept = default;
Trees::~Trees() = default;

Trees Trees::train(const TreeData& data, const TreeOptions& options) {
  CHECK(data.rows.size() == data.labels.size() && data.rows.size() == data.weights.size())
      << "rows, labels and weights differ in number";
  Matrix matrix(data.rows);
  matrix.set("label", data.labels);
  matrix.set("weight", data.weights);
  const bool is_logistic = options.objective == TreeOptions::Objective::kLogistic;
  const float mean = std::accumulate(data.labels.begin(), data.labels.end(), 0.0f) /
                     static_cast<float>(data.labels.size());
  auto state = std::make_unique<State>();
  const DMatrixHandle matrices[] = {matrix.get()};
  check(XGBoosterCreate(matrices, 1, &state->booster));
  state->set("verbosity", "0");
  state->set("nthread", "1");
  state->set("seed", "0");
  state->set("tree_method", "hist");
  state->set("max_bin", std::to_string(options.bins));
  state->set("max_depth", std::to_string(options.depth));
  state->set("eta", "0.2");
  state->set("min_child_weight", "0.5");
  state->set("objective", is_logistic ? "binary:logistic" : "reg:squarederror");
  state->set("base_score", std::to_string(is_logistic ? 0.5f : mean));
  for (int round = 0; round < options.rounds; ++round) {
    check(XGBoosterUpdateOneIter(state->booster, round, matrix.get()));
  }
  return Trees(std::move(state));
}

std::vector<float> Trees::predict(const std::vector<FeatureRow>& rows) const {
  if (rows.empty()) return {};
  const Matrix matrix(rows);
  bst_ulong count = 0;
  const float* values = nullptr;
  check(XGBoosterPredict(state_->booster, matrix.get(), 0, 0, 0, &count, &values));
  CHECK(count == rows.size()) << count << " predictions for " << rows.size() << " rows";
  return {values, values + count};
}

}  // namespace tenon
