// rolling_buffer(block, 0): a buffer of which each iteration needs a window that overlaps the one
// before keeps the window alone, and what is there already is not computed again.
//
//   for j in range(32): { for a in range(3): block B: B[j + a] = ..;  block C: C[j] = B[j] .. B[j +
//   2] }
//   -> for j in range(32): { for a in range(3): block B where j < 1 or 2 <= a: B[(j + a) % 3] = ..
//                            block C: C[j] = B[j % 3] .. B[(j + 2) % 3] }
#include <algorithm>

#include "compiler/arith/analyzer.h"
#include "compiler/schedule/analysis/block_info.h"
#include "compiler/schedule/analysis/touched.h"
#include "compiler/schedule/primitives.h"
#include "compiler/schedule/rewrite.h"
#include "compiler/schedule/scopes.h"
#include "compiler/support/text.h"

namespace tenon {

using namespace tir;

namespace {

// One dimension that moves with a loop: [var * stride, var * stride + extent).
struct Moving {
  Expr loop_var;
  std::int64_t stride = 0, extent = 0;
  std::int64_t overlap() const { return extent - stride; }
};

struct Window {
  Buffer buffer;
  Site loop;                                  // lowest loop around all accesses
  std::vector<std::optional<Moving>> moving;  // by dimension
  std::size_t axis = 0;                       // the one that rolls
};

bool accesses(const Block& block, const Buffer& buffer) {
  auto is_it = [&](const BufferRegion& r) { return r.buffer.same_as(buffer); };
  return std::any_of(block.reads.begin(), block.reads.end(), is_it) ||
         std::any_of(block.writes.begin(), block.writes.end(), is_it);
}

// The lowest loop or block above all blocks of the scope that access the buffer.
Site common_place(const Site& scope, const Site& site, const Buffer& buffer) {
  std::size_t depth = site.path.size() - 2;
  for (const Stmt& stmt : child_blocks(scope.stmt())) {
    if (!accesses(stmt.get<Block>(), buffer)) continue;
    Site other = child_site(scope, stmt);
    depth = std::min(depth, other.path.size() - 2);
    while (!site.path[depth].same_as(other.path[depth])) --depth;
  }
  while (!is_loop(site.path[depth]) && !is_block(site.path[depth])) --depth;
  return cut(site, depth);
}

std::optional<Moving> moving_dimension(const Range& range) {
  auto extent = as_int(range.extent);
  if (!extent) return std::nullopt;
  if (range.min.as<Var>()) return Moving{range.min, 1, *extent};
  const auto* product = range.min.as<Binary>();
  if (!product || product->op != BinaryOp::kMul || !product->a.as<Var>()) return std::nullopt;
  auto stride = as_int(product->b);
  if (!stride || *stride <= 0) return std::nullopt;
  return Moving{product->a, *stride, *extent};
}

Window find_window(const Schedule& schedule, const Site& scope, const Site& site,
                   const BufferRegion& written, const std::string& what) {
  const std::string name = node(written.buffer).name;
  Window window{written.buffer, common_place(scope, site, written.buffer), {}, 0};
  if (!is_loop(window.loop.stmt())) {
    schedule_error(schedule, site, what + ": no loop is around all accesses of buffer " + name,
                   "compute the block at a loop of its consumer first");
  }
  Analyzer analyzer;
  VarMap bindings = bindings_of(site.block());
  Region region;
  for (const Range& range : written.region) {
    if (!is_one(range.extent)) {
      schedule_error(schedule, site,
                     what + ": block " + site.block().name + " writes more than one element of " +
                         name + " at a time");
    }
    region.push_back({substitute(range.min, bindings), range.extent});
  }
  RangeMap inner = ranges_of(loops_above(site, window.loop.path.size()));
  for (const IntSet& set : relaxed_region(region, inner, analyzer)) {
    std::optional<Moving> moving;
    if (set.is_bounded()) {
      Expr low = analyzer.simplify(set.min);
      moving =
          moving_dimension({low, analyzer.simplify(set.max + int_imm(dtype_of(set.max), 1) - low)});
    }
    window.moving.push_back(moving);
  }
  // The outermost loop whose windows overlap.
  for (const Stmt& s : loops_above(site)) {
    for (std::size_t i = 0; i < window.moving.size(); ++i) {
      const auto& moving = window.moving[i];
      if (!moving || !moving->loop_var.same_as(s.get<For>().var) || moving->overlap() <= 0) {
        continue;
      }
      window.axis = i;
      return window;
    }
  }
  schedule_error(schedule, site,
                 what + ": no dimension of buffer " + name +
                     " moves with a loop by less than what one iteration needs");
}

// True where the element was not computed by the iteration before, in each overlapping dimension.
Expr is_new(const Schedule& schedule, const Site& site, const Window& window,
            const std::vector<Range>& written, const std::string& what) {
  Analyzer analyzer;
  VarMap bindings = bindings_of(site.block());
  Expr condition = bool_imm(true);
  for (std::size_t i = 0; i < window.moving.size(); ++i) {
    const auto& moving = window.moving[i];
    if (!moving || moving->overlap() <= 0) continue;
    const Expr& v = moving->loop_var;
    for (const Stmt& s : loops_above(site)) {
      const For& loop = s.get<For>();
      if (!loop.var.same_as(v) || loop.kind == ForKind::kSerial) continue;
      schedule_error(schedule, site,
                     what + ": the iterations of loop " + var(v).name + " do not run in order");
    }
    Expr place =
        analyzer.simplify(substitute(substitute(written[i].min, bindings), {{v, zero_of(v)}}));
    Expr first = less(v, int_imm(dtype_of(v), 1));
    Expr fresh = less_equal(int_imm(dtype_of(place), moving->overlap()), place);
    condition = conjunction(condition, binary(BinaryOp::kOr, first, fresh));
  }
  return condition;
}

// What the points cover: the point itself, or from the least to the greatest.
Range hull(const std::vector<Expr>& points) {
  Expr low = points.front(), high = points.front();
  Expr one = int_imm(dtype_of(low), 1);
  for (std::size_t i = 1; i < points.size(); ++i) {
    low = min(low, points[i]);
    high = max(high, points[i]);
  }
  return points.size() == 1 ? Range{low, one} : Range{low, high + one - low};
}

class Roller {
 public:
  Roller(const Window& window, Buffer rolled)
      : buffer_(window.buffer),
        rolled_(std::move(rolled)),
        axis_(window.axis),
        loop_var_(window.moving[axis_]->loop_var),
        size_(window.moving[axis_]->extent) {}

  Stmt run(const Stmt& body) {
    Rewriter rewriter;
    rewriter.expr = [this](const Expr& e) -> Expr {
      const auto* l = e.as<Load>();
      if (!l || !l->buffer.same_as(buffer_)) return e;
      return load(rolled_, rolled(l->indices), l->predicate);
    };
    rewriter.stmt = [this](const Stmt& s) -> Stmt {
      if (const auto* w = s.as<Store>(); w && w->buffer.same_as(buffer_)) {
        return store(rolled_, rolled(w->indices), w->value, w->predicate);
      }
      return is_block(s) ? rolled_block(s) : s;
    };
    return rewrite(body, rewriter);
  }

 private:
  std::vector<Expr> rolled(std::vector<Expr> indices) const {
    indices[axis_] = floor_mod(indices[axis_], int_imm(dtype_of(indices[axis_]), size_));
    return indices;
  }

  Stmt rolled_block(const Stmt& stmt) const {
    bool follows =
        std::any_of(stmt.get<Block>().iter_vars.begin(), stmt.get<Block>().iter_vars.end(),
                    [&](const IterVar& iter) { return uses_var(iter.binding, loop_var_); });
    if (!follows && !accesses(stmt.get<Block>(), buffer_)) return stmt;
    return edit_block(stmt, [&](Block& b) {
      for (IterVar& iter : b.iter_vars) {
        if (uses_var(iter.binding, loop_var_)) iter.kind = IterKind::kOpaque;
      }
      for (auto* regions : {&b.reads, &b.writes}) {
        for (BufferRegion& region : *regions) {
          if (region.buffer.same_as(buffer_)) region = rolled_region(region, b);
        }
      }
    });
  }

  // The rolling dimension covers the places of all accesses in the block; the others stay.
  BufferRegion rolled_region(const BufferRegion& region, const Block& block) const {
    std::vector<Expr> points;
    auto add_point = [&](const std::vector<Expr>& indices) {
      const Expr& point = indices[axis_];
      bool known = std::any_of(points.begin(), points.end(),
                               [&](const Expr& p) { return structural_equal(p, point); });
      if (!known) points.push_back(point);
    };
    Visitor visitor;
    visitor.expr = [&](const Expr& e) {
      if (const auto* l = e.as<Load>(); l && l->buffer.same_as(rolled_)) add_point(l->indices);
      return true;
    };
    visitor.stmt = [&](const Stmt& s) {
      if (const auto* w = s.as<Store>(); w && w->buffer.same_as(rolled_)) add_point(w->indices);
      return true;
    };
    walk(block.body, visitor);
    BufferRegion result{rolled_, region.region};
    const Expr& size = node(rolled_).shape[axis_];
    result.region[axis_] = points.empty() ? Range{zero_of(size), size} : hull(points);
    return result;
  }

  Buffer buffer_, rolled_;
  std::size_t axis_;
  Expr loop_var_;
  std::int64_t size_;
};

}  // namespace

Schedule rolling_buffer(const Schedule& schedule, const BlockRef& ref, std::int64_t buffer_index) {
  Site site = site_of(schedule, ref);
  const std::string what = str_cat("rolling_buffer(", site.block().name, ", ", buffer_index, ")");
  Buffer buffer = written_buffer(schedule, site, buffer_index, what);
  Site scope = cut(site, scope_index(schedule, site, what));
  if (is_output_block(scope, site.stmt())) {
    schedule_error(schedule, site, what + ": block " + site.block().name + " writes an output");
  }
  const BufferRegion& written = site.block().writes[static_cast<std::size_t>(buffer_index)];
  Window window = find_window(schedule, scope, site, written, what);
  Expr condition = is_new(schedule, site, window, written.region, what);
  BufferNode copy = node(buffer);
  const Expr& old_size = copy.shape[window.axis];
  copy.shape[window.axis] = int_imm(dtype_of(old_size), window.moving[window.axis]->extent);
  copy.strides.clear();
  Buffer rolled = copy;
  Stmt body = replace_stmts(scope.stmt(), {{site.stmt(), edit_block(site.stmt(), [&](Block& b) {
                                              b.predicate = conjunction(b.predicate, condition);
                                            })}});
  body = edit_block(body, [&](Block& b) {
    b.body = Roller(window, rolled).run(b.body);
    for (Buffer& own : b.alloc_buffers) {
      if (own.same_as(buffer)) own = rolled;
    }
  });
  return replace(schedule, scope, body);
}

}  // namespace tenon
