// Expressions: constants, arithmetic, comparisons, casts and vector building.
#include <llvm/IR/Intrinsics.h>

#include "compiler/codegen/llvm/emitter.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"

namespace tenon::codegen {

using namespace tir;

namespace {

bool is_bf16(DataType type) { return type.code == TypeCode::kBFloat; }

llvm::Type* element_type(llvm::LLVMContext& context, DataType type) {
  if (type.is_bool()) return llvm::Type::getInt1Ty(context);
  if (type.is_integer()) return llvm::Type::getIntNTy(context, type.bits);
  if (type.is_handle()) return llvm::PointerType::get(context, 0);
  if (is_bf16(type)) return llvm::Type::getInt16Ty(context);
  if (type.code == TypeCode::kFloat && type.bits == 16) return llvm::Type::getHalfTy(context);
  if (type.code == TypeCode::kFloat && type.bits == 32) return llvm::Type::getFloatTy(context);
  if (type.code == TypeCode::kFloat && type.bits == 64) return llvm::Type::getDoubleTy(context);
  if (type.is_void()) return llvm::Type::getVoidTy(context);
  throw UserError(str_cat("llvm: no arithmetic on elements of type ", to_string(type)));
}

llvm::Type* with_lanes(llvm::Type* element, DataType type) {
  if (type.scalable) {
    throw UserError(str_cat("llvm: scalable vectors (", to_string(type), ") are not generated"));
  }
  return type.lanes > 1 ? llvm::FixedVectorType::get(element, type.lanes) : element;
}

int lanes_of(const Expr& lanes) {
  const auto value = as_int(lanes);
  if (!value) throw UserError("llvm: vectors with T.vscale() lanes are not generated");
  return static_cast<int>(*value);
}

bool is_float_op(DataType type) { return type.is_float(); }

// A product that an addition may contract with: c + a*b becomes one fma.
const Binary* product(const Expr& e) {
  const auto* n = e.as<Binary>();
  const bool fits = n && n->op == BinaryOp::kMul && n->dtype.code == TypeCode::kFloat;
  return fits ? n : nullptr;
}

}  // namespace

llvm::Type* value_type(llvm::LLVMContext& context, DataType type) {
  return with_lanes(element_type(context, type), type);
}

llvm::Type* memory_type(llvm::LLVMContext& context, DataType type) {
  if (type.is_bool()) return with_lanes(llvm::Type::getInt8Ty(context), type);
  return value_type(context, type);
}

llvm::Value* FunctionEmitter::emit(const Expr& e) {
  return match(
      e,
      [&](const IntImm& n) -> llvm::Value* {
        return llvm::ConstantInt::get(value_type(state_.context, n.dtype),
                                      static_cast<std::uint64_t>(n.value), n.dtype.is_int());
      },
      [&](const FloatImm& n) -> llvm::Value* { return float_constant(n.dtype, n.value); },
      [&](const StringImm& n) -> llvm::Value* {
        throw UserError(str_cat("llvm: a string ", quote(n.value), " is no value here"));
      },
      [&](const Var&) -> llvm::Value* { return variable(e); },
      [&](const Cast& n) -> llvm::Value* {
        return cast(dtype_of(n.value), n.dtype, emit(n.value));
      },
      [&](const Binary& n) -> llvm::Value* { return binary(n); },
      [&](const Not& n) -> llvm::Value* { return builder_.CreateNot(emit(n.a)); },
      [&](const Select& n) -> llvm::Value* { return select(n); },
      [&](const Load& n) -> llvm::Value* { return load(n); },
      [&](const Ramp& n) -> llvm::Value* { return ramp(n); },
      [&](const Broadcast& n) -> llvm::Value* { return splat(emit(n.value), n.lanes); },
      [&](const Shuffle& n) -> llvm::Value* { return shuffle(n); },
      [&](const Let& n) -> llvm::Value* {
        bind(n.var, emit(n.value));
        return emit(n.body);
      },
      [&](const Call& n) -> llvm::Value* { return call(n); });
}

llvm::Value* FunctionEmitter::variable(const Expr& e) {
  const auto it = values_.find(e.id());
  CHECK(it != values_.end()) << "variable " << var(e).name << " has no value in "
                             << function_->getName().str();
  return it->second;
}

llvm::Value* FunctionEmitter::float_constant(DataType type, double value) {
  if (is_bf16(type)) {
    auto* f32 = llvm::ConstantFP::get(llvm::Type::getFloatTy(state_.context), value);
    return narrow_bf16(f32);
  }
  return llvm::ConstantFP::get(value_type(state_.context, type), value);
}

llvm::Value* FunctionEmitter::splat(llvm::Value* value, const Expr& lanes) {
  const int count = lanes_of(lanes);
  return count == 1 ? value : builder_.CreateVectorSplat(count, value);
}

llvm::Value* FunctionEmitter::ramp(const Ramp& n) {
  const int lanes = lanes_of(n.lanes);
  llvm::Value* base = emit(n.base);
  llvm::Value* stride = emit(n.stride);
  std::vector<llvm::Constant*> steps;
  for (int i = 0; i < lanes; ++i) steps.push_back(llvm::ConstantInt::get(base->getType(), i));
  llvm::Value* offsets = builder_.CreateMul(builder_.CreateVectorSplat(lanes, stride),
                                            llvm::ConstantVector::get(steps));
  return builder_.CreateAdd(builder_.CreateVectorSplat(lanes, base), offsets);
}

llvm::Value* FunctionEmitter::shuffle(const Shuffle& n) {
  std::vector<llvm::Value*> elements;
  for (const Expr& v : n.vectors) {
    llvm::Value* value = emit(v);
    const int lanes = dtype_of(v).lanes;
    for (int i = 0; i < lanes; ++i) {
      elements.push_back(lanes == 1 ? value : builder_.CreateExtractElement(value, i));
    }
  }
  std::vector<llvm::Value*> chosen;
  for (const Expr& index : n.indices) {
    const auto at = as_int(index);
    CHECK(at && *at >= 0 && *at < static_cast<std::int64_t>(elements.size()))
        << "a shuffle index must be a constant lane";
    chosen.push_back(elements[static_cast<std::size_t>(*at)]);
  }
  if (chosen.size() == 1) return chosen.front();
  auto* type =
      llvm::FixedVectorType::get(chosen.front()->getType(), static_cast<unsigned>(chosen.size()));
  llvm::Value* result = llvm::PoisonValue::get(type);
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    result = builder_.CreateInsertElement(result, chosen[i], i);
  }
  return result;
}

llvm::Value* FunctionEmitter::select(const Select& n) {
  llvm::Value* condition = emit(n.condition);
  llvm::Value* true_value = emit(n.true_value);
  return builder_.CreateSelect(condition, true_value, emit(n.false_value));
}

llvm::Value* FunctionEmitter::binary(const Binary& n) {
  const DataType operand = dtype_of(n.a);
  if (n.op == BinaryOp::kAnd) {
    llvm::Value* a = emit(n.a);
    return builder_.CreateAnd(a, emit(n.b));
  }
  if (n.op == BinaryOp::kOr) {
    llvm::Value* a = emit(n.a);
    return builder_.CreateOr(a, emit(n.b));
  }
  if (n.op >= BinaryOp::kEq && n.op <= BinaryOp::kGe) return compare(n);
  if (!is_float_op(operand)) return integer_binary(n);
  llvm::Value* result = float_binary(n);
  return is_bf16(operand) ? narrow_bf16(result) : result;
}

llvm::Value* FunctionEmitter::arithmetic(const Expr& e) {
  llvm::Value* value = emit(e);
  return is_bf16(dtype_of(e)) ? widen_bf16(value) : value;
}

// The FMA rule: c + a*b with a product written here contracts, and nothing else does. The right
// operand's product is taken when both sides have one.
llvm::Value* FunctionEmitter::float_sum(const Binary& n) {
  const Binary* right = product(n.b);
  const Binary* left = right ? nullptr : product(n.a);
  const Binary* mul = right ? right : left;
  if (!mul || !state_.target.has_fma()) {
    llvm::Value* a = arithmetic(n.a);
    return builder_.CreateFAdd(a, arithmetic(n.b));
  }
  llvm::Value* addend = emit(right ? n.a : n.b);
  llvm::Value* a = emit(mul->a);
  llvm::Value* b = emit(mul->b);
  return builder_.CreateIntrinsic(llvm::Intrinsic::fma, {a->getType()}, {a, b, addend});
}

llvm::Value* FunctionEmitter::float_binary(const Binary& n) {
  if (n.op == BinaryOp::kAdd) return float_sum(n);
  llvm::Value* a = arithmetic(n.a);
  llvm::Value* b = arithmetic(n.b);
  switch (n.op) {
    case BinaryOp::kSub:
      return builder_.CreateFSub(a, b);
    case BinaryOp::kMul:
      return builder_.CreateFMul(a, b);
    case BinaryOp::kDiv:
      return builder_.CreateFDiv(a, b);
    case BinaryOp::kMin:
      return builder_.CreateSelect(builder_.CreateFCmpOLT(a, b), a, b);
    case BinaryOp::kMax:
      return builder_.CreateSelect(builder_.CreateFCmpOGT(a, b), a, b);
    case BinaryOp::kFloorDiv:
      return builder_.CreateUnaryIntrinsic(llvm::Intrinsic::floor, builder_.CreateFDiv(a, b));
    case BinaryOp::kMod:
    case BinaryOp::kFloorMod: {
      const auto round = n.op == BinaryOp::kMod ? llvm::Intrinsic::trunc : llvm::Intrinsic::floor;
      llvm::Value* quotient = builder_.CreateUnaryIntrinsic(round, builder_.CreateFDiv(a, b));
      return builder_.CreateFSub(a, builder_.CreateFMul(quotient, b));
    }
    default:
      break;
  }
  CHECK(false) << "float operation " << static_cast<int>(n.op);
  return nullptr;
}

llvm::Value* FunctionEmitter::integer_binary(const Binary& n) {
  if (n.op == BinaryOp::kFloorDiv || n.op == BinaryOp::kFloorMod) return floor_divide(n);
  llvm::Value* a = emit(n.a);
  llvm::Value* b = emit(n.b);
  const bool is_signed = n.dtype.is_int();
  const bool no_wrap = index_depth_ > 0 && is_signed;
  switch (n.op) {
    case BinaryOp::kAdd:
      return builder_.CreateAdd(a, b, "", false, no_wrap);
    case BinaryOp::kSub:
      return builder_.CreateSub(a, b, "", false, no_wrap);
    case BinaryOp::kMul:
      return builder_.CreateMul(a, b, "", false, no_wrap);
    case BinaryOp::kDiv:
      return is_signed ? builder_.CreateSDiv(a, b) : builder_.CreateUDiv(a, b);
    case BinaryOp::kMod:
      return is_signed ? builder_.CreateSRem(a, b) : builder_.CreateURem(a, b);
    case BinaryOp::kMin:
      return builder_.CreateBinaryIntrinsic(
          is_signed ? llvm::Intrinsic::smin : llvm::Intrinsic::umin, a, b);
    case BinaryOp::kMax:
      return builder_.CreateBinaryIntrinsic(
          is_signed ? llvm::Intrinsic::smax : llvm::Intrinsic::umax, a, b);
    default:
      break;
  }
  CHECK(false) << "integer operation " << static_cast<int>(n.op);
  return nullptr;
}

// Rounds to minus infinity. A constant power of two is a shift or a mask.
llvm::Value* FunctionEmitter::floor_divide(const Binary& n) {
  llvm::Value* a = emit(n.a);
  llvm::Value* b = emit(n.b);
  const bool wants_quotient = n.op == BinaryOp::kFloorDiv;
  if (!n.dtype.is_int())
    return wants_quotient ? builder_.CreateUDiv(a, b) : builder_.CreateURem(a, b);
  if (const auto divisor = as_int(n.b);
      divisor && *divisor > 0 && (*divisor & (*divisor - 1)) == 0) {
    auto* shift = llvm::ConstantInt::get(a->getType(), __builtin_ctzll(*divisor));
    auto* mask = llvm::ConstantInt::get(a->getType(), *divisor - 1);
    return wants_quotient ? builder_.CreateAShr(a, shift) : builder_.CreateAnd(a, mask);
  }
  llvm::Value* zero = llvm::Constant::getNullValue(a->getType());
  llvm::Value* remainder = builder_.CreateSRem(a, b);
  llvm::Value* differs = builder_.CreateICmpSLT(builder_.CreateXor(remainder, b), zero);
  llvm::Value* adjust = builder_.CreateAnd(builder_.CreateICmpNE(remainder, zero), differs);
  if (!wants_quotient) {
    return builder_.CreateSelect(adjust, builder_.CreateAdd(remainder, b), remainder);
  }
  llvm::Value* quotient = builder_.CreateSDiv(a, b);
  return builder_.CreateAdd(quotient, builder_.CreateSExt(adjust, quotient->getType()));
}

llvm::Value* FunctionEmitter::compare(const Binary& n) {
  const DataType type = dtype_of(n.a);
  llvm::Value* a = arithmetic(n.a);
  llvm::Value* b = arithmetic(n.b);
  using P = llvm::CmpInst::Predicate;
  struct Row {
    BinaryOp op;
    P as_float, as_signed, as_unsigned;
  };
  static constexpr Row kRows[] = {
      {BinaryOp::kEq, P::FCMP_OEQ, P::ICMP_EQ, P::ICMP_EQ},
      {BinaryOp::kNe, P::FCMP_UNE, P::ICMP_NE, P::ICMP_NE},
      {BinaryOp::kLt, P::FCMP_OLT, P::ICMP_SLT, P::ICMP_ULT},
      {BinaryOp::kLe, P::FCMP_OLE, P::ICMP_SLE, P::ICMP_ULE},
      {BinaryOp::kGt, P::FCMP_OGT, P::ICMP_SGT, P::ICMP_UGT},
      {BinaryOp::kGe, P::FCMP_OGE, P::ICMP_SGE, P::ICMP_UGE},
  };
  for (const Row& row : kRows) {
    if (row.op != n.op) continue;
    if (type.is_float()) return builder_.CreateFCmp(row.as_float, a, b);
    return builder_.CreateICmp(type.is_int() ? row.as_signed : row.as_unsigned, a, b);
  }
  CHECK(false) << "comparison " << static_cast<int>(n.op);
  return nullptr;
}

llvm::Value* FunctionEmitter::widen_bf16(llvm::Value* value) {
  llvm::Type* wide = value->getType()->getWithNewBitWidth(32);
  llvm::Value* bits = builder_.CreateShl(builder_.CreateZExt(value, wide), 16);
  llvm::Type* type = llvm::Type::getFloatTy(state_.context);
  if (auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(value->getType())) {
    type = llvm::FixedVectorType::get(type, vector->getNumElements());
  }
  return builder_.CreateBitCast(bits, type);
}

// Rounds to nearest even; a NaN stays a quiet NaN.
llvm::Value* FunctionEmitter::narrow_bf16(llvm::Value* value) {
  llvm::Type* word = llvm::Type::getInt32Ty(state_.context);
  if (auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(value->getType())) {
    word = llvm::FixedVectorType::get(word, vector->getNumElements());
  }
  const auto number = [&](std::uint64_t x) { return llvm::ConstantInt::get(word, x); };
  llvm::Value* bits = builder_.CreateBitCast(value, word);
  llvm::Value* upper = builder_.CreateLShr(bits, 16);
  llvm::Value* odd = builder_.CreateAnd(upper, number(1));
  llvm::Value* sum = builder_.CreateAdd(bits, builder_.CreateAdd(odd, number(0x7fff)));
  llvm::Value* rounded = builder_.CreateLShr(sum, 16);
  llvm::Value* quiet = builder_.CreateOr(upper, number(0x40));
  llvm::Value* is_nan = builder_.CreateFCmpUNO(value, value);
  llvm::Value* result = builder_.CreateSelect(is_nan, quiet, rounded);
  return builder_.CreateTrunc(result, word->getWithNewBitWidth(16));
}

// float64 to float32, inexact results to the neighbour whose last bit is 1: rounding once more, to
// half precision, then gives what one rounding would. Processors have no direct conversion.
llvm::Value* FunctionEmitter::narrow_to_odd(llvm::Value* value) {
  llvm::Type* single = value->getType()->getWithNewType(llvm::Type::getFloatTy(state_.context));
  llvm::Type* word = single->getWithNewType(llvm::Type::getInt32Ty(state_.context));
  llvm::Value* rounded = builder_.CreateFPTrunc(value, single);
  llvm::Value* back = builder_.CreateFPExt(rounded, value->getType());
  llvm::Value* bits = builder_.CreateBitCast(rounded, word);
  auto* one = llvm::ConstantInt::get(word, 1);
  auto* minus_one = llvm::ConstantInt::getSigned(word, -1);
  llvm::Value* is_even =
      builder_.CreateICmpEQ(builder_.CreateAnd(bits, one), llvm::Constant::getNullValue(word));
  llvm::Value* adjusts = builder_.CreateAnd(builder_.CreateFCmpONE(back, value), is_even);
  llvm::Value* is_beyond =
      builder_.CreateFCmpOGT(builder_.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, back),
                             builder_.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, value));
  llvm::Value* moved = builder_.CreateAdd(bits, builder_.CreateSelect(is_beyond, minus_one, one));
  return builder_.CreateBitCast(builder_.CreateSelect(adjusts, moved, bits), single);
}

llvm::Value* FunctionEmitter::cast(DataType from, DataType to, llvm::Value* value) {
  if (is_bf16(from)) {
    if (is_bf16(to)) return value;
    return cast(kFloat32.with_lanes(from.lanes), to, widen_bf16(value));
  }
  if (is_bf16(to)) return narrow_bf16(cast(from, kFloat32.with_lanes(to.lanes), value));
  llvm::Type* type = value_type(state_.context, to);
  if (to.is_bool()) {
    llvm::Value* zero = llvm::Constant::getNullValue(value->getType());
    if (from.is_bool()) return value;
    return from.is_float() ? builder_.CreateFCmpUNE(value, zero)
                           : builder_.CreateICmpNE(value, zero);
  }
  if (from.is_float() && from.bits == 64 && to.is_float() && to.bits == 16) {
    return cast(kFloat32.with_lanes(from.lanes), to, narrow_to_odd(value));
  }
  if (from.is_float() && to.is_float()) return builder_.CreateFPCast(value, type);
  if (from.is_float()) {
    return to.is_int() ? builder_.CreateFPToSI(value, type) : builder_.CreateFPToUI(value, type);
  }
  if (to.is_float()) {
    return from.is_int() ? builder_.CreateSIToFP(value, type) : builder_.CreateUIToFP(value, type);
  }
  if (from.is_handle() || to.is_handle()) return value;
  return builder_.CreateIntCast(value, type, from.is_int());
}

}  // namespace tenon::codegen
