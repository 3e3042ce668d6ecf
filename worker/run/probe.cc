#include "worker/run/probe.h"

#include <algorithm>
#include <cmath>
#include <limits>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "compiler/runtime/model_session.h"

namespace tenon {
namespace {

constexpr int kComputeRounds = 100000;
constexpr int kCachePasses = 4;
constexpr int kNumSamples = 5;
constexpr size_t kBufferFloats = 64 * 1024;

// Eight independent chains hide the latency of a multiply-add on every CPU we know.
constexpr int kChains = 8;

float compute_generic(float seed) {
  float chains[kChains];
  for (int i = 0; i < kChains; ++i) chains[i] = seed + static_cast<float>(i);
  for (int round = 0; round < kComputeRounds; ++round) {
#pragma GCC unroll 8
    for (int i = 0; i < kChains; ++i) chains[i] = chains[i] * 0.999f + 0.001f;
  }
  float sum = 0;
  for (const float chain : chains) sum += chain;
  return sum;
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) float compute_avx2(float seed) {
  __m256 chains[kChains];
  for (int i = 0; i < kChains; ++i) chains[i] = _mm256_set1_ps(seed + static_cast<float>(i));
  const __m256 scale = _mm256_set1_ps(0.999f);
  const __m256 shift = _mm256_set1_ps(0.001f);
  for (int round = 0; round < kComputeRounds; ++round) {
#pragma GCC unroll 8
    for (int i = 0; i < kChains; ++i) chains[i] = _mm256_fmadd_ps(chains[i], scale, shift);
  }
  __m256 sum = _mm256_setzero_ps();
  for (const __m256 chain : chains) sum = _mm256_add_ps(sum, chain);
  return _mm256_cvtss_f32(sum);
}
#endif

float compute(float seed) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return compute_avx2(seed);
#endif
  return compute_generic(seed);
}

float read_cache(const std::vector<float>& buffer) {
  float sums[16] = {};
  for (int pass = 0; pass < kCachePasses; ++pass) {
    for (size_t i = 0; i + 16 <= buffer.size(); i += 16) {
      for (size_t lane = 0; lane < 16; ++lane) sums[lane] += buffer[i + lane];
    }
  }
  return std::max(sums[0], sums[15]);
}

}  // namespace

Probe::Probe() : buffer_(kBufferFloats, 1.0f) {}

ProbeTimes Probe::run() {
  ProbeTimes best{std::numeric_limits<int64_t>::max(), std::numeric_limits<int64_t>::max()};
  for (int sample = 0; sample < kNumSamples; ++sample) {
    const int64_t start = raw_monotonic_ns();
    // The sink feeds the next start value, so that no call can be dropped or moved.
    sink_ = compute(sink_ * 1e-30f + 1.0f);
    const int64_t middle = raw_monotonic_ns();
    buffer_[0] = sink_ * 1e-30f + 1.0f;
    sink_ += read_cache(buffer_);
    const int64_t end = raw_monotonic_ns();
    best.compute_ns = std::min(best.compute_ns, middle - start);
    best.cache_ns = std::min(best.cache_ns, end - middle);
  }
  return best;
}

double probe_ratio(const ProbeTimes& before, const ProbeTimes& after) {
  const auto ratio = [](int64_t later, int64_t earlier) {
    return static_cast<double>(later) / static_cast<double>(std::max<int64_t>(earlier, 1));
  };
  const double compute_ratio = ratio(after.compute_ns, before.compute_ns);
  const double cache_ratio = ratio(after.cache_ns, before.cache_ns);
  return std::fabs(std::log(compute_ratio)) > std::fabs(std::log(cache_ratio)) ? compute_ratio
                                                                               : cache_ratio;
}

}  // namespace tenon
