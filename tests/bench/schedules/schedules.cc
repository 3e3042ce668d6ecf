// Speed of one scheduled kernel: what it does a second, beside the FMA probe and a read loop over
// as many bytes, measured in turns on one core.
//
//   schedules FILE.py [TRACE.json] [--target TARGET] [--macs N] [--bytes N]
//   [--tir|--asm|--ir|--stages] schedules --machine [--target TARGET]
//
// FILE.py holds one function, TRACE.json its schedule. Blocks marked as constant do not count: they
// run once when a model is compiled. --macs are multiply-adds, --bytes what must be moved. Prints
// words and numbers in pairs for scripts/bench_schedules.py. --tir, --asm, --ir and --stages print
// the code instead of running it.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include "compiler/codegen/llvm/library.h"
#include "compiler/lowering/lower.h"
#include "compiler/passes/tir/passes.h"
#include "compiler/runtime/generate.h"
#include "compiler/runtime/model_session.h"
#include "compiler/schedule/trace.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/script/parser.h"
#include "compiler/tir/script/printer.h"
#include "compiler/tir/visit.h"
#include "tests/bench/schedules/probe.h"
#include "tests/unit/codegen/llvm/kernel_runner.h"

namespace tenon {
namespace {

enum class Output { kSpeed, kMachine, kTir, kStages, kIr, kAssembly };

struct Options {
  std::vector<std::string> files;
  std::string target = "native";
  std::int64_t macs = 0, bytes = 0;
  Output output = Output::kSpeed;
};

const std::map<std::string, Output> kOutputs{{"--machine", Output::kMachine},
                                             {"--tir", Output::kTir},
                                             {"--stages", Output::kStages},
                                             {"--ir", Output::kIr},
                                             {"--asm", Output::kAssembly}};

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto value = [&] {
      if (i + 1 >= argc) throw UserError(word + " needs a value");
      return std::string(argv[++i]);
    };
    const auto number = [&] {
      const auto parsed = parse_int(value());
      if (!parsed) throw UserError(word + " needs a number, found " + argv[i]);
      return *parsed;
    };
    if (word == "--target") {
      options.target = value();
    } else if (word == "--macs") {
      options.macs = number();
    } else if (word == "--bytes") {
      options.bytes = number();
    } else if (const auto it = kOutputs.find(word); it != kOutputs.end()) {
      options.output = it->second;
    } else if (word.starts_with("--")) {
      throw UserError("unknown option " + word);
    } else {
      options.files.push_back(word);
    }
  }
  return options;
}

std::string read(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw UserError("cannot read " + path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The function that is measured: scheduled, without what is computed once.
tir::PrimFunc scheduled(const std::vector<std::string>& files) {
  tir::TirModule module = tir::parse_module(read(files[0]), files[0]);
  if (files.size() > 1) module = replay(module, parse_trace(read(files[1])));
  if (module.functions.size() != 1) throw UserError(files[0] + ": one function is needed");
  return split_constants(module.functions.front().second).func;
}

void show(const tir::PrimFunc& func, const Target& target, Output output) {
  if (output == Output::kTir) {
    std::cout << tir::print(func, "main");
    return;
  }
  LowerOptions lowering;
  if (output == Output::kStages) {
    lowering.observe = [](const std::string& pass, const tir::PrimFunc& stage) {
      std::cout << "==== " << pass << "\n" << tir::print(stage, "main");
    };
  }
  const LoweredKernel kernel = lower("main", func, target, lowering);
  if (output == Output::kIr) std::cout << emit_llvm_ir({kernel}, target);
  if (output == Output::kAssembly) std::cout << emit_assembly({kernel}, target);
}

// A kernel with arrays of its own, ready to be called again and again.
class Call {
 public:
  explicit Call(const KernelRunner& runner) : session_(runner.library(), nullptr) {
    const TenonModelV1& model = runner.library().model();
    arrays_.reserve(static_cast<std::size_t>(model.num_inputs + model.num_outputs));
    for (int i = 0; i < model.num_inputs; ++i) inputs_.push_back(make(model.inputs[i]));
    for (int i = 0; i < model.num_outputs; ++i) outputs_.push_back(make(model.outputs[i]));
  }

  void operator()() {
    if (session_.run(inputs_.data(), outputs_.data()) != TENON_OK) {
      throw UserError(session_.error_text());
    }
  }

 private:
  DLTensor* make(const TenonTensorV1& t) {
    arrays_.push_back(NdArray::zeros(t.dtype, std::vector<std::int64_t>(t.dims, t.dims + t.rank)));
    fill_generated(&arrays_.back(), {1, arrays_.size()});
    return arrays_.back().view();
  }

  ModelSession session_;
  std::vector<NdArray> arrays_;
  std::vector<const DLTensor*> inputs_;
  std::vector<DLTensor*> outputs_;
};

void time_kernel(const Options& options, const Target& target) {
  const auto build = [&] { return KernelRunner(scheduled(options.files), target); };
  const KernelRunner runner = build();
  const double build_seconds = bench::fastest_seconds(3, [&] { build(); });
  Call kernel(runner);
  const auto call = [&] { kernel(); };
  std::printf("build_ms %.2f", build_seconds * 1e3);
  double best = 1e9;
  if (options.macs > 0) {
    const bench::Probe probe = bench::fma_probe();
    const bench::Seconds seconds = bench::best_in_turns(call, probe);
    best = std::min(best, seconds.call);
    std::printf(" gflops %.2f fma_gflops %.2f", 2e-9 * double(options.macs) / seconds.call,
                1e-9 * probe.amount / seconds.probe);
  }
  if (options.bytes > 0) {
    const bench::Probe probe = bench::read_probe(options.bytes);
    const bench::Seconds seconds = bench::best_in_turns(call, probe);
    best = std::min(best, seconds.call);
    std::printf(" gbytes %.2f read_gbytes %.2f", 1e-9 * double(options.bytes) / seconds.call,
                1e-9 * probe.amount / seconds.probe);
  }
  std::printf(" us %.2f\n", best * 1e6);
}

int run(int argc, char** argv) {
  const Options options = parse(argc, argv);
  const Target target = parse_target(options.target);
  if (options.output == Output::kMachine) {
    std::printf("registers %d lanes %d\n", target.num_vector_registers(), target.vector_lanes(32));
    return 0;
  }
  if (options.files.empty()) throw UserError("a FILE.py is needed");
  if (options.output == Output::kSpeed) {
    time_kernel(options, target);
  } else {
    show(scheduled(options.files), target, options.output);
  }
  return 0;
}

}  // namespace
}  // namespace tenon

int main(int argc, char** argv) {
  try {
    return tenon::run(argc, argv);
  } catch (const tenon::Error& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}
