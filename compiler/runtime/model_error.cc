#include "compiler/runtime/model_error.h"

#include "compiler/runtime/dl_dtype.h"
#include "compiler/support/text.h"

namespace tenon {
namespace {

const TenonTensorV1* find_tensor(const TenonModelV1& model, int32_t tensor) {
  const int32_t output = tensor - TENON_OUTPUT_BASE;
  if (output >= 0 && output < model.num_outputs) return &model.outputs[output];
  if (tensor >= 0 && tensor < model.num_inputs) return &model.inputs[tensor];
  return nullptr;
}

std::string place(const TenonModelV1& model, int32_t tensor, int32_t axis) {
  const TenonTensorV1* descriptor = find_tensor(model, tensor);
  if (descriptor == nullptr) return "model";
  std::string text =
      str_cat(tensor >= TENON_OUTPUT_BASE ? "output '" : "input '", descriptor->name, "'");
  if (axis >= 0) text += str_cat(", dimension ", axis);
  return text;
}

std::string packed_dtype_name(int64_t packed) {
  return dtype_name({static_cast<uint8_t>(packed >> 24), static_cast<uint8_t>(packed >> 16),
                     static_cast<uint16_t>(packed)});
}

std::string shape_text(const TenonModelV1& model, const TenonErrorV1& error) {
  if (find_tensor(model, error.other_tensor) != nullptr && error.other_axis >= 0) {
    return str_cat("size ", error.found, ", but ",
                   place(model, error.other_tensor, error.other_axis), " makes it ",
                   error.expected);
  }
  return str_cat("size ", error.found, ", expected ", error.expected);
}

std::string symbol_text(const TenonModelV1& model, const TenonErrorV1& error) {
  const TenonTensorV1* descriptor = find_tensor(model, error.tensor);
  const bool has_axis = descriptor != nullptr && error.axis >= 0 && error.axis < descriptor->rank;
  const int64_t index = has_axis ? -(descriptor->dims[error.axis] + 1) : -1;
  if (index < 0 || index >= model.num_symbols) return str_cat("size ", error.found, " is refused");
  const TenonSymbolV1& symbol = model.symbols[index];
  std::string text = str_cat("size ", error.found, ", but ", symbol.name, " must be ");
  if (symbol.divisor > 1) text += str_cat("a multiple of ", symbol.divisor, " ");
  text += str_cat("at least ", symbol.min);
  return symbol.max == TENON_SYMBOL_UNBOUNDED ? text : str_cat(text, " and at most ", symbol.max);
}

std::string reason(const TenonModelV1& model, const TenonErrorV1& error) {
  switch (error.code) {
    case TENON_ERROR_RANK:
      return str_cat("rank ", error.found, ", expected ", error.expected);
    case TENON_ERROR_DTYPE:
      return str_cat("type ", packed_dtype_name(error.found), ", expected ",
                     packed_dtype_name(error.expected));
    case TENON_ERROR_SHAPE:
      return shape_text(model, error);
    case TENON_ERROR_SYMBOL:
      return symbol_text(model, error);
    case TENON_ERROR_STRIDES:
      return "strides are not compact row-major";
    case TENON_ERROR_ALIGNMENT:
      return "data is not aligned as the library asks";
    case TENON_ERROR_DEVICE:
      return "wrong device";
    case TENON_ERROR_NULL:
      return "data is null";
    case TENON_ERROR_ARENA:
      return str_cat("the arena has ", error.found, " bytes, needed are ", error.expected,
                     ", 64-byte aligned");
    case TENON_ERROR_MEMORY:
      return str_cat("no memory for ", error.expected, " bytes");
    case TENON_ERROR_VALUE:
      return "a value is out of range";
    case TENON_ERROR_ABI:
      return "the context is older than the library";
    default:
      return str_cat("error ", error.code);
  }
}

}  // namespace

std::string format_dim(const TenonModelV1& model, int64_t dim) {
  if (dim >= 0) return std::to_string(dim);
  if (dim == TENON_DIM_UNKNOWN) return "?";
  const int64_t index = -(dim + 1);
  if (index < model.num_symbols) return model.symbols[index].name;
  return model.expressions[index - model.num_symbols];
}

std::string format_descriptor(const TenonModelV1& model, const TenonTensorV1& tensor) {
  std::string text = dtype_name(tensor.dtype) + "[";
  for (int32_t axis = 0; axis < tensor.rank; ++axis) {
    if (axis > 0) text += ", ";
    text += format_dim(model, tensor.dims[axis]);
  }
  return text + "]";
}

std::string format_model_error(const TenonModelV1& model, const TenonErrorV1& error) {
  if (error.code == TENON_OK) return "no error";
  std::string text = str_cat(place(model, error.tensor, error.axis), ": ", reason(model, error));
  if (error.message != nullptr) text += str_cat(" (", error.message, ")");
  return text;
}

}  // namespace tenon
