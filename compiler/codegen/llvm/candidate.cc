// The library of one kernel, as measuring needs it.
#include <algorithm>

#include "compiler/codegen/llvm/library.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/shape_symbols.h"
#include "compiler/tir/visit.h"

namespace tenon {

using namespace tir;

namespace {

bool is_written(const std::vector<Buffer>& written, const Buffer& buffer) {
  return std::any_of(written.begin(), written.end(),
                     [&](const Buffer& b) { return node(b).data.same_as(node(buffer).data); });
}

TensorSpec tensor_of(const Buffer& buffer) {
  TensorSpec spec;
  spec.name = node(buffer).name;
  spec.dtype = node(buffer).dtype;
  spec.dims = node(buffer).shape;
  return spec;
}

// What the host function passes for each kernel parameter.
struct HostBuilder {
  PrimFunc func;
  std::vector<Expr> args;
  VarMap symbols;  // symbol of the model -> parameter of the host function
};

Expr add_pointer(PrimFunc& func, const std::string& name, DataType pointee) {
  const Expr pointer = make_pointer(name, pointee, "global");
  func.params.push_back({pointer, {}});
  return pointer;
}

}  // namespace

LibrarySpec candidate_library(const PrimFunc& scheduled, const LoweredKernel& kernel,
                              const Target& target) {
  LibrarySpec spec;
  spec.name = kernel.name;
  spec.target = target;
  const std::vector<Buffer> written = buffers_written(scheduled.body);
  HostBuilder host;
  std::map<const void*, Expr> pointers;
  for (const bool wants_output : {false, true}) {
    for (const Param& param : scheduled.params) {
      if (!param.buffer || is_written(written, param.buffer) != wants_output) continue;
      (wants_output ? spec.outputs : spec.inputs).push_back(tensor_of(param.buffer));
      pointers[param.var.id()] =
          add_pointer(host.func, node(param.buffer).name, node(param.buffer).dtype);
    }
  }
  add_pointer(host.func, "constants", kVoidType);
  add_pointer(host.func, "arena", kVoidType);
  for (const Expr& symbol : shape_symbols(scheduled)) {
    spec.symbols.push_back({symbol});
    host.symbols[symbol] = make_var(var(symbol).name, dtype_of(symbol));
    host.func.params.push_back({host.symbols[symbol], {}});
  }
  host.args.push_back(string_imm(kernel.name));
  for (const Param& param : scheduled.params) {
    if (param.buffer) {
      host.args.push_back(pointers.at(param.var.id()));
    } else if (host.symbols.count(param.var)) {
      host.args.push_back(host.symbols.at(param.var));
    } else {
      throw UserError(str_cat("candidate ", kernel.name, ": parameter ", var(param.var).name,
                              " is no tensor and no dimension of one, so it has no value to "
                              "measure with"));
    }
  }
  for (const Expr& symbol : kernel.symbols) host.args.push_back(host.symbols.at(symbol));
  host.func.body = Evaluate{call(Intrinsic::kCallExtern, kInt32, host.args)};
  spec.host.func = host.func;
  spec.kernels.push_back({kernel, "", -1, -1});
  return spec;
}

}  // namespace tenon
