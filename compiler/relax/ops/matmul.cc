// matmul: NumPy's matrix product with broadcast batch axes; `transpose_a`, `transpose_b` swap the
// last two axes of an argument without a copy.
#include "compiler/relax/ops/define.h"
#include "compiler/relax/ops/infer.h"
#include "compiler/relax/ops/list.h"

namespace tenon::relax {
namespace {

using tir::Expr;

struct Sides {
  Shape a, b;  // with the 1 that NumPy puts before (a) or after (b) a vector
  bool vector_a, vector_b;
  bool transpose_a, transpose_b;
  Dim rows() const { return a[a.size() - (transpose_a ? 1 : 2)]; }
  Dim depth_a() const { return a[a.size() - (transpose_a ? 2 : 1)]; }
  Dim depth_b() const { return b[b.size() - (transpose_b ? 1 : 2)]; }
  Dim columns() const { return b[b.size() - (transpose_b ? 2 : 1)]; }
};

Sides sides_of(const Call& call) {
  Sides s{shape_arg(call, 0),
          shape_arg(call, 1),
          false,
          false,
          attr_bool(call, "transpose_a", false),
          attr_bool(call, "transpose_b", false)};
  if (s.a.empty() || s.b.empty()) op_error(call, "a scalar has no matrix product");
  s.vector_a = s.a.size() == 1;
  s.vector_b = s.b.size() == 1;
  if (s.vector_a) s.a.insert(s.a.begin(), tir::i64(1));
  if (s.vector_b) s.b.push_back(tir::i64(1));
  return s;
}

Type infer_matmul(const Call& call) {
  const Sides s = sides_of(call);
  if (dtype_arg(call, 0) != dtype_arg(call, 1)) {
    op_error(call, "arguments have types " + to_string(dtype_arg(call, 0)) + " and " +
                       to_string(dtype_arg(call, 1)) + "; both must be the same");
  }
  if (!proved_equal(s.depth_a(), s.depth_b())) {
    op_error(call, "shapes " + to_text(s.a) + " and " + to_text(s.b) + ": the product runs over " +
                       to_text({s.depth_a()}) + " on the left and " + to_text({s.depth_b()}) +
                       " on the right");
  }
  Shape out =
      broadcast_shapes(call, Shape(s.a.begin(), s.a.end() - 2), Shape(s.b.begin(), s.b.end() - 2));
  if (!s.vector_a) out.push_back(s.rows());
  if (!s.vector_b) out.push_back(s.columns());
  return tensor_type(out, dtype_arg(call, 0));
}

tir::PrimFunc define_matmul(const Call& call, const Type& result) {
  const Sides s = sides_of(call);
  Definition def(call, result, {"a", "b"});
  const std::size_t batch_rank =
      tir::node(def.output()).shape.size() - (s.vector_a ? 0 : 1) - (s.vector_b ? 0 : 1);
  def.reduce("matmul", def.output(), {s.depth_a()}, Combiner::kSum,
             [&](const Indices& i, const Indices& k) {
               const Indices batch(i.begin(), i.begin() + static_cast<std::ptrdiff_t>(batch_rank));
               const Expr row = s.vector_a ? tir::i64(0) : i[batch_rank];
               const Expr column = s.vector_b ? tir::i64(0) : i.back();
               Indices a = broadcast_index(Shape(s.a.begin(), s.a.end() - 2), batch);
               Indices b = broadcast_index(Shape(s.b.begin(), s.b.end() - 2), batch);
               if (s.vector_a) {
                 a.push_back(k[0]);
               } else {
                 a.push_back(s.transpose_a ? k[0] : row);
                 a.push_back(s.transpose_a ? row : k[0]);
               }
               if (s.vector_b) {
                 b.push_back(k[0]);
               } else {
                 b.push_back(s.transpose_b ? column : k[0]);
                 b.push_back(s.transpose_b ? k[0] : column);
               }
               return tir::load(def.input(0), a) * tir::load(def.input(1), b);
             });
  return def.finish();
}

}  // namespace

const OpInfo kMatmul{"matmul", 2, Pattern::kMatmul, infer_matmul, define_matmul};

}  // namespace tenon::relax
