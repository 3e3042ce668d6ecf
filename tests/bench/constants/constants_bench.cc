// Folding megabytes of constants: compiled plain loops against the interpreter, bits compared.
// tenon-bench-constants; one line a case, a fresh evaluator each, so compiling is in the time.
#include <chrono>
#include <cstring>
#include <iostream>
#include <limits>

#include "compiler/compile/plain_kernel.h"
#include "compiler/relax/op.h"
#include "compiler/support/text.h"

namespace tenon {
namespace {

using relax::Expr;
using relax::TensorRef;

struct Case {
  std::string name, op;
  std::vector<std::vector<std::int64_t>> shapes;
  tir::AttrMap attrs;
};

struct Timed {
  TensorRef result;
  double ms = 0;
};

Timed evaluate(const Case& c, const std::vector<TensorRef>& args, std::int64_t min_points) {
  std::vector<Expr> leaves;
  for (const TensorRef& arg : args) leaves.push_back(relax::constant(arg));
  const relax::Call call = relax::make_call(c.op, leaves, c.attrs).get<relax::Call>();
  const relax::Type type = relax::infer_type(call);
  relax::TensorData result;
  result.dtype = relax::dtype_of(type);
  result.shape = *relax::static_shape(relax::shape_of(type));
  const auto start = std::chrono::steady_clock::now();
  PlainKernels kernels(min_points);
  Timed timed;
  timed.result = evaluate_constant(kernels, call.op->define(call, type), args, result);
  timed.ms =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  return timed;
}

int run() {
  const std::vector<Case> cases = {
      {"transpose 1024x1024 (4 MB)", "permute_dims", {{1024, 1024}}, {}},
      {"scale of 512x256x3x3 weights (4.5 MB)", "multiply", {{512, 256, 3, 3}, {512, 1, 1, 1}}, {}},
      {"NCHW -> NCHW8c of 4 MB",
       "layout_transform",
       {{1, 64, 128, 128}},
       {{"src_layout", relax::string_attr("NCHW")}, {"dst_layout", relax::string_attr("NCHW8c")}}}};
  for (const Case& c : cases) {
    std::vector<TensorRef> args;
    for (const auto& shape : c.shapes) {
      args.push_back(relax::made_up_tensor(kFloat32, shape, 1, args.size()));
    }
    const Timed slow = evaluate(c, args, std::numeric_limits<std::int64_t>::max());
    const Timed fast = evaluate(c, args, 0);
    const bool same =
        std::memcmp(slow.result->bytes, fast.result->bytes, slow.result->size_bytes) == 0;
    std::cout << pad_right(c.name, 40) << pad_left(format_fixed(slow.ms, 1), 9) << " ms interpreted"
              << pad_left(format_fixed(fast.ms, 1), 8) << " ms compiled, "
              << format_fixed(slow.ms / fast.ms, 1) << "x" << (same ? "" : ", OTHER BITS") << "\n";
    if (!same) return 1;
  }
  return 0;
}

}  // namespace
}  // namespace tenon

int main() { return tenon::run(); }
