// Commands on TensorIR scripts: print what was read, verify, name the workload, run.
#include <cmath>

#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/interpret.h"
#include "compiler/tir/script/parser.h"
#include "compiler/tir/script/printer.h"
#include "compiler/tir/verify.h"
#include "compiler/tir/visit.h"
#include "compiler/tir/workload.h"
#include "tests/golden/commands.h"

namespace tenon::golden {

// The module as printed; the text must read back to an equal module.
std::string tir_print(const Request& request) {
  const tir::TirModule module = tir::parse_module(request.input, "input");
  std::string text = tir::print(module);
  CHECK(tir::structural_equal(module, tir::parse_module(text, "printed"))) << text;
  return text;
}

std::string tir_verify(const Request& request) {
  const tir::TirModule module = tir::parse_module(request.input, "input");
  for (const auto& [name, func] : module.functions) tir::verify(func, name);
  return "well formed\n";
}

std::string tir_workload(const Request& request) {
  const tir::PrimFunc func = tir::parse_prim_func(request.input, "input");
  return tir::canonical_text(func) + tir::workload_hash(func) + "\n";
}

// Runs the one function on random inputs (seed 1) and prints every tensor afterwards.
std::string tir_run(const Request& request) {
  const tir::PrimFunc func = tir::parse_prim_func(request.input, "input");
  tir::RandomInputs inputs(func, 1);
  tir::interpret(func, inputs.arguments);
  std::string text;
  for (const tir::Tensor& t : inputs.tensors) {
    text += str_cat(to_string(t.dtype), "[", join(t.shape, ", "), "]");
    for (std::int64_t i = 0; i < t.num_elements(); ++i) {
      text += std::isnan(t.get(i)) ? " nan" : str_cat(" ", t.get(i));
    }
    text += "\n";
  }
  return text;
}

}  // namespace tenon::golden
