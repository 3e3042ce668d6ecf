// Weights in the layout a schedule wants: which parameters a trace repacks, by which linear map,
// and the packed bytes.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "compiler/relax/expr.h"
#include "compiler/schedule/trace.h"

namespace tenon {

// The packed element at index p is the logical element at d with d[i] = sum over j of
// map[i * packed.size() + j] * p[j], or zero when some d[i] is outside its dim.
struct ParamPacking {
  std::size_t param = 0;
  std::vector<std::int64_t> logical, packed, map;
};

struct ScheduledFunction {
  tir::PrimFunc func;
  std::vector<ParamPacking> packings;
};

// Replays the trace on the function. Throws UserError when a step is refused, when a parameter's
// layout is changed that is not listed in layout_free_buffers, or when the change is no linear map.
ScheduledFunction schedule_function(const tir::PrimFunc& workload, const Trace& trace);

relax::TensorRef pack_tensor(const relax::TensorData& logical, const ParamPacking& packing);

}  // namespace tenon
