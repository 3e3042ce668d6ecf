// Every operator of the graph, by the file that holds it. Adding one: its file, a line here and a
// line in compiler/relax/ops.cc.
#pragma once
#include "compiler/relax/op.h"

namespace tenon::relax {

// activations.cc
extern const OpInfo kSelu;
extern const OpInfo kCelu;
extern const OpInfo kSoftsign;
extern const OpInfo kThresholdedRelu;
extern const OpInfo kShrink;
extern const OpInfo kMish;
extern const OpInfo kSwish;
extern const OpInfo kGeluTanh;
// arg_reduce.cc
extern const OpInfo kArgMax;
extern const OpInfo kArgMin;
// binary.cc
extern const OpInfo kAdd;
extern const OpInfo kSubtract;
extern const OpInfo kMultiply;
extern const OpInfo kDivide;
extern const OpInfo kMaximum;
extern const OpInfo kMinimum;
extern const OpInfo kPower;
extern const OpInfo kMod;
extern const OpInfo kFloorMod;
extern const OpInfo kEqual;
extern const OpInfo kLess;
extern const OpInfo kGreater;
// border.cc
extern const OpInfo kBorder;
// call_tir.cc
extern const OpInfo kCallTir;
// conv2d.cc
extern const OpInfo kConv2d;
// conv_transpose.cc
extern const OpInfo kConvTranspose;
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
// index.cc
extern const OpInfo kGatherElements;
extern const OpInfo kGatherNd;
extern const OpInfo kTile;
extern const OpInfo kLowerTriangle;
extern const OpInfo kUpperTriangle;
extern const OpInfo kIota;
extern const OpInfo kCumulativeSum;
extern const OpInfo kCumulativeProduct;
// interpolate.cc
extern const OpInfo kInterpolate;
// logic.cc
extern const OpInfo kNotEqual;
extern const OpInfo kLessEqual;
extern const OpInfo kGreaterEqual;
extern const OpInfo kLogicalAnd;
extern const OpInfo kLogicalOr;
extern const OpInfo kLogicalXor;
extern const OpInfo kLogicalNot;
extern const OpInfo kBitwiseAnd;
extern const OpInfo kBitwiseOr;
extern const OpInfo kBitwiseXor;
extern const OpInfo kBitwiseNot;
extern const OpInfo kLeftShift;
extern const OpInfo kRightShift;
extern const OpInfo kWhere;
// lrn.cc
extern const OpInfo kLrn;
// math.cc
extern const OpInfo kSin;
extern const OpInfo kCos;
extern const OpInfo kTan;
extern const OpInfo kAsin;
extern const OpInfo kAcos;
extern const OpInfo kAtan;
extern const OpInfo kSinh;
extern const OpInfo kCosh;
extern const OpInfo kAsinh;
extern const OpInfo kAcosh;
extern const OpInfo kAtanh;
extern const OpInfo kSign;
extern const OpInfo kRound;
extern const OpInfo kTrunc;
extern const OpInfo kIsNan;
extern const OpInfo kIsInf;
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
// softmax.cc
extern const OpInfo kSoftmax;
extern const OpInfo kLogSoftmax;
// spatial3d.cc
extern const OpInfo kConv3d;
extern const OpInfo kMaxPool3d;
extern const OpInfo kAvgPool3d;
// standardize.cc
extern const OpInfo kStandardize;

// R.call_tir(function, tensors, out_ty=result [, tir_vars=symbols]).
Expr call_tir(const std::string& function, std::vector<Expr> tensors, Type result,
              std::vector<tir::Expr> symbols = {});

}  // namespace tenon::relax
