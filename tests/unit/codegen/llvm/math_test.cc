// Expanded functions against the C library in float64, over the whole range of float32.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "compiler/support/text.h"
#include "compiler/tir/script/parser.h"
#include "tests/unit/codegen/llvm/kernel_runner.h"

namespace tenon {
namespace {

constexpr std::int64_t kCount = 1 << 20;  // every 2^12-th float

std::string script(const std::string& expression) {
  return str_cat(R"(
@T.prim_func(s_tir=True)
def main(X: T.Buffer((1048576,), "float32"), Y: T.Buffer((1048576,), "float32")):
    with T.sblock("root"):
        for i in range(65536):
            for j in T.vectorized(16):
                with T.sblock("Y"):
                    vi = T.axis.spatial(1048576, i * 16 + j)
                    Y[vi] = )",
                 expression, "\n");
}

struct Function {
  const char* name;
  const char* expression;
  double (*reference)(double);
  double max_ulp;       // against the correctly rounded result
  double max_absolute;  // or this far, for results near 0 of functions that cross it
  double limit;         // arguments beyond are not measured
};

double ulp_of(double y) {
  const float rounded = static_cast<float>(std::abs(y));
  const float next = std::nextafterf(rounded, INFINITY);
  return std::max(static_cast<double>(next) - static_cast<double>(rounded), 1.5e-45);
}

class Math : public testing::TestWithParam<Function> {};

TEST_P(Math, AgreesWithTheCLibrary) {
  const Function f = GetParam();
  const KernelRunner runner(tir::parse_prim_func(script(f.expression)), parse_target("native"));
  std::vector<NdArray> tensors;
  tensors.push_back(NdArray::zeros(kDlFloat32, {kCount}));
  tensors.push_back(NdArray::zeros(kDlFloat32, {kCount}));
  for (std::int64_t i = 0; i < kCount; ++i) {
    const std::uint32_t bits = static_cast<std::uint32_t>(i << 12);
    std::memcpy(&tensors[0].as<float>()[static_cast<std::size_t>(i)], &bits, 4);
  }
  runner.run(tensors);
  double worst = 0;
  float worst_at = 0;
  for (std::int64_t i = 0; i < kCount; ++i) {
    const float x = tensors[0].as<float>()[static_cast<std::size_t>(i)];
    const float y = tensors[1].as<float>()[static_cast<std::size_t>(i)];
    const double expected = f.reference(x);
    const float rounded = static_cast<float>(expected);
    if (std::isnan(rounded) || std::isinf(rounded)) {
      ASSERT_TRUE(std::isnan(rounded) ? std::isnan(y) : y == rounded || std::abs(y) > 3.4e38f)
          << f.name << "(" << x << ") is " << y << ", expected " << rounded;
      continue;
    }
    if (std::abs(x) > f.limit) continue;
    ASSERT_FALSE(std::isnan(y)) << f.name << "(" << x << ") expected " << rounded;
    if (std::abs(y - expected) <= f.max_absolute) continue;
    const double error = std::abs(y - expected) / ulp_of(expected);
    if (error > worst) worst = error, worst_at = x;
  }
  EXPECT_LE(worst, f.max_ulp) << f.name << " at " << worst_at;
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double rsqrt(double x) { return 1 / std::sqrt(x); }
double power_17(double x) { return std::pow(x, static_cast<double>(1.7f)); }

INSTANTIATE_TEST_SUITE_P(
    All, Math,
    testing::Values(Function{"exp", "T.exp(X[vi])", std::exp, 2, 0, INFINITY},
                    Function{"exp2", "T.exp2(X[vi])", std::exp2, 2, 0, INFINITY},
                    Function{"log", "T.log(X[vi])", std::log, 2, 0, INFINITY},
                    Function{"log2", "T.log2(X[vi])", std::log2, 3, 0, INFINITY},
                    Function{"log1p", "T.log1p(X[vi])", std::log1p, 1, 0, INFINITY},
                    Function{"tanh", "T.tanh(X[vi])", std::tanh, 3, 0, INFINITY},
                    Function{"sigmoid", "T.sigmoid(X[vi])", sigmoid, 4, 1e-38, INFINITY},
                    Function{"erf", "T.erf(X[vi])", std::erf, 4, 0, INFINITY},
                    Function{"rsqrt", "T.rsqrt(X[vi])", rsqrt, 1.5, 0, INFINITY},
                    Function{"sin", "T.sin(X[vi])", std::sin, 1, 1e-9, 1e6},
                    Function{"cos", "T.cos(X[vi])", std::cos, 1, 1e-9, 1e6},
                    Function{"tan", "T.tan(X[vi])", std::tan, 1, 1e-9, 1e4},
                    Function{"atan", "T.atan(X[vi])", std::atan, 1, 0, INFINITY},
                    Function{"asin", "T.asin(X[vi])", std::asin, 1, 0, INFINITY},
                    Function{"acos", "T.acos(X[vi])", std::acos, 1, 1e-12, INFINITY},
                    Function{"sinh", "T.sinh(X[vi])", std::sinh, 1, 0, INFINITY},
                    Function{"cosh", "T.cosh(X[vi])", std::cosh, 1, 0, INFINITY},
                    Function{"asinh", "T.asinh(X[vi])", std::asinh, 1, 0, 1e18},
                    Function{"acosh", "T.acosh(X[vi])", std::acosh, 1, 0, INFINITY},
                    Function{"atanh", "T.atanh(X[vi])", std::atanh, 1, 0, INFINITY},
                    Function{"pow", "T.pow(X[vi], T.float32(1.7))", power_17, 1, 0, INFINITY}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace tenon
