// A candidate as a fixed row of numbers: what the draft model says of it, its knobs, its workload
// and the target. The same columns for all workloads, so that what is learnt of one helps the
// others.
#pragma once
#include <string>
#include <vector>

#include "tuner/space/sketch.h"

namespace tenon {

using FeatureRow = std::vector<float>;  // NaN: the column says nothing about this candidate

// Names of the columns, in order.
const std::vector<std::string>& feature_names();

// The columns that all candidates of a workload share.
FeatureRow workload_features(const WorkloadFacts& facts, const Target& target, int threads);

// The whole row. `workload` is that of workload_features(); deterministic and thread-safe.
FeatureRow candidate_features(const Sketch& sketch, const Decisions& decisions,
                              const FeatureRow& workload);

}  // namespace tenon
