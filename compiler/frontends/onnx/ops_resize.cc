// Resize and Upsample: the tables of nn.interpolate, one an axis, by the standard's conventions of
// coordinates, filters and borders. https://onnx.ai/onnx/operators/onnx__Resize.html
#include <algorithm>
#include <cmath>
#include <cstring>

#include "compiler/frontends/onnx/importer.h"
#include "compiler/relax/ops/infer.h"

namespace tenon::onnx {
namespace {

using relax::int_attr;

constexpr std::int64_t kMaxExtent = std::int64_t{1} << 20, kMaxTaps = 4096;

struct Sampling {
  std::string mode, coordinates, nearest;
  bool antialias = false, exclude_outside = false;
  double cubic = -0.75, extrapolation = 0;
};

// One axis: `width` is the exact extent, of which `out` is the whole part.
struct Axis {
  std::size_t axis;
  std::int64_t in, out;
  double scale, width;
  double roi_start = 0, roi_end = 1;
};

// Where in the input the output's element i lies.
double source(const Sampling& s, const Axis& a, std::int64_t i) {
  const auto x = static_cast<double>(i), last = static_cast<double>(a.in - 1);
  const double half_pixel = (x + 0.5) / a.scale - 0.5;
  if (s.coordinates == "half_pixel") return half_pixel;
  if (s.coordinates == "half_pixel_symmetric") {
    const double center = static_cast<double>(a.in) / 2;
    return center * (1 - static_cast<double>(a.out) / a.width) + half_pixel;
  }
  if (s.coordinates == "pytorch_half_pixel") return a.out > 1 ? half_pixel : 0;
  if (s.coordinates == "align_corners") return a.width == 1 ? 0 : x * last / (a.width - 1);
  if (s.coordinates == "tf_crop_and_resize") {
    const double size = a.roi_end - a.roi_start;
    const double within = a.out == 1 ? size * last / 2 : x * size * last / (a.width - 1);
    return within + a.roi_start * last;
  }
  return x / a.scale;  // asymmetric
}

double cubic_weight(double x, double a) {
  x = std::abs(x);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

// Positions (out, taps) and weights for one axis; `is_outside` of rows that extrapolate.
struct Table {
  std::vector<std::int64_t> positions;
  std::vector<double> weights;
  std::vector<bool> is_outside;
  std::int64_t taps = 1;
};

std::int64_t nearest_position(const Sampling& s, double x) {
  double rounded = std::ceil(x - 0.5);  // round_prefer_floor
  if (s.nearest == "round_prefer_ceil") rounded = std::floor(x + 0.5);
  if (s.nearest == "floor") rounded = std::floor(x);
  if (s.nearest == "ceil") rounded = std::ceil(x);
  return static_cast<std::int64_t>(rounded);
}

// The taps around x, first at `base` + `start`, weights adding up to 1.
void add_row(Table& table, const Sampling& s, const Axis& a, double x, std::int64_t start) {
  const bool is_cubic = s.mode == "cubic";
  const double shrink = s.antialias ? std::min(a.scale, 1.0) : 1.0;
  const double base = std::ceil(x) - 1;
  const double ratio = x - base;  // in (0, 1]
  double sum = 0;
  std::vector<double> weights;
  for (std::int64_t t = 0; t < table.taps; ++t) {
    const double distance = (static_cast<double>(start + t) - ratio) * shrink;
    double weight =
        is_cubic ? cubic_weight(distance, s.cubic) : std::clamp(1 - std::abs(distance), 0.0, 1.0);
    const auto at = static_cast<std::int64_t>(base) + start + t;
    if (s.exclude_outside && (at < 0 || at >= a.in)) weight = 0;
    sum += weight;
    weights.push_back(weight);
    table.positions.push_back(std::clamp<std::int64_t>(at, 0, a.in - 1));
  }
  for (const double weight : weights) table.weights.push_back(weight / sum);
}

Table make_table(const NodeContext& node, const Sampling& s, const Axis& a) {
  Table table;
  const double radius = s.mode == "cubic" ? 2 : 1;
  const double shrink = s.antialias ? std::min(a.scale, 1.0) : 1.0;
  const auto start = static_cast<std::int64_t>(std::floor(-radius / shrink)) + 1;
  if (s.mode != "nearest") table.taps = 2 - 2 * start;
  if (table.taps > kMaxTaps) node.fail("the filter of this scale is too long");
  for (std::int64_t i = 0; i < a.out; ++i) {
    const double x = source(s, a, i);
    table.is_outside.push_back(s.coordinates == "tf_crop_and_resize" &&
                               (x < 0 || x > static_cast<double>(a.in - 1)));
    if (s.mode == "nearest") {
      table.positions.push_back(std::clamp<std::int64_t>(nearest_position(s, x), 0, a.in - 1));
    } else {
      add_row(table, s, a, x, start);
    }
  }
  return table;
}

relax::Expr weights_constant(const Table& table, std::int64_t rows, DataType dtype) {
  auto [tensor, bytes] = relax::make_tensor(dtype, {rows, table.taps});
  for (std::size_t i = 0; i < table.weights.size(); ++i) {
    const auto narrow = static_cast<float>(table.weights[i]);
    const bool is_double = dtype == kFloat64;
    std::memcpy(bytes + i * (is_double ? sizeof(double) : sizeof(float)),
                is_double ? static_cast<const void*>(&table.weights[i]) : &narrow,
                is_double ? sizeof(double) : sizeof(float));
  }
  return relax::constant(tensor);
}

relax::Expr extrapolate(const NodeContext& node, const relax::Expr& x, const Sampling& s,
                        const Axis& a, const std::vector<bool>& is_outside) {
  if (std::find(is_outside.begin(), is_outside.end(), true) == is_outside.end()) return x;
  std::vector<std::int64_t> shape(tensor_shape(x).size(), 1);
  shape[a.axis] = a.out;
  auto [mask, bytes] = relax::make_tensor(kBoolType, shape);
  for (std::size_t i = 0; i < is_outside.size(); ++i) bytes[i] = std::byte{is_outside[i]};
  return node.emit("where", {relax::constant(mask), number(node, dtype_of(x), s.extrapolation), x});
}

relax::Expr resize_axis(const NodeContext& node, const relax::Expr& x, const Sampling& s,
                        const Axis& a) {
  if (a.in < 1 || a.out < 0 || a.out > kMaxExtent) {
    node.fail("axis " + std::to_string(a.axis) + " of " + std::to_string(a.in) +
              " elements cannot be resized to " + std::to_string(a.out));
  }
  const Table table = make_table(node, s, a);
  const tir::AttrValue axis = int_attr(static_cast<std::int64_t>(a.axis));
  if (s.mode == "nearest") {
    const relax::Expr picked =
        node.emit("take", {x, integer_constant(table.positions, false)}, {{"axis", axis}});
    return extrapolate(node, picked, s, a, table.is_outside);
  }
  const relax::Expr positions = reshape_to(node, integer_constant(table.positions, false),
                                           {tir::i64(a.out), tir::i64(table.taps)});
  const DataType dtype = dtype_of(x);
  if (dtype != kFloat32 && dtype != kFloat64) {
    node.fail("mode " + s.mode + " of " + to_string(dtype) + " is not supported");
  }
  const relax::Expr y = node.emit(
      "nn.interpolate", {x, positions, weights_constant(table, a.out, dtype)}, {{"axis", axis}});
  return extrapolate(node, y, s, a, table.is_outside);
}

void check_word(const NodeContext& node, const std::string& word, const char* attribute,
                std::initializer_list<const char*> known) {
  std::string list;
  for (const char* k : known) {
    if (word == k) return;
    list += (list.empty() ? "" : ", ") + std::string(k);
  }
  node.fail(std::string(attribute) + " \"" + word + "\" is unknown; needed: " + list);
}

// The axes that change, from scales or sizes.
std::vector<Axis> read_axes(const NodeContext& node, const Sampling& s,
                            const std::vector<double>& scales, const std::vector<tir::Expr>& sizes,
                            const std::vector<double>& roi) {
  const relax::Shape shape = *node.type(0).shape;
  std::vector<std::size_t> axes;
  for (const std::int64_t axis : node.ints_attribute("axes")) {
    axes.push_back(axis_in(node, axis, shape.size()));
  }
  for (std::size_t i = 0; i < shape.size() && !node.has_attribute("axes"); ++i) axes.push_back(i);
  const std::size_t count = scales.empty() ? sizes.size() : scales.size();
  const bool is_crop = s.coordinates == "tf_crop_and_resize";
  if (count != axes.size() || (is_crop && roi.size() != 2 * count)) {
    node.fail("one scale or size for each of " + std::to_string(axes.size()) +
              " axes is needed, and two values of roi where it is used");
  }
  std::vector<Axis> result;
  for (std::size_t k = 0; k < count; ++k) {
    const auto extent = tir::as_int(shape[axes[k]]);
    const bool stays =
        scales.empty() ? relax::proved_equal(sizes[k], shape[axes[k]]) : scales[k] == 1;
    if (stays && !is_crop && !(scales.empty() && extent)) continue;
    if (!extent) node.fail("axis " + std::to_string(axes[k]) + " of symbolic extent is resized");
    Axis a{axes[k], *extent, 0, 0, 0};
    if (scales.empty()) {
      const auto size = tir::as_int(sizes[k]);
      if (!size) node.fail("the size of axis " + std::to_string(a.axis) + " must be constant");
      a.out = *size;
      a.width = static_cast<double>(a.out);
      a.scale = a.width / static_cast<double>(a.in);
    } else {
      if (!(scales[k] > 0 && scales[k] <= static_cast<double>(kMaxExtent))) {
        node.fail("a scale must be positive, got " + std::to_string(scales[k]));
      }
      a.scale = scales[k];
      a.width = a.scale * static_cast<double>(a.in);
      a.out = static_cast<std::int64_t>(
          std::floor(static_cast<float>(a.scale) * static_cast<float>(a.in)));
    }
    if (is_crop) {
      a.roi_start = roi[k];
      a.roi_end = roi[k + count];
    }
    result.push_back(a);
  }
  return result;
}

// Not larger (smaller) than the sizes: one scale for all axes, the least (greatest) of theirs.
void keep_aspect_ratio(const NodeContext& node, std::vector<Axis>& axes) {
  const std::string policy = node.string_attribute("keep_aspect_ratio_policy", "stretch");
  check_word(node, policy, "keep_aspect_ratio_policy", {"stretch", "not_larger", "not_smaller"});
  if (policy == "stretch" || axes.empty()) return;
  double scale = axes[0].scale;
  for (const Axis& a : axes) {
    scale = policy == "not_larger" ? std::min(scale, a.scale) : std::max(scale, a.scale);
  }
  for (Axis& a : axes) {
    a.scale = scale;
    a.width = scale * static_cast<double>(a.in);
    a.out = static_cast<std::int64_t>(std::floor(a.width + 0.5));
  }
}

std::vector<Value> resize_all(const NodeContext& node, const Sampling& s, std::vector<Axis> axes) {
  relax::Expr x = node.tensor(0);
  for (const Axis& a : axes) {
    if (a.in == a.out && a.scale == 1 && s.coordinates != "tf_crop_and_resize") continue;
    x = resize_axis(node, x, s, a);
  }
  return {tensor_value(x)};
}

// Before opset 11 coordinates are divided by the scale and rounded down.
std::vector<Value> upsample(const NodeContext& node) {
  Sampling s;
  s.mode = node.string_attribute("mode", "nearest");
  if (s.mode == "bilinear") s.mode = "linear";
  check_word(node, s.mode, "mode", {"nearest", "linear"});
  s.coordinates = "asymmetric";
  s.nearest = "floor";
  const auto scales = node.has_input(1) ? node.constant_floats(1) : node.floats_attribute("scales");
  return resize_all(node, s, read_axes(node, s, scales, {}, {}));
}

std::vector<Value> resize(const NodeContext& node) {
  if (node.opset() < 11) return upsample(node);
  Sampling s;
  s.mode = node.string_attribute("mode", "nearest");
  s.coordinates = node.string_attribute("coordinate_transformation_mode", "half_pixel");
  s.nearest = node.string_attribute("nearest_mode", "round_prefer_floor");
  check_word(node, s.mode, "mode", {"nearest", "linear", "cubic"});
  check_word(node, s.coordinates, "coordinate_transformation_mode",
             {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners",
              "asymmetric", "tf_crop_and_resize"});
  check_word(node, s.nearest, "nearest_mode",
             {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"});
  s.antialias = node.int_attribute("antialias", 0) != 0;
  s.exclude_outside = node.int_attribute("exclude_outside", 0) != 0;
  s.cubic = node.float_attribute("cubic_coeff_a", -0.75);
  s.extrapolation = node.float_attribute("extrapolation_value", 0);
  const auto roi = node.has_input(1) && s.coordinates == "tf_crop_and_resize"
                       ? node.constant_floats(1)
                       : std::vector<double>{};
  std::vector<double> scales;
  std::vector<tir::Expr> sizes;
  if (node.has_input(2)) scales = node.constant_floats(2);
  if (node.has_input(3)) sizes = node.integers(3);
  if (scales.empty() == sizes.empty()) node.fail("either scales or sizes are needed");
  std::vector<Axis> axes = read_axes(node, s, scales, sizes, roi);
  if (scales.empty()) keep_aspect_ratio(node, axes);
  return resize_all(node, s, axes);
}

}  // namespace

const std::vector<OperatorEntry>& resize_operators() {
  static const std::vector<OperatorEntry> kTable = {
      {"Resize", 10, resize},
      {"Upsample", 7, upsample},
  };
  return kTable;
}

}  // namespace tenon::onnx
