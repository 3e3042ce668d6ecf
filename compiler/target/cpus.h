// Processors and instruction-set features as data. A feature lists what it implies; a processor
// lists its features and the cache sizes to assume when nothing better is known.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compiler/target/target.h"

namespace tenon {

struct FeatureInfo {
  std::string_view name;
  std::string_view implies;  // names with spaces between
};

struct CpuInfo {
  std::string_view name;
  Architecture architecture;
  std::string_view features;  // names with spaces between; implied ones need no mention
  CacheSizes caches;
};

const std::vector<FeatureInfo>& known_features(Architecture architecture);
const std::vector<CpuInfo>& known_cpus();
const CpuInfo* find_cpu(std::string_view name);

// The set with everything it implies, sorted.
std::vector<std::string> close_features(Architecture architecture,
                                        const std::vector<std::string>& features);
// The set without `feature` and without everything that implies it, sorted.
std::vector<std::string> remove_feature(Architecture architecture,
                                        const std::vector<std::string>& features,
                                        const std::string& feature);

}  // namespace tenon
