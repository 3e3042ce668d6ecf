#include "worker/run/caches.h"

#include <memory>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace tenon {
namespace {

constexpr size_t kLineBytes = 64;
constexpr size_t kSweepBytes = size_t{64} << 20;

// Reads and writes a buffer that takes the place of everything else.
class Sweep {
 public:
  Sweep() : buffer_(kSweepBytes) {}
  void run() {
    for (size_t i = 0; i < buffer_.size(); i += kLineBytes) buffer_[i] ^= 1;
  }

 private:
  std::vector<unsigned char> buffer_;
};

#if defined(__x86_64__)
void flush_lines(NdArray* array) {
  const std::byte* data = array->data();
  for (int64_t at = 0; at < array->size_bytes(); at += static_cast<int64_t>(kLineBytes)) {
    _mm_clflush(data + at);
  }
}
#endif

std::function<void()> sweeping() {
  auto sweep = std::make_shared<Sweep>();
  return [sweep] { sweep->run(); };
}

}  // namespace

std::function<void()> cache_preparation(rpc::CacheMode mode, std::vector<NdArray*> arrays) {
  if (mode == rpc::CacheMode::kHot) return nullptr;
#if defined(__x86_64__)
  if (mode == rpc::CacheMode::kCold) {
    return [arrays = std::move(arrays)] {
      for (NdArray* array : arrays) flush_lines(array);
      _mm_mfence();
    };
  }
#endif
  return sweeping();
}

}  // namespace tenon
