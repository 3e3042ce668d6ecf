#include "compiler/schedule/layout.h"

#include <algorithm>

#include "compiler/arith/analyzer.h"
#include "compiler/schedule/access_simplifier.h"
#include "compiler/schedule/rewrite.h"
#include "compiler/support/text.h"
#include "compiler/tir/script/regions.h"

namespace tenon {

using namespace tir;

namespace {

bool touches(const std::vector<BufferRegion>& regions, const Buffer& buffer) {
  return std::any_of(regions.begin(), regions.end(),
                     [&](const BufferRegion& r) { return r.buffer.same_as(buffer); });
}

void infer(std::vector<BufferRegion>& regions, const std::vector<BufferRegion>& found,
           const Buffer& from, const Buffer& to) {
  for (BufferRegion& region : regions) {
    if (!region.buffer.same_as(from)) continue;
    region = full_region(to);
    for (const BufferRegion& f : found) {
      if (f.buffer.same_as(to)) region = f;
    }
  }
}

// Allocation and regions follow the buffer; regions are found again from the body.
Stmt finish_block(const Stmt& before, const Stmt& changed, const Buffer& from, const Buffer& to) {
  return edit_block(changed, [&](Block& b) {
    const Block& old = before.get<Block>();
    b.reads = old.reads;
    b.writes = old.writes;
    b.alloc_buffers = old.alloc_buffers;
    for (Buffer& buffer : b.alloc_buffers) {
      if (buffer.same_as(from)) buffer = to;
    }
    if (!touches(b.reads, from) && !touches(b.writes, from)) return;
    AccessRegions found = access_regions(b);
    infer(b.reads, found.reads, from, to);
    infer(b.writes, found.writes, from, to);
  });
}

}  // namespace

Stmt relaid(const Stmt& body, const Buffer& from, const Buffer& to, const IndexMap& map) {
  AccessRewriter rewriter;
  rewriter.access = [&](Buffer& buffer, std::vector<Expr>& indices, const IndexContext& context) {
    if (!buffer.same_as(from)) return;
    Analyzer analyzer;
    for (const auto& [loop_var, range] : context.loops) analyzer.bind(loop_var, range);
    buffer = to;
    indices = context.normalized(map_indices(map, indices, analyzer));
  };
  rewriter.block = [&](const Stmt& before, const Stmt& after, const IndexContext&) {
    return finish_block(before, after, from, to);
  };
  return rewrite_accesses(body, rewriter);
}

std::string axis_name(const IndexMap& map, std::size_t axis) {
  const auto* v = map.final_exprs[axis].as<Var>();
  return v ? v->name : str_cat("axis", axis);
}

}  // namespace tenon
