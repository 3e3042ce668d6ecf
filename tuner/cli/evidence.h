// What a finished library is worth: its outputs against those of a plain build, and its latency
// beside that of the untuned library, interleaved.
#pragma once
#include <string>
#include <vector>

namespace tenon::cli {

struct KernelTime {
  std::string name;
  double us = 0;
};

struct Evidence {
  double untuned_ms = 0, tuned_ms = 0;   // medians
  double ratio = 0;                      // median of paired untuned / tuned
  double ratio_low = 0, ratio_high = 0;  // its quartiles
  double max_error = 0, max_expected = 0;
  bool is_right = false;
  std::vector<KernelTime> kernels;  // of the tuned library, one call of the model, slowest first
};

struct EvidencePaths {
  std::string tuned, untuned, reference;  // library files
};

// Runs the three libraries on the same made-up inputs in this process.
Evidence gather_evidence(const EvidencePaths& paths, int threads);

}  // namespace tenon::cli
