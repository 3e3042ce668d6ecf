// What the register-tile sketches share.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "tuner/space/facts.h"
#include "tuner/space/sketch.h"
#include "tuner/space/trace_builder.h"

namespace tenon {

// The divisors of n from 1 to `limit`, ascending.
std::vector<std::int64_t> divisors_up_to(std::int64_t n, std::int64_t limit);

// One SampleCategorical step a knob, in order; gives the values' names.
TraceBuilder::Names sample_knobs(TraceBuilder& t, const Sketch& sketch, const Decisions& decisions);

// Puts the accumulators of `anchor` into registers; gives the block that writes them back: the
// workload's epilogue, else a copy made here.
std::string accumulate_in_registers(TraceBuilder& t, const WorkloadFacts& facts,
                                    const std::string& anchor);

}  // namespace tenon
