// tenon inspect, tenon best: a model's tasks and spaces, a library's interface, what is known of a
// model.
#include <filesystem>
#include <iomanip>
#include <iostream>

#include "compiler/runtime/library.h"
#include "compiler/support/error.h"
#include "compiler/support/json_text.h"
#include "tuner/cli/commands.h"
#include "tuner/cli/places.h"
#include "tuner/cli/schedules.h"
#include "tuner/space/space.h"

namespace tenon::cli {
namespace {

std::string dim_text(const TenonModelV1& model, std::int64_t dim) {
  if (dim >= 0) return std::to_string(dim);
  if (dim == TENON_DIM_UNKNOWN) return "?";
  const std::int64_t index = -(dim + 1);
  if (index < model.num_symbols) return model.symbols[index].name;
  return model.expressions[index - model.num_symbols];
}

void print_tensors(const TenonModelV1& model, const char* kind, const TenonTensorV1* tensors,
                   int count) {
  for (int i = 0; i < count; ++i) {
    std::cout << kind << " " << tensors[i].name << " (";
    for (int axis = 0; axis < tensors[i].rank; ++axis) {
      std::cout << (axis ? ", " : "") << dim_text(model, tensors[i].dims[axis]);
    }
    std::cout << ") bits " << static_cast<int>(tensors[i].dtype.bits) << "\n";
  }
}

int inspect_library(const InspectArguments& a) {
  const Library library = Library::load(std::filesystem::absolute(a.path).string());
  const TenonModelV1& model = library.model();
  std::cout << "model " << model.name << "\nABI " << model.abi_version << "\ntarget "
            << model.target << "\nproducer " << model.producer << "\n";
  print_tensors(model, "input", model.inputs, model.num_inputs);
  print_tensors(model, "output", model.outputs, model.num_outputs);
  for (int i = 0; i < model.num_kernels; ++i) {
    std::cout << "kernel " << model.kernels[i].name << " "
              << (model.kernels[i].workload ? model.kernels[i].workload : "-") << "\n";
  }
  return kDone;
}

void print_space(const TuningTask& task, const Target& target, int threads) {
  const Space space(task.func, target, threads);
  for (const auto& sketch : space.sketches()) {
    std::cout << "  sketch " << sketch->name() << "\n";
    for (const Knob& knob : sketch->knobs()) {
      std::cout << "    knob " << knob.name << ":";
      for (const std::int64_t value : knob.values) std::cout << " " << value;
      std::cout << "\n";
    }
  }
  std::cout << "    legal " << space.points().size() << "\n";
  for (const auto& [constraint, count] : space.removed()) {
    std::cout << "    removed by " << constraint << ": " << count << "\n";
  }
}

}  // namespace

int run_command(const InspectArguments& a) {
  if (std::filesystem::path(a.path).extension() == ".so") return inspect_library(a);
  const Target target = parse_target(a.target);
  for (const TuningTask& task : extract_tasks(load_model(a.path), target)) {
    std::cout << task.workload_hash.substr(0, 12) << "  x" << task.num_calls << "  "
              << std::setprecision(4) << static_cast<double>(task.flops) * 1e-6 << " MFLOP  "
              << task.name << "\n";
    if (a.space) print_space(task, target, a.threads);
  }
  return kDone;
}

int run_command(const BestArguments& a) {
  const Target target = parse_target(a.target);
  database::StoreOptions options;
  options.path = database_path(a.db);
  options.mode = database::StoreMode::kRead;
  const BestRecords best =
      best_of_store(*database::Store::open(options), to_string(target), a.threads);
  const char* separator = "";
  if (a.json) std::cout << "{\"tenon_best\":1,\"tasks\":[";
  for (const TuningTask& task : extract_tasks(load_model(a.model), target)) {
    const auto it = best.by_workload.find(task.workload_hash);
    const bool is_known = it != best.by_workload.end();
    const double us = is_known ? static_cast<double>(it->second.rank_ns) * 1e-3 : 0;
    if (a.json) {
      std::cout << separator << "{\"name\":" << json_text(task.name)
                << ",\"workload\":" << json_text(task.workload_hash) << ",\"best_us\":";
      is_known ? std::cout << us : std::cout << "null";
      std::cout << "}";
      separator = ",";
    } else if (is_known) {
      std::cout << std::fixed << std::setprecision(2) << std::setw(10) << us << " us  "
                << std::setw(7) << static_cast<double>(task.flops) * 1e-3 / us << " GFLOP/s  x"
                << task.num_calls << "  " << task.name << "\n";
    } else {
      std::cout << "  unknown         x" << task.num_calls << "  " << task.name << "\n";
    }
  }
  if (a.json) std::cout << "]}\n";
  return kDone;
}

}  // namespace tenon::cli
