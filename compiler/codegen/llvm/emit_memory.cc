// Loads, stores and addresses. An address is gep(gep(buffer, dynamic part), constant part), so that
// one register serves a whole tile and constants fold into displacements.
#include <llvm/IR/Intrinsics.h>

#include <algorithm>
#include <numeric>

#include "compiler/codegen/llvm/emitter.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"

namespace tenon::codegen {

using namespace tir;

namespace {

constexpr std::int64_t kMaxFactor = std::int64_t{1} << 20;

std::int64_t power_of_two_in(std::int64_t value) {
  if (value == 0) return kMaxFactor;
  return std::min(kMaxFactor, value & -value);
}

// The vector index of an access, or null when it is scalar.
const Expr* vector_index(const std::vector<Expr>& indices) {
  if (indices.empty() || !dtype_of(indices.back()).is_vector()) return nullptr;
  return &indices.back();
}

// Base of a unit-stride vector index, or null.
Expr unit_stride_base(const Expr& index) {
  const auto* n = index.as<Ramp>();
  return n && is_int(n->stride, 1) ? n->base : Expr();
}

// Whether neighbours in the last dimension are scalars beside each other in memory.
bool is_dense(const BufferNode& buffer) {
  const bool unit = buffer.strides.empty() || is_int(buffer.strides.back(), 1);
  return unit && !buffer.dtype.is_vector();
}

std::vector<Expr> with_last(std::vector<Expr> indices, Expr last) {
  indices.back() = std::move(last);
  return indices;
}

}  // namespace

SplitIndex split_index(const Expr& index) {
  if (const auto value = as_int(index)) return {{}, *value};
  const auto* n = index.as<Binary>();
  if (!n || (n->op != BinaryOp::kAdd && n->op != BinaryOp::kSub)) return {index, 0};
  SplitIndex a = split_index(n->a), b = split_index(n->b);
  if (n->op == BinaryOp::kSub) {
    if (b.dynamic) {
      Expr zero = int_imm(dtype_of(b.dynamic), 0);
      a.dynamic = (a.dynamic ? a.dynamic : zero) - b.dynamic;
    }
    return {a.dynamic, a.constant - b.constant};
  }
  Expr dynamic = !a.dynamic ? b.dynamic : !b.dynamic ? a.dynamic : a.dynamic + b.dynamic;
  return {dynamic, a.constant + b.constant};
}

Expr linear_index(const BufferNode& buffer, const std::vector<Expr>& indices) {
  if (indices.empty()) return i64(0);
  CHECK(indices.size() == buffer.shape.size())
      << "buffer " << buffer.name << " is accessed with " << indices.size() << " indices";
  Expr sum;
  for (std::size_t i = 0; i < indices.size(); ++i) {
    Expr index = cast(kInt64, indices[i]);
    if (!buffer.strides.empty()) {
      index = is_int(buffer.strides[i], 1) ? index : index * cast(kInt64, buffer.strides[i]);
      sum = sum ? sum + index : index;
    } else {
      sum = sum ? sum * cast(kInt64, buffer.shape[i]) + index : index;
    }
  }
  return sum;
}

std::int64_t FunctionEmitter::known_factor(const Expr& e) {
  if (const auto value = as_int(e)) return power_of_two_in(*value);
  if (const auto it = factors_.find(e.id()); it != factors_.end()) return it->second;
  if (const auto* n = e.as<Cast>()) return known_factor(n->value);
  const auto* n = e.as<Binary>();
  if (!n) return 1;
  if (n->op == BinaryOp::kMul) return std::min(kMaxFactor, known_factor(n->a) * known_factor(n->b));
  if (n->op == BinaryOp::kAdd || n->op == BinaryOp::kSub || n->op == BinaryOp::kMin ||
      n->op == BinaryOp::kMax) {
    return std::gcd(known_factor(n->a), known_factor(n->b));
  }
  return 1;
}

llvm::Value* FunctionEmitter::pointer_of(const Expr& e) {
  if (e.as<Var>()) return variable(e);
  const auto* n = e.as<Call>();
  CHECK(n && n->op == Intrinsic::kAddressOf) << "a pointer is a variable or an address_of";
  const auto* access = n->args[0].as<Load>();
  CHECK(access) << "address_of needs a buffer element";
  return address(access->buffer, linear_index(node(access->buffer), access->indices)).pointer;
}

FunctionEmitter::Address FunctionEmitter::address(const Buffer& buffer, const Expr& index) {
  const BufferNode& n = node(buffer);
  Expr whole = index;
  if (n.elem_offset && !is_int(n.elem_offset, 0)) whole = tir::cast(kInt64, n.elem_offset) + whole;
  const SplitIndex parts = split_index(whole);
  llvm::Type* type = memory_type(state_.context, n.dtype);
  llvm::Value* pointer = variable(n.data);
  const std::int64_t element_bytes = n.dtype.size_bytes() * n.dtype.lanes;
  std::int64_t factor = power_of_two_in(parts.constant);
  if (parts.dynamic) {
    ++index_depth_;
    llvm::Value* dynamic = emit(parts.dynamic);
    --index_depth_;
    dynamic = builder_.CreateSExtOrTrunc(dynamic, builder_.getInt64Ty());
    pointer = builder_.CreateGEP(type, pointer, dynamic);
    factor = std::gcd(factor, known_factor(parts.dynamic));
  }
  if (parts.constant != 0) {
    pointer = builder_.CreateGEP(type, pointer, builder_.getInt64(parts.constant));
  }
  const std::int64_t base = power_of_two_in(std::max(1, n.data_alignment));
  const std::int64_t bytes = std::min(base, factor * power_of_two_in(element_bytes));
  return {pointer, llvm::Align(static_cast<std::uint64_t>(std::min<std::int64_t>(64, bytes)))};
}

llvm::Value* FunctionEmitter::from_memory(DataType type, llvm::Value* value) {
  if (!type.is_bool()) return value;
  return builder_.CreateICmpNE(value, llvm::Constant::getNullValue(value->getType()));
}

llvm::Value* FunctionEmitter::to_memory(DataType type, llvm::Value* value) {
  if (!type.is_bool()) return value;
  return builder_.CreateZExt(value, memory_type(state_.context, type.with_lanes(type.lanes)));
}

llvm::Value* FunctionEmitter::load(const Load& n) {
  const BufferNode& buffer = node(n.buffer);
  const Expr* vector = vector_index(n.indices);
  if (!vector) {
    const Address at = address(n.buffer, linear_index(buffer, n.indices));
    llvm::Type* type = memory_type(state_.context, buffer.dtype);
    return from_memory(buffer.dtype, builder_.CreateAlignedLoad(type, at.pointer, at.alignment));
  }
  const int lanes = dtype_of(*vector).lanes;
  if (const auto* same = vector->as<Broadcast>(); same && !n.predicate) {
    const Expr scalar = tir::load(n.buffer, with_last(n.indices, same->value));
    return splat(emit(scalar), same->lanes);
  }
  const Expr base = unit_stride_base(*vector);
  if (!base || !is_dense(buffer)) return gather(n, lanes);
  const Address at = address(n.buffer, linear_index(buffer, with_last(n.indices, base)));
  const DataType whole = buffer.dtype.with_lanes(lanes);
  llvm::Type* type = memory_type(state_.context, whole);
  if (!n.predicate) {
    return from_memory(whole, builder_.CreateAlignedLoad(type, at.pointer, at.alignment));
  }
  llvm::Value* zero = llvm::Constant::getNullValue(type);
  return from_memory(
      whole, builder_.CreateMaskedLoad(type, at.pointer, at.alignment, emit(n.predicate), zero));
}

// Lane by lane; a lane whose predicate is false is zero and reads nothing.
llvm::Value* FunctionEmitter::gather(const Load& n, int lanes) {
  const BufferNode& buffer = node(n.buffer);
  CHECK(!buffer.dtype.is_vector())
      << "gather from " << buffer.name << ", whose elements are vectors";
  llvm::Type* element = memory_type(state_.context, buffer.dtype);
  const DataType whole = buffer.dtype.with_lanes(lanes);
  ++index_depth_;
  llvm::Value* last = emit(n.indices.back());
  --index_depth_;
  llvm::Value* offset = builder_.CreateSExtOrTrunc(
      last, llvm::FixedVectorType::get(builder_.getInt64Ty(), static_cast<unsigned>(lanes)));
  const Address row = address(n.buffer, linear_index(buffer, with_last(n.indices, i64(0))));
  if (!buffer.strides.empty() && !is_int(buffer.strides.back(), 1)) {
    llvm::Value* stride = emit(tir::cast(kInt64, buffer.strides.back()));
    offset = builder_.CreateMul(offset, builder_.CreateVectorSplat(lanes, stride));
  }
  const llvm::Align alignment(static_cast<std::uint64_t>(buffer.dtype.size_bytes()));
  if (n.predicate) {
    llvm::Value* pointers = builder_.CreateGEP(element, row.pointer, offset);
    llvm::Type* type = memory_type(state_.context, whole);
    return from_memory(whole,
                       builder_.CreateMaskedGather(type, pointers, alignment, emit(n.predicate),
                                                   llvm::Constant::getNullValue(type)));
  }
  llvm::Value* result = llvm::PoisonValue::get(memory_type(state_.context, whole));
  for (int i = 0; i < lanes; ++i) {
    llvm::Value* at = builder_.CreateExtractElement(offset, i);
    llvm::Value* pointer = builder_.CreateGEP(element, row.pointer, at);
    llvm::Value* value = builder_.CreateAlignedLoad(element, pointer, alignment);
    result = builder_.CreateInsertElement(result, value, i);
  }
  return from_memory(whole, result);
}

void FunctionEmitter::store(const Store& n) {
  const BufferNode& buffer = node(n.buffer);
  const Expr* vector = vector_index(n.indices);
  llvm::Value* value = to_memory(dtype_of(n.value), emit(n.value));
  if (!vector) {
    CHECK(dtype_of(n.value).lanes == buffer.dtype.lanes)
        << "store of " << to_string(dtype_of(n.value)) << " to an element of " << buffer.name;
    const Address at = address(n.buffer, linear_index(buffer, n.indices));
    builder_.CreateAlignedStore(value, at.pointer, at.alignment);
    return;
  }
  const int lanes = dtype_of(*vector).lanes;
  if (dtype_of(n.value).lanes == 1) value = builder_.CreateVectorSplat(lanes, value);
  const Expr base = unit_stride_base(*vector);
  if (!base || !is_dense(buffer)) return scatter(n, value, lanes);
  const Address at = address(n.buffer, linear_index(buffer, with_last(n.indices, base)));
  if (n.predicate) {
    builder_.CreateMaskedStore(value, at.pointer, at.alignment, emit(n.predicate));
  } else {
    builder_.CreateAlignedStore(value, at.pointer, at.alignment);
  }
}

void FunctionEmitter::scatter(const Store& n, llvm::Value* value, int lanes) {
  const BufferNode& buffer = node(n.buffer);
  CHECK(!buffer.dtype.is_vector())
      << "scatter to " << buffer.name << ", whose elements are vectors";
  ++index_depth_;
  llvm::Value* last = emit(n.indices.back());
  --index_depth_;
  const Address row = address(n.buffer, linear_index(buffer, with_last(n.indices, i64(0))));
  llvm::Type* element = memory_type(state_.context, buffer.dtype);
  const llvm::Align alignment(static_cast<std::uint64_t>(buffer.dtype.size_bytes()));
  llvm::Value* offset = builder_.CreateSExtOrTrunc(
      last, llvm::FixedVectorType::get(builder_.getInt64Ty(), static_cast<unsigned>(lanes)));
  if (!buffer.strides.empty() && !is_int(buffer.strides.back(), 1)) {
    llvm::Value* stride = emit(tir::cast(kInt64, buffer.strides.back()));
    offset = builder_.CreateMul(offset, builder_.CreateVectorSplat(lanes, stride));
  }
  if (n.predicate) {
    llvm::Value* pointers = builder_.CreateGEP(element, row.pointer, offset);
    builder_.CreateMaskedScatter(value, pointers, alignment, emit(n.predicate));
    return;
  }
  for (int i = 0; i < lanes; ++i) {
    llvm::Value* at = builder_.CreateExtractElement(offset, i);
    builder_.CreateAlignedStore(builder_.CreateExtractElement(value, i),
                                builder_.CreateGEP(element, row.pointer, at), alignment);
  }
}

}  // namespace tenon::codegen
