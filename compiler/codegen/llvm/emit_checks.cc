// Checks of tensors: every way in which a caller's DLTensor may not fit its descriptor.
#include <cstddef>

#include "compiler/codegen/llvm/model_emitter.h"
#include "compiler/runtime/tenon_model.h"
#include "compiler/support/error.h"
#include "compiler/tir/visit.h"

namespace tenon::codegen {

using namespace tir;

namespace {

std::uint8_t dlpack_code(DataType type) {
  if (type.is_bool()) return kDLBool;
  if (type.is_int()) return kDLInt;
  if (type.is_uint()) return kDLUInt;
  return type.code == TypeCode::kBFloat ? kDLBfloat : kDLFloat;
}

// One step of the check of one tensor.
class TensorChecker {
 public:
  TensorChecker(FunctionEmitter& emitter, llvm::Value* context, const LibrarySpec& spec,
                const TensorCheck& check, SymbolValues& symbols)
      : emitter_(emitter),
        builder_(emitter.builder()),
        context_(context),
        spec_(spec),
        check_(check),
        symbols_(symbols) {}

  TensorFields run() {
    check_rank();
    check_dtype();
    check_device();
    llvm::Value* shape =
        load_field(emitter_, builder_.getPtrTy(), check_.pointer, offsetof(DLTensor, shape));
    std::vector<llvm::Value*> sizes;
    for (std::size_t axis = 0; axis < check_.tensor.dims.size(); ++axis) {
      llvm::Value* at = builder_.CreateGEP(builder_.getInt64Ty(), shape, builder_.getInt64(axis));
      sizes.push_back(builder_.CreateLoad(builder_.getInt64Ty(), at));
      check_size(static_cast<int>(axis), sizes.back());
    }
    check_strides(sizes);
    return check_data(sizes, shape);
  }

 private:
  Failure failure(int code, llvm::Value* expected, llvm::Value* found, int axis = -1) const {
    Failure result;
    result.code = code;
    result.tensor = check_.number;
    result.axis = axis;
    result.expected = expected;
    result.found = found;
    return result;
  }
  void require(llvm::Value* ok, const Failure& why) { emit_require(emitter_, context_, ok, why); }
  llvm::Value* field(llvm::Type* type, std::size_t offset) {
    return load_field(emitter_, type, check_.pointer, offset);
  }

  void check_rank() {
    llvm::Value* found = field(builder_.getInt32Ty(), offsetof(DLTensor, ndim));
    const int rank = static_cast<int>(check_.tensor.dims.size());
    require(builder_.CreateICmpEQ(found, builder_.getInt32(static_cast<unsigned>(rank))),
            failure(TENON_ERROR_RANK, builder_.getInt64(static_cast<unsigned>(rank)),
                    builder_.CreateSExt(found, builder_.getInt64Ty())));
  }

  // Error numbers are code << 24 | bits << 16 | lanes; memory holds code, bits, lanes.
  void check_dtype() {
    const DataType type = check_.tensor.dtype;
    llvm::Value* word = field(builder_.getInt32Ty(), offsetof(DLTensor, dtype));
    const unsigned code = dlpack_code(type);
    const unsigned in_memory = code | (unsigned{type.bits} << 8) | (unsigned{type.lanes} << 16);
    const unsigned number = (code << 24) | (unsigned{type.bits} << 16) | type.lanes;
    llvm::Value* low = builder_.CreateLShr(word, 16);
    llvm::Value* bits =
        builder_.CreateShl(builder_.CreateAnd(builder_.CreateLShr(word, 8), 0xff), 16);
    llvm::Value* high = builder_.CreateShl(builder_.CreateAnd(word, 0xff), 24);
    llvm::Value* found = builder_.CreateOr(builder_.CreateOr(high, bits), low);
    require(builder_.CreateICmpEQ(word, builder_.getInt32(in_memory)),
            failure(TENON_ERROR_DTYPE, builder_.getInt64(number),
                    builder_.CreateZExt(found, builder_.getInt64Ty())));
  }

  void check_device() {
    llvm::Value* found = field(builder_.getInt32Ty(), offsetof(DLTensor, device));
    require(builder_.CreateICmpEQ(found, builder_.getInt32(kDLCPU)),
            failure(TENON_ERROR_DEVICE, builder_.getInt64(kDLCPU),
                    builder_.CreateSExt(found, builder_.getInt64Ty())));
  }

  void check_size(int axis, llvm::Value* found) {
    const Expr& dim = check_.tensor.dims[static_cast<std::size_t>(axis)];
    for (std::size_t i = 0; i < spec_.symbols.size(); ++i) {
      if (!dim.same_as(spec_.symbols[i].var)) continue;
      if (!symbols_.values[i]) return bind_symbol(i, axis, found);
      Failure why = failure(TENON_ERROR_SHAPE, symbols_.values[i], found, axis);
      why.other_tensor = symbols_.tensor[i];
      why.other_axis = symbols_.axis[i];
      return require(builder_.CreateICmpEQ(found, symbols_.values[i]), why);
    }
    if (bind_scaled(dim, axis, found)) return;
    if (!as_int(dim) && !all_bound(dim)) return;  // checked once every symbol has its value
    llvm::Value* expected = emit_int64(emitter_, dim);
    require(builder_.CreateICmpEQ(found, expected),
            failure(TENON_ERROR_SHAPE, expected, found, axis));
  }

  // symbol * constant, not bound yet: the size must be a multiple, and the quotient is the value.
  bool bind_scaled(const Expr& dim, int axis, llvm::Value* found) {
    const auto* n = dim.as<Binary>();
    if (!n || n->op != BinaryOp::kMul) return false;
    const Expr symbol = as_int(n->b) ? n->a : n->b;
    const auto factor = as_int(as_int(n->b) ? n->b : n->a);
    for (std::size_t i = 0; i < spec_.symbols.size(); ++i) {
      if (!factor || *factor <= 0 || !symbol.same_as(spec_.symbols[i].var)) continue;
      if (symbols_.values[i]) return false;
      auto* divisor = builder_.getInt64(static_cast<std::uint64_t>(*factor));
      llvm::Value* rest = builder_.CreateSRem(found, divisor);
      require(builder_.CreateICmpEQ(rest, builder_.getInt64(0)),
              failure(TENON_ERROR_SYMBOL, divisor, found, axis));
      bind_symbol(i, axis, builder_.CreateSDiv(found, divisor));
      return true;
    }
    return false;
  }

  bool all_bound(const Expr& dim) const {
    for (std::size_t i = 0; i < spec_.symbols.size(); ++i) {
      if (!symbols_.values[i] && uses_var(dim, spec_.symbols[i].var)) return false;
    }
    return true;
  }

  void bind_symbol(std::size_t index, int axis, llvm::Value* found) {
    const SymbolSpec& symbol = spec_.symbols[index];
    auto* min = builder_.getInt64(static_cast<std::uint64_t>(symbol.min));
    auto* max = builder_.getInt64(static_cast<std::uint64_t>(symbol.max));
    auto* divisor = builder_.getInt64(static_cast<std::uint64_t>(symbol.divisor));
    require(builder_.CreateICmpSGE(found, min), failure(TENON_ERROR_SYMBOL, min, found, axis));
    require(builder_.CreateICmpSLE(found, max), failure(TENON_ERROR_SYMBOL, max, found, axis));
    if (symbol.divisor > 1) {
      llvm::Value* rest = builder_.CreateSRem(found, divisor);
      require(builder_.CreateICmpEQ(rest, builder_.getInt64(0)),
              failure(TENON_ERROR_SYMBOL, divisor, found, axis));
    }
    symbols_.values[index] = found;
    symbols_.tensor[index] = check_.number;
    symbols_.axis[index] = axis;
    emitter_.bind(symbol.var,
                  builder_.CreateIntCast(
                      found, value_type(builder_.getContext(), dtype_of(symbol.var)), true));
  }

  // Null, or row-major without gaps; the stride of an axis of size 1 does not matter.
  void check_strides(const std::vector<llvm::Value*>& sizes) {
    if (sizes.empty()) return;
    llvm::Value* strides = field(builder_.getPtrTy(), offsetof(DLTensor, strides));
    llvm::BasicBlock* given = emitter_.new_block("strides");
    llvm::BasicBlock* next = emitter_.new_block("compact");
    builder_.CreateCondBr(builder_.CreateIsNull(strides), next, given);
    builder_.SetInsertPoint(given);
    llvm::Value* expected = builder_.getInt64(1);
    for (std::size_t axis = sizes.size(); axis-- > 0;) {
      llvm::Value* at = builder_.CreateGEP(builder_.getInt64Ty(), strides, builder_.getInt64(axis));
      llvm::Value* found = builder_.CreateLoad(builder_.getInt64Ty(), at);
      llvm::Value* is_one = builder_.CreateICmpSLE(sizes[axis], builder_.getInt64(1));
      llvm::Value* ok = builder_.CreateOr(is_one, builder_.CreateICmpEQ(found, expected));
      require(ok, failure(TENON_ERROR_STRIDES, expected, found, static_cast<int>(axis)));
      expected = builder_.CreateMul(expected, sizes[axis]);
    }
    builder_.CreateBr(next);
    builder_.SetInsertPoint(next);
  }

  TensorFields check_data(const std::vector<llvm::Value*>& sizes, llvm::Value* shape) {
    TensorFields fields;
    fields.shape = shape;
    fields.raw_data = field(builder_.getPtrTy(), offsetof(DLTensor, data));
    llvm::Value* offset = field(builder_.getInt64Ty(), offsetof(DLTensor, byte_offset));
    fields.data = builder_.CreateGEP(builder_.getInt8Ty(), fields.raw_data, offset);
    llvm::Value* count = builder_.getInt64(1);
    for (llvm::Value* size : sizes) count = builder_.CreateMul(count, size);
    llvm::Value* is_empty = builder_.CreateICmpEQ(count, builder_.getInt64(0));
    require(builder_.CreateOr(is_empty, builder_.CreateIsNotNull(fields.raw_data)),
            failure(TENON_ERROR_NULL, nullptr, nullptr));
    const std::uint64_t alignment = check_.tensor.alignment;
    llvm::Value* bits = builder_.CreatePtrToInt(fields.data, builder_.getInt64Ty());
    llvm::Value* rest = builder_.CreateAnd(bits, builder_.getInt64(alignment - 1));
    llvm::Value* fits = builder_.CreateICmpEQ(rest, builder_.getInt64(0));
    require(builder_.CreateOr(is_empty, fits),
            failure(TENON_ERROR_ALIGNMENT, builder_.getInt64(alignment), rest));
    return fields;
  }

  FunctionEmitter& emitter_;
  llvm::IRBuilder<>& builder_;
  llvm::Value* context_;
  const LibrarySpec& spec_;
  const TensorCheck& check_;
  SymbolValues& symbols_;
};

}  // namespace

llvm::Value* load_field(FunctionEmitter& emitter, llvm::Type* type, llvm::Value* object,
                        std::size_t offset) {
  llvm::IRBuilder<>& builder = emitter.builder();
  llvm::Value* at = builder.CreateGEP(builder.getInt8Ty(), object, builder.getInt64(offset));
  return builder.CreateLoad(type, at);
}

void emit_require(FunctionEmitter& emitter, llvm::Value* context, llvm::Value* ok,
                  const Failure& failure) {
  llvm::IRBuilder<>& builder = emitter.builder();
  llvm::BasicBlock* fail = emitter.new_block("fail");
  llvm::BasicBlock* next = emitter.new_block("next");
  builder.CreateCondBr(ok, next, fail);
  builder.SetInsertPoint(fail);
  const std::size_t error = offsetof(TenonContextV1, error);
  const auto put = [&](llvm::Value* value, std::size_t offset) {
    llvm::Value* at =
        builder.CreateGEP(builder.getInt8Ty(), context, builder.getInt64(error + offset));
    builder.CreateStore(value, at);
  };
  const auto number = [&](int value) { return builder.getInt32(static_cast<unsigned>(value)); };
  put(number(failure.code), offsetof(TenonErrorV1, code));
  put(number(failure.tensor), offsetof(TenonErrorV1, tensor));
  put(number(failure.axis), offsetof(TenonErrorV1, axis));
  put(number(failure.other_tensor), offsetof(TenonErrorV1, other_tensor));
  put(number(failure.other_axis), offsetof(TenonErrorV1, other_axis));
  llvm::Value* zero = builder.getInt64(0);
  put(failure.expected ? failure.expected : zero, offsetof(TenonErrorV1, expected));
  put(failure.found ? failure.found : zero, offsetof(TenonErrorV1, found));
  llvm::Value* message = llvm::ConstantPointerNull::get(builder.getPtrTy());
  if (!failure.message.empty()) message = builder.CreateGlobalString(failure.message);
  put(message, offsetof(TenonErrorV1, message));
  builder.CreateRet(number(failure.code));
  builder.SetInsertPoint(next);
}

TensorFields emit_tensor_check(FunctionEmitter& emitter, llvm::Value* context,
                               const LibrarySpec& spec, const TensorCheck& check,
                               SymbolValues& symbols) {
  return TensorChecker(emitter, context, spec, check, symbols).run();
}

}  // namespace tenon::codegen
