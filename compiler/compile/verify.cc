#include "compiler/compile/verify.h"

#include <algorithm>
#include <cmath>

#include "compiler/runtime/model_session.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/workload.h"

namespace tenon {
namespace {

constexpr std::uint64_t kSeed = 1;
// Sums of thousands of terms in another order.
constexpr relax::ValueTolerance kTolerance{.relative = 1e-3, .scaled = 1e-4};

// "" or why this machine cannot run code for the target.
std::string why_not_here(const Target& target) {
  const Target here = parse_target("native");
  if (here.architecture != target.architecture) {
    return "it is for " + target.triple() + ", this machine is " + here.triple();
  }
  for (const std::string& feature : target.features) {
    if (!here.has(feature)) return "it needs " + feature + ", which this machine lacks";
  }
  return "";
}

bool has_finite_element(const relax::Value& value) {
  for (const relax::TensorRef& tensor : relax::tensors_of(value)) {
    for (std::int64_t i = 0; i < tensor->num_elements(); ++i) {
      if (std::isfinite(relax::element_at(*tensor, i))) return true;
    }
  }
  return false;
}

const relax::Function& main_of(const relax::Module& module) {
  const relax::Function* func = module.find_function("main");
  if (!func) throw UserError("the module has no function named main");
  return *func;
}

}  // namespace

const VerifyStep* VerifyReport::first_wrong() const {
  const auto it = std::find_if(steps.begin(), steps.end(),
                               [](const VerifyStep& step) { return !step.is_right; });
  return it == steps.end() ? nullptr : &*it;
}

std::vector<relax::GraphPass> compile_passes(const Target& target, PlainKernels& kernels) {
  const auto evaluate = [&kernels](const tir::PrimFunc& func,
                                   const std::vector<relax::TensorRef>& args,
                                   const relax::TensorData& result_type) {
    return evaluate_constant(kernels, func, args, result_type);
  };
  return relax::graph_pipeline({.vector_lanes = target.vector_lanes(32), .evaluate = evaluate});
}

Verifier::Verifier(const relax::Module& imported, std::int64_t max_points)
    : imported_(imported), max_points_(max_points) {
  const relax::Function& func = main_of(imported);
  arguments_ = relax::made_up_arguments(func, relax::small_sizes(imported, func), kSeed);
  expected_ = run(imported);
  if (!has_finite_element(expected_)) {
    throw UserError(
        "--verify: every output is NaN or infinite on made-up inputs in [-1, 1], so "
        "nothing can be compared",
        "compare the library with stored outputs instead: tenon run --expect");
  }
  compare("imported", expected_);
}

relax::Value Verifier::run(const relax::Module& module) {
  const auto kernel = [this](const relax::KernelCall& call) { return run_kernel(call); };
  return relax::interpret(module, "main", arguments_, {.run_kernel = kernel});
}

std::vector<relax::TensorRef> Verifier::run_kernel(const relax::KernelCall& call) {
  std::string key = tir::workload_hash(call.func);
  for (const relax::TensorRef& argument : call.arguments) key += str_cat(" ", argument.get());
  for (const std::int64_t scalar : call.scalars) key += str_cat(" ", scalar);
  for (const relax::TensorData& result : call.results) {
    key += str_cat(" ", join(result.shape, ","));
  }
  const auto known = known_.find(key);
  if (known != known_.end()) return known->second.results;
  points_ += count_points(call);
  if (points_ > max_points_) {
    throw UserError(str_cat("--verify: running the model in plain loops takes more than ",
                            max_points_, " steps, found ", points_, " and more to do"),
                    "compare the library with stored outputs instead: tenon run --expect");
  }
  std::vector<relax::TensorRef> results = kernels_.run(call);
  known_.emplace(std::move(key), Known{call.arguments, results});
  return results;
}

void Verifier::compare(const std::string& name, const relax::Value& found) {
  const relax::ValueDifference d = relax::compare_values(expected_, found, kTolerance);
  report_.steps.push_back({name, d.is_equal, d.max_error, d.max_expected, d.first});
}

void Verifier::check_passes(const std::vector<relax::GraphPass>& passes) {
  relax::Module module = imported_;
  for (const relax::GraphPass& pass : passes) {
    try {
      module = pass.run(module);
      compare(pass.name, run(module));
    } catch (const Error& error) {
      if (points_ > max_points_) throw;
      report_.steps.push_back({pass.name, false, 0, 0, error.what()});
      return;  // what follows would start from a broken module
    }
  }
}

void Verifier::check_library(const std::string& library) {
  const TempDir folder("tenon-verify");
  const std::string path = (folder.path() / "model.so").string();
  write_file_atomically(path, library, 0700);
  const Library loaded = Library::load(path);
  ModelSession session(loaded, nullptr);
  std::vector<NdArray> inputs;
  for (const relax::Value& argument : arguments_) {
    inputs.push_back(array_over(*argument.as<relax::TensorRef>()));
  }
  std::vector<NdArray> outputs = session.make_outputs(inputs);
  session.run(inputs, outputs);
  const std::vector<relax::TensorRef> expected = relax::tensors_of(expected_);
  CHECK(expected.size() == outputs.size()) << "a library has the module's outputs";
  relax::Value::Tuple found;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    found.emplace_back(tensor_of(std::move(outputs[i]), expected[i]->dtype));
  }
  compare("library", found);
}

VerifyReport verify(const relax::Module& module, const Target& target, const std::string& library) {
  Verifier verifier(module);
  PlainKernels constants;
  verifier.check_passes(compile_passes(target, constants));
  VerifyReport report;
  const std::string reason = why_not_here(target);
  if (reason.empty()) verifier.check_library(library);
  report = verifier.take_report();
  report.skipped = reason;
  return report;
}

}  // namespace tenon
