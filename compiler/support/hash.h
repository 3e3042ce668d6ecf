// Hashes. SHA-256 names things (workloads, artifacts, keys); it is stable across builds and
// machines. mix64 and hash_combine are for hash tables in memory: fast, not secret-keyed, never
// stored.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace tenon {

// FIPS 180-4 SHA-256 of a stream of bytes.
class Sha256 {
 public:
  void update(std::string_view bytes);

  // The 32 digest bytes. The object starts over afterwards.
  std::string finish();

 private:
  void compress(const uint8_t* block);

  static constexpr std::array<uint32_t, 8> kStart = {0x6a09e667, 0xbb67ae85, 0x3c6ef372,
                                                     0xa54ff53a, 0x510e527f, 0x9b05688c,
                                                     0x1f83d9ab, 0x5be0cd19};
  std::array<uint32_t, 8> state_ = kStart;
  std::array<uint8_t, 64> block_{};
  size_t block_size_ = 0;
  uint64_t total_bytes_ = 0;
};

// The 64 lower-case hexadecimal digits of the SHA-256 of `bytes`.
std::string sha256_hex(std::string_view bytes);

// A bijection of 64-bit words in which every input bit changes about half of the output bits (the
// finalizer of SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators",
// 2014, variant 13 of Stafford).
constexpr uint64_t mix64(uint64_t word) {
  word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9ULL;
  word = (word ^ (word >> 27)) * 0x94d049bb133111ebULL;
  return word ^ (word >> 31);
}

// Depends on the order: hash_combine(hash_combine(0, a), b) differs from the same with a and b
// exchanged.
constexpr uint64_t hash_combine(uint64_t seed, uint64_t value) {
  return mix64(seed + 0x9e3779b97f4a7c15ULL + mix64(value));
}

// 64-bit hash of bytes, the same on every machine.
uint64_t hash_bytes(std::string_view bytes);

}  // namespace tenon
