// Resize and Upsample by the standard's conventions; numbers by hand.
#include <gmock/gmock.h>

#include "tests/unit/frontends/onnx/model.h"

namespace tenon::onnx {
namespace {

using testing::HasSubstr;

TestModel resize(std::int64_t extent, float scale, const std::string& mode,
                 const std::string& coordinates) {
  TestModel m;
  m.input("x", {1, extent}).floats("scales", {2}, {1, scale}).output("y");
  m.node("Resize", {"x", "", "scales"}, {"y"});
  m.attribute("mode", mode).attribute("coordinate_transformation_mode", coordinates);
  return m;
}

TEST(Resize, NearestRoundsHalvesDown) {
  expect_numbers(run(resize(2, 2, "nearest", "asymmetric").import(), {{1, 2}}), {1, 4},
                 {1, 1, 2, 2});
  expect_numbers(run(resize(2, 2, "nearest", "half_pixel").import(), {{1, 2}}), {1, 4},
                 {1, 1, 2, 2});
  TestModel up = resize(2, 2, "nearest", "asymmetric");
  up.attribute("nearest_mode", std::string("ceil"));
  expect_numbers(run(up.import(), {{1, 2}}), {1, 4}, {1, 2, 2, 2});
}

TEST(Resize, LinearByEachConvention) {
  expect_numbers(run(resize(2, 2, "linear", "half_pixel").import(), {{1, 3}}), {1, 4},
                 {1, 1.5, 2.5, 3});
  expect_numbers(run(resize(2, 2, "linear", "align_corners").import(), {{1, 4}}), {1, 4},
                 {1, 2, 3, 4});
  expect_numbers(run(resize(2, 2, "linear", "asymmetric").import(), {{1, 3}}), {1, 4},
                 {1, 2, 3, 3});
  expect_numbers(run(resize(4, 0.25F, "linear", "pytorch_half_pixel").import(), {{1, 2, 3, 4}}),
                 {1, 1}, {1});
}

TEST(Resize, AntialiasingWidensTheFilter) {
  TestModel m = resize(4, 0.5F, "linear", "half_pixel");
  m.graph().mutable_node(0)->clear_attribute();
  m.model.mutable_opset_import(0)->set_version(18);
  m.attribute("mode", std::string("linear")).attribute("antialias", std::int64_t{1});
  // Weights 1 3 3 1 of a triangle of width 4 around 0.5, the first clamped to the border.
  expect_numbers(run(m.import(), {{1, 2, 3, 4}}), {1, 2}, {13.0 / 8, 27.0 / 8});
}

TEST(Resize, SizesAndTheirAspectRatio) {
  TestModel m(18);
  m.input("x", {1, 1, 2, 4}).integers("sizes", {2}, {4, 4}).output("y");
  m.node("Resize", {"x", "", "", "sizes"}, {"y"}).attribute("axes", Dims{2, 3});
  EXPECT_EQ(output_shape(m.import()), "(1, 1, 4, 4)");
  m.attribute("keep_aspect_ratio_policy", std::string("not_larger"));
  EXPECT_EQ(output_shape(m.import()), "(1, 1, 2, 4)");
}

TEST(Resize, CropsAndExtrapolates) {
  TestModel m;
  m.input("x", {2}).floats("roi", {2}, {0, 2}).integers("sizes", {1}, {3}).output("y");
  m.node("Resize", {"x", "roi", "", "sizes"}, {"y"}).attribute("mode", std::string("linear"));
  m.attribute("coordinate_transformation_mode", std::string("tf_crop_and_resize"));
  m.attribute("extrapolation_value", 9.0F);
  expect_numbers(run(m.import(), {{1, 3}}), {3}, {1, 3, 9});
}

TEST(Resize, ASymbolicBatchStays) {
  TestModel m;
  m.symbolic_input("x", {"n", "1", "2", "2"}).floats("scales", {4}, {1, 1, 2, 2}).output("y");
  m.node("Resize", {"x", "", "scales"}, {"y"}).attribute("mode", std::string("nearest"));
  EXPECT_EQ(output_shape(m.import()), "(n, 1, 4, 4)");
}

TEST(Resize, UnknownWordsAreRefused) {
  EXPECT_THAT(resize(2, 2, "lanczos", "half_pixel").refusal(),
              HasSubstr("mode \"lanczos\" is unknown; needed: nearest, linear, cubic"));
  EXPECT_THAT(resize(2, -1, "nearest", "half_pixel").refusal(), HasSubstr("must be positive"));
}

}  // namespace
}  // namespace tenon::onnx
