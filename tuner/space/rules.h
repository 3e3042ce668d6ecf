// The sketch rules: one file each in tuner/space/rules/. Each gives null when it does not apply.
#pragma once
#include <memory>

#include "tuner/space/sketch.h"

namespace tenon {

// Direct convolution into channel-blocked images (also 1x1 and depthwise).
std::unique_ptr<Sketch> conv2d_direct(const SketchContext& context);
// Matrix products whose right side is packed or read row by row.
std::unique_ptr<Sketch> matmul_packed(const SketchContext& context);
// Sliding windows without weights, and reductions that keep the vector axis.
std::unique_ptr<Sketch> window_reduction(const SketchContext& context);
// Everything else, block by block: vectors along the last axis where accesses allow.
std::unique_ptr<Sketch> each_block(const SketchContext& context);

}  // namespace tenon
