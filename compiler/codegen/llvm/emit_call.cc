// Calls of intrinsics: the elementwise functions processors have, bits, lanes, prefetch, and calls
// by name. Transcendental functions are polynomials by now (expand_math).
#include <llvm/IR/Intrinsics.h>

#include <cmath>

#include "compiler/codegen/llvm/emitter.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/visit.h"

namespace tenon::codegen {

using namespace tir;

namespace {

// A vector read under a scalar condition with a constant beside it, as a read under a mask: no
// branch, and equal reads are one. Null where masks are not cheap.
Expr masked_read(const Call& n, const Target& target) {
  const auto* read = n.args[1].as<Load>();
  const DataType type = n.dtype;
  const auto* other = n.args[2].as<Broadcast>();
  const bool fits = target.architecture == Architecture::kX86_64 && target.vector_bits() >= 256 &&
                    type.is_vector() && type.bits >= 32 &&
                    type.lanes * type.bits <= target.vector_bits();
  if (!read || read->predicate || !fits || !other || dtype_of(n.args[0]).is_vector()) return {};
  const auto* ramp = read->indices.back().as<Ramp>();
  const auto* value = other->value.as<FloatImm>();
  if (!ramp || !is_int(ramp->stride, 1) || !value) return {};
  const Expr mask = Broadcast{n.args[0], other->lanes};
  const Expr masked = Load{read->buffer, read->indices, mask};
  const bool is_zero = value->value == 0 && !std::signbit(value->value);
  return is_zero ? masked : Expr(Select{mask, masked, n.args[2]});
}

// Cheap and without effects or reads: both sides of a choice may be computed.
bool is_speculable(const Expr& e) {
  bool ok = true;
  walk(e, {.expr =
               [&](const Expr& x) {
                 const auto* n = x.as<Binary>();
                 const bool divides =
                     n && !n->dtype.is_float() &&
                     (n->op == BinaryOp::kDiv || n->op == BinaryOp::kMod ||
                      n->op == BinaryOp::kFloorDiv || n->op == BinaryOp::kFloorMod);
                 ok = ok && !x.as<Load>() && !x.as<Call>() && !x.as<Let>() && !divides;
                 return ok;
               },
           .stmt = {},
           .buffer = {}});
  return ok;
}

std::string name_argument(const Call& n) {
  const auto* name = n.args.empty() ? nullptr : n.args[0].as<StringImm>();
  CHECK(name) << "a call by name needs the name as its first argument";
  return name->value;
}

}  // namespace

llvm::Value* FunctionEmitter::call(const Call& n) {
  switch (n.op) {
    case Intrinsic::kIfThenElse:
      return if_then_else(n);
    case Intrinsic::kLikely:
      return emit(n.args[0]);
    case Intrinsic::kAddressOf: {
      const auto* access = n.args[0].as<Load>();
      CHECK(access) << "address_of needs a buffer element";
      return address(access->buffer, linear_index(node(access->buffer), access->indices)).pointer;
    }
    case Intrinsic::kReinterpret:
      return builder_.CreateBitCast(emit(n.args[0]), value_type(state_.context, n.dtype));
    case Intrinsic::kAssume:
      return nullptr;
    case Intrinsic::kUndef:
      return llvm::Constant::getNullValue(value_type(state_.context, n.dtype));
    case Intrinsic::kRet:
      builder_.CreateRet(emit(tir::cast(kInt32, n.args[0])));
      return nullptr;
    case Intrinsic::kPrefetch:
      prefetch(n);
      return nullptr;
    case Intrinsic::kBitwiseAnd:
    case Intrinsic::kBitwiseOr:
    case Intrinsic::kBitwiseXor:
    case Intrinsic::kBitwiseNot:
    case Intrinsic::kShiftLeft:
    case Intrinsic::kShiftRight:
    case Intrinsic::kPopcount:
    case Intrinsic::kClz:
      return bit_operation(n);
    case Intrinsic::kVectorLow:
    case Intrinsic::kVectorHigh:
    case Intrinsic::kVectorCombine:
      return vector_operation(n);
    case Intrinsic::kLaneReduceAdd:
    case Intrinsic::kLaneReduceMax:
    case Intrinsic::kLaneReduceMin:
      return lane_reduce(n);
    case Intrinsic::kCallExtern:
    case Intrinsic::kCallPureExtern:
      return call_by_name(n);
    case Intrinsic::kCallLlvmIntrin:
    case Intrinsic::kCallLlvmPureIntrin:
      return call_llvm(n);
    default:
      return unary_math(n);
  }
}

llvm::Value* FunctionEmitter::if_then_else(const Call& n) {
  if (const Expr masked = masked_read(n, state_.target)) return emit(masked);
  llvm::Value* condition = emit(n.args[0]);
  const bool is_lanewise = condition->getType()->isVectorTy();
  if (is_lanewise || (is_speculable(n.args[1]) && is_speculable(n.args[2]))) {
    llvm::Value* true_value = emit(n.args[1]);
    return builder_.CreateSelect(condition, true_value, emit(n.args[2]));
  }
  llvm::BasicBlock* then_block = new_block("then");
  llvm::BasicBlock* else_block = new_block("else");
  llvm::BasicBlock* join = new_block("join");
  builder_.CreateCondBr(condition, then_block, else_block);
  builder_.SetInsertPoint(then_block);
  llvm::Value* true_value = emit(n.args[1]);
  then_block = builder_.GetInsertBlock();
  builder_.CreateBr(join);
  builder_.SetInsertPoint(else_block);
  llvm::Value* false_value = emit(n.args[2]);
  else_block = builder_.GetInsertBlock();
  builder_.CreateBr(join);
  builder_.SetInsertPoint(join);
  llvm::PHINode* phi = builder_.CreatePHI(true_value->getType(), 2);
  phi->addIncoming(true_value, then_block);
  phi->addIncoming(false_value, else_block);
  return phi;
}

llvm::Value* FunctionEmitter::unary_math(const Call& n) {
  const DataType type = n.dtype;
  const DataType operand = n.args.empty() ? type : dtype_of(n.args[0]);
  std::vector<llvm::Value*> args;
  for (const Expr& e : n.args) args.push_back(arithmetic(e));
  const auto done = [&](llvm::Value* value) {
    return type.code == TypeCode::kBFloat ? narrow_bf16(value) : value;
  };
  const auto unary = [&](llvm::Intrinsic::ID id) {
    return done(builder_.CreateUnaryIntrinsic(id, args[0]));
  };
  switch (n.op) {
    case Intrinsic::kSqrt:
      return unary(llvm::Intrinsic::sqrt);
    case Intrinsic::kFloor:
      return unary(llvm::Intrinsic::floor);
    case Intrinsic::kCeil:
      return unary(llvm::Intrinsic::ceil);
    case Intrinsic::kTrunc:
      return unary(llvm::Intrinsic::trunc);
    case Intrinsic::kRound:
      return unary(llvm::Intrinsic::round);
    case Intrinsic::kNearbyint:
      return unary(llvm::Intrinsic::nearbyint);
    case Intrinsic::kFabs:
    case Intrinsic::kAbs:
      if (operand.is_float()) return unary(llvm::Intrinsic::fabs);
      if (!operand.is_int()) return args[0];
      return builder_.CreateBinaryIntrinsic(llvm::Intrinsic::abs, args[0], builder_.getFalse());
    case Intrinsic::kCopysign:
      return done(builder_.CreateBinaryIntrinsic(llvm::Intrinsic::copysign, args[0], args[1]));
    case Intrinsic::kFma:
      if (!state_.target.has_fma()) {
        return done(builder_.CreateFAdd(builder_.CreateFMul(args[0], args[1]), args[2]));
      }
      return done(builder_.CreateIntrinsic(llvm::Intrinsic::fma, {args[0]->getType()}, args));
    case Intrinsic::kIsnan:
      return builder_.CreateFCmpUNO(args[0], args[0]);
    case Intrinsic::kIsinf:
    case Intrinsic::kIsfinite: {
      llvm::Value* size = builder_.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, args[0]);
      llvm::Value* infinity = llvm::ConstantFP::getInfinity(args[0]->getType());
      return n.op == Intrinsic::kIsinf ? builder_.CreateFCmpOEQ(size, infinity)
                                       : builder_.CreateFCmpOLT(size, infinity);
    }
    default:
      break;
  }
  throw UserError(str_cat("llvm: T.", intrinsic_info(n.op).name, " on ", to_string(operand),
                          " is not generated"));
}

llvm::Value* FunctionEmitter::bit_operation(const Call& n) {
  llvm::Value* a = emit(n.args[0]);
  llvm::Value* b = n.args.size() > 1 ? emit(n.args[1]) : nullptr;
  if (b && b->getType() != a->getType()) b = builder_.CreateIntCast(b, a->getType(), true);
  switch (n.op) {
    case Intrinsic::kBitwiseAnd:
      return builder_.CreateAnd(a, b);
    case Intrinsic::kBitwiseOr:
      return builder_.CreateOr(a, b);
    case Intrinsic::kBitwiseXor:
      return builder_.CreateXor(a, b);
    case Intrinsic::kBitwiseNot:
      return builder_.CreateNot(a);
    case Intrinsic::kShiftLeft:
      return builder_.CreateShl(a, b);
    case Intrinsic::kShiftRight:
      return n.dtype.is_int() ? builder_.CreateAShr(a, b) : builder_.CreateLShr(a, b);
    default:
      break;
  }
  llvm::Value* count =
      n.op == Intrinsic::kPopcount
          ? builder_.CreateUnaryIntrinsic(llvm::Intrinsic::ctpop, a)
          : builder_.CreateBinaryIntrinsic(llvm::Intrinsic::ctlz, a, builder_.getFalse());
  return builder_.CreateIntCast(count, value_type(state_.context, n.dtype), false);
}

llvm::Value* FunctionEmitter::vector_operation(const Call& n) {
  llvm::Value* a = emit(n.args[0]);
  const int lanes = dtype_of(n.args[0]).lanes;
  std::vector<int> mask;
  if (n.op == Intrinsic::kVectorCombine) {
    for (int i = 0; i < 2 * lanes; ++i) mask.push_back(i);
    return builder_.CreateShuffleVector(a, emit(n.args[1]), mask);
  }
  const int first = n.op == Intrinsic::kVectorLow ? 0 : lanes / 2;
  for (int i = 0; i < lanes / 2; ++i) mask.push_back(first + i);
  return builder_.CreateShuffleVector(a, mask);
}

// A tree of halves: lane i meets lane i + lanes/2, then half as many, in this order always.
llvm::Value* FunctionEmitter::lane_reduce(const Call& n) {
  llvm::Value* value = emit(n.args[0]);
  const DataType type = dtype_of(n.args[0]);
  CHECK((type.lanes & (type.lanes - 1)) == 0) << "lane reduction of " << to_string(type);
  const BinaryOp op = n.op == Intrinsic::kLaneReduceAdd   ? BinaryOp::kAdd
                      : n.op == Intrinsic::kLaneReduceMax ? BinaryOp::kMax
                                                          : BinaryOp::kMin;
  for (int lanes = type.lanes / 2; lanes >= 1; lanes /= 2) {
    std::vector<int> low, high;
    for (int i = 0; i < lanes; ++i) low.push_back(i), high.push_back(lanes + i);
    llvm::Value* a = builder_.CreateShuffleVector(value, low);
    llvm::Value* b = builder_.CreateShuffleVector(value, high);
    const Expr x = make_var("low", type.with_lanes(lanes)),
               y = make_var("high", type.with_lanes(lanes));
    if (lanes == 1) {
      a = builder_.CreateExtractElement(a, std::uint64_t{0});
      b = builder_.CreateExtractElement(b, std::uint64_t{0});
    }
    bind(x, a);
    bind(y, b);
    value = emit(tir::binary(op, x, y));
  }
  return value;
}

llvm::Value* FunctionEmitter::call_by_name(const Call& n) {
  const std::string name = name_argument(n);
  if (name == kParallelFor) {
    parallel_for(n);
    return nullptr;
  }
  std::vector<llvm::Value*> args;
  for (std::size_t i = 1; i < n.args.size(); ++i) {
    const bool is_pointer = dtype_of(n.args[i]).is_handle();
    args.push_back(is_pointer ? pointer_of(n.args[i]) : emit(n.args[i]));
  }
  if (call_hook) {
    if (llvm::Value* result = call_hook(name, args)) return result;
  }
  const auto it = state_.functions.find(name);
  if (it == state_.functions.end()) {
    throw UserError(str_cat("llvm: call of \"", name, "\", which is no kernel of this library"));
  }
  CHECK(it->second->arg_size() == args.size())
      << name << " takes " << it->second->arg_size() << " arguments, the call has " << args.size();
  for (std::size_t i = 0; i < args.size(); ++i) {
    llvm::Type* type = it->second->getArg(static_cast<unsigned>(i))->getType();
    if (type->isIntegerTy()) args[i] = builder_.CreateIntCast(args[i], type, true);
  }
  return builder_.CreateCall(it->second, args);
}

// T.call_llvm_intrin(dtype, "llvm.name", args...), as tensor intrinsics of processors use it. A
// number of signature arguments after the name, which older scripts carry, is not passed on.
llvm::Value* FunctionEmitter::call_llvm(const Call& n) {
  const std::string name = name_argument(n);
  const llvm::Intrinsic::ID id = llvm::Function::lookupIntrinsicID(name);
  if (id == llvm::Intrinsic::not_intrinsic) {
    throw UserError(str_cat("llvm: unknown intrinsic \"", name, "\""));
  }
  const auto asks = [&](const char* part) { return name.find(part) != std::string::npos; };
  const Target& target = state_.target;
  const bool is_missing = (asks(".x86.") && target.architecture != Architecture::kX86_64) ||
                          (asks(".aarch64.") && target.architecture != Architecture::kAArch64) ||
                          (asks("avx512") && !target.has("avx512f")) ||
                          (asks("avx512.vpdp") && !target.has("avx512vnni")) ||
                          (asks(".avx2.") && !target.has("avx2"));
  if (is_missing) {
    throw UserError(str_cat("llvm: intrinsic \"", name, "\" needs a feature that the target (",
                            feature_key(target), ") lacks"));
  }
  std::vector<llvm::Value*> args;
  for (std::size_t i = 1; i < n.args.size(); ++i) args.push_back(emit(n.args[i]));
  std::vector<llvm::Type*> overloads;
  if (llvm::Intrinsic::isOverloaded(id)) overloads.push_back(value_type(state_.context, n.dtype));
  return builder_.CreateIntrinsic(id, overloads, args);
}

// T.prefetch(address_of(element), rw, locality, cache), LLVM's llvm.prefetch.
void FunctionEmitter::prefetch(const Call& n) {
  CHECK(!n.args.empty()) << "prefetch needs an address";
  const auto number = [&](std::size_t i, int otherwise) {
    const auto value = i < n.args.size() ? as_int(n.args[i]) : std::nullopt;
    return builder_.getInt32(static_cast<unsigned>(value.value_or(otherwise)));
  };
  llvm::Value* pointer = pointer_of(n.args[0]);
  builder_.CreateIntrinsic(llvm::Intrinsic::prefetch, {pointer->getType()},
                           {pointer, number(1, 0), number(2, 3), number(3, 1)});
}

}  // namespace tenon::codegen
