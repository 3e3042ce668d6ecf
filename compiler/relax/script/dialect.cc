#include "compiler/relax/script/dialect.h"

#include <algorithm>
#include <array>
#include <map>

#include "compiler/relax/op.h"

namespace tenon::relax {
namespace {

using Names = std::vector<std::string>;

struct Row {
  int num_values = -1;  // -1: unknown
  Names attributes;
};

const Names kConv = {"strides",     "padding",       "dilation",   "groups",
                     "data_layout", "kernel_layout", "out_layout", "out_dtype"};
const Names kConvTranspose = {"strides",       "padding",    "output_padding",
                              "dilation",      "groups",     "data_layout",
                              "kernel_layout", "out_layout", "out_dtype"};
const Names kPool = {"pool_size", "strides",           "dilation", "padding",
                     "ceil_mode", "count_include_pad", "layout",   "out_layout"};
const Names kAdaptivePool = {"output_size", "layout", "out_layout"};
const Names kReduction = {"axis", "keepdims"};
const Names kAttention = {"scale", "causal_mask", "window_size"};
const Names kScan = {"axis", "dtype", "exclusive"};
const Names kResize = {"roi",
                       "layout",
                       "method",
                       "coordinate_transformation_mode",
                       "rounding_method",
                       "cubic_alpha",
                       "cubic_exclude",
                       "extrapolation_value",
                       "out_dtype"};

const std::map<std::string, Row, std::less<>> kRows = {
    {"arange", {3, {"dtype"}}},
    {"argmax", {1, kReduction}},
    {"argmin", {1, kReduction}},
    {"argsort", {1, {"axis", "descending", "dtype"}}},
    {"astype", {1, {"dtype"}}},
    {"bucketize", {2, {"out_int32", "right"}}},
    {"concat", {1, {"axis"}}},
    {"cumprod", {1, kScan}},
    {"cumsum", {1, kScan}},
    {"dequantize", {3, {"out_dtype", "axis"}}},
    {"device", {0, {"device_type", "index"}}},
    {"einsum", {1, {"subscripts"}}},
    {"expand_dims", {1, {"axis"}}},
    {"flip", {1, {"axis"}}},
    {"full", {2, {"dtype"}}},
    {"full_like", {2, {"dtype"}}},
    {"gather_elements", {2, {"axis"}}},
    {"gather_nd", {2, {"batch_dims"}}},
    {"grad.avg_pool2d_backward", {2, kPool}},
    {"grad.max_pool2d_backward", {2, kPool}},
    {"grad.nll_loss_backward", {-1, {"reduction", "ignore_index"}}},
    {"grad.take_backward", {3, {"axis", "mode"}}},
    {"image.affine_grid", {2, {"align_corners"}}},
    {"image.grid_sample", {2, {"method", "layout", "padding_mode", "align_corners"}}},
    {"image.resize2d", {2, kResize}},
    {"image.resize3d", {2, kResize}},
    {"layout_transform",
     {1, {"index_map", "pad_value", "axis_separators", "input_axis_separators"}}},
    {"matmul", {2, {"out_dtype"}}},
    {"max", {1, kReduction}},
    {"mean", {1, kReduction}},
    {"median", {1, kReduction}},
    {"min", {1, kReduction}},
    {"nn.adaptive_avg_pool1d", {1, kAdaptivePool}},
    {"nn.adaptive_avg_pool2d", {1, kAdaptivePool}},
    {"nn.adaptive_avg_pool3d", {1, kAdaptivePool}},
    {"nn.attention", {3, kAttention}},
    {"nn.attention_bias", {4, kAttention}},
    {"nn.attention_var_len", {-1, kAttention}},
    {"nn.avg_pool1d", {1, kPool}},
    {"nn.avg_pool2d", {1, kPool}},
    {"nn.avg_pool3d", {1, kPool}},
    {"nn.batch_norm", {5, {"axis", "epsilon", "center", "scale", "momentum", "training"}}},
    {"nn.conv1d", {2, kConv}},
    {"nn.conv1d_transpose", {2, kConvTranspose}},
    {"nn.conv2d", {2, kConv}},
    {"nn.conv2d_transpose", {2, kConvTranspose}},
    {"nn.conv3d", {2, kConv}},
    {"nn.conv3d_transpose", {2, kConvTranspose}},
    {"nn.dropout", {1, {"rate"}}},
    {"nn.group_norm", {3, {"num_groups", "channel_axis", "axes", "epsilon", "center", "scale"}}},
    {"nn.instance_norm", {3, {"channel_axis", "axes", "epsilon", "center", "scale"}}},
    {"nn.layer_norm", {3, {"axes", "epsilon", "center", "scale"}}},
    {"nn.leakyrelu", {1, {"alpha"}}},
    {"nn.log_softmax", {1, {"axis"}}},
    {"nn.max_pool1d", {1, kPool}},
    {"nn.max_pool2d", {1, kPool}},
    {"nn.max_pool3d", {1, kPool}},
    {"nn.nll_loss", {-1, {"reduction", "ignore_index"}}},
    {"nn.pad", {1, {"pad_width", "pad_value", "pad_mode"}}},
    {"nn.rms_norm", {2, {"axes", "epsilon"}}},
    {"nn.softmax", {1, {"axis"}}},
    {"nn.softplus", {1, {"beta", "threshold"}}},
    {"one_hot", {3, {"depth", "axis"}}},
    {"ones", {1, {"dtype"}}},
    {"ones_like", {1, {"dtype"}}},
    {"permute_dims", {1, {"axes"}}},
    {"prod", {1, kReduction}},
    {"quantize", {3, {"out_dtype", "axis"}}},
    {"repeat", {1, {"repeats", "axis"}}},
    {"reverse_sequence", {2, {"seq_axis", "batch_axis"}}},
    {"scatter_elements", {3, {"axis", "reduction"}}},
    {"scatter_nd", {3, {"reduction"}}},
    {"sort", {1, {"axis", "descending"}}},
    {"split", {1, {"indices_or_sections", "axis"}}},
    {"squeeze", {1, {"axis"}}},
    {"stack", {1, {"axis"}}},
    {"std", {1, kReduction}},
    {"sum", {1, kReduction}},
    {"take", {2, {"axis", "mode"}}},
    {"tile", {1, {"repeats"}}},
    {"to_vdevice", {1, {"dst_vdevice"}}},
    {"topk", {1, {"k", "axis", "ret_type", "largest", "dtype"}}},
    {"variance", {1, kReduction}},
    {"vision.roi_align",
     {2, {"pooled_size", "spatial_scale", "sample_ratio", "aligned", "layout", "mode"}}},
    {"wrap_param", {1, {"dtype"}}},
    {"zeros", {1, {"dtype"}}},
    {"zeros_like", {1, {"dtype"}}},
};

const Row* find_row(std::string_view op) {
  const auto it = kRows.find(op);
  return it == kRows.end() ? nullptr : &it->second;
}

// The attributes that the script writes as positional values behind the first argument.
const Names& value_attributes(std::string_view op) {
  static const Names kClip = {"min", "max"};
  static const Names kSlice = {"axes", "begin", "end", "strides"};
  static const Names kNone;
  return op == "clip" ? kClip : op == "strided_slice" ? kSlice : kNone;
}

std::optional<tir::AttrValue> constant_attribute(const Expr& e) {
  if (const auto* tuple = e.as<Tuple>()) {
    tir::AttrValue::List list;
    for (const Expr& value : tuple->values) {
      auto item = constant_attribute(value);
      if (!item) return std::nullopt;
      list.push_back(std::move(*item));
    }
    return tir::AttrValue{std::move(list)};
  }
  const auto* scalar = e.as<PrimValue>();
  if (!scalar) return std::nullopt;
  if (const auto n = tir::as_int(scalar->value)) return tir::AttrValue{*n};
  if (const auto* f = scalar->value.as<tir::FloatImm>()) return tir::AttrValue{f->value};
  return std::nullopt;
}

// A scalar takes the element type of the first argument where it has a fraction.
Expr value_of(const tir::AttrValue& value, const Call& call) {
  if (const auto* list = std::get_if<tir::AttrValue::List>(&value.value)) {
    Tuple tuple;
    for (const tir::AttrValue& item : *list) tuple.values.push_back(value_of(item, call));
    return tuple;
  }
  if (const auto* n = std::get_if<std::int64_t>(&value.value)) return PrimValue{tir::i64(*n)};
  if (const auto* f = std::get_if<double>(&value.value)) {
    DataType dtype = kFloat32;
    if (!call.args.empty()) {
      const Type type = type_of(call.args[0]);
      const auto* tensor = type.as<TensorType>();
      if (tensor && tensor->dtype && tensor->dtype->is_float()) dtype = *tensor->dtype;
    }
    return PrimValue{tir::float_imm(dtype, *f)};
  }
  return {};
}

bool attr_is_set(const Call& call, const std::string& name) {
  const auto it = call.attrs.find(name);
  return it != call.attrs.end() && !std::holds_alternative<std::monostate>(it->second.value);
}

bool text_is(const Call& call, const char* name, std::string_view prefix) {
  const auto it = call.attrs.find(name);
  if (it == call.attrs.end()) return true;
  const auto* text = std::get_if<std::string>(&it->second.value);
  return text && text->starts_with(prefix);
}

bool number_is(const Call& call, const char* name, double wanted) {
  const auto it = call.attrs.find(name);
  if (it == call.attrs.end()) return true;
  const auto* number = std::get_if<double>(&it->second.value);
  const auto* whole = std::get_if<std::int64_t>(&it->second.value);
  return (number && *number == wanted) || (whole && static_cast<double>(*whole) == wanted);
}

bool has_known_extents(const Call& call) {
  const Type type = call.args.empty() ? Type{} : type_of(call.args[0]);
  const auto* tensor = type ? type.as<TensorType>() : nullptr;
  return tensor && tensor->shape && static_shape(*tensor->shape);
}

bool keeps_element_type(const Call& call) {
  if (!attr_is_set(call, "out_dtype") || text_is(call, "out_dtype", "void")) return true;
  const Type type = call.args.empty() ? Type{} : type_of(call.args[0]);
  const auto* tensor = type ? type.as<TensorType>() : nullptr;
  return tensor && tensor->dtype && text_is(call, "out_dtype", to_string(*tensor->dtype));
}

// Shape arguments are written out, all others are tensors (of whatever type) or tuples of them.
bool has_usual_arguments(std::string_view op, const Call& call) {
  if (op == "call_tir") return true;
  for (std::size_t i = 0; i < call.args.size(); ++i) {
    if (is_shape_argument(op, i)) {
      if (!call.args[i].as<ShapeExpr>()) return false;
      continue;
    }
    const Type type = type_of(call.args[i]);
    if (type.as<PrimType>() || type.as<ShapeType>()) return false;
  }
  return true;
}

bool is_float(const Call& call) {
  const Type type = call.args.empty() ? Type{} : type_of(call.args[0]);
  const auto* tensor = type ? type.as<TensorType>() : nullptr;
  return !tensor || !tensor->dtype || tensor->dtype->is_float();
}

// Operators that take integers too in scripts, but not in the list.
bool wants_float(std::string_view op) {
  constexpr std::array<std::string_view, 17> kOps = {
      "floor", "ceil", "round", "trunc", "sin",   "cos",   "tan",   "asin", "acos",
      "atan",  "sinh", "cosh",  "asinh", "acosh", "atanh", "isnan", "isinf"};
  return std::find(kOps.begin(), kOps.end(), op) != kOps.end();
}

// What the operators of the list can be asked for.
bool is_supported(std::string_view op, const Call& call) {
  if (!has_usual_arguments(op, call)) return false;
  if (op == "nn.conv2d") {
    const auto kernel = call.attrs.find("kernel_layout");
    const auto* layout =
        kernel == call.attrs.end() ? nullptr : std::get_if<std::string>(&kernel->second.value);
    return text_is(call, "data_layout", "NCHW") && text_is(call, "out_layout", "NCHW") &&
           (!layout || *layout == "OIHW") && keeps_element_type(call);
  }
  if (op == "nn.max_pool2d" || op == "nn.avg_pool2d") {
    return text_is(call, "layout", "NCHW") && text_is(call, "out_layout", "NCHW");
  }
  if (op == "layout_transform") return call.attrs.count("src_layout") > 0;
  if (op == "strided_slice") return has_known_extents(call);
  // Other modes treat indices outside of the axis in other ways; without axis, x is flattened.
  if (op == "take") {
    return text_is(call, "mode", "fast") &&
           (!call.attrs.count("axis") || attr_is_set(call, "axis"));
  }
  // Without axis, the script's flatten makes one axis of all.
  if (op == "flatten") return attr_is_set(call, "axis");
  if (op == "nn.conv3d") {
    return text_is(call, "data_layout", "NCDHW") && text_is(call, "out_layout", "NCDHW") &&
           text_is(call, "kernel_layout", "OIDHW") && keeps_element_type(call);
  }
  if (op == "nn.max_pool3d" || op == "nn.avg_pool3d") {
    return text_is(call, "layout", "NCDHW") && text_is(call, "out_layout", "NCDHW");
  }
  if (wants_float(op)) return is_float(call);
  if (op == "nn.softplus") return number_is(call, "beta", 1);
  if (op == "matmul") return keeps_element_type(call);
  return true;
}

}  // namespace

std::string_view operator_name(const Call& call) {
  if (call.op) return call.op->name;
  const auto* opaque = call.callee.as<OpaqueOp>();
  return opaque ? std::string_view(opaque->name) : std::string_view();
}

const std::vector<std::string>& attribute_order(std::string_view op) {
  static const Names kNone;
  const Row* row = find_row(op);
  return row ? row->attributes : kNone;
}

int num_value_arguments(std::string_view op) {
  const Row* row = find_row(op);
  return row ? row->num_values : -1;
}

bool is_shape_argument(std::string_view op, std::size_t index) {
  static constexpr std::array<std::string_view, 2> kSecond = {"reshape", "broadcast_to"};
  static constexpr std::array<std::string_view, 6> kFirst = {
      "zeros", "ones", "full", "builtin.alloc_tensor", "shape", "iota"};
  const auto in = [&](const auto& list) {
    return std::find(list.begin(), list.end(), op) != list.end();
  };
  return (index == 0 && in(kFirst)) || (index == 1 && (in(kSecond) || op == "image.resize2d"));
}

bool names_external_function(std::string_view op) {
  return op == "call_pure_packed" || op == "call_inplace_packed" || op == "call_dps_packed" ||
         op == "call_builtin_with_ctx";
}

bool writes_out_type(std::string_view op) {
  return op == "call_tir" || op == "call_dps_packed" || op == "call_tir_inplace" ||
         op == "call_tir_with_grad";
}

bool to_listed_form(std::string_view op, Call& call) {
  const Names& names = value_attributes(op);
  if (names.empty() || call.args.size() <= 1) return is_supported(op, call);
  if (call.args.size() > names.size() + 1) return false;
  Call changed = call;
  for (std::size_t i = 1; i < call.args.size(); ++i) {
    auto value = constant_attribute(call.args[i]);
    if (!value) return false;
    changed.attrs[names[i - 1]] = std::move(*value);
  }
  changed.args.resize(1);
  if (!is_supported(op, changed)) return false;
  call = std::move(changed);
  return true;
}

ScriptForm to_script_form(const Call& call) {
  ScriptForm form{call.args, call.attrs};
  if (!call.op || call.args.size() != 1) return form;
  const Names& names = value_attributes(call.op->name);
  std::vector<Expr> values;
  for (const std::string& name : names) {
    if (!attr_is_set(call, name)) break;
    Expr value = value_of(call.attrs.at(name), call);
    if (!value) break;
    values.push_back(std::move(value));
  }
  // Only strides may be left out of strided_slice, nothing of clip.
  if (names.empty() || values.size() + (call.op->name == "clip" ? 0 : 1) < names.size())
    return form;
  for (std::size_t i = 0; i < values.size(); ++i) form.attrs.erase(names[i]);
  form.args.insert(form.args.end(), values.begin(), values.end());
  return form;
}

}  // namespace tenon::relax
