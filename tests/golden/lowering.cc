// Golden commands of lowering and code generation. The input is a script with one function.
//   lower PASS [TARGET ...]  the function after that pass; every pass up to it is run by the
//                            interpreter too and must compute what the input computes
//   split_constants          both functions; run one after the other they must compute the same
//   lower_refuses TARGET ... lowers with every check on; for refusals
//   asm_loops TARGET, ...    what the loops of multiply-adds in the assembly are made of, and which
//                            promises of section 7 of the lowering's design they break
#include <map>
#include <sstream>

#include "compiler/codegen/llvm/library.h"
#include "compiler/lowering/lower.h"
#include "compiler/passes/tir/passes.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/target/target.h"
#include "compiler/tir/interpret.h"
#include "compiler/tir/script/parser.h"
#include "compiler/tir/script/printer.h"
#include "tests/golden/assembly.h"
#include "tests/golden/commands.h"

namespace tenon::golden {
namespace {

constexpr double kTolerance = 1e-5;  // of polynomials against the C library

Target target_of(const Request& request, std::size_t first) {
  std::vector<std::string> words(request.arguments.begin() + static_cast<std::ptrdiff_t>(first),
                                 request.arguments.end());
  return parse_target(words.empty() ? "llvm -mcpu=x86-64-v3" : join(words, " "));
}

// The tensors after running; flat functions get the same data in one dimension.
std::vector<tir::Tensor> run(const tir::PrimFunc& func, std::vector<tir::Tensor> tensors) {
  std::vector<tir::Argument> arguments;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (tir::node(func.params[i].buffer).shape.size() != tensors[i].shape.size()) {
      tensors[i].shape = {tensors[i].num_elements()};
    }
    arguments.emplace_back(&tensors[i]);
  }
  tir::interpret(func, arguments);
  return tensors;
}

void check_equal(const std::vector<tir::Tensor>& expected, const std::vector<tir::Tensor>& found,
                 const std::string& pass, double tolerance = 0) {
  for (std::size_t t = 0; t < expected.size(); ++t) {
    for (std::int64_t i = 0; i < expected[t].num_elements(); ++i) {
      const double x = expected[t].get(i), y = found[t].get(i);
      const bool same =
          x == y || (x != x && y != y) || std::abs(x - y) <= tolerance * std::max(1.0, std::abs(x));
      CHECK(same) << "pass " << pass << " changes element " << i << " of tensor " << t << " from "
                  << x << " to " << y;
    }
  }
}

// Tensors of a function's parameters: those of the same buffer already there, else fresh ones.
std::vector<tir::Argument> arguments_of(const tir::PrimFunc& func,
                                        std::map<const void*, tir::Tensor>& tensors) {
  std::vector<tir::Argument> arguments;
  for (const tir::Param& param : func.params) {
    const tir::BufferNode& n = tir::node(param.buffer);
    if (!tensors.count(param.buffer.id())) {
      std::vector<std::int64_t> shape;
      for (const tir::Expr& extent : n.shape) shape.push_back(*tir::as_int(extent));
      tensors[param.buffer.id()] = tir::Tensor::zeros(n.dtype, shape);
    }
    arguments.emplace_back(&tensors[param.buffer.id()]);
  }
  return arguments;
}

void check_split(const tir::PrimFunc& whole, const ConstantSplit& split) {
  const tir::RandomInputs inputs(whole, 1);
  std::map<const void*, tir::Tensor> expected, found;
  for (std::size_t i = 0; i < whole.params.size(); ++i) {
    expected[whole.params[i].buffer.id()] = found[whole.params[i].buffer.id()] = inputs.tensors[i];
  }
  tir::interpret(whole, arguments_of(whole, expected));
  if (split.constants) tir::interpret(*split.constants, arguments_of(*split.constants, found));
  tir::interpret(split.func, arguments_of(split.func, found));
  for (const tir::Param& param : whole.params) {
    check_equal({expected[param.buffer.id()]}, {found[param.buffer.id()]}, "split_constants");
  }
}

}  // namespace

std::string split_constants(const Request& request) {
  const tir::PrimFunc func = tir::parse_prim_func(request.input);
  const ConstantSplit split = tenon::split_constants(func);
  check_split(func, split);
  std::string text = tir::print(split.func, "main");
  if (split.constants) text += tir::print(*split.constants, "main_constants");
  return text;
}

std::string lower_pass(const Request& request) {
  if (request.arguments.empty()) throw UserError("lower: a PASS is needed");
  const tir::PrimFunc func = tir::parse_prim_func(request.input);
  const tir::RandomInputs inputs(func, 1);
  const std::vector<tir::Tensor> expected = run(func, inputs.tensors);
  std::string text;
  bool done = false;
  std::vector<std::string> passes;
  LowerOptions options;
  tir::PrimFunc before = func;
  double tolerance = 0;  // bit for bit until a function becomes a polynomial
  options.observe = [&](const std::string& pass, const tir::PrimFunc& stage) {
    passes.push_back(pass);
    if (pass == "expand_math" && !stage.body.same_as(before.body)) tolerance = kTolerance;
    before = stage;
    if (done || stage.params.size() != func.params.size()) return;
    check_equal(expected, run(stage, inputs.tensors), pass, tolerance);
    done = pass == request.arguments[0];
    if (done) text = tir::print(stage, "main");
  };
  lower("main", func, target_of(request, 1), options);
  if (!done) {
    throw UserError(str_cat("lower: unknown pass ", request.arguments[0]),
                    did_you_mean(request.arguments[0], passes));
  }
  return text;
}

std::string lower_refuses(const Request& request) {
  LowerOptions options;
  options.refuses_slow_tiles = true;
  const LoweredKernel kernel =
      lower("main", tir::parse_prim_func(request.input), target_of(request, 0), options);
  return str_cat("accepted, ", kernel.functions.size(), " functions\n");
}

std::string asm_loops(const Request& request) {
  const tir::PrimFunc func = tenon::split_constants(tir::parse_prim_func(request.input)).func;
  std::string text;
  for (const std::string& name : split(join(request.arguments, " "), ',')) {
    const Target target = parse_target(trim(name));
    LowerOptions options;
    options.refuses_slow_tiles = true;
    const LoweredKernel kernel = lower("main", func, target, options);
    const AssemblyReport report = read_assembly(emit_assembly({kernel}, target));
    const Registers widest = target.architecture == Architecture::kAArch64 ? Registers::kNeon
                             : target.vector_bits() == 512                 ? Registers::kZmm
                                                                           : Registers::kYmm;
    const auto verdict = [](const std::vector<std::string>& list) {
      return (list.empty() ? ": ok" : ": " + join(list, ", ")) + "\n";
    };
    text += target.mcpu + "\n";
    for (const InnerLoop& loop : report.loops) {
      text += to_string(loop) + verdict(problems(loop, widest));
    }
    text += to_string(report) + verdict(problems(report));
  }
  return text;
}

}  // namespace tenon::golden
