#include "compiler/schedule/layout.h"

#include <algorithm>

#include "compiler/arith/analyzer.h"
#include "compiler/schedule/rewrite.h"
#include "compiler/tir/script/regions.h"

namespace tenon {

using namespace tir;

namespace {

// Walks down with the domains of loops known, and maps the indices of one buffer.
class Relayer {
 public:
  Relayer(Buffer from, Buffer to, const IndexMap& map)
      : from_(std::move(from)), to_(std::move(to)), map_(map) {}

  Stmt run(const Stmt& stmt) {
    if (!stmt) return stmt;
    if (const auto* loop = stmt.as<For>()) {
      analyzer_.bind(loop->var, Range{loop->min, loop->extent});
    }
    if (const auto* block = stmt.as<Block>()) {
      for (const IterVar& iter : block->iter_vars) inside_.bind(iter.var, iter.domain);
    }
    Stmt changed = map_stmt_children(stmt, children());
    if (const auto* write = changed.as<Store>(); write && write->buffer.same_as(from_)) {
      return store(to_, mapped(write->indices), write->value, write->predicate);
    }
    if (is_block(changed)) return finish_block(stmt, changed);
    return changed;
  }

 private:
  Rewriter children() {
    Rewriter rewriter;
    rewriter.stmt = [this](const Stmt& s) { return run(s); };
    rewriter.expr = [this](const Expr& e) { return rewrite(e, loads()); };
    return rewriter;
  }

  Rewriter loads() {
    Rewriter rewriter;
    rewriter.expr = [this](const Expr& e) -> Expr {
      const auto* l = e.as<Load>();
      if (!l || !l->buffer.same_as(from_)) return e;
      return load(to_, mapped(l->indices), l->predicate);
    };
    return rewriter;
  }

  // Domains of iter vars are used where they take a quotient or remainder away altogether, not to
  // rearrange one.
  std::vector<Expr> mapped(const std::vector<Expr>& indices) {
    std::vector<Expr> result = map_indices(map_, indices, analyzer_);
    std::vector<Expr> bounded = map_indices(map_, indices, inside_);
    for (std::size_t i = 0; i < result.size(); ++i) {
      if (divides(result[i]) && !divides(bounded[i])) result[i] = bounded[i];
    }
    return result;
  }

  static bool divides(const Expr& index) {
    bool found = false;
    Visitor visitor;
    visitor.expr = [&](const Expr& e) {
      const auto* b = e.as<Binary>();
      found |= b && (b->op == BinaryOp::kFloorDiv || b->op == BinaryOp::kFloorMod);
      return !found;
    };
    walk(index, visitor);
    return found;
  }

  // Allocation and regions follow the buffer; regions are found again from the body.
  Stmt finish_block(const Stmt& before, const Stmt& changed) {
    return edit_block(changed, [&](Block& b) {
      const Block& old = before.get<Block>();
      b.reads = old.reads;
      b.writes = old.writes;
      b.alloc_buffers = old.alloc_buffers;
      for (Buffer& buffer : b.alloc_buffers) {
        if (buffer.same_as(from_)) buffer = to_;
      }
      if (!touches(b.reads) && !touches(b.writes)) return;
      AccessRegions found = access_regions(b);
      infer(b.reads, found.reads);
      infer(b.writes, found.writes);
    });
  }

  bool touches(const std::vector<BufferRegion>& regions) const {
    return std::any_of(regions.begin(), regions.end(),
                       [&](const BufferRegion& r) { return r.buffer.same_as(from_); });
  }

  void infer(std::vector<BufferRegion>& regions, const std::vector<BufferRegion>& found) const {
    for (BufferRegion& region : regions) {
      if (!region.buffer.same_as(from_)) continue;
      region = full_region(to_);
      for (const BufferRegion& f : found) {
        if (f.buffer.same_as(to_)) region = f;
      }
    }
  }

  Buffer from_, to_;
  const IndexMap& map_;
  Analyzer analyzer_;  // knows the loops
  Analyzer inside_;    // knows the iter vars
};

}  // namespace

Stmt relaid(const Stmt& body, const Buffer& from, const Buffer& to, const IndexMap& map) {
  return Relayer(from, to, map).run(body);
}

Stmt pad_written_buffer(const Schedule& schedule, const Site& at, const Stmt&, const Buffer& buffer,
                        const TransformLayoutArgs&, const PaddedInverse&, const std::string& what) {
  schedule_error(schedule, at,
                 what + ": buffer " + node(buffer).name +
                     " is written, and only a buffer that is read alone can be padded");
}

}  // namespace tenon
