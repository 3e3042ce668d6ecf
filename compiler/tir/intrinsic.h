// The intrinsics a TensorIR call may name: one list, append only inside a group. The script word is
// `T.<name>`; the kind says what optimisers may assume.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace tenon::tir {

// kPure: a function of its arguments. kReads: reads memory. kOpaque: may do anything.
enum class Effect : std::uint8_t { kPure, kReads, kOpaque };

enum class Intrinsic : std::uint16_t {
  // Control of evaluation.
  kIfThenElse,
  kLikely,
  kAddressOf,
  kReinterpret,
  kAssume,
  kUndef,
  kRet,
  // Elementwise mathematics.
  kExp,
  kExp2,
  kExp10,
  kLog,
  kLog2,
  kLog10,
  kLog1p,
  kSqrt,
  kRsqrt,
  kTanh,
  kSigmoid,
  kErf,
  kPow,
  kSin,
  kCos,
  kTan,
  kAsin,
  kAcos,
  kAtan,
  kSinh,
  kCosh,
  kAsinh,
  kAcosh,
  kAtanh,
  kAtan2,
  kHypot,
  kFabs,
  kAbs,
  kFloor,
  kCeil,
  kTrunc,
  kRound,
  kNearbyint,
  kFmod,
  kLdexp,
  kCopysign,
  kNextafter,
  kFma,
  kIsnan,
  kIsinf,
  kIsfinite,
  kPopcount,
  kClz,
  kQMultiplyShift,
  // Bits.
  kBitwiseAnd,
  kBitwiseOr,
  kBitwiseXor,
  kBitwiseNot,
  kShiftLeft,
  kShiftRight,
  // Memory and vectors.
  kPrefetch,
  kVectorLow,
  kVectorHigh,
  kVectorCombine,
  kVscale,
  kGetActiveLaneMask,
  kLaneReduceAdd,
  kLaneReduceMax,
  kLaneReduceMin,
  kMaskedLoad,
  kMaskedStore,
  // Calls by name: the first argument is a StringImm.
  kCallExtern,
  kCallPureExtern,
  kCallPacked,
  kCallLlvmIntrin,
  kCallLlvmPureIntrin,
  // Functions of the module by name (first argument a StringImm); types as values; pointers.
  kCallFunction,
  kCallFfiKernel,
  kCallCpacked,
  kTypeAnnotation,
  kAccessPtr,
  kIsnullptr,
  kHandleAddByteOffset,
  // Cooperation of threads.
  kStorageSync,
  kThreadAllreduce,
  kThreadInvariant,
  kWarpActivemask,
  kWarpShuffle,
  kWarpShuffleUp,
  kWarpShuffleDown,
  // Matrix units.
  kFillFragment,
  kLoadMatrixSync,
  kMmaSync,
  kStoreMatrixSync,
  kPtxMma,
  kSimdgroupFill,
  kSimdgroupLoad,
  kSimdgroupStore,
  kSimdgroupMultiplyAccumulate,
  // Packed arguments of host calls.
  kTuple,
  kStructGet,
  kStructSet,
  kStackAlloca,
  kStackMakeShape,
  kStackMakeArray,
  kThrowLastError,
  kCount,
};

struct IntrinsicInfo {
  std::string_view name;  // the script word after "T."
  Effect effect;
  int num_args;  // -1: any
};
const IntrinsicInfo& intrinsic_info(Intrinsic op);
std::optional<Intrinsic> find_intrinsic(std::string_view name);

}  // namespace tenon::tir
