// The list of operators: what R.<name> may be.
#include <iterator>

#include "compiler/relax/op.h"
#include "compiler/relax/ops/list.h"

namespace tenon::relax {

namespace {

constexpr const OpInfo* kOps[] = {
    // activations.cc
    &kSelu,
    &kCelu,
    &kSoftsign,
    &kThresholdedRelu,
    &kShrink,
    &kMish,
    &kSwish,
    &kGeluTanh,
    // arg_reduce.cc
    &kArgMax,
    &kArgMin,
    // binary.cc
    &kAdd,
    &kSubtract,
    &kMultiply,
    &kDivide,
    &kMaximum,
    &kMinimum,
    &kPower,
    &kMod,
    &kFloorMod,
    &kEqual,
    &kLess,
    &kGreater,
    // border.cc
    &kBorder,
    // call_tir.cc
    &kCallTir,
    // conv2d.cc
    &kConv2d,
    // conv_transpose.cc
    &kConvTranspose,
    // elementwise.cc
    &kRelu,
    &kLeakyRelu,
    &kElu,
    &kClip,
    &kHardSigmoid,
    &kHardSwish,
    &kSilu,
    &kGelu,
    &kSoftplus,
    &kSigmoid,
    &kTanh,
    &kExp,
    &kLog,
    &kSqrt,
    &kRsqrt,
    &kErf,
    &kFloor,
    &kCeil,
    &kNegative,
    &kAbs,
    &kSquare,
    &kReciprocal,
    &kIdentity,
    &kAstype,
    // index.cc
    &kGatherElements,
    &kGatherNd,
    &kTile,
    &kLowerTriangle,
    &kUpperTriangle,
    &kIota,
    &kCumulativeSum,
    &kCumulativeProduct,
    // interpolate.cc
    &kInterpolate,
    // logic.cc
    &kNotEqual,
    &kLessEqual,
    &kGreaterEqual,
    &kLogicalAnd,
    &kLogicalOr,
    &kLogicalXor,
    &kLogicalNot,
    &kBitwiseAnd,
    &kBitwiseOr,
    &kBitwiseXor,
    &kBitwiseNot,
    &kLeftShift,
    &kRightShift,
    &kWhere,
    // lrn.cc
    &kLrn,
    // math.cc
    &kSin,
    &kCos,
    &kTan,
    &kAsin,
    &kAcos,
    &kAtan,
    &kSinh,
    &kCosh,
    &kAsinh,
    &kAcosh,
    &kAtanh,
    &kSign,
    &kRound,
    &kTrunc,
    &kIsNan,
    &kIsInf,
    // matmul.cc
    &kMatmul,
    // movement.cc
    &kReshape,
    &kFlatten,
    &kExpandDims,
    &kSqueeze,
    &kPermuteDims,
    &kConcat,
    &kTake,
    &kBroadcastTo,
    &kStridedSlice,
    &kLayoutTransform,
    // pool2d.cc
    &kMaxPool2d,
    &kAvgPool2d,
    // reduce.cc
    &kSum,
    &kProd,
    &kMax,
    &kMin,
    &kMean,
    // softmax.cc
    &kSoftmax,
    &kLogSoftmax,
    // spatial3d.cc
    &kConv3d,
    &kMaxPool3d,
    &kAvgPool3d,
    // standardize.cc
    &kStandardize,
};

}  // namespace

const std::vector<const OpInfo*>& all_ops() {
  static const std::vector<const OpInfo*> kList(std::begin(kOps), std::end(kOps));
  return kList;
}

}  // namespace tenon::relax
