// Made-up inputs of a compiled model: seeded, never constant.
#pragma once
#include <cstdint>
#include <vector>

#include "compiler/runtime/nd_array.h"
#include "compiler/runtime/tenon_model.h"

namespace tenon::cli {

// Symbolic dimensions take the smallest size that the model allows.
std::vector<NdArray> made_up_inputs(const TenonModelV1& model, std::uint64_t seed);

}  // namespace tenon::cli
