// Speed of scheduled kernels: the share of the FMA probe, or GB/s beside a read loop over as many
// bytes, measured in one process on one core.
//
//   schedules FILE.py ... [--target TARGET] [--macs N] [--bytes N] [--asm] [--stages] [--ir]
//
// FILE.py holds one scheduled function; its first line may say "# macs N" (multiply-adds: prints
// the share of the probe) or "# bytes N" (GB/s), as --macs and --bytes do. --asm, --ir and --stages
// print the code instead of running it.
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>

#include "compiler/codegen/llvm/library.h"
#include "compiler/lowering/lower.h"
#include "compiler/runtime/generate.h"
#include "compiler/runtime/model_session.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/script/parser.h"
#include "compiler/tir/script/printer.h"
#include "compiler/tir/visit.h"
#include "tests/bench/schedules/probe.h"
#include "tests/unit/codegen/llvm/kernel_runner.h"

namespace tenon {
namespace {

struct Options {
  std::vector<std::string> files;
  std::string target = "native";
  std::int64_t macs = 0, bytes = 0;
  bool shows_assembly = false, shows_stages = false, shows_ir = false;
};

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto value = [&] {
      if (i + 1 >= argc) throw UserError(word + " needs a value");
      return std::string(argv[++i]);
    };
    if (word == "--target") {
      options.target = value();
    } else if (word == "--macs") {
      options.macs = parse_int(value()).value_or(0);
    } else if (word == "--bytes") {
      options.bytes = parse_int(value()).value_or(0);
    } else if (word == "--asm") {
      options.shows_assembly = true;
    } else if (word == "--ir") {
      options.shows_ir = true;
    } else if (word == "--stages") {
      options.shows_stages = true;
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

void show(const tir::PrimFunc& func, const Target& target, const Options& options) {
  LowerOptions lowering;
  if (options.shows_stages) {
    lowering.observe = [](const std::string& pass, const tir::PrimFunc& stage) {
      std::cout << "==== " << pass << "\n" << tir::print(stage, "main");
    };
  }
  const LoweredKernel kernel = lower("main", func, target, lowering);
  if (options.shows_ir) std::cout << emit_llvm_ir({kernel}, target);
  if (options.shows_assembly) std::cout << emit_assembly({kernel}, target);
}

void time_kernel(const std::string& path, const tir::PrimFunc& func, const Target& target,
                 const Options& options) {
  const KernelRunner runner(func, target);
  const double build_ms = 1e3 * bench::fastest_seconds(3, [&] { KernelRunner(func, target); });
  ModelSession session(runner.library(), nullptr);
  const TenonModelV1& model = runner.library().model();
  std::vector<NdArray> arrays;
  std::vector<const DLTensor*> inputs;
  std::vector<DLTensor*> outputs;
  const auto make = [&](const TenonTensorV1& t) {
    arrays.push_back(NdArray::zeros(t.dtype, std::vector<std::int64_t>(t.dims, t.dims + t.rank)));
    fill_generated(&arrays.back(), {1, arrays.size()});
  };
  arrays.reserve(static_cast<std::size_t>(model.num_inputs + model.num_outputs));
  for (int i = 0; i < model.num_inputs; ++i) make(model.inputs[i]);
  for (int i = 0; i < model.num_outputs; ++i) make(model.outputs[i]);
  for (int i = 0; i < model.num_inputs; ++i)
    inputs.push_back(arrays[static_cast<std::size_t>(i)].view());
  for (int i = 0; i < model.num_outputs; ++i) {
    outputs.push_back(arrays[static_cast<std::size_t>(model.num_inputs + i)].view());
  }
  const auto call = [&] {
    if (session.run(inputs.data(), outputs.data()) != TENON_OK) {
      throw UserError(session.error_text());
    }
  };
  const double seconds = bench::best_seconds(call);
  std::printf("%-40s %10.1f us  build %6.1f ms", path.c_str(), seconds * 1e6, build_ms);
  if (options.macs > 0) {
    const double peak = bench::fma_flops_per_second();
    std::printf("  %6.1f GFLOP/s = %5.1f %% of the probe", 2e-9 * double(options.macs) / seconds,
                200.0 * double(options.macs) / seconds / peak);
  }
  if (options.bytes > 0) {
    std::printf("  %6.1f GB/s, read loop %6.1f GB/s", double(options.bytes) / seconds / 1e9,
                bench::read_bytes_per_second(options.bytes) / 1e9);
  }
  std::printf("\n");
}

// "# macs N" or "# bytes N" on the first line.
Options with_work(Options options, const std::string& text) {
  const std::vector<std::string> words = split(text.substr(0, text.find('\n')), ' ');
  if (words.size() != 3 || words[0] != "#") return options;
  if (words[1] == "macs") options.macs = parse_int(words[2]).value_or(0);
  if (words[1] == "bytes") options.bytes = parse_int(words[2]).value_or(0);
  return options;
}

int run(int argc, char** argv) {
  const Options options = parse(argc, argv);
  const Target target = parse_target(options.target);
  for (const std::string& path : options.files) {
    const std::string text = read(path);
    const tir::PrimFunc func = tir::parse_prim_func(text, path);
    if (options.shows_assembly || options.shows_stages || options.shows_ir) {
      show(func, target, options);
    } else {
      time_kernel(path, func, target, with_work(options, text));
    }
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
