#include "compiler/compile/plain_kernel.h"

#include <gtest/gtest.h>

#include "compiler/target/target.h"
#include "tests/unit/relax/graph_fixture.h"

namespace tenon {
namespace {

using relax::Builder;
using relax::Expr;
using relax::param;

// One operator on tensors of these shapes, by a runner.
relax::Value run_op(std::string_view op, const std::vector<std::vector<std::int64_t>>& shapes,
                    const tir::AttrMap& attrs, const relax::KernelRunner& runner) {
  Builder b;
  std::vector<Expr> params;
  for (const auto& shape : shapes) params.push_back(param("x", shape));
  const Expr y = b.emit(op, params, attrs);
  const relax::Module module = relax::main_module(b, params, y);
  return relax::interpret(module, "main", relax::made_up_arguments(relax::main_of(module), {}, 1),
                          {.run_kernel = runner});
}

std::string bytes_of(const relax::Value& value) {
  const relax::TensorRef tensor = relax::tensors_of(value)[0];
  return {reinterpret_cast<const char*>(tensor->bytes), tensor->size_bytes};
}

TEST(PlainKernels, CompiledAndInterpretedBitsAreEqual) {
  PlainKernels compiled(0);
  const auto runner = [&](const relax::KernelCall& call) { return compiled.run(call); };
  const std::vector<std::pair<std::string, std::vector<std::vector<std::int64_t>>>> cases = {
      {"permute_dims", {{9, 14}}},
      {"matmul", {{9, 31}, {31, 5}}},
      {"add", {{3, 7}, {7}}},
      {"nn.hard_swish", {{40}}}};
  for (const auto& [op, shapes] : cases) {
    EXPECT_EQ(bytes_of(run_op(op, shapes, {}, runner)),
              bytes_of(run_op(op, shapes, {}, relax::interpret_kernel)))
        << op;
  }
  EXPECT_EQ(compiled.num_compiled(), parse_target("native").has_fma() ? 4 : 0);
}

TEST(PlainKernels, SmallFunctionsAndEmptyTensorsAreInterpreted) {
  PlainKernels kernels(100);
  const auto runner = [&](const relax::KernelCall& call) { return kernels.run(call); };
  EXPECT_EQ(bytes_of(run_op("nn.relu", {{99}}, {}, runner)).size(), 99u * 4);
  EXPECT_EQ(bytes_of(run_op("nn.relu", {{0, 200}}, {}, runner)).size(), 0u);
  EXPECT_EQ(kernels.num_compiled(), 0);
  if (!parse_target("native").has_fma()) GTEST_SKIP() << "skipped: no fused multiply-add here";
  run_op("nn.relu", {{100}}, {}, runner);
  run_op("nn.relu", {{100}}, {}, runner);
  EXPECT_EQ(kernels.num_compiled(), 1) << "equal functions are compiled once";
}

TEST(PlainKernels, PointsOfSymbolicFunctionsAreCountedAtTheirSizes) {
  const relax::Dim n = tir::make_var("n", kInt64);
  const Expr x = relax::symbolic("x", {n, tir::i64(4)});
  const relax::Call call =
      relax::make_call("sum", {x}, {{"axis", relax::ints_attr({1})}}).get<relax::Call>();
  const tir::PrimFunc func = call.op->define(call, relax::infer_type(call));
  const std::vector<relax::TensorRef> arguments{relax::floats({5, 4}, std::vector<float>(20, 1))};
  relax::TensorData result;
  result.dtype = kFloat32;
  result.shape = {5};
  const std::vector<relax::TensorData> results{result};
  const tir::TirModule none;
  EXPECT_EQ(count_points({func, none, arguments, results, {}}), 20);
}

}  // namespace
}  // namespace tenon
