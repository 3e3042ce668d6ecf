// What a target is: architecture, processor, instruction-set features, and the facts that
// schedules and code generation derive from them (vector width, registers, caches, cores).
//
// A target is a plain value. It is parsed from the text a user writes, from TVM's JSON form, or
// detected; to_string() is canonical, so equal targets have equal text on every machine.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tenon {

enum class Architecture : std::uint8_t { kX86_64, kAArch64 };

// Sizes in bytes; 0 means unknown. L1 and L2 are per core, L3 is what one core may use of it.
struct CacheSizes {
  std::int64_t l1d_bytes = 0;
  std::int64_t l2_bytes = 0;
  std::int64_t l3_bytes = 0;
  std::int64_t line_bytes = 64;
  friend bool operator==(const CacheSizes&, const CacheSizes&) = default;
};

struct Target {
  std::string kind = "llvm";
  Architecture architecture = Architecture::kX86_64;
  std::string mcpu = "x86-64";
  std::vector<std::string> features;  // names that are on, sorted, closed under implication
  CacheSizes caches;
  int num_cores = 1;
  friend bool operator==(const Target&, const Target&) = default;

  bool has(std::string_view feature) const;
  // "x86_64-unknown-linux-gnu" or "aarch64-unknown-linux-gnu".
  std::string triple() const;
  // Every feature Tenon knows of this architecture, as "+on,-off": nothing is left to what a
  // processor's name implies.
  std::string feature_string() const;
  // Bits of the widest vector register code may use: 512, 256 or 128.
  int vector_bits() const;
  // Lanes of a vector of elements of this size: 8 for float32 on AVX2.
  int vector_lanes(int element_bits) const;
  int num_vector_registers() const;
  // Whether vector loads and stores take a mask register (AVX-512), so that masked code is cheap.
  bool has_mask_registers() const;
  bool has_fma() const;
};

// What the user asked for: "native", "llvm -mcpu=znver3 -mattr=+avx2,-fma -num-cores=4", or the
// JSON object {"kind": "llvm", "mcpu": ..., "mattr": [...], "num-cores": ...}. Cache sizes are
// overridden by -l1d=, -l2= and -l3= (bytes). Throws UserError that names the nearest known word.
Target parse_target(std::string_view text);

// Canonical; parse_target(to_string(t)) == t.
std::string to_string(const Target& target);

// What decides which code is legal and the same: triple, processor and features, no caches or
// cores. Equal keys give equal bytes from code generation.
std::string feature_key(const Target& target);

// The machine this runs on. Features are those the processor and the system really offer.
Target detect_target();

}  // namespace tenon
