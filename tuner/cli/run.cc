// tenon run: a library on given, stored or made-up inputs; compares and times.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iomanip>
#include <iostream>
#include <memory>

#include "compiler/runtime/compare.h"
#include "compiler/runtime/library.h"
#include "compiler/runtime/model_session.h"
#include "compiler/runtime/npz.h"
#include "compiler/runtime/thread_team.h"
#include "compiler/support/error.h"
#include "compiler/support/json_text.h"
#include "tuner/cli/commands.h"
#include "tuner/cli/model_inputs.h"
#include "tuner/cli/test_data.h"

namespace tenon::cli {
namespace {

constexpr double kBenchSeconds = 1.0;
constexpr int kMinSamples = 20;

std::vector<std::string> names(const TenonTensorV1* tensors, int count) {
  std::vector<std::string> result;
  for (int i = 0; i < count; ++i) result.emplace_back(tensors[i].name);
  return result;
}

// Arrays in the order of `wanted`: by name, or by position when they are called arr_0, arr_1 ...
std::vector<NdArray> arrange(std::vector<NamedArray> arrays, const std::vector<std::string>& wanted,
                             const std::string& where) {
  std::vector<NdArray> result;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const std::string positional = "arr_" + std::to_string(i);
    auto it = std::find_if(arrays.begin(), arrays.end(), [&](const NamedArray& a) {
      return a.array.has_data() && a.name == wanted[i];
    });
    if (it == arrays.end()) {
      it = std::find_if(arrays.begin(), arrays.end(), [&](const NamedArray& a) {
        return a.array.has_data() && a.name == positional;
      });
    }
    if (it == arrays.end()) {
      throw UserError(where + ": has no array \"" + wanted[i] + "\" (or " + positional + ")");
    }
    result.push_back(std::move(it->array));
  }
  return result;
}

struct Outcome {
  std::vector<std::string> output_names;
  std::vector<Comparison> comparisons;
  std::vector<double> sample_ms;
  bool is_right() const {
    return std::all_of(comparisons.begin(), comparisons.end(),
                       [](const Comparison& c) { return c.is_equal; });
  }
};

std::vector<double> time_runs(ModelSession& session, const std::vector<NdArray>& inputs,
                              std::vector<NdArray>& outputs) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> samples;
  const auto end = Clock::now() + std::chrono::duration<double>(kBenchSeconds);
  while (Clock::now() < end || samples.size() < kMinSamples) {
    const auto start = Clock::now();
    session.run(inputs, outputs);
    samples.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
  }
  std::sort(samples.begin(), samples.end());
  return samples;
}

void print_text(const Outcome& outcome) {
  for (std::size_t i = 0; i < outcome.comparisons.size(); ++i) {
    const Comparison& c = outcome.comparisons[i];
    std::cout << outcome.output_names[i] << ": " << (c.is_equal ? "equal, " : "WRONG, ")
              << describe_comparison(c) << "\n";
  }
  if (outcome.sample_ms.empty()) return;
  const auto& s = outcome.sample_ms;
  std::cout << std::fixed << std::setprecision(4) << "latency ms: p10 " << s[s.size() / 10]
            << ", median " << s[s.size() / 2] << ", p90 " << s[s.size() * 9 / 10] << " of "
            << s.size() << " runs\n";
}

void print_json(const Outcome& outcome) {
  std::cout << "{\"tenon_run\":1,\"outputs\":[";
  for (std::size_t i = 0; i < outcome.comparisons.size(); ++i) {
    const Comparison& c = outcome.comparisons[i];
    std::cout << (i ? "," : "") << "{\"name\":" << json_text(outcome.output_names[i])
              << ",\"equal\":" << (c.is_equal ? "true" : "false") << ",\"wrong\":" << c.num_wrong
              << ",\"elements\":" << c.num_elements << ",\"max_absolute\":" << c.max_absolute
              << "}";
  }
  std::cout << "]";
  if (!outcome.sample_ms.empty()) {
    const auto& s = outcome.sample_ms;
    std::cout << ",\"latency_ms\":{\"p10\":" << s[s.size() / 10]
              << ",\"median\":" << s[s.size() / 2] << ",\"p90\":" << s[s.size() * 9 / 10]
              << ",\"runs\":" << s.size() << "}";
  }
  std::cout << "}\n";
}

}  // namespace

int run_command(const RunArguments& a) {
  const Library library = Library::load(std::filesystem::absolute(a.library).string());
  const TenonModelV1& model = library.model();
  const auto input_names = names(model.inputs, model.num_inputs);
  Outcome outcome;
  outcome.output_names = names(model.outputs, model.num_outputs);
  std::vector<NdArray> inputs, expected;
  if (!a.test_data.empty()) {
    TestData data = load_test_data(a.test_data, model.num_inputs, model.num_outputs);
    inputs = std::move(data.inputs);
    expected = std::move(data.outputs);
  } else if (!a.input.empty()) {
    inputs = arrange(load_npz(a.input), input_names, a.input);
  } else {
    inputs = made_up_inputs(model, a.seed);
  }
  if (!a.expect.empty()) expected = arrange(load_npz(a.expect), outcome.output_names, a.expect);
  std::unique_ptr<ThreadTeam> team;
  if (a.threads > 1) {
    team = std::make_unique<ThreadTeam>(a.threads, std::vector<int>{});
    if (const int error = team->start()) throw_io_error("starting threads", error);
  }
  ModelSession session(library, team.get());
  std::vector<NdArray> outputs = session.make_outputs(inputs);
  session.run(inputs, outputs);
  const Tolerance tolerance{
      .relative = a.rtol, .scaled = a.atol < 0 ? 1e-4 : 0, .absolute = a.atol < 0 ? 0 : a.atol};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    outcome.comparisons.push_back(compare_arrays(expected[i], outputs[i], tolerance));
  }
  if (a.bench) outcome.sample_ms = time_runs(session, inputs, outputs);
  a.json ? print_json(outcome) : print_text(outcome);
  return outcome.is_right() ? kDone : kWorkFailed;
}

}  // namespace tenon::cli
