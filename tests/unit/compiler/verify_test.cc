// --verify: what is right is told so, what is wrong is named.
#include "compiler/compile/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/compiler/compiled_model.h"

namespace tenon {
namespace {

using relax::Builder;
using relax::Expr;
using relax::Module;
using testing::HasSubstr;

Module network(float scale = 1) {
  Builder b;
  const relax::Dim n = tir::make_var("n", kInt64);
  const Expr x = relax::symbolic("x", {n, tir::i64(8), tir::i64(6), tir::i64(6)});
  Expr y = b.emit("nn.conv2d", {x, relax::random_constant({8, 8, 3, 3}, 1)});
  y = b.emit("multiply", {y, relax::random_constant({8, 1, 1}, 2)});
  y = b.emit("multiply", {y, relax::float_constant({}, {scale})});
  y = b.emit("nn.relu", {b.emit("add", {y, relax::random_constant({8, 1, 1}, 3)})});
  return relax::main_module(b, {x}, b.emit("mean", {y}, {{"axis", relax::ints_attr({2, 3})}}));
}

std::string library_of(const Module& module) { return CompiledModel(module).result().library; }

TEST(Verify, EveryStepOfARightCompilationIsRight) {
  const Module module = network();
  const VerifyReport report = verify(module, parse_target("native"), library_of(module));
  EXPECT_EQ(report.first_wrong(), nullptr);
  EXPECT_EQ(report.skipped, "");
  ASSERT_GT(report.steps.size(), 5u);
  EXPECT_EQ(report.steps.front().name, "imported");
  EXPECT_EQ(report.steps.back().name, "library");
  for (const VerifyStep& step : report.steps) EXPECT_GT(step.max_expected, 0) << step.name;
}

TEST(Verify, TheFirstWrongPassIsNamedWithItsError) {
  const Module module = network();
  const Module other = network(2);
  Verifier verifier(module);
  verifier.check_passes({{"right", [](const Module& m) { return m; }},
                         {"wrong", [&](const Module&) { return other; }},
                         {"after", [](const Module& m) { return m; }}});
  const VerifyStep* wrong = verifier.report().first_wrong();
  ASSERT_TRUE(wrong);
  EXPECT_EQ(wrong->name, "wrong");
  EXPECT_GT(wrong->max_error, 0);
  EXPECT_THAT(wrong->difference, HasSubstr("expected"));
}

TEST(Verify, APassWhoseModuleCannotBeRunIsWrong) {
  const Module module = network();
  Verifier verifier(module);
  verifier.check_passes(
      {{"forgets", [](const Module& m) {
          const relax::Function& func = relax::main_of(m);
          std::vector<relax::Binding> bindings = relax::bindings_of(m);
          bindings.erase(bindings.begin());
          Module broken = m;
          broken.replace(
              "main", relax::with_bindings(func, bindings, func.body.get<relax::SeqExpr>().body));
          return broken;
        }}});
  const VerifyStep* wrong = verifier.report().first_wrong();
  ASSERT_TRUE(wrong);
  EXPECT_EQ(wrong->name, "forgets");
  EXPECT_THAT(wrong->difference, HasSubstr("has no value here"));
}

TEST(Verify, AWrongLibraryIsNamed) {
  const Module module = network();
  const VerifyReport report = verify(module, parse_target("native"), library_of(network(2)));
  ASSERT_TRUE(report.first_wrong());
  EXPECT_EQ(report.first_wrong()->name, "library");
}

TEST(Verify, ALibraryForAnotherMachineIsNotRun) {
  const Module module = network();
  const VerifyReport report = verify(module, parse_target("llvm -mcpu=neoverse-n1"), "");
  EXPECT_EQ(report.first_wrong(), nullptr);
  EXPECT_THAT(report.skipped, HasSubstr("aarch64-unknown-linux-gnu"));
}

TEST(Verify, TooMuchWorkIsRefused) {
  const Module module = network();
  EXPECT_THAT(relax::refusal([&] { Verifier(module, 1000); }),
              HasSubstr("--verify: running the model in plain loops takes more than 1000 steps"));
}

TEST(Verify, OutputsThatAreAllNanSayNothing) {
  Builder b;
  const Expr x = relax::param("x", {4});
  const Expr y = b.emit("subtract", {relax::float_constant({}, {-2}), b.emit("abs", {x})});
  const Module module = relax::main_module(b, {x}, b.emit("log", {y}));
  EXPECT_THAT(relax::refusal([&] { Verifier verifier(module); }),
              HasSubstr("every output is NaN or infinite"));
}

// A scale that float32 cannot hold beside the weight: folding it loses the result.
TEST(Verify, FoldingThatUnderflowsIsFound) {
  Builder b;
  const Expr x = relax::param("x", {1, 4, 4, 4});
  Expr y = b.emit("multiply", {x, relax::float_constant({}, {1e30f})});
  y = b.emit("nn.conv2d", {y, relax::constant([] {
                             auto [tensor, bytes] = relax::make_tensor(kFloat32, {4, 4, 1, 1});
                             for (int i = 0; i < 16; ++i) {
                               reinterpret_cast<float*>(bytes)[i] = 1e-20f;
                             }
                             return tensor;
                           }())});
  y = b.emit("multiply", {y, relax::float_constant({}, {1e-30f})});
  const Module module = relax::main_module(b, {x}, y);
  Verifier verifier(module);
  PlainKernels kernels;
  verifier.check_passes(compile_passes(parse_target("native"), kernels));
  ASSERT_TRUE(verifier.report().first_wrong());
  EXPECT_EQ(verifier.report().first_wrong()->name, "fold_scale");
}

}  // namespace
}  // namespace tenon
