// Convolution and pooling over three spatial axes, plain layout (N, C, D, H, W): nn.conv3d,
// nn.max_pool3d, nn.avg_pool3d.
//
// Attributes as of the two-dimensional operators, with three values an axis list and six paddings
// (all starts, then all ends).
#include "compiler/relax/ops/define.h"
#include "compiler/relax/ops/infer.h"
#include "compiler/relax/ops/layout.h"
#include "compiler/relax/ops/list.h"

namespace tenon::relax {
namespace {

using tir::Expr;

constexpr std::size_t kSpace = 3;

struct Windows {
  std::vector<std::int64_t> strides, padding, dilation;
  bool ceil_mode = false;
};

Windows read_windows(const Call& call) {
  const std::vector<std::int64_t> ones(kSpace, 1);
  Windows w{attr_ints(call, "strides", ones),
            attr_ints(call, "padding", std::vector<std::int64_t>(2 * kSpace, 0)),
            attr_ints(call, "dilation", ones), attr_bool(call, "ceil_mode", false)};
  if (w.strides.size() != kSpace || w.dilation.size() != kSpace || w.padding.size() != 2 * kSpace) {
    op_error(call, "needs 3 strides, 3 dilations and 6 paddings");
  }
  for (const char* name : {"data_layout", "out_layout", "layout"}) {
    const std::string layout = attr_string(call, name, "NCDHW");
    if (layout != "NCDHW") op_error(call, "layout \"" + layout + "\" is unknown; needed: NCDHW");
  }
  return w;
}

Dim out_extent(const Call& call, const Windows& w, std::size_t axis, const Dim& kernel) {
  return window_extent(call,
                       {shape_arg(call, 0)[axis + 2], kernel, w.strides[axis], w.dilation[axis],
                        w.padding[axis], w.padding[axis + kSpace], w.ceil_mode});
}

// The element of the window, or `otherwise` outside the image.
Expr read_padded(const tir::Buffer& data, const Windows& w, Indices index, const Indices& tap,
                 const Expr& otherwise) {
  const Shape& shape = tir::node(data).shape;
  Expr inside;
  for (std::size_t a = 0; a < kSpace; ++a) {
    Expr& at = index[a + 2];
    at = at * tir::i64(w.strides[a]) + tap[a] * tir::i64(w.dilation[a]);
    const bool whole = w.padding[a] == 0 && w.padding[a + kSpace] == 0 && !w.ceil_mode;
    if (whole) continue;
    if (w.padding[a] != 0) at = at - tir::i64(w.padding[a]);
    const Expr within =
        tir::logical_and(tir::less_equal(tir::i64(0), at), tir::less(at, shape[a + 2]));
    inside = inside ? tir::logical_and(inside, within) : within;
  }
  const Expr x = tir::load(data, index);
  return inside ? tir::if_then_else(inside, x, otherwise) : x;
}

Type infer_conv3d(const Call& call) {
  require_rank(call, 0, 5);
  require_rank(call, 1, 5);
  const Windows w = read_windows(call);
  const Shape data = shape_arg(call, 0), weight = shape_arg(call, 1);
  const std::int64_t groups = attr_int(call, "groups", 1);
  const auto filters = tir::as_int(weight[0]);
  if (groups < 1 || (filters && *filters % groups != 0) ||
      !proved_equal(data[1], simplify(weight[1] * tir::i64(groups)))) {
    op_error(call, "data " + to_text(data) + ", weight " + to_text(weight) + " and groups " +
                       std::to_string(groups) + " do not fit");
  }
  if (dtype_arg(call, 0) != dtype_arg(call, 1)) {
    op_error(call, "data and weight must have the same type");
  }
  Shape out{data[0], weight[0]};
  for (std::size_t a = 0; a < kSpace; ++a) out.push_back(out_extent(call, w, a, weight[a + 2]));
  return tensor_type(out, dtype_arg(call, 0));
}

tir::PrimFunc define_conv3d(const Call& call, const Type& result) {
  const Windows w = read_windows(call);
  const std::int64_t groups = attr_int(call, "groups", 1);
  Definition def(call, result, {"data", "weight"});
  const Shape& weight = tir::node(def.input(1)).shape;
  const Dim group_out = simplify(tir::floor_div(weight[0], tir::i64(groups)));
  def.reduce("conv3d", def.output(), {weight[1], weight[2], weight[3], weight[4]}, Combiner::kSum,
             [&](const Indices& i, const Indices& k) {
               Indices source = i;
               source[1] = groups == 1 ? k[0] : tir::floor_div(i[1], group_out) * weight[1] + k[0];
               const Expr zero = tir::constant(dtype_of(result), 0);
               return read_padded(def.input(0), w, source, {k[1], k[2], k[3]}, zero) *
                      tir::load(def.input(1), {i[1], k[0], k[1], k[2], k[3]});
             });
  return def.finish();
}

std::vector<std::int64_t> pool_size(const Call& call) {
  auto size = attr_ints(call, "pool_size");
  if (size.size() != kSpace) op_error(call, "needs 3 pool sizes");
  return size;
}

Type infer_pool3d(const Call& call) {
  require_rank(call, 0, 5);
  const Windows w = read_windows(call);
  const auto size = pool_size(call);
  const Shape data = shape_arg(call, 0);
  Shape out{data[0], data[1]};
  for (std::size_t a = 0; a < kSpace; ++a) {
    out.push_back(out_extent(call, w, a, tir::i64(size[a])));
  }
  return tensor_type(out, dtype_arg(call, 0));
}

Shape extents(const std::vector<std::int64_t>& values) {
  Shape shape;
  for (const std::int64_t value : values) shape.push_back(tir::i64(value));
  return shape;
}

tir::PrimFunc define_max_pool3d(const Call& call, const Type& result) {
  const Windows w = read_windows(call);
  Definition def(call, result, {"data"});
  const Expr lowest = identity_of(Combiner::kMax, dtype_of(result));
  def.reduce("max_pool3d", def.output(), extents(pool_size(call)), Combiner::kMax,
             [&](const Indices& i, const Indices& k) {
               return read_padded(def.input(0), w, i, k, lowest);
             });
  return def.finish();
}

// How many taps of the window at output position `at` count.
Expr num_counted(const Call& call, const Windows& w, const Expr& at, std::size_t axis) {
  const bool with_padding = attr_bool(call, "count_include_pad", false);
  const std::int64_t size = pool_size(call)[axis];
  const std::int64_t before = w.padding[axis], after = w.padding[axis + kSpace];
  const Dim extent = shape_arg(call, 0)[axis + 2];
  if (!w.ceil_mode && (with_padding || before + after == 0)) return tir::i64(size);
  const Expr d = tir::i64(w.dilation[axis]);
  const Expr start = at * tir::i64(w.strides[axis]) - tir::i64(before);
  const Expr low = tir::i64(with_padding ? -before : 0);
  const Expr high = with_padding ? extent + tir::i64(after) : extent;
  const Expr up = d - tir::i64(1);
  const Expr first = tir::max(tir::i64(0), tir::floor_div(low - start + up, d));
  const Expr last = tir::min(tir::i64(size), tir::floor_div(high - start + up, d));
  return tir::max(last - first, tir::i64(1));
}

tir::PrimFunc define_avg_pool3d(const Call& call, const Type& result) {
  const Windows w = read_windows(call);
  Definition def(call, result, {"data"});
  const DataType dtype = dtype_of(result);
  const tir::Buffer sum = def.intermediate("window_sum", shape_of(result), dtype);
  def.reduce("window_sum", sum, extents(pool_size(call)), Combiner::kSum,
             [&](const Indices& i, const Indices& k) {
               return read_padded(def.input(0), w, i, k, tir::constant(dtype, 0));
             });
  def.compute("avg_pool3d", def.output(), [&](const Indices& i) {
    const Expr count = num_counted(call, w, i[2], 0) * num_counted(call, w, i[3], 1) *
                       num_counted(call, w, i[4], 2);
    return tir::binary(tir::BinaryOp::kDiv, tir::load(sum, i), tir::cast(dtype, simplify(count)));
  });
  return def.finish();
}

}  // namespace

const OpInfo kConv3d{"nn.conv3d", 2, Pattern::kReduce, infer_conv3d, define_conv3d};
const OpInfo kMaxPool3d{"nn.max_pool3d", 1, Pattern::kReduce, infer_pool3d, define_max_pool3d};
const OpInfo kAvgPool3d{"nn.avg_pool3d", 1, Pattern::kReduce, infer_pool3d, define_avg_pool3d};

}  // namespace tenon::relax
