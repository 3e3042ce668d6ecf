// The machine as the draft model sees it: rates derived from target facts. They start the model;
// measurements refit it.
#pragma once
#include "compiler/target/target.h"

namespace tenon {

struct Machine {
  double clock_hz = 3.0e9;
  double fma_per_cycle = 2;    // vector FMAs
  double loads_per_cycle = 2;  // vector or broadcast loads
  double l2_bytes_per_second = 60e9;
  double memory_bytes_per_second = 15e9;
  double call_seconds = 1e-7;
  std::int64_t l1_bytes = 32 << 10, l2_bytes = 512 << 10;
  int lanes = 8;
  int registers = 16;
};

Machine machine_of(const Target& target);

}  // namespace tenon
