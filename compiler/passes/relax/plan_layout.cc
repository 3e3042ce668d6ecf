// plan_layout: convolutions, pools and what lies between them run on channel-blocked images.
//   NCHW tensors of C channels -> NCHW<x>c, x the largest of V, V/2, ... 4 that divides C, where V
//   is the target's float32 vector. Operators that know no blocked layout get the plain one back;
//   the conversions that remain are layout_transform calls.
// A pure function of the module and V: no tuning result enters, so the tasks of a model never
// change with what is known about them. Graph inputs and outputs keep the user's layout.
#include "compiler/passes/relax/graph.h"
#include "compiler/passes/relax/passes.h"
#include "compiler/relax/ops/infer.h"
#include "compiler/relax/ops/layout.h"

namespace tenon::relax {
namespace {

constexpr std::int64_t kSmallestBlock = 4;

// One tensor in the layouts it exists in so far.
struct Forms {
  Expr plain;
  std::map<std::int64_t, Expr> blocked;
  std::int64_t preferred = 1;
};

class LayoutPlanner {
 public:
  LayoutPlanner(const Function& func, int vector_lanes) : func_(func), lanes_(vector_lanes) {}

  Expr run() {
    for (const Binding& binding : straight_bindings(func_)) bind(binding);
    const Expr result = plain_leaf(func_.body.get<SeqExpr>().body);
    Function planned = builder_.finish(func_.params, result, func_.attrs).get<Function>();
    planned.is_pure = func_.is_pure;
    planned.is_private = func_.is_private;
    return planned;
  }

 private:
  void bind(const Binding& binding) {
    name_ = var(binding.var).name;
    const auto* call = binding.value.as<Call>();
    Forms forms;
    if (binding.cast_type || !call || !call->op) {
      const Expr value = plain_value(binding.value);
      forms.plain = binding.cast_type ? builder_.match_cast(value, binding.cast_type, name_)
                                      : builder_.emit(value, name_);
    } else if (!convert(*call, forms)) {
      forms.plain = builder_.emit(plain_value(binding.value), name_);
    }
    forms_[binding.var] = std::move(forms);
  }

  // Emits the call in a blocked layout; false when it has none.
  bool convert(const Call& call, Forms& forms) {
    const std::string_view name = call.op->name;
    if (name == "nn.conv2d") return convert_conv(call, forms);
    if (name == "nn.max_pool2d" || name == "nn.avg_pool2d") return convert_pool(call, forms);
    if (name == "mean" || name == "max" || name == "sum") return convert_spatial(call, forms);
    if (name == "concat") return convert_concat(call, forms);
    if (call.op->pattern == Pattern::kElementwise) return convert_unary(call, forms);
    // With one argument it is a function of positions (a triangle), which blocks would move.
    if (call.op->pattern == Pattern::kBroadcast && call.args.size() > 1) {
      return convert_broadcast(call, forms);
    }
    return false;
  }

  bool convert_conv(const Call& call, Forms& forms) {
    if (attr_string(call, "data_layout", "NCHW") != "NCHW") return false;
    const Shape weight = shape_of(type_of(call.args[1]));
    const auto outputs = tir::as_int(weight[0]);
    const auto inputs = tir::as_int(shape_of(type_of(call.args[0]))[1]);
    if (!outputs || !inputs || dtype_of(call.args[0]) != kFloat32) return false;
    const std::int64_t out_block = block_of(*outputs);
    const std::int64_t groups = attr_int(call, "groups", 1);
    const bool depthwise = groups == *inputs && groups == *outputs;
    if (out_block == 1 || (groups > 1 && !depthwise)) return false;
    Call blocked = call;
    std::int64_t in_block = depthwise ? out_block : preferred_block(call.args[0], *inputs);
    blocked.args[0] =
        in_block == 1 ? plain_leaf(call.args[0]) : blocked_leaf(call.args[0], in_block);
    blocked.args[1] = plain_leaf(call.args[1]);
    blocked.attrs["data_layout"] = string_attr(to_string(ImageLayout{in_block}));
    blocked.attrs["out_layout"] = string_attr(to_string(ImageLayout{out_block}));
    return finish(blocked, out_block, forms);
  }

  bool convert_pool(const Call& call, Forms& forms) {
    const std::int64_t block = known_block(call.args[0]);
    if (block == 1) return false;
    Call blocked = call;
    blocked.args[0] = blocked_leaf(call.args[0], block);
    blocked.attrs["layout"] = string_attr(to_string(ImageLayout{block}));
    return finish(blocked, block, forms);
  }

  // A reduction over height and width alone keeps the channel blocks.
  bool convert_spatial(const Call& call, Forms& forms) {
    const std::int64_t block = known_block(call.args[0]);
    if (block == 1) return false;
    const auto axes = normal_axes(call, "axis", shape_arg(call, 0).size());
    if (axes != std::vector<std::size_t>{2, 3}) return false;
    Call blocked = call;
    blocked.args[0] = blocked_leaf(call.args[0], block);
    blocked.attrs["axis"] = ints_attr({2, 3});
    if (attr_bool(call, "keepdims", false)) return finish(blocked, block, forms);
    const Shape plain = shape_of(infer_type(call));
    forms.plain = builder_.emit("reshape", {builder_.emit(blocked, name_), ShapeExpr{plain}});
    return true;
  }

  bool convert_concat(const Call& call, Forms& forms) {
    const auto* tuple = call.args[0].as<Tuple>();
    if (!tuple) return false;
    const std::size_t rank = shape_of(type_of(tuple->values[0])).size();
    if (rank != 4 || normal_axis(call, attr_int(call, "axis", 0), rank) != 1) return false;
    std::int64_t block = lanes_;
    for (const Expr& part : tuple->values) {
      const auto channels = tir::as_int(shape_of(type_of(part))[1]);
      if (!channels || known_block(part) == 1) return false;
      while (block > 1 && *channels % block != 0) block /= 2;
    }
    if (block < kSmallestBlock) return false;
    Tuple parts;
    for (const Expr& part : tuple->values) parts.values.push_back(blocked_leaf(part, block));
    return finish(make_call("concat", {parts}, {{"axis", int_attr(1)}}).get<Call>(), block, forms);
  }

  bool convert_unary(const Call& call, Forms& forms) {
    const std::int64_t block = known_block(call.args[0]);
    if (block == 1 || call.op->name == "astype") return false;
    Call blocked = call;
    blocked.args[0] = blocked_leaf(call.args[0], block);
    return finish(blocked, block, forms);
  }

  bool convert_broadcast(const Call& call, Forms& forms) {
    std::int64_t block = 1;
    for (const Expr& arg : call.args) block = std::max(block, known_block(arg));
    if (block == 1) return false;
    Call blocked = call;
    for (Expr& arg : blocked.args) {
      arg = operand(arg, block);
      if (!arg) return false;
    }
    return finish(blocked, block, forms);
  }

  // One side of a broadcasting operator in the blocked layout; null when it has none.
  Expr operand(const Expr& e, std::int64_t block) {
    Shape shape = shape_of(type_of(e));
    if (shape.size() > 4) return {};
    shape.insert(shape.begin(), 4 - shape.size(), tir::i64(1));
    if (tir::is_int(shape[1], 1)) {
      shape.push_back(tir::i64(1));
      return builder_.emit("reshape", {plain_leaf(e), ShapeExpr{shape}});
    }
    const auto channels = tir::as_int(shape[1]);
    if (!channels || *channels % block != 0) return {};
    if (shape_of(type_of(e)).size() == 4) return blocked_leaf(e, block);
    const Expr image = builder_.emit("reshape", {plain_leaf(e), ShapeExpr{shape}});
    return to_blocked(image, block);
  }

  bool finish(const Call& blocked, std::int64_t block, Forms& forms) {
    forms.preferred = block;
    forms.blocked[block] = builder_.emit(blocked, name_);
    return true;
  }

  std::int64_t block_of(std::int64_t channels) const {
    for (std::int64_t block = lanes_; block >= kSmallestBlock; block /= 2) {
      if (channels % block == 0) return block;
    }
    return 1;
  }

  // The block a tensor already has; 1 when it exists in the plain layout only.
  std::int64_t known_block(const Expr& e) const {
    const auto it = forms_.find(e);
    return it == forms_.end() ? 1 : it->second.preferred;
  }

  std::int64_t preferred_block(const Expr& e, std::int64_t channels) const {
    const std::int64_t known = known_block(e);
    return known > 1 ? known : block_of(channels);
  }

  Expr to_blocked(const Expr& plain, std::int64_t block) {
    return builder_.emit("layout_transform", {plain},
                         {{"src_layout", string_attr("NCHW")},
                          {"dst_layout", string_attr(to_string(ImageLayout{block}))}});
  }

  Expr blocked_leaf(const Expr& e, std::int64_t block) {
    const auto it = forms_.find(e);
    if (it == forms_.end()) return remembered_block(e, block);
    Forms& forms = it->second;
    if (const auto found = forms.blocked.find(block); found != forms.blocked.end()) {
      return found->second;
    }
    return forms.blocked[block] = to_blocked(plain_leaf(e), block);
  }

  // Parameters and constants are converted once.
  Expr remembered_block(const Expr& e, std::int64_t block) {
    Forms& forms = forms_[e];
    forms.plain = e;
    return forms.blocked[block] = to_blocked(e, block);
  }

  Expr plain_leaf(const Expr& e) {
    if (const auto* tuple = e.as<Tuple>()) {
      Tuple result;
      for (const Expr& value : tuple->values) result.values.push_back(plain_leaf(value));
      return result;
    }
    const auto it = forms_.find(e);
    if (it == forms_.end()) return e;
    Forms& forms = it->second;
    if (!forms.plain) {
      const auto& [block, leaf] = *forms.blocked.begin();
      forms.plain = builder_.emit("layout_transform", {leaf},
                                  {{"src_layout", string_attr(to_string(ImageLayout{block}))},
                                   {"dst_layout", string_attr("NCHW")}});
    }
    return forms.plain;
  }

  Expr plain_value(const Expr& value) {
    if (const auto* call = value.as<Call>()) {
      Call copy = *call;
      for (Expr& arg : copy.args) arg = plain_leaf(arg);
      return copy;
    }
    if (const auto* item = value.as<TupleGetItem>()) {
      return TupleGetItem{plain_leaf(item->tuple), item->index};
    }
    return plain_leaf(value);
  }

  const Function& func_;
  const std::int64_t lanes_;
  Builder builder_;
  std::map<Expr, Forms, IdLess> forms_;
  std::string name_;
};

}  // namespace

Module plan_layout(const Module& module, int vector_lanes) {
  return map_functions(
      module, [&](const Function& func) { return LayoutPlanner(func, vector_lanes).run(); });
}

}  // namespace tenon::relax
