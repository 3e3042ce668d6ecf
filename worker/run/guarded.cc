#include "worker/run/guarded.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace tenon {
namespace {

constexpr std::byte kMark{0xa5};

// Unmapped addresses after the data: wide enough for a loop that strides over pages.
constexpr int64_t kGuardBytes = 1 << 20;

int64_t round_up(int64_t value, int64_t step) { return (value + step - 1) / step * step; }

}  // namespace

std::optional<GuardedArray> GuardedArray::make(DLDataType dtype, std::vector<int64_t> shape) {
  const int64_t page = sysconf(_SC_PAGESIZE);
  const int64_t size = count_elements(dtype, shape) * dtype_bytes(dtype);
  const int64_t room = round_up(size, TENON_ALIGNMENT);
  // At least one alignment unit of marked bytes lies before the data.
  const int64_t usable = round_up(room + TENON_ALIGNMENT, page);
  const size_t mapped = static_cast<size_t>(usable + kGuardBytes);
  void* base = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED) return std::nullopt;
  std::shared_ptr<std::byte> owner(static_cast<std::byte*>(base),
                                   [mapped](std::byte* memory) { munmap(memory, mapped); });
  std::byte* end = owner.get() + usable;
  if (mprotect(end, kGuardBytes, PROT_NONE) != 0) return std::nullopt;
  std::byte* data = end - room;
  GuardedArray guarded;
  guarded.margin_begin_ = std::max(owner.get(), data - page);
  guarded.margin_end_ = end;
  std::fill(guarded.margin_begin_, data, kMark);
  std::fill(data + size, end, kMark);
  guarded.array_ = NdArray::over({owner, data}, dtype, std::move(shape));
  return guarded;
}

bool GuardedArray::is_intact() const {
  const auto is_marked = [](std::byte value) { return value == kMark; };
  const std::byte* data = array_.data();
  return std::all_of(static_cast<const std::byte*>(margin_begin_), data, is_marked) &&
         std::all_of(data + array_.size_bytes(), static_cast<const std::byte*>(margin_end_),
                     is_marked);
}

void GuardedArray::poison() {
  std::memset(array_.data(), 0xff, static_cast<size_t>(array_.size_bytes()));
}

}  // namespace tenon
