// Facts derived from a target's features.
#include <algorithm>

#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/target/cpus.h"
#include "compiler/target/target.h"

namespace tenon {

bool Target::has(std::string_view feature) const {
  return std::find(features.begin(), features.end(), feature) != features.end();
}

std::string Target::triple() const {
  return architecture == Architecture::kX86_64 ? "x86_64-unknown-linux-gnu"
                                               : "aarch64-unknown-linux-gnu";
}

std::string Target::feature_string() const {
  std::vector<std::string> parts;
  for (const FeatureInfo& info : known_features(architecture)) {
    parts.push_back((has(info.name) ? "+" : "-") + std::string(info.name));
  }
  return join(parts, ",");
}

int Target::vector_bits() const {
  if (architecture == Architecture::kAArch64) return 128;
  // 512-bit code needs byte and quad-word forms too, as every AVX-512 server part has.
  if (has("avx512f") && has("avx512bw") && has("avx512dq") && has("avx512vl")) return 512;
  return has("avx2") ? 256 : 128;
}

int Target::vector_lanes(int element_bits) const {
  CHECK(element_bits > 0) << "an element has " << element_bits << " bits";
  return std::max(1, vector_bits() / element_bits);
}

int Target::num_vector_registers() const {
  if (architecture == Architecture::kAArch64) return 32;
  return vector_bits() == 512 ? 32 : 16;
}

bool Target::has_mask_registers() const { return vector_bits() == 512; }

bool Target::has_fma() const { return architecture == Architecture::kAArch64 || has("fma"); }

}  // namespace tenon
