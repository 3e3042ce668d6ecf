// Every operator of the graph, by the file that holds it. Adding one: its file, a line here and a
// line in compiler/relax/ops.cc.
#pragma once
#include "compiler/relax/op.h"

namespace tenon::relax {

// call_tir.cc
extern const OpInfo kCallTir;
// binary.cc
extern const OpInfo kAdd;
extern const OpInfo kSubtract;
extern const OpInfo kMultiply;
extern const OpInfo kDivide;
extern const OpInfo kMaximum;
extern const OpInfo kMinimum;
extern const OpInfo kPower;
extern const OpInfo kEqual;
extern const OpInfo kLess;
extern const OpInfo kGreater;
// conv2d.cc
extern const OpInfo kConv2d;
// elementwise.cc
extern const OpInfo kRelu;
extern const OpInfo kLeakyRelu;
extern const OpInfo kElu;
extern const OpInfo kClip;
extern const OpInfo kHardSigmoid;
extern const OpInfo kHardSwish;
extern const OpInfo kSilu;
extern const OpInfo kGelu;
extern const OpInfo kSoftplus;
extern const OpInfo kSigmoid;
extern const OpInfo kTanh;
extern const OpInfo kExp;
extern const OpInfo kLog;
extern const OpInfo kSqrt;
extern const OpInfo kRsqrt;
extern const OpInfo kErf;
extern const OpInfo kFloor;
extern const OpInfo kCeil;
extern const OpInfo kNegative;
extern const OpInfo kAbs;
extern const OpInfo kSquare;
extern const OpInfo kReciprocal;
extern const OpInfo kIdentity;
extern const OpInfo kAstype;
// matmul.cc
extern const OpInfo kMatmul;
// movement.cc
extern const OpInfo kReshape;
extern const OpInfo kFlatten;
extern const OpInfo kExpandDims;
extern const OpInfo kSqueeze;
extern const OpInfo kPermuteDims;
extern const OpInfo kConcat;
extern const OpInfo kTake;
extern const OpInfo kBroadcastTo;
extern const OpInfo kStridedSlice;
extern const OpInfo kLayoutTransform;
// pool2d.cc
extern const OpInfo kMaxPool2d;
extern const OpInfo kAvgPool2d;
// reduce.cc
extern const OpInfo kSum;
extern const OpInfo kProd;
extern const OpInfo kMax;
extern const OpInfo kMin;
extern const OpInfo kMean;
extern const OpInfo kSoftmax;

// R.call_tir(function, tensors, out_ty=result [, tir_vars=symbols]).
Expr call_tir(const std::string& function, std::vector<Expr> tensors, Type result,
              std::vector<tir::Expr> symbols = {});

}  // namespace tenon::relax
