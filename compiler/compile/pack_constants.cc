#include "compiler/compile/pack_constants.h"

#include <algorithm>
#include <map>

#include "compiler/passes/tir/passes.h"
#include "compiler/support/error.h"

namespace tenon {
namespace {

std::optional<std::size_t> param_of(const tir::PrimFunc& func, const tir::Buffer& buffer) {
  for (std::size_t i = 0; i < func.params.size(); ++i) {
    if (func.params[i].buffer && func.params[i].buffer.same_as(buffer)) return i;
  }
  return std::nullopt;
}

std::string layout_text(const ParamPacking& packing) {
  std::string text;
  for (const auto* list : {&packing.packed, &packing.map}) {
    for (const std::int64_t value : *list) text += std::to_string(value) + ",";
    text += ";";
  }
  return text;
}

class Packer {
 public:
  Packer(const MemoryPlan& plan, const std::vector<PackedKernel>& kernels, PlainKernels& evaluator)
      : kernels_(kernels), evaluator_(evaluator), packed_{plan, plan.constants, {}} {}

  PackedConstants run() {
    for (PlannedCall& call : packed_.plan.calls) {
      const PackedKernel& kernel = kernel_of(call.function);
      for (std::size_t i = 0; i < call.args.size(); ++i) pack_argument(kernel, i, call.args[i]);
      if (kernel.split.constants) make_constants(kernel, call);
    }
    std::vector<bool> is_read(packed_.tensors.size(), false);
    for (const PlannedCall& call : packed_.plan.calls) {
      for (const relax::Expr& arg : call.args) {
        const Place& place = packed_.plan.places.at(arg);
        if (place.kind == PlaceKind::kConstant) is_read[place.index] = true;
      }
    }
    for (std::size_t i = 0; i < packed_.tensors.size(); ++i) {
      const relax::TensorData& data = *packed_.tensors[i];
      // A constant that is only read in another form takes no room.
      packed_.bytes.emplace_back(reinterpret_cast<const char*>(data.bytes),
                                 is_read[i] ? data.size_bytes : 0);
    }
    return std::move(packed_);
  }

 private:
  const PackedKernel& kernel_of(const std::string& function) const {
    for (const PackedKernel& kernel : kernels_) {
      if (kernel.function == function) return kernel;
    }
    CHECK(false) << "no kernel " << function;
    return kernels_.front();
  }

  const relax::TensorRef& tensor(const relax::Expr& arg) const {
    return packed_.tensors[packed_.plan.places.at(arg).index];
  }

  // A leaf of its own, so that another kernel may see the constant in another form.
  relax::Expr leaf_of(std::size_t index) {
    const relax::Expr leaf = relax::constant(packed_.tensors[index]);
    packed_.plan.places[leaf] = {PlaceKind::kConstant, index, tir::i64(0)};
    return leaf;
  }

  void pack_argument(const PackedKernel& kernel, std::size_t param, relax::Expr& arg) {
    if (!arg.as<relax::Constant>()) return;
    for (const ParamPacking& packing : kernel.scheduled.packings) {
      if (packing.param != param) continue;
      const std::size_t index = packed_.plan.places.at(arg).index;
      const auto [known, is_new] =
          packings_.emplace(std::pair{layout_text(packing), index}, packed_.tensors.size());
      if (is_new) packed_.tensors.push_back(pack_tensor(*packed_.tensors[index], packing));
      arg = leaf_of(known->second);
      return;
    }
  }

  // The call's arguments become those of the kernel without its work on constants.
  void make_constants(const PackedKernel& kernel, PlannedCall& call) {
    std::vector<relax::TensorRef> inputs;
    std::string key = kernel.function;
    for (const std::size_t param : kernel.split.constant_params) {
      const relax::Expr& arg = call.args[param];
      if (packed_.plan.places.at(arg).kind != PlaceKind::kConstant) {
        throw UserError("kernel " + kernel.function + ": argument " + std::to_string(param) +
                        " is read by a block marked constant, but is no constant");
      }
      inputs.push_back(tensor(arg));
      key += " " + std::to_string(packed_.plan.places.at(arg).index);
    }
    const auto known = made_.find(key);
    const std::vector<std::size_t> made =
        known != made_.end() ? known->second : (made_[key] = evaluate(kernel, inputs));
    std::vector<relax::Expr> args;
    for (const SplitKernel::Source& source : kernel.split.sources) {
      args.push_back(source.is_made ? leaf_of(made[source.index]) : call.args[source.index]);
    }
    call.args = args;
  }

  std::vector<std::size_t> evaluate(const PackedKernel& kernel,
                                    const std::vector<relax::TensorRef>& inputs) {
    const tir::PrimFunc& func = *kernel.split.constants;
    std::vector<relax::TensorData> results;
    for (std::size_t i = inputs.size(); i < func.params.size(); ++i) {
      const tir::BufferNode& buffer = tir::node(func.params[i].buffer);
      relax::TensorData result;
      result.dtype = buffer.dtype;
      const auto shape = relax::static_shape(buffer.shape);
      if (!shape) {
        throw UserError("kernel " + kernel.function + ": constant " + buffer.name +
                        " has no constant shape");
      }
      result.shape = *shape;
      results.push_back(std::move(result));
    }
    const tir::TirModule no_functions;
    std::vector<std::size_t> indices;
    for (relax::TensorRef& made : evaluator_.run({func, no_functions, inputs, results, {}})) {
      indices.push_back(packed_.tensors.size());
      packed_.tensors.push_back(std::move(made));
    }
    return indices;
  }

  const std::vector<PackedKernel>& kernels_;
  PlainKernels& evaluator_;
  PackedConstants packed_;
  std::map<std::pair<std::string, std::size_t>, std::size_t> packings_;  // layout, constant
  std::map<std::string, std::vector<std::size_t>> made_;                 // by kernel and constants
};

}  // namespace

SplitKernel split_kernel(const tir::PrimFunc& scheduled) {
  const ConstantSplit split = split_constants(scheduled);
  SplitKernel result{split.func, {}, split.constants, {}};
  const std::size_t result_param = scheduled.params.size() - 1;
  std::vector<tir::Param> params;
  tir::Param output;
  std::size_t num_made = 0;
  for (const tir::Param& param : split.func.params) {
    const auto known = param_of(scheduled, param.buffer);
    if (known && *known == result_param) {
      output = param;
      continue;
    }
    result.sources.push_back({!known, known ? *known : num_made++});
    params.push_back(param);
  }
  params.push_back(output);
  result.func.params = params;
  if (split.constants) {
    for (const tir::Param& param : split.constants->params) {
      if (const auto known = param_of(scheduled, param.buffer)) {
        result.constant_params.push_back(*known);
      }
    }
  }
  return result;
}

PackedConstants pack_constants(const MemoryPlan& plan, const std::vector<PackedKernel>& kernels,
                               PlainKernels& evaluator) {
  return Packer(plan, kernels, evaluator).run();
}

}  // namespace tenon
