#include "tests/unit/passes/relax/random_graph.h"

#include "compiler/relax/ops/infer.h"
#include "compiler/support/rng.h"
#include "tests/unit/relax/graph_fixture.h"

namespace tenon::relax {
namespace {

class RandomGraph {
 public:
  explicit RandomGraph(std::uint64_t seed) : rng_(seed, 77), seed_(seed) {}

  Module run() {
    const Dim batch = seed_ % 4 == 3 ? tir::make_var("n", kInt64) : tir::i64(rng_.between(1, 2));
    std::vector<Expr> params;
    params.push_back(symbolic("x", {batch, tir::i64(pick({3, 4, 8})), tir::i64(6), tir::i64(6)}));
    if (rng_.below(2)) {
      params.push_back(symbolic("y", {batch, tir::i64(8), tir::i64(6), tir::i64(6)}));
    }
    values_ = params;
    for (std::int64_t i = rng_.between(4, 16); i > 0; --i) step();
    Tuple results;
    results.values.push_back(values_.back());
    for (std::uint64_t i = rng_.below(3); i > 0; --i) results.values.push_back(any());
    if (rng_.below(8) == 0) results.values.push_back(weight({2, 3}));
    return main_module(builder_, params,
                       results.values.size() == 1 ? results.values[0] : Expr(results));
  }

 private:
  std::int64_t pick(std::vector<std::int64_t> from) { return from[rng_.below(from.size())]; }
  const Expr& any() { return values_[rng_.below(values_.size())]; }
  Expr weight(std::vector<std::int64_t> shape) {
    return random_constant(std::move(shape), seed_ * 1000 + next_weight_++);
  }

  void keep(const Expr& e) { values_.push_back(e); }

  void step() {
    const Expr x = any();
    const Shape shape = shape_of(type_of(x));
    const auto at_least_two = [&](std::size_t axis) {
      return tir::as_int(shape[axis]).value_or(0) >= 2;
    };
    const bool is_image =
        shape.size() == 4 && tir::as_int(shape[1]) && at_least_two(2) && at_least_two(3);
    switch (rng_.below(is_image ? 12 : 7)) {
      case 0:
        return unary(x);
      case 1:
        return same_shape(x);
      case 2:
        return scaled(x, shape);
      case 3:
        return reshaped(x, shape);
      case 4:
        return moved(x, shape);
      case 5:
        return neutral(x);
      case 6:
        return reduced(x, shape);
      case 7:
        return pooled(x);
      case 8:
        return joined(x);
      default:
        return convolved(x, *tir::as_int(shape[1]));
    }
  }

  void unary(const Expr& x) {
    static constexpr const char* kOps[] = {"nn.relu", "nn.silu", "sigmoid",       "tanh",
                                           "abs",     "square",  "nn.hard_swish", "negative"};
    keep(builder_.emit(kOps[rng_.below(std::size(kOps))], {x}));
  }

  // Another value of the same shape, or the value itself.
  void same_shape(const Expr& x) {
    static constexpr const char* kOps[] = {"add", "multiply", "maximum", "subtract"};
    Expr other = x;
    for (const Expr& value : values_) {
      if (equal(value, x) && rng_.below(2)) other = value;
    }
    keep(builder_.emit(kOps[rng_.below(std::size(kOps))], {other, x}));
  }

  static bool equal(const Expr& a, const Expr& b) {
    const Shape x = shape_of(type_of(a)), y = shape_of(type_of(b));
    if (x.size() != y.size()) return false;
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (!proved_equal(x[i], y[i])) return false;
    }
    return true;
  }

  // By a constant of one value, or of one a channel.
  void scaled(const Expr& x, const Shape& shape) {
    static constexpr const char* kOps[] = {"add", "multiply", "minimum", "subtract"};
    std::vector<std::int64_t> dims;
    const auto channels = shape.size() == 4 ? tir::as_int(shape[1]) : std::nullopt;
    if (channels && rng_.below(2)) dims = {*channels, 1, 1};
    keep(builder_.emit(kOps[rng_.below(std::size(kOps))], {x, weight(dims)}));
  }

  void reshaped(const Expr& x, const Shape& shape) {
    if (rng_.below(2)) return keep(builder_.emit("flatten", {x}, {{"axis", int_attr(1)}}));
    Shape to = shape;
    to.insert(to.begin() + static_cast<std::ptrdiff_t>(rng_.below(to.size() + 1)), tir::i64(1));
    if (to.size() > 5) return unary(x);
    keep(builder_.emit("reshape", {x, ShapeExpr{to}}));
  }

  void moved(const Expr& x, const Shape& shape) {
    std::vector<std::int64_t> axes;
    for (std::size_t i = 0; i < shape.size(); ++i) axes.push_back(static_cast<std::int64_t>(i));
    rng_.shuffle(axes);
    keep(builder_.emit("permute_dims", {x}, {{"axes", ints_attr(axes)}}));
  }

  void neutral(const Expr& x) {
    switch (rng_.below(3)) {
      case 0:
        return keep(builder_.emit("identity", {x}));
      case 1:
        return keep(builder_.emit("add", {x, float_constant({}, {0})}));
      default:
        return keep(builder_.emit("multiply", {float_constant({1}, {1}), x}));
    }
  }

  void reduced(const Expr& x, const Shape& shape) {
    if (shape.size() < 2) return unary(x);
    if (rng_.below(3) == 0) return keep(builder_.emit("nn.softmax", {x}));
    static constexpr const char* kOps[] = {"sum", "mean", "max"};
    const bool spatial = shape.size() == 4 && rng_.below(2);
    const auto axes = spatial ? std::vector<std::int64_t>{2, 3} : std::vector<std::int64_t>{-1};
    keep(builder_.emit(kOps[rng_.below(std::size(kOps))], {x},
                       {{"axis", ints_attr(axes)}, {"keepdims", {rng_.below(2) == 1}}}));
  }

  void pooled(const Expr& x) {
    const char* op = rng_.below(2) ? "nn.max_pool2d" : "nn.avg_pool2d";
    keep(builder_.emit(op, {x},
                       {{"pool_size", ints_attr({2, 2})},
                        {"strides", ints_attr({pick({1, 2}), pick({1, 2})})},
                        {"padding", ints_attr({0, 0, pick({0, 1}), pick({0, 1})})}}));
  }

  void joined(const Expr& x) {
    Tuple parts{{x}};
    for (const Expr& value : values_) {
      if (equal(value, x) && rng_.below(2)) parts.values.push_back(value);
    }
    keep(builder_.emit("concat", {parts}, {{"axis", int_attr(pick({0, 1, 2}))}}));
  }

  void convolved(const Expr& x, std::int64_t channels) {
    const bool depthwise = channels % 4 == 0 && rng_.below(3) == 0;
    const std::int64_t outputs = depthwise ? channels : pick({4, 8, 6, 12});
    const std::int64_t kernel = pick({1, 2});
    keep(builder_.emit("nn.conv2d",
                       {x, weight({outputs, depthwise ? 1 : channels, kernel, kernel})},
                       {{"groups", int_attr(depthwise ? channels : 1)},
                        {"padding", ints_attr({0, 0, kernel - 1, kernel - 1})},
                        {"strides", ints_attr({pick({1, 2}), 1})}}));
  }

  Rng rng_;
  const std::uint64_t seed_;
  std::uint64_t next_weight_ = 0;
  Builder builder_;
  std::vector<Expr> values_;
};

}  // namespace

Module random_graph(std::uint64_t seed) { return RandomGraph(seed).run(); }

}  // namespace tenon::relax
