#include "compiler/support/rng.h"

#include <cmath>
#include <numbers>

#include "compiler/support/error.h"
#include "compiler/support/hash.h"

namespace tenon {

PhiloxCounter philox(PhiloxCounter counter, PhiloxKey key) {
  for (int round = 0; round < 10; ++round) {
    uint64_t first = uint64_t{0xd2511f53} * counter[0];
    uint64_t second = uint64_t{0xcd9e8d57} * counter[2];
    counter = {
        static_cast<uint32_t>(second >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(second),
        static_cast<uint32_t>(first >> 32) ^ counter[3] ^ key[1], static_cast<uint32_t>(first)};
    key[0] += 0x9e3779b9;
    key[1] += 0xbb67ae85;
  }
  return counter;
}

Rng::Rng(uint64_t seed, uint64_t first, uint64_t second, uint64_t third) {
  uint64_t key =
      hash_combine(hash_combine(hash_combine(hash_combine(0, seed), first), second), third);
  key_ = {static_cast<uint32_t>(key), static_cast<uint32_t>(key >> 32)};
  stream_ = hash_combine(hash_combine(hash_combine(hash_combine(1, third), second), first), seed);
}

uint64_t Rng::next() {
  if (words_left_ == 0) {
    PhiloxCounter block =
        philox({static_cast<uint32_t>(block_index_), static_cast<uint32_t>(block_index_ >> 32),
                static_cast<uint32_t>(stream_), static_cast<uint32_t>(stream_ >> 32)},
               key_);
    ++block_index_;
    words_ = {block[0] | uint64_t{block[1]} << 32, block[2] | uint64_t{block[3]} << 32};
    words_left_ = 2;
  }
  return words_[2 - words_left_--];
}

uint64_t Rng::below(uint64_t bound) {
  CHECK(bound > 0) << "below(0) has no value to give";
  // The lowest 2^64 mod bound words would make some results likelier; they are drawn again.
  uint64_t rejected = (0 - bound) % bound;
  uint64_t word = next();
  while (word < rejected) word = next();
  return word % bound;
}

int64_t Rng::between(int64_t low, int64_t high) {
  CHECK(low <= high) << "between(" << low << ", " << high << ")";
  uint64_t span = static_cast<uint64_t>(high) - static_cast<uint64_t>(low);
  uint64_t offset = span == UINT64_MAX ? next() : below(span + 1);
  return static_cast<int64_t>(static_cast<uint64_t>(low) + offset);
}

double Rng::uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

double Rng::normal() {
  double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
  return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

size_t Rng::weighted(const std::vector<double>& weights) {
  double total = 0;
  for (double weight : weights) {
    CHECK(weight >= 0) << "weight is " << weight;
    total += weight;
  }
  CHECK(total > 0) << "all of " << weights.size() << " weights are zero";
  double left = uniform() * total;
  size_t last_possible = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] == 0) continue;
    if (left < weights[i]) return i;
    left -= weights[i];
    last_possible = i;
  }
  return last_possible;
}

}  // namespace tenon
