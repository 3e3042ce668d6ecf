// border: a border around a tensor, or a cut where it is negative.
//
// Arguments: the tensor, the value (a scalar of its type, used in mode constant). Attributes:
// pad_before and pad_after, one an axis; mode: constant, edge, reflect, wrap.
#include <algorithm>

#include "compiler/relax/ops/define.h"
#include "compiler/relax/ops/infer.h"
#include "compiler/relax/ops/list.h"

namespace tenon::relax {
namespace {

using tir::Expr;

struct Border {
  std::vector<std::int64_t> before, after;
  std::string mode;
};

Border border_of(const Call& call) {
  const std::size_t rank = shape_arg(call, 0).size();
  Border border{attr_ints(call, "pad_before"), attr_ints(call, "pad_after"),
                attr_string(call, "mode", "constant")};
  if (border.before.size() != rank || border.after.size() != rank) {
    op_error(call, "needs pad_before and pad_after of " + std::to_string(rank) + " values");
  }
  const auto& m = border.mode;
  if (m != "constant" && m != "edge" && m != "reflect" && m != "wrap") {
    op_error(call, "mode \"" + m + "\" is unknown; needed: constant, edge, reflect or wrap");
  }
  return border;
}

Type infer_border(const Call& call) {
  const Border border = border_of(call);
  Shape shape = shape_arg(call, 0);
  if (dtype_arg(call, 1) != dtype_arg(call, 0) || !shape_arg(call, 1).empty()) {
    op_error(call, "the value must be a scalar of type " + to_string(dtype_arg(call, 0)));
  }
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const auto extent = tir::as_int(shape[i]);
    const std::int64_t most = std::max(border.before[i], border.after[i]);
    if (border.mode != "constant" && most > 0 && extent && *extent == 0) {
      op_error(call, "axis " + std::to_string(i) + " has no element to repeat");
    }
    shape[i] = simplify(shape[i] + tir::i64(border.before[i] + border.after[i]));
    if (const auto out = tir::as_int(shape[i]); out && *out < 0) {
      op_error(call, "pads " + std::to_string(border.before[i]) + " and " +
                         std::to_string(border.after[i]) + " cut more than axis " +
                         std::to_string(i) + " of " + to_text(shape_arg(call, 0)) + " has");
    }
  }
  return tensor_type(shape, dtype_arg(call, 0));
}

// The position of the tensor that position `at` (relative to its start) repeats.
Expr source_of(const std::string& mode, const Expr& at, const Dim& extent) {
  const Expr zero = tir::i64(0), one = tir::i64(1);
  if (mode == "edge") return tir::max(tir::min(at, extent - one), zero);
  if (mode == "wrap") return tir::floor_mod(at, extent);
  // Mirrored without repeating the border: a period of 2 (extent - 1).
  const Expr period = tir::max((extent - one) * tir::i64(2), one);
  const Expr phase = tir::floor_mod(at, period);
  return tir::min(phase, period - phase);
}

tir::PrimFunc define_border(const Call& call, const Type& result) {
  const Border border = border_of(call);
  Definition def(call, result, {"x", "value"});
  const Shape& shape = tir::node(def.input(0)).shape;
  def.compute("pad", def.output(), [&](const Indices& i) -> Expr {
    Indices source = i;
    Expr inside = tir::bool_imm(true);
    for (std::size_t axis = 0; axis < i.size(); ++axis) {
      const std::int64_t before = border.before[axis], after = border.after[axis];
      if (before == 0 && after == 0) continue;
      source[axis] = before == 0 ? i[axis] : i[axis] - tir::i64(before);
      const Expr at = source[axis];
      if (border.mode != "constant") {
        source[axis] = simplify(source_of(border.mode, at, shape[axis]));
        if (tir::is_int(shape[axis], 1)) source[axis] = tir::i64(0);
        continue;
      }
      if (before > 0) inside = tir::logical_and(inside, tir::less_equal(tir::i64(before), i[axis]));
      if (after > 0) {
        const Expr end = simplify(shape[axis] + tir::i64(before));
        inside = tir::logical_and(inside, tir::less(i[axis], end));
      }
    }
    const Expr x = tir::load(def.input(0), source);
    if (border.mode != "constant") return x;
    return tir::if_then_else(inside, x, tir::load(def.input(1), {}));
  });
  return def.finish();
}

}  // namespace

const OpInfo kBorder{"border", 2, Pattern::kInjective, infer_border, define_border};

}  // namespace tenon::relax
