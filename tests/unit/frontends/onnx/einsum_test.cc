// Einsum: products, traces of labels, ellipses, implied outputs.
#include <gmock/gmock.h>

#include "tests/unit/frontends/onnx/model.h"

namespace tenon::onnx {
namespace {

using testing::HasSubstr;

TestModel einsum(const std::string& equation, const std::vector<Dims>& operands) {
  TestModel m;
  std::vector<std::string> names;
  for (const Dims& dims : operands) {
    names.push_back("x" + std::to_string(names.size()));
    m.input(names.back(), dims);
  }
  m.output("y").node("Einsum", names, {"y"}).attribute("equation", equation);
  return m;
}

TEST(Einsum, MatrixProductsInAnyOrderOfAxes) {
  const std::vector<float> a{1, 2, 3, 4}, b{1, 0, 1, 1};
  expect_numbers(run(einsum("ij,jk->ik", {{2, 2}, {2, 2}}).import(), {a, b}), {2, 2}, {3, 2, 7, 4});
  expect_numbers(run(einsum("ij,jk->ki", {{2, 2}, {2, 2}}).import(), {a, b}), {2, 2}, {3, 7, 2, 4});
  expect_numbers(run(einsum("ij, jk", {{2, 2}, {2, 2}}).import(), {a, b}), {2, 2}, {3, 2, 7, 4});
}

TEST(Einsum, SumsTransposesAndOuterProducts) {
  expect_numbers(run(einsum("ij->j", {{2, 2}}).import(), {{1, 2, 3, 4}}), {2}, {4, 6});
  expect_numbers(run(einsum("ij->ji", {{1, 2}}).import(), {{1, 2}}), {2, 1}, {1, 2});
  expect_numbers(run(einsum("i,j->ij", {{2}, {2}}).import(), {{1, 2}, {3, 4}}), {2, 2},
                 {3, 4, 6, 8});
  expect_numbers(run(einsum("i,i->", {{2}, {2}}).import(), {{1, 2}, {3, 4}}), {}, {11});
  expect_numbers(
      run(einsum("i,ij,j->", {{2}, {2, 2}, {2}}).import(), {{1, 1}, {1, 2, 3, 4}, {1, 1}}), {},
      {10});
}

TEST(Einsum, EllipsesAreBatches) {
  expect_numbers(run(einsum("...ij,...jk->...ik", {{2, 1, 2}, {2, 2, 1}}).import(),
                     {{1, 2, 3, 4}, {1, 1, 2, 2}}),
                 {2, 1, 1}, {3, 14});
}

TEST(Einsum, WhatDoesNotFitIsRefused) {
  EXPECT_THAT(einsum("ij,jk->ik", {{2, 3}, {2, 2}}).refusal(),
              HasSubstr("label j has extents (3, 2); both must be the same"));
  EXPECT_THAT(einsum("ii->i", {{2, 2}}).refusal(), HasSubstr("repeated in one term"));
  EXPECT_THAT(einsum("ij->k", {{2, 2}}).refusal(), HasSubstr("label k, which no operand has"));
  EXPECT_THAT(einsum("ij", {{2}}).refusal(), HasSubstr("does not fit an operand of rank 1"));
  EXPECT_THAT(einsum("ij,j", {{2, 2}}).refusal(), HasSubstr("more terms than operands"));
}

}  // namespace
}  // namespace tenon::onnx
