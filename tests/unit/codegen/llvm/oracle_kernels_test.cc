// Kernels that were written for another compiler, plain and scheduled: compiled code computes what
// the interpreter computes.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "compiler/support/error.h"
#include "compiler/tir/script/parser.h"
#include "tests/unit/codegen/llvm/kernel_runner.h"

namespace tenon {
namespace {

std::vector<std::string> kernel_names() {
  std::vector<std::string> names;
  const std::filesystem::path folder =
      std::string(TENON_SOURCE_DIR) + "/../shared/oracle/lowered/cpu";
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(folder, none)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class OracleKernels : public testing::TestWithParam<std::string> {};

TEST_P(OracleKernels, ComputeWhatTheInterpreterComputes) {
  const std::string text = shared_file("oracle/lowered/cpu/" + GetParam() + "/00_input.py");
  const tir::PrimFunc func = tir::parse_prim_func(text, GetParam());
  if (GetParam() == "unsafe_select") GTEST_SKIP() << "reads outside its buffer by design";
  if (GetParam() == "hoist") GTEST_SKIP() << "has a scalar parameter that no tensor gives";
  if (GetParam() == "packed_i8__vnni") GTEST_SKIP() << "needs AVX-512; see the refusal below";
  const bool is_half = GetParam().find("16") != std::string::npos;
  EXPECT_EQ(
      difference_when_compiled(func, parse_target("llvm -mcpu=x86-64-v3"), is_half ? 2e-2 : 1e-5),
      "");
}

TEST(OracleKernel, RefusesInstructionsThatTheTargetLacks) {
  const std::string text = shared_file("oracle/lowered/cpu/packed_i8__vnni/00_input.py");
  if (text.empty()) GTEST_SKIP() << "../shared/oracle is absent";
  try {
    KernelRunner(tir::parse_prim_func(text), parse_target("llvm -mcpu=x86-64-v3"));
    FAIL() << "compiled";
  } catch (const UserError& error) {
    EXPECT_STREQ(error.what(),
                 "llvm: intrinsic \"llvm.x86.avx512.vpdpbusd.512\" needs a feature that the target "
                 "(llvm -mtriple=x86_64-unknown-linux-gnu -mcpu=x86-64-v3) lacks");
  }
}

INSTANTIATE_TEST_SUITE_P(Shared, OracleKernels, testing::ValuesIn(kernel_names()),
                         [](const auto& test) { return test.param; });
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(OracleKernels);

}  // namespace
}  // namespace tenon
