#include "compiler/target/cpus.h"

#include <algorithm>
#include <set>

#include "compiler/support/text.h"

namespace tenon {
namespace {

constexpr std::int64_t kKiB = 1024;
constexpr std::int64_t kMiB = 1024 * 1024;
constexpr std::string_view kV2 = "sse4.2 popcnt";
constexpr std::string_view kV3 = "avx2 fma f16c bmi bmi2 lzcnt movbe popcnt";
constexpr std::string_view kV4 =
    "avx512bw avx512cd avx512dq avx512vl fma f16c bmi bmi2 lzcnt movbe popcnt";
constexpr std::string_view kIceLake =
    "avx512bw avx512cd avx512dq avx512vl avx512vnni avx512ifma avx512vbmi avx512vbmi2 "
    "avx512bitalg avx512vpopcntdq gfni vaes vpclmulqdq fma f16c bmi bmi2 lzcnt movbe popcnt";
constexpr std::string_view kSapphire =
    "avx512bw avx512cd avx512dq avx512vl avx512vnni avx512ifma avx512vbmi avx512vbmi2 "
    "avx512bitalg avx512vpopcntdq avx512bf16 avx512fp16 avxvnni gfni vaes vpclmulqdq fma f16c "
    "bmi bmi2 lzcnt movbe popcnt";
constexpr std::string_view kZen4 =
    "avx512bw avx512cd avx512dq avx512vl avx512vnni avx512ifma avx512vbmi avx512vbmi2 "
    "avx512bitalg avx512vpopcntdq avx512bf16 gfni vaes vpclmulqdq fma f16c bmi bmi2 lzcnt movbe "
    "popcnt";
constexpr std::string_view kZen5 =
    "avx512bw avx512cd avx512dq avx512vl avx512vnni avx512ifma avx512vbmi avx512vbmi2 "
    "avx512bitalg avx512vpopcntdq avx512bf16 avxvnni gfni vaes vpclmulqdq fma f16c bmi bmi2 lzcnt "
    "movbe popcnt";
constexpr std::string_view kZen3 = "avx2 fma f16c bmi bmi2 lzcnt movbe popcnt vaes vpclmulqdq";
constexpr std::string_view kAlderLake =
    "avx2 avxvnni gfni vaes vpclmulqdq fma f16c bmi bmi2 lzcnt movbe popcnt";

constexpr CacheSizes kUnknown{};

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> parts;
  for (const std::string& part : split(text, ' ')) {
    if (!part.empty()) parts.push_back(part);
  }
  return parts;
}

}  // namespace

const std::vector<FeatureInfo>& known_features(Architecture architecture) {
  static const std::vector<FeatureInfo> x86 = {
      {"avx", "sse4.2"},
      {"avx2", "avx"},
      {"avx512bf16", "avx512bw"},
      {"avx512bitalg", "avx512bw"},
      {"avx512bw", "avx512f"},
      {"avx512cd", "avx512f"},
      {"avx512dq", "avx512f"},
      {"avx512f", "avx2 fma f16c"},
      {"avx512fp16", "avx512bw avx512dq avx512vl"},
      {"avx512ifma", "avx512f"},
      {"avx512vbmi", "avx512bw"},
      {"avx512vbmi2", "avx512bw"},
      {"avx512vl", "avx512f"},
      {"avx512vnni", "avx512f"},
      {"avx512vpopcntdq", "avx512f"},
      {"avxvnni", "avx2"},
      {"bmi", ""},
      {"bmi2", ""},
      {"f16c", "avx"},
      {"fma", "avx"},
      {"gfni", "sse3"},
      {"lzcnt", ""},
      {"movbe", ""},
      {"popcnt", ""},
      {"sse3", ""},
      {"sse4.1", "ssse3"},
      {"sse4.2", "sse4.1"},
      {"ssse3", "sse3"},
      {"vaes", "avx"},
      {"vpclmulqdq", "avx"},
  };
  static const std::vector<FeatureInfo> arm = {
      {"bf16", "neon"},         {"dotprod", "neon"}, {"fp-armv8", ""},
      {"fullfp16", "fp-armv8"}, {"i8mm", "neon"},    {"lse", ""},
      {"neon", "fp-armv8"},     {"rdm", "neon"},     {"sve", "fullfp16"},
  };
  return architecture == Architecture::kX86_64 ? x86 : arm;
}

const std::vector<CpuInfo>& known_cpus() {
  using A = Architecture;
  static const std::vector<CpuInfo> cpus = {
      {"alderlake", A::kX86_64, kAlderLake, {48 * kKiB, 1280 * kKiB, 30 * kMiB, 64}},
      {"broadwell", A::kX86_64, kV3, {32 * kKiB, 256 * kKiB, 30 * kMiB, 64}},
      {"cascadelake",
       A::kX86_64,
       "avx512bw avx512cd avx512dq avx512vl avx512vnni fma f16c bmi bmi2 lzcnt movbe popcnt",
       {32 * kKiB, 1 * kMiB, 22 * kMiB, 64}},
      {"cortex-a72", A::kAArch64, "neon", {32 * kKiB, 1 * kMiB, 0, 64}},
      {"cortex-a76",
       A::kAArch64,
       "neon dotprod fullfp16 lse rdm",
       {64 * kKiB, 512 * kKiB, 2 * kMiB, 64}},
      {"generic", A::kAArch64, "neon", kUnknown},
      {"graniterapids", A::kX86_64, kSapphire, {48 * kKiB, 2 * kMiB, 288 * kMiB, 64}},
      {"haswell", A::kX86_64, kV3, {32 * kKiB, 256 * kKiB, 30 * kMiB, 64}},
      {"icelake-server", A::kX86_64, kIceLake, {48 * kKiB, 1280 * kKiB, 48 * kMiB, 64}},
      {"neoverse-n1",
       A::kAArch64,
       "neon dotprod fullfp16 lse rdm",
       {64 * kKiB, 1 * kMiB, 32 * kMiB, 64}},
      {"neoverse-v1",
       A::kAArch64,
       "neon dotprod fullfp16 lse rdm bf16 i8mm",
       {64 * kKiB, 1 * kMiB, 32 * kMiB, 64}},
      {"sapphirerapids", A::kX86_64, kSapphire, {48 * kKiB, 2 * kMiB, 60 * kMiB, 64}},
      {"skylake", A::kX86_64, kV3, {32 * kKiB, 256 * kKiB, 8 * kMiB, 64}},
      {"skylake-avx512", A::kX86_64, kV4, {32 * kKiB, 1 * kMiB, 22 * kMiB, 64}},
      {"x86-64", A::kX86_64, "", kUnknown},
      {"x86-64-v2", A::kX86_64, kV2, kUnknown},
      {"x86-64-v3", A::kX86_64, kV3, kUnknown},
      {"x86-64-v4", A::kX86_64, kV4, kUnknown},
      {"znver1", A::kX86_64, kV3, {32 * kKiB, 512 * kKiB, 8 * kMiB, 64}},
      {"znver2", A::kX86_64, kV3, {32 * kKiB, 512 * kKiB, 16 * kMiB, 64}},
      {"znver3", A::kX86_64, kZen3, {32 * kKiB, 512 * kKiB, 32 * kMiB, 64}},
      {"znver4", A::kX86_64, kZen4, {32 * kKiB, 1 * kMiB, 32 * kMiB, 64}},
      {"znver5", A::kX86_64, kZen5, {48 * kKiB, 1 * kMiB, 32 * kMiB, 64}},
  };
  return cpus;
}

const CpuInfo* find_cpu(std::string_view name) {
  for (const CpuInfo& cpu : known_cpus()) {
    if (cpu.name == name) return &cpu;
  }
  return nullptr;
}

std::vector<std::string> close_features(Architecture architecture,
                                        const std::vector<std::string>& features) {
  std::set<std::string> closed;
  std::vector<std::string> pending = features;
  while (!pending.empty()) {
    const std::string name = pending.back();
    pending.pop_back();
    if (!closed.insert(name).second) continue;
    for (const FeatureInfo& info : known_features(architecture)) {
      if (info.name != name) continue;
      for (std::string& implied : words(info.implies)) pending.push_back(std::move(implied));
    }
  }
  return {closed.begin(), closed.end()};
}

std::vector<std::string> remove_feature(Architecture architecture,
                                        const std::vector<std::string>& features,
                                        const std::string& feature) {
  std::vector<std::string> kept;
  for (const std::string& name : features) {
    const std::vector<std::string> closed = close_features(architecture, {name});
    if (std::find(closed.begin(), closed.end(), feature) == closed.end()) kept.push_back(name);
  }
  return kept;
}

}  // namespace tenon
