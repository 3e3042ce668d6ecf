// Golden commands of lowering and code generation. The input is a script with one function.
//   lower PASS [TARGET ...]  the function after that pass; every pass up to it is run by the
//                            interpreter too and must compute what the input computes
//   split_constants          both functions; run one after the other they must compute the same
//   lower_refuses TARGET ... lowers with every check on; for refusals
//   asm_loops TARGET ...     what the innermost loops of the assembly are made of
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
#include "tests/golden/commands.h"

namespace tenon::golden {
namespace {

constexpr double kTolerance = 1e-5;  // polynomials against the C library

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
                 const std::string& pass) {
  for (std::size_t t = 0; t < expected.size(); ++t) {
    for (std::int64_t i = 0; i < expected[t].num_elements(); ++i) {
      const double x = expected[t].get(i), y = found[t].get(i);
      const bool same = x == y || (x != x && y != y) ||
                        std::abs(x - y) <= kTolerance * std::max(1.0, std::abs(x));
      CHECK(same) << "pass " << pass << " changes element " << i << " of tensor " << t << " from "
                  << x << " to " << y;
    }
  }
}

// One loop of assembly: from its label to the jump back, with no label between.
struct LoopText {
  int instructions = 0, fma = 0, broadcasts = 0, loads = 0, stack = 0, calls = 0, masked = 0;
  bool has_zmm = false, has_ymm = false;

  void add(const std::string& line) {
    ++instructions;
    const auto has = [&](const char* text) { return line.find(text) != std::string::npos; };
    fma += has("vfm");
    broadcasts += has("vbroadcast");
    loads += has("vmovups\t") || has("vmovaps\t");
    stack += has("(%rsp)");
    calls += has("call");
    masked += has("{%k") || has("vmaskmov");
    has_zmm = has_zmm || has("%zmm");
    has_ymm = has_ymm || has("%ymm");
  }
  std::string text() const {
    return str_cat("loop: ", instructions, " instructions, ", fma, " fma, ", broadcasts,
                   " broadcasts, ", loads, " moves, ", stack, " stack operands, ", calls,
                   " calls, ", masked, " masked, ",
                   has_zmm   ? "zmm"
                   : has_ymm ? "ymm"
                             : "scalar",
                   "\n");
  }
};

std::string loops_of(const std::string& assembly) {
  std::string result, label;
  LoopText loop;
  for (const std::string& line : split_lines(assembly)) {
    const std::string_view word = trim(line);
    if (word.starts_with(".LBB")) {
      label = std::string(word.substr(0, word.find(':')));
      loop = LoopText();
    } else if (line.starts_with("\t") && !word.starts_with(".") && !word.starts_with("#")) {
      loop.add(line);
      if (word.starts_with("j") && !label.empty() && word.ends_with(label)) {
        result += loop.text();
        label.clear();
      }
    }
  }
  return result;
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
  options.observe = [&](const std::string& pass, const tir::PrimFunc& stage) {
    passes.push_back(pass);
    if (done || stage.params.size() != func.params.size()) return;
    check_equal(expected, run(stage, inputs.tensors), pass);
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
  const Target target = target_of(request, 0);
  LowerOptions options;
  options.refuses_slow_tiles = true;
  const LoweredKernel kernel = lower("main", tir::parse_prim_func(request.input), target, options);
  return loops_of(emit_assembly({kernel}, target));
}

}  // namespace tenon::golden
