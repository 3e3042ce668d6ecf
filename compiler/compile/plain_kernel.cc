#include "compiler/compile/plain_kernel.h"

#include <algorithm>

#include "compiler/codegen/llvm/library.h"
#include "compiler/lowering/lower.h"
#include "compiler/relax/symbols.h"
#include "compiler/runtime/model_session.h"
#include "compiler/support/error.h"
#include "compiler/tir/visit.h"
#include "compiler/tir/workload.h"

namespace tenon {
namespace {

const Target& this_machine() {
  static const Target kTarget = parse_target("native");
  return kTarget;
}

std::optional<DLDataType> runtime_type(DataType dtype) {
  if (dtype.is_vector()) return std::nullopt;
  return dtype_from_name(to_string(dtype));
}

// Element types that generated code computes with as the interpreter does.
bool is_plain_type(DataType dtype) {
  return runtime_type(dtype) && dtype.bits != 16 && dtype.code != TypeCode::kBFloat;
}

bool is_plain(const relax::TensorData& tensor) {
  return is_plain_type(tensor.dtype) && tensor.num_elements() > 0;
}

void bind_shape(const tir::Buffer& buffer, const std::vector<std::int64_t>& shape,
                relax::SymbolValues& symbols) {
  const auto& dims = tir::node(buffer).shape;
  for (std::size_t i = 0; i < dims.size() && i < shape.size(); ++i) {
    symbols.solve(dims[i], shape[i], "a kernel's tensor");
  }
}

}  // namespace

std::int64_t count_points(const relax::KernelCall& call) {
  relax::SymbolValues symbols;
  for (std::size_t p = 0; p < call.func.params.size(); ++p) {
    const tir::Buffer& buffer = call.func.params[p].buffer;
    if (!buffer) continue;
    const std::size_t num_arguments = call.arguments.size();
    if (p < num_arguments) {
      bind_shape(buffer, call.arguments[p]->shape, symbols);
    } else if (p - num_arguments < call.results.size()) {
      bind_shape(buffer, call.results[p - num_arguments].shape, symbols);
    }
  }
  std::int64_t total = 0;
  tir::walk(call.func.body, {.expr = {},
                             .stmt =
                                 [&](const tir::Stmt& s) {
                                   const auto* block = s.as<tir::Block>();
                                   if (!block || block->iter_vars.empty()) return true;
                                   std::int64_t points = 1;
                                   for (const tir::IterVar& iter : block->iter_vars) {
                                     points *= symbols.evaluate(iter.domain.extent);
                                   }
                                   total += points;
                                   return true;
                                 },
                             .buffer = {}});
  return total;
}

bool PlainKernels::is_worth_compiling(const relax::KernelCall& call) const {
  const auto is_plain_ref = [](const relax::TensorRef& t) { return is_plain(*t); };
  return call.scalars.empty() && this_machine().has_fma() &&
         std::all_of(call.arguments.begin(), call.arguments.end(), is_plain_ref) &&
         std::all_of(call.results.begin(), call.results.end(), is_plain) &&
         count_points(call) >= min_points_;
}

const Library& PlainKernels::library_of(const tir::PrimFunc& func) {
  const std::string hash = tir::workload_hash(func);
  const auto known = libraries_.find(hash);
  if (known != libraries_.end()) return known->second;
  const LoweredKernel kernel = lower("kernel", func, this_machine());
  if (!folder_) folder_ = std::make_unique<TempDir>("tenon-kernels");
  const std::string path = (folder_->path() / (hash + ".so")).string();
  build_library(candidate_library(func, kernel, this_machine()), path);
  return libraries_.emplace(hash, Library::load(path)).first->second;
}

std::vector<relax::TensorRef> PlainKernels::run(const relax::KernelCall& call) {
  if (!is_worth_compiling(call)) return relax::interpret_kernel(call);
  const Library& library = library_of(call.func);
  const TenonModelV1& model = library.model();
  if (static_cast<std::size_t>(model.num_inputs) != call.arguments.size() ||
      static_cast<std::size_t>(model.num_outputs) != call.results.size()) {
    return relax::interpret_kernel(call);  // it writes an argument or leaves a result alone
  }
  std::vector<NdArray> inputs, outputs;
  for (const relax::TensorRef& argument : call.arguments) inputs.push_back(array_over(argument));
  for (const relax::TensorData& result : call.results) {
    outputs.push_back(NdArray::zeros(*runtime_type(result.dtype), result.shape));
  }
  ModelSession(library, nullptr).run(inputs, outputs);
  std::vector<relax::TensorRef> results;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    results.push_back(tensor_of(std::move(outputs[i]), call.results[i].dtype));
  }
  return results;
}

relax::TensorRef evaluate_constant(PlainKernels& kernels, const tir::PrimFunc& func,
                                   const std::vector<relax::TensorRef>& args,
                                   const relax::TensorData& result_type) {
  CHECK(func.params.size() == args.size() + 1) << "a definition has one result";
  const tir::TirModule no_functions;
  const std::vector<relax::TensorData> results{result_type};
  return kernels.run({func, no_functions, args, results, {}}).front();
}

NdArray array_over(const relax::TensorRef& tensor) {
  const auto dtype = runtime_type(tensor->dtype);
  if (!dtype) {
    throw UserError("element type " + to_string(tensor->dtype) + " cannot be run in a library");
  }
  auto* bytes = const_cast<std::byte*>(tensor->bytes);
  return NdArray::over(std::shared_ptr<std::byte>(tensor, bytes), *dtype, tensor->shape);
}

relax::TensorRef tensor_of(NdArray array, DataType dtype) {
  const auto owner = std::make_shared<NdArray>(std::move(array));
  auto tensor = std::make_shared<relax::TensorData>();
  tensor->dtype = dtype;
  tensor->shape = owner->shape();
  tensor->bytes = owner->data();
  tensor->size_bytes = static_cast<std::size_t>(owner->size_bytes());
  tensor->owner = owner;
  return tensor;
}

}  // namespace tenon
