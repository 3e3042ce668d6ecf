#include "tuner/cli/evidence.h"

#include <algorithm>
#include <chrono>
#include <memory>

#include "compiler/runtime/compare.h"
#include "compiler/runtime/library.h"
#include "compiler/runtime/model_session.h"
#include "compiler/runtime/thread_team.h"
#include "compiler/support/error.h"
#include "tuner/cli/model_inputs.h"

namespace tenon::cli {
namespace {

constexpr double kSeconds = 3.0;
constexpr std::size_t kMinPairs = 10;
constexpr std::uint64_t kSeed = 1;
// Sums of thousands of terms in another order.
constexpr Tolerance kTolerance{.relative = 1e-3, .scaled = 1e-4, .absolute = 0};

double once_ms(ModelSession& session, const std::vector<NdArray>& inputs,
               std::vector<NdArray>& outputs) {
  const auto start = std::chrono::steady_clock::now();
  session.run(inputs, outputs);
  const auto spent = std::chrono::steady_clock::now() - start;
  return std::chrono::duration<double, std::milli>(spent).count();
}

double quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(q * static_cast<double>(values.size() - 1))];
}

void time_pairs(ModelSession& untuned, ModelSession& tuned, const std::vector<NdArray>& inputs,
                std::vector<NdArray>& outputs, Evidence& evidence) {
  std::vector<double> before, after, ratios;
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(kSeconds);
  while (std::chrono::steady_clock::now() < end || ratios.size() < kMinPairs) {
    before.push_back(once_ms(untuned, inputs, outputs));
    after.push_back(once_ms(tuned, inputs, outputs));
    ratios.push_back(before.back() / after.back());
  }
  evidence.untuned_ms = quantile(before, 0.5);
  evidence.tuned_ms = quantile(after, 0.5);
  evidence.ratio = quantile(ratios, 0.5);
  evidence.ratio_low = quantile(ratios, 0.25);
  evidence.ratio_high = quantile(ratios, 0.75);
}

std::vector<KernelTime> kernel_times(const Library& library, ModelSession& session,
                                     const std::vector<NdArray>& inputs,
                                     std::vector<NdArray>& outputs) {
  constexpr int kRuns = 10;
  session.enable_profile();
  for (int i = 0; i < kRuns; ++i) session.run(inputs, outputs);
  std::vector<KernelTime> times;
  for (int i = 0; i < library.model().num_kernels; ++i) {
    const auto ns = static_cast<double>(session.kernel_ns()[static_cast<std::size_t>(i)]);
    times.push_back({library.model().kernels[i].name, ns * 1e-3 / kRuns});
  }
  std::stable_sort(times.begin(), times.end(),
                   [](const KernelTime& a, const KernelTime& b) { return a.us > b.us; });
  return times;
}

}  // namespace

Evidence gather_evidence(const EvidencePaths& paths, int threads) {
  const Library tuned = Library::load(paths.tuned), untuned = Library::load(paths.untuned);
  const Library reference = Library::load(paths.reference);
  std::unique_ptr<ThreadTeam> team;
  if (threads > 1) {
    team = std::make_unique<ThreadTeam>(threads, std::vector<int>{});
    if (const int error = team->start()) throw_io_error("starting threads", error);
  }
  ModelSession tuned_session(tuned, team.get()), untuned_session(untuned, team.get());
  ModelSession reference_session(reference, nullptr);
  const std::vector<NdArray> inputs = made_up_inputs(tuned.model(), kSeed);
  std::vector<NdArray> outputs = tuned_session.make_outputs(inputs);
  std::vector<NdArray> expected = reference_session.make_outputs(inputs);
  tuned_session.run(inputs, outputs);
  reference_session.run(inputs, expected);
  Evidence evidence;
  evidence.is_right = true;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const Comparison c = compare_arrays(expected[i], outputs[i], kTolerance);
    evidence.is_right = evidence.is_right && c.is_equal;
    evidence.max_error = std::max(evidence.max_error, c.max_absolute);
    evidence.max_expected = std::max(evidence.max_expected, c.max_expected);
  }
  time_pairs(untuned_session, tuned_session, inputs, outputs, evidence);
  evidence.kernels = kernel_times(tuned, tuned_session, inputs, outputs);
  return evidence;
}

}  // namespace tenon::cli
