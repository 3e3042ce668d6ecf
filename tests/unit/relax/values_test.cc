// Made-up inputs and the comparison of values.
#include "compiler/relax/values.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/unit/relax/graph_fixture.h"

namespace tenon::relax {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

std::string differ(const std::vector<float>& expected, const std::vector<float>& found,
                   const ValueTolerance& tolerance = {}) {
  const auto n = static_cast<std::int64_t>(expected.size());
  return compare_values(floats({n}, expected), floats({n}, found), tolerance).first;
}

TEST(CompareValues, ElementsWithinToleranceAreEqual) {
  EXPECT_EQ(differ({1, 100}, {1, 100}), "");
  EXPECT_EQ(differ({1, 100}, {1, 100.5f}, {.relative = 0.01}), "");
  EXPECT_EQ(differ({1, 100}, {1.5f, 100}, {.scaled = 0.01}), "");
  EXPECT_EQ(differ({1, 100}, {1.5f, 100}, {.relative = 0.01}),
            "tensor 0, element 0: expected 1.0, found 1.5");
}

TEST(CompareValues, NanAndInfinityAreEqualToThemselvesOnly) {
  const ValueTolerance wide{.relative = 1, .scaled = 1};
  EXPECT_EQ(differ({kNan, kInf, -kInf}, {kNan, kInf, -kInf}), "");
  EXPECT_NE(differ({kNan}, {0}, wide), "");
  EXPECT_NE(differ({0}, {kNan}, wide), "");
  EXPECT_NE(differ({kInf}, {1}, wide), "");
  EXPECT_NE(differ({kInf}, {-kInf}, wide), "");
  EXPECT_NE(differ({1}, {kInf}, wide), "");
}

TEST(CompareValues, TellsTheLargestErrorAndTheFirstPlace) {
  const ValueDifference d =
      compare_values(floats({3}, {1, 2, 4}), floats({3}, {1, 3, 7}), ValueTolerance{});
  EXPECT_FALSE(d.is_equal);
  EXPECT_EQ(d.max_error, 3);
  EXPECT_EQ(d.max_expected, 4);
  EXPECT_EQ(d.first, "tensor 0, element 1: expected 2.0, found 3.0");
}

TEST(CompareValues, ShapesAndCountsDiffer) {
  const Value a = floats({2}, {1, 2}), b = floats({1, 2}, {1, 2});
  EXPECT_EQ(compare_values(a, b, {}).first, "tensor 0 is float32 (1, 2), expected float32 (2)");
  EXPECT_EQ(compare_values(a, Value::Tuple{a, b}, {}).first, "2 tensors, expected 1");
}

TEST(MadeUpTensor, IsPureInItsArgumentsAndNeverConstant) {
  const auto bytes = [](const TensorRef& t) {
    return std::string(reinterpret_cast<const char*>(t->bytes), t->size_bytes);
  };
  for (const DataType dtype : {kFloat32, kFloat64, kFloat16, kInt8, kUInt8, kInt64, kBoolType}) {
    const TensorRef a = made_up_tensor(dtype, {4, 8}, 1, 2);
    EXPECT_EQ(bytes(a), bytes(made_up_tensor(dtype, {4, 8}, 1, 2)));
    EXPECT_NE(bytes(a), bytes(made_up_tensor(dtype, {4, 8}, 1, 3)));
    EXPECT_NE(bytes(a), bytes(made_up_tensor(dtype, {4, 8}, 2, 2)));
    for (std::int64_t i = 0; i < 32; ++i) {
      EXPECT_LE(std::fabs(element_at(*a, i)), dtype.is_float() ? 1 : 7) << to_string(dtype);
    }
  }
}

TEST(SmallSizes, KeepTheFactsOfTheModule) {
  const Dim n = tir::make_var("n", kInt64), m = tir::make_var("m", kInt64);
  const Dim k = tir::make_var("k", kInt64);
  Builder b;
  const Expr x = symbolic("x", {n, m, k * tir::i64(2)});
  Module module = main_module(b, {x}, x);
  SymbolSizes sizes = small_sizes(module, main_of(module), 3);
  EXPECT_EQ(sizes[n], 3);
  EXPECT_EQ(sizes[m], 4);
  EXPECT_EQ(sizes[k], 5);
  module.symbols = {{n, 1, {}, 8}, {m, 1, 2, 1}, {k, 16, {}, 1}};
  sizes = small_sizes(module, main_of(module), 3);
  EXPECT_EQ(sizes[n], 8);
  EXPECT_EQ(sizes[m], 2);
  EXPECT_EQ(sizes[k], 16);
}

}  // namespace
}  // namespace tenon::relax
