// The machine this process runs on, by CPUID and the system's cache files; no LLVM.
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <optional>

#include "compiler/support/text.h"
#include "compiler/target/cpus.h"
#include "compiler/target/target.h"

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace tenon {
namespace {

// "32K", "1024K", "32M" as the kernel writes cache sizes; 0 when the file is absent.
std::int64_t read_cache_size(const std::string& path) {
  std::ifstream file(path);
  std::string text;
  if (!(file >> text) || text.empty()) return 0;
  std::int64_t unit = 1;
  if (text.back() == 'K') unit = 1024;
  if (text.back() == 'M') unit = 1024 * 1024;
  if (unit != 1) text.pop_back();
  return parse_int(text).value_or(0) * unit;
}

CacheSizes detect_caches(CacheSizes caches) {
  for (int index = 0; index < 8; ++index) {
    const std::string folder = str_cat("/sys/devices/system/cpu/cpu0/cache/index", index, "/");
    std::ifstream level_file(folder + "level"), type_file(folder + "type");
    int level = 0;
    std::string type;
    if (!(level_file >> level) || !(type_file >> type) || type == "Instruction") continue;
    const std::int64_t size = read_cache_size(folder + "size");
    if (size <= 0) continue;
    if (level == 1) caches.l1d_bytes = size;
    if (level == 2) caches.l2_bytes = size;
    if (level == 3) caches.l3_bytes = size;
  }
  return caches;
}

int detect_cores() {
  const long count = sysconf(_SC_NPROCESSORS_ONLN);
  return count > 0 ? static_cast<int>(count) : 1;
}

#if defined(__x86_64__)

struct Registers {
  unsigned a = 0, b = 0, c = 0, d = 0;
};

Registers cpuid(unsigned leaf, unsigned subleaf) {
  Registers r;
  __get_cpuid_count(leaf, subleaf, &r.a, &r.b, &r.c, &r.d);
  return r;
}

// Which register states the system saves: bit 2 is AVX, bits 5 to 7 are AVX-512.
std::uint64_t saved_states() {
  if (!(cpuid(1, 0).c & (1u << 27))) return 0;
  unsigned low = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<std::uint64_t>(high) << 32) | low;
}

bool bit(unsigned word, int position) { return (word >> position) & 1u; }

std::vector<std::string> detect_features() {
  const Registers one = cpuid(1, 0), seven = cpuid(7, 0), seven_one = cpuid(7, 1);
  const Registers extended = cpuid(0x80000001u, 0);
  const std::uint64_t states = saved_states();
  const bool avx = (states & 0x6) == 0x6;
  const bool avx512 = avx && (states & 0xe0) == 0xe0 && bit(seven.b, 16);
  const std::vector<std::pair<const char*, bool>> table = {
      {"sse3", bit(one.c, 0)},
      {"ssse3", bit(one.c, 9)},
      {"sse4.1", bit(one.c, 19)},
      {"sse4.2", bit(one.c, 20)},
      {"popcnt", bit(one.c, 23)},
      {"movbe", bit(one.c, 22)},
      {"lzcnt", bit(extended.c, 5)},
      {"bmi", bit(seven.b, 3)},
      {"bmi2", bit(seven.b, 8)},
      {"gfni", bit(seven.c, 8)},
      {"avx", avx && bit(one.c, 28)},
      {"f16c", avx && bit(one.c, 29)},
      {"fma", avx && bit(one.c, 12)},
      {"avx2", avx && bit(seven.b, 5)},
      {"vaes", avx && bit(seven.c, 9)},
      {"vpclmulqdq", avx && bit(seven.c, 10)},
      {"avxvnni", avx && bit(seven_one.a, 4)},
      {"avx512f", avx512},
      {"avx512dq", avx512 && bit(seven.b, 17)},
      {"avx512ifma", avx512 && bit(seven.b, 21)},
      {"avx512cd", avx512 && bit(seven.b, 28)},
      {"avx512bw", avx512 && bit(seven.b, 30)},
      {"avx512vl", avx512 && bit(seven.b, 31)},
      {"avx512vbmi", avx512 && bit(seven.c, 1)},
      {"avx512vbmi2", avx512 && bit(seven.c, 6)},
      {"avx512vnni", avx512 && bit(seven.c, 11)},
      {"avx512bitalg", avx512 && bit(seven.c, 12)},
      {"avx512vpopcntdq", avx512 && bit(seven.c, 14)},
      {"avx512bf16", avx512 && bit(seven_one.a, 5)},
      {"avx512fp16", avx512 && bit(seven.d, 23)},
  };
  std::vector<std::string> features;
  for (const auto& [name, is_on] : table) {
    if (is_on) features.emplace_back(name);
  }
  return features;
}

std::string detect_amd(unsigned family, unsigned model) {
  if (family == 0x17) return model >= 0x30 ? "znver2" : "znver1";
  if (family == 0x19) {
    const bool zen4 = (model >= 0x10 && model <= 0x1f) || (model >= 0x60 && model <= 0xaf);
    return zen4 ? "znver4" : "znver3";
  }
  return family >= 0x1a ? "znver5" : "";
}

std::string detect_intel(unsigned model) {
  switch (model) {
    case 0x3c:
    case 0x3f:
    case 0x45:
    case 0x46:
      return "haswell";
    case 0x3d:
    case 0x47:
    case 0x4f:
    case 0x56:
      return "broadwell";
    case 0x4e:
    case 0x5e:
    case 0x8e:
    case 0x9e:
      return "skylake";
    case 0x55:
      return "skylake-avx512";
    case 0x6a:
    case 0x6c:
      return "icelake-server";
    case 0x8f:
    case 0xcf:
      return "sapphirerapids";
    case 0xad:
    case 0xae:
      return "graniterapids";
    case 0x97:
    case 0x9a:
    case 0xb7:
      return "alderlake";
    default:
      return "";
  }
}

// The most capable generic level that the features cover.
std::string generic_level(const std::vector<std::string>& features) {
  const auto has = [&](const char* name) {
    return std::find(features.begin(), features.end(), name) != features.end();
  };
  if (has("avx512bw") && has("avx512vl") && has("avx512dq")) return "x86-64-v4";
  if (has("avx2") && has("fma") && has("bmi2")) return "x86-64-v3";
  return has("sse4.2") ? "x86-64-v2" : "x86-64";
}

std::string detect_cpu(const std::vector<std::string>& features) {
  const Registers vendor = cpuid(0, 0), one = cpuid(1, 0);
  unsigned family = (one.a >> 8) & 0xf, model = (one.a >> 4) & 0xf;
  if (family == 0xf) family += (one.a >> 20) & 0xff;
  if (family >= 6) model |= ((one.a >> 16) & 0xf) << 4;
  std::string name;
  if (vendor.b == signature_AMD_ebx) name = detect_amd(family, model);
  if (vendor.b == signature_INTEL_ebx && family == 6) name = detect_intel(model);
  if (name == "skylake-avx512" && bit(cpuid(7, 0).c, 11)) name = "cascadelake";
  return name.empty() ? generic_level(features) : name;
}

Architecture host_architecture() { return Architecture::kX86_64; }

#elif defined(__aarch64__)

std::vector<std::string> detect_features() {
  const unsigned long caps = getauxval(AT_HWCAP), caps2 = getauxval(AT_HWCAP2);
  std::vector<std::string> features = {"neon", "fp-armv8"};
  if (caps & HWCAP_ASIMDDP) features.emplace_back("dotprod");
  if (caps & HWCAP_ASIMDHP) features.emplace_back("fullfp16");
  if (caps & HWCAP_ATOMICS) features.emplace_back("lse");
  if (caps & HWCAP_ASIMDRDM) features.emplace_back("rdm");
  if (caps2 & HWCAP2_I8MM) features.emplace_back("i8mm");
  if (caps2 & HWCAP2_BF16) features.emplace_back("bf16");
  return features;
}

std::string detect_cpu(const std::vector<std::string>&) { return "generic"; }

Architecture host_architecture() { return Architecture::kAArch64; }

#endif

}  // namespace

Target detect_target() {
  Target target;
  target.architecture = host_architecture();
  target.features = close_features(target.architecture, detect_features());
  target.mcpu = detect_cpu(target.features);
  target.caches = detect_caches(find_cpu(target.mcpu)->caches);
  target.num_cores = detect_cores();
  return target;
}

}  // namespace tenon
