#include "tests/bench/schedules/probe.h"

#include <immintrin.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>

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

double best_seconds(const std::function<void()>& call) {
  call();
  double start = thread_seconds();
  call();
  const double once = std::max(1e-7, thread_seconds() - start);
  const int per_sample = std::max(1, static_cast<int>(5e-4 / once));
  double best = 1e9;
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(700);
  while (std::chrono::steady_clock::now() < end) {
    start = thread_seconds();
    for (int i = 0; i < per_sample; ++i) call();
    best = std::min(best, (thread_seconds() - start) / per_sample);
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

double fma_flops_per_second() {
  const bool wide = __builtin_cpu_supports("avx512f");
  constexpr long kTurns = 20000;
  const double seconds = best_seconds([&] { wide ? fma_loop_512(kTurns) : fma_loop_256(kTurns); });
  return 12.0 * kTurns * (wide ? 32 : 16) / seconds;
}

double read_bytes_per_second(std::int64_t bytes) {
  const std::size_t size = static_cast<std::size_t>((bytes + 255) / 256 * 256);
  void* data = std::aligned_alloc(64, size);
  std::memset(data, 0, size);
  volatile float sink = 0;
  const double seconds = best_seconds([&] {
    sink = read_loop(static_cast<const float*>(data), static_cast<std::int64_t>(size / 4));
  });
  (void)sink;
  std::free(data);
  return static_cast<double>(size) / seconds;
}

}  // namespace tenon::bench
