// The list of operators: what R.<name> may be.
#include <iterator>

#include "compiler/relax/op.h"
#include "compiler/relax/ops/list.h"

namespace tenon::relax {

namespace {

constexpr const OpInfo* kOps[] = {
    // call_tir.cc
    &kCallTir,
    // binary.cc
    &kAdd,
    &kSubtract,
    &kMultiply,
    &kDivide,
    &kMaximum,
    &kMinimum,
    &kPower,
    &kEqual,
    &kLess,
    &kGreater,
    // conv2d.cc
    &kConv2d,
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
    &kSoftmax,
};

}  // namespace

const std::vector<const OpInfo*>& all_ops() {
  static const std::vector<const OpInfo*> kList(std::begin(kOps), std::end(kOps));
  return kList;
}

}  // namespace tenon::relax
