#include "tests/bench/schedules/probe.h"

#include <immintrin.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace tenon::bench {
namespace {

double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// Twelve chains cover latency 4 at two a cycle.
__attribute__((target("avx2,fma"))) void fma_loop_256(long turns) {
  for (long i = 0; i < turns; ++i) {
    __asm__ volatile(
        "vfmadd231ps %%ymm14, %%ymm15, %%ymm0\n vfmadd231ps %%ymm14, %%ymm15, %%ymm1\n"
        "vfmadd231ps %%ymm14, %%ymm15, %%ymm2\n vfmadd231ps %%ymm14, %%ymm15, %%ymm3\n"
        "vfmadd231ps %%ymm14, %%ymm15, %%ymm4\n vfmadd231ps %%ymm14, %%ymm15, %%ymm5\n"
        "vfmadd231ps %%ymm14, %%ymm15, %%ymm6\n vfmadd231ps %%ymm14, %%ymm15, %%ymm7\n"
        "vfmadd231ps %%ymm14, %%ymm15, %%ymm8\n vfmadd231ps %%ymm14, %%ymm15, %%ymm9\n"
        "vfmadd231ps %%ymm14, %%ymm15, %%ymm10\n vfmadd231ps %%ymm14, %%ymm15, %%ymm11\n" ::
            : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
              "xmm10", "xmm11");
  }
}

__attribute__((target("avx512f"))) void fma_loop_512(long turns) {
  for (long i = 0; i < turns; ++i) {
    __asm__ volatile(
        "vfmadd231ps %%zmm14, %%zmm15, %%zmm0\n vfmadd231ps %%zmm14, %%zmm15, %%zmm1\n"
        "vfmadd231ps %%zmm14, %%zmm15, %%zmm2\n vfmadd231ps %%zmm14, %%zmm15, %%zmm3\n"
        "vfmadd231ps %%zmm14, %%zmm15, %%zmm4\n vfmadd231ps %%zmm14, %%zmm15, %%zmm5\n"
        "vfmadd231ps %%zmm14, %%zmm15, %%zmm6\n vfmadd231ps %%zmm14, %%zmm15, %%zmm7\n"
        "vfmadd231ps %%zmm14, %%zmm15, %%zmm8\n vfmadd231ps %%zmm14, %%zmm15, %%zmm9\n"
        "vfmadd231ps %%zmm14, %%zmm15, %%zmm10\n vfmadd231ps %%zmm14, %%zmm15, %%zmm11\n" ::
            : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
              "xmm10", "xmm11");
  }
}

__attribute__((target("avx2"))) float read_loop(const float* data, std::int64_t count) {
  __m256 a = _mm256_setzero_ps(), b = a, c = a, d = a, e = a, f = a, g = a, h = a;
  for (std::int64_t i = 0; i + 64 <= count; i += 64) {
    a = _mm256_add_ps(a, _mm256_load_ps(data + i));
    b = _mm256_add_ps(b, _mm256_load_ps(data + i + 8));
    c = _mm256_add_ps(c, _mm256_load_ps(data + i + 16));
    d = _mm256_add_ps(d, _mm256_load_ps(data + i + 24));
    e = _mm256_add_ps(e, _mm256_load_ps(data + i + 32));
    f = _mm256_add_ps(f, _mm256_load_ps(data + i + 40));
    g = _mm256_add_ps(g, _mm256_load_ps(data + i + 48));
    h = _mm256_add_ps(h, _mm256_load_ps(data + i + 56));
  }
  const __m256 sum = _mm256_add_ps(_mm256_add_ps(_mm256_add_ps(a, b), _mm256_add_ps(c, d)),
                                   _mm256_add_ps(_mm256_add_ps(e, f), _mm256_add_ps(g, h)));
  return _mm256_cvtss_f32(sum);
}

}  // namespace

Seconds best_in_turns(const std::function<void()>& call, const Probe& probe) {
  constexpr double kSample = 5e-4;
  constexpr std::chrono::milliseconds kWindow{1500};
  const auto calls_per_sample = [](const std::function<void()>& f) {
    f();
    return std::max(1, static_cast<int>(kSample / std::max(1e-7, fastest_seconds(2, f))));
  };
  const int calls = calls_per_sample(call), probes = calls_per_sample(probe.call);
  const auto sample = [](int count, const std::function<void()>& f) {
    const double start = thread_seconds();
    for (int i = 0; i < count; ++i) f();
    return (thread_seconds() - start) / count;
  };
  Seconds best{1e9, 1e9};
  const auto end = std::chrono::steady_clock::now() + kWindow;
  while (std::chrono::steady_clock::now() < end) {
    best.call = std::min(best.call, sample(calls, call));
    best.probe = std::min(best.probe, sample(probes, probe.call));
  }
  return best;
}

double fastest_seconds(int count, const std::function<void()>& call) {
  double best = 1e9;
  for (int i = 0; i < count; ++i) {
    const double start = thread_seconds();
    call();
    best = std::min(best, thread_seconds() - start);
  }
  return best;
}

Probe fma_probe() {
  constexpr long kTurns = 20000;
  if (__builtin_cpu_supports("avx512f")) {
    return {[] { fma_loop_512(kTurns); }, 12.0 * kTurns * 32};
  }
  return {[] { fma_loop_256(kTurns); }, 12.0 * kTurns * 16};
}

Probe read_probe(std::int64_t bytes) {
  const std::size_t size = static_cast<std::size_t>((bytes + 255) / 256 * 256);
  const std::shared_ptr<void> data(std::aligned_alloc(64, size), std::free);
  std::memset(data.get(), 0, size);
  return {[data, size] {
            volatile float sink = read_loop(static_cast<const float*>(data.get()),
                                            static_cast<std::int64_t>(size / 4));
            (void)sink;
          },
          static_cast<double>(size)};
}

}  // namespace tenon::bench
