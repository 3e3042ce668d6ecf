#include "compiler/tir/accesses.h"

#include "compiler/tir/visit.h"

namespace tenon::tir {
namespace {

bool same_point(const BufferRegion& a, const BufferRegion& b) {
  if (!a.buffer.same_as(b.buffer)) return false;
  for (std::size_t i = 0; i < a.region.size(); ++i) {
    if (!structural_equal(a.region[i].min, b.region[i].min)) return false;
  }
  return true;
}

void add_point(std::vector<BufferRegion>& reads, const Load& load) {
  BufferRegion point{load.buffer, {}};
  for (const Expr& index : load.indices) {
    point.region.push_back({index, int_imm(dtype_of(index), 1)});
  }
  for (const BufferRegion& known : reads) {
    if (same_point(known, point)) return;
  }
  reads.push_back(std::move(point));
}

}  // namespace

std::vector<BufferRegion> point_reads(const Expr& value) {
  std::vector<BufferRegion> reads;
  walk(value, {.expr =
                   [&](const Expr& e) {
                     if (const auto* load = e.as<Load>()) add_point(reads, *load);
                     return true;
                   },
               .stmt = {},
               .buffer = {}});
  return reads;
}

}  // namespace tenon::tir
