// nn.conv_transpose: the gradient of a convolution as an operator, over one to three spatial axes,
// plain layout: data (N, C, spatial...), weight (C, M / groups, kernel...).
//
// Attributes: strides, dilation, padding (all starts, then all ends), output_padding, groups. The
// definition has a block `dilated`, which puts stride - 1 zeros between the elements and the border
// around them, and one reduction, an ordinary convolution with the kernel turned around.
#include "compiler/relax/ops/define.h"
#include "compiler/relax/ops/infer.h"
#include "compiler/relax/ops/list.h"

namespace tenon::relax {
namespace {

using tir::Expr;

struct Attrs {
  std::vector<std::int64_t> strides, dilation, padding, output_padding;
  std::int64_t groups;
  std::size_t rank;  // of the space
};

Attrs read_attrs(const Call& call) {
  const std::size_t rank = shape_arg(call, 0).size() - 2;
  const std::vector<std::int64_t> ones(rank, 1), zeros(rank, 0);
  Attrs attrs{attr_ints(call, "strides", ones),
              attr_ints(call, "dilation", ones),
              attr_ints(call, "padding", std::vector<std::int64_t>(2 * rank, 0)),
              attr_ints(call, "output_padding", zeros),
              attr_int(call, "groups", 1),
              rank};
  if (attrs.strides.size() != rank || attrs.dilation.size() != rank ||
      attrs.output_padding.size() != rank || attrs.padding.size() != 2 * rank) {
    op_error(call, "needs one stride, dilation and output padding and two paddings for each of " +
                       std::to_string(rank) + " axes");
  }
  for (std::size_t i = 0; i < rank; ++i) {
    if (attrs.strides[i] < 1 || attrs.dilation[i] < 1) {
      op_error(call, "strides and dilations must be at least 1");
    }
  }
  return attrs;
}

Type infer_conv_transpose(const Call& call) {
  const Shape data = shape_arg(call, 0), weight = shape_arg(call, 1);
  if (data.size() < 3 || data.size() > 5) {
    op_error(call, "data of shape " + to_text(data) + " needs one to three spatial axes");
  }
  require_rank(call, 1, data.size());
  const Attrs attrs = read_attrs(call);
  if (dtype_arg(call, 0) != dtype_arg(call, 1)) {
    op_error(call, "data is " + to_string(dtype_arg(call, 0)) + " and weight is " +
                       to_string(dtype_arg(call, 1)) + "; both must be the same");
  }
  const auto channels = tir::as_int(data[1]);
  if (!proved_equal(data[1], weight[0]) || attrs.groups < 1 ||
      (channels && *channels % attrs.groups != 0)) {
    op_error(call, "data " + to_text(data) + ", weight " + to_text(weight) + " and groups " +
                       std::to_string(attrs.groups) +
                       " do not fit: the weight's first axis is the "
                       "data's channels, which the groups divide");
  }
  Shape out{data[0], simplify(weight[1] * tir::i64(attrs.groups))};
  for (std::size_t i = 0; i < attrs.rank; ++i) {
    const Dim reach = (weight[i + 2] - tir::i64(1)) * tir::i64(attrs.dilation[i]) + tir::i64(1);
    out.push_back(simplify(
        (data[i + 2] - tir::i64(1)) * tir::i64(attrs.strides[i]) + reach +
        tir::i64(attrs.output_padding[i] - attrs.padding[i] - attrs.padding[i + attrs.rank])));
    if (const auto extent = tir::as_int(out.back()); extent && *extent < 1) {
      op_error(call, "the padding leaves nothing of spatial axis " + std::to_string(i));
    }
  }
  return tensor_type(out, dtype_arg(call, 0));
}

// Where the data starts in the dilated buffer; negative: as much of it is cut.
Dim start_of(const Attrs& attrs, const Shape& weight, std::size_t i) {
  return simplify((weight[i + 2] - tir::i64(1)) * tir::i64(attrs.dilation[i]) -
                  tir::i64(attrs.padding[i]));
}

tir::Buffer dilate(Definition& def, const Attrs& attrs, const Shape& out) {
  const Shape& data = tir::node(def.input(0)).shape;
  const Shape& weight = tir::node(def.input(1)).shape;
  const DataType dtype = tir::node(def.input(0)).dtype;
  Shape shape{data[0], data[1]};
  for (std::size_t i = 0; i < attrs.rank; ++i) {
    const Dim reach = (weight[i + 2] - tir::i64(1)) * tir::i64(attrs.dilation[i]);
    shape.push_back(simplify(out[i + 2] + reach));
  }
  const tir::Buffer dilated = def.intermediate("dilated", shape, dtype);
  def.compute("dilated", dilated, [&](const Indices& index) {
    Indices source{index[0], index[1]};
    Expr inside = tir::bool_imm(true);
    for (std::size_t i = 0; i < attrs.rank; ++i) {
      const Expr at = simplify(index[i + 2] - start_of(attrs, weight, i));
      const Expr stride = tir::i64(attrs.strides[i]);
      inside = tir::logical_and(inside, tir::less_equal(tir::i64(0), at));
      if (attrs.strides[i] > 1) {
        inside = tir::logical_and(inside, tir::equal(tir::floor_mod(at, stride), tir::i64(0)));
      }
      source.push_back(simplify(tir::floor_div(at, stride)));
      inside = tir::logical_and(inside, tir::less(source.back(), data[i + 2]));
    }
    return tir::if_then_else(inside, tir::load(def.input(0), source), tir::constant(dtype, 0));
  });
  return dilated;
}

tir::PrimFunc define_conv_transpose(const Call& call, const Type& result) {
  const Attrs attrs = read_attrs(call);
  Definition def(call, result, {"data", "weight"});
  const Shape& weight = tir::node(def.input(1)).shape;
  const tir::Buffer dilated = dilate(def, attrs, shape_of(result));
  const Dim group_in = simplify(tir::floor_div(weight[0], tir::i64(attrs.groups)));
  Shape reduce{group_in};
  reduce.insert(reduce.end(), weight.begin() + 2, weight.end());
  def.reduce("conv_transpose", def.output(), reduce, Combiner::kSum,
             [&](const Indices& i, const Indices& k) {
               Expr channel = k[0], filter = i[1];
               if (attrs.groups > 1) {
                 channel = tir::floor_div(i[1], weight[1]) * group_in + k[0];
                 filter = tir::floor_mod(i[1], weight[1]);
               }
               Indices source{i[0], channel}, tap{channel, filter};
               for (std::size_t a = 0; a < attrs.rank; ++a) {
                 source.push_back(i[a + 2] + k[a + 1] * tir::i64(attrs.dilation[a]));
                 tap.push_back(simplify(weight[a + 2] - tir::i64(1) - k[a + 1]));
               }
               return tir::load(dilated, source) * tir::load(def.input(1), tap);
             });
  return def.finish();
}

}  // namespace

// Not kMatmul: schedules and layouts of convolutions do not know the turned kernel.
const OpInfo kConvTranspose{"nn.conv_transpose", 2, Pattern::kReduce, infer_conv_transpose,
                            define_conv_transpose};

}  // namespace tenon::relax
