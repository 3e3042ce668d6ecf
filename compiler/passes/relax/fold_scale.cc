// fold_scale: what follows a convolution and is one constant a channel moves into its constants.
//   conv2d(x, W) * s + t   ->   conv2d(x, W * s) + t
//   (conv2d(x, W) + b) * s + t   ->   conv2d(x, W * s) + (b * s + t)
// This is how an inference-time BatchNormalization disappears. float32 only.
#include <vector>

#include "compiler/passes/relax/graph.h"
#include "compiler/passes/relax/passes.h"

namespace tenon::relax {
namespace {

// A value known as conv2d(data, weight) + bias, weight and bias constant.
struct AffineConv {
  Call conv;
  std::vector<float> bias;  // empty: none
};

const TensorData* float_constant(const Expr& e) {
  const auto* constant = e.as<Constant>();
  return constant && constant->data->dtype == kFloat32 ? constant->data.get() : nullptr;
}

// The constant as one value a channel of an NCHW tensor of rank 4; nothing when it varies
// otherwise.
std::optional<std::vector<float>> channel_values(const Expr& e, std::int64_t channels) {
  const TensorData* data = float_constant(e);
  if (!data) return std::nullopt;
  const std::vector<std::int64_t>& shape = data->shape;
  const auto n = static_cast<std::size_t>(channels);
  if (data->num_elements() == 1 && shape.size() <= 4) {
    return std::vector<float>(n, data->as<float>()[0]);
  }
  const bool fits = (shape.size() == 3 && shape[0] == channels && shape[1] == 1 && shape[2] == 1) ||
                    (shape.size() == 4 && shape[0] == 1 && shape[1] == channels && shape[2] == 1 &&
                     shape[3] == 1);
  if (!fits) return std::nullopt;
  return std::vector<float>(data->as<float>(), data->as<float>() + n);
}

Expr scaled_weight(const Expr& weight, const std::vector<float>& scale) {
  const TensorData& from = *weight.get<Constant>().data;
  auto [tensor, bytes] = make_tensor(from.dtype, from.shape);
  auto* to = reinterpret_cast<float*>(bytes);
  const std::size_t per_channel = static_cast<std::size_t>(from.num_elements()) / scale.size();
  for (std::size_t c = 0; c < scale.size(); ++c) {
    for (std::size_t i = 0; i < per_channel; ++i) {
      to[c * per_channel + i] = from.as<float>()[c * per_channel + i] * scale[c];
    }
  }
  return constant(tensor, weight.get<Constant>().name);
}

Expr bias_constant(const std::vector<float>& values) {
  auto [tensor, bytes] = make_tensor(kFloat32, {1, static_cast<std::int64_t>(values.size()), 1, 1});
  std::copy(values.begin(), values.end(), reinterpret_cast<float*>(bytes));
  return constant(tensor);
}

class FoldScale {
 public:
  explicit FoldScale(std::map<Expr, int, IdLess> uses) : uses_(std::move(uses)) {}

  Expr step(const Binding& binding, const Expr& value, Builder& builder) {
    const std::string& name = var(binding.var).name;
    if (binding.cast_type) return builder.match_cast(value, binding.cast_type, name);
    const auto* call = value.as<Call>();
    if (!call || !call->op) return builder.emit(value, name);
    std::optional<AffineConv> merged;
    if (call->op->name == "nn.conv2d") {
      const std::string data = attr_string(*call, "data_layout", "NCHW");
      if (float_constant(call->args[1]) && attr_string(*call, "out_layout", data) == "NCHW") {
        merged = AffineConv{*call, {}};
      }
    } else if (call->op->name == "add" || call->op->name == "multiply" ||
               call->op->name == "subtract" || call->op->name == "divide") {
      merged = absorb(*call);
    }
    if (!merged) return builder.emit(value, name);
    Expr leaf = builder.emit(merged->conv, merged->bias.empty() ? name : "");
    if (!merged->bias.empty()) {
      leaf = builder.emit("add", {leaf, bias_constant(merged->bias)}, {}, name);
    }
    // The value may be absorbed further only when its one use is what absorbs it.
    const auto it = uses_.find(binding.var);
    if (it != uses_.end() && it->second == 1) known_.insert_or_assign(leaf, *merged);
    return leaf;
  }

 private:
  std::optional<AffineConv> absorb(const Call& call) const {
    const std::string_view name = call.op->name;
    const bool commutes = name == "add" || name == "multiply";
    for (std::size_t side = 0; side < (commutes ? 2u : 1u); ++side) {
      const auto it = known_.find(call.args[side]);
      if (it == known_.end()) continue;
      const auto channels = tir::as_int(shape_of(type_of(it->second.conv.args[1]))[0]);
      if (!channels) continue;
      auto values = channel_values(call.args[1 - side], *channels);
      if (!values) continue;
      return name == "add" || name == "subtract" ? shifted(it->second, *values, name == "add")
                                                 : scaled(it->second, *values, name == "multiply");
    }
    return std::nullopt;
  }

  static AffineConv shifted(AffineConv conv, const std::vector<float>& values, bool is_sum) {
    conv.bias.resize(values.size(), 0.0f);
    for (std::size_t c = 0; c < values.size(); ++c) conv.bias[c] += is_sum ? values[c] : -values[c];
    return conv;
  }

  static AffineConv scaled(AffineConv conv, std::vector<float> values, bool is_product) {
    for (float& value : values) value = is_product ? value : 1.0f / value;
    conv.conv.args[1] = scaled_weight(conv.conv.args[1], values);
    for (std::size_t c = 0; c < conv.bias.size(); ++c) conv.bias[c] *= values[c];
    return conv;
  }

  std::map<Expr, int, IdLess> uses_;
  std::map<Expr, AffineConv, IdLess> known_;
};

}  // namespace

Module fold_scale(const Module& module) {
  const Module folded = map_functions(module, [](const Function& func) {
    FoldScale fold(count_uses(func));
    return rebuild(func, [&](const Binding& binding, const Expr& value, Builder& builder) {
      return fold.step(binding, value, builder);
    });
  });
  return remove_dead_code(folded);
}

}  // namespace tenon::relax
