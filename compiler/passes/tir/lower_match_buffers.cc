#include <map>

#include "compiler/passes/tir/passes.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/visit.h"

namespace tenon {

using namespace tir;

namespace {

// A view shows the last dimensions of its source; leading ones have extent 1.
std::vector<Expr> source_indices(const MatchBuffer& view, const std::vector<Expr>& indices) {
  const std::vector<Range>& region = view.source.region;
  if (region.size() < indices.size()) {
    throw UserError(str_cat("match_buffer ", node(view.buffer).name, " has more dimensions than ",
                            node(view.source.buffer).name));
  }
  const std::size_t leading = region.size() - indices.size();
  std::vector<Expr> result;
  for (std::size_t i = 0; i < region.size(); ++i) {
    result.push_back(i < leading ? region[i].min : region[i].min + indices[i - leading]);
  }
  return result;
}

class ViewLowering {
 public:
  Stmt statement(const Stmt& s) {
    const auto* n = s.as<Block>();
    if (n && !n->match_buffers.empty()) {
      Block block = *n;
      for (const MatchBuffer& view : n->match_buffers) add(view);
      block.match_buffers.clear();
      block.body = statement(n->body);
      if (n->init) block.init = statement(n->init);
      return block;
    }
    const Stmt mapped =
        map_stmt_children(s, {.expr = [this](const Expr& e) { return expression(e); },
                              .stmt = [this](const Stmt& child) { return statement(child); }});
    const auto* access = mapped.as<Store>();
    const MatchBuffer* view = access ? find(access->buffer) : nullptr;
    if (!view) return mapped;
    return Store{view->source.buffer, source_indices(*view, access->indices), access->value,
                 access->predicate};
  }

 private:
  void add(const MatchBuffer& view) {
    MatchBuffer resolved = view;
    if (const MatchBuffer* outer = find(view.source.buffer)) {
      std::vector<Expr> mins;
      for (const Range& r : view.source.region) mins.push_back(r.min);
      const std::vector<Expr> at = source_indices(*outer, mins);
      const std::size_t leading = at.size() - mins.size();
      resolved.source.buffer = outer->source.buffer;
      resolved.source.region.clear();
      for (std::size_t i = 0; i < at.size(); ++i) {
        const Expr extent = i < leading ? Expr(i32(1)) : view.source.region[i - leading].extent;
        resolved.source.region.push_back({at[i], extent});
      }
    }
    bind_layout(resolved);
    views_[view.buffer] = resolved;
  }

  // Variables in the view's strides and offset stand for those of the source.
  void bind_layout(const MatchBuffer& view) {
    const BufferNode& target = node(view.buffer);
    const BufferNode& source = node(view.source.buffer);
    const std::size_t rank = source.shape.size();
    std::vector<Expr> strides = source.strides;
    if (strides.empty()) {
      Expr stride = i32(1);
      for (std::size_t i = rank; i-- > 0;) {
        strides.insert(strides.begin(), stride);
        stride = stride * source.shape[i];
      }
    }
    const std::size_t leading = rank - target.shape.size();
    for (std::size_t i = 0; i < target.strides.size(); ++i) {
      if (target.strides[i].as<Var>()) vars_[target.strides[i]] = strides[leading + i];
    }
    if (target.elem_offset && target.elem_offset.as<Var>()) {
      Expr offset = i32(0);
      for (std::size_t i = 0; i < rank; ++i) {
        offset = offset + view.source.region[i].min * strides[i];
      }
      vars_[target.elem_offset] = offset;
    }
  }

  Expr expression(const Expr& e) {
    return rewrite(e, {.expr = [this](const Expr& x) -> Expr {
                     if (x.as<Var>()) {
                       const auto it = vars_.find(x);
                       return it == vars_.end() ? x : it->second;
                     }
                     const auto* access = x.as<Load>();
                     const MatchBuffer* view = access ? find(access->buffer) : nullptr;
                     if (!view) return x;
                     return Load{view->source.buffer, source_indices(*view, access->indices),
                                 access->predicate};
                   }});
  }

  const MatchBuffer* find(const Buffer& buffer) const {
    const auto it = views_.find(buffer);
    return it == views_.end() ? nullptr : &it->second;
  }

  std::map<Buffer, MatchBuffer, IdLess> views_;
  VarMap vars_;
};

}  // namespace

PrimFunc lower_match_buffers(const PrimFunc& func) {
  return with_body(func, ViewLowering().statement(func.body));
}

}  // namespace tenon
