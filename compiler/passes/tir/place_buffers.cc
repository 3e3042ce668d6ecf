#include <algorithm>
#include <map>

#include "compiler/passes/tir/passes.h"
#include "compiler/support/error.h"
#include "compiler/tir/visit.h"

namespace tenon {

using namespace tir;

namespace {

// The loops and blocks around a statement, outermost first.
using Scopes = std::vector<Stmt>;

Scopes common_prefix(const Scopes& a, const Scopes& b) {
  const auto end = std::mismatch(a.begin(), a.end(), b.begin(), b.end(),
                                 [](const Stmt& x, const Stmt& y) { return x.same_as(y); });
  return {a.begin(), end.first};
}

// Finds, for each block-allocated buffer, the scopes that all its accesses share.
class Placement {
 public:
  explicit Placement(const Stmt& body) { visit(body); }

  std::map<const void*, std::vector<Buffer>> buffers_of_scope;  // by statement identity

  void finish() {
    for (const Buffer& buffer : allocated_) {
      const auto it = places_.find(buffer);
      if (it == places_.end()) continue;  // never used
      CHECK(!it->second.empty()) << "buffer " << node(buffer).name << " is used outside any block";
      buffers_of_scope[it->second.back().id()].push_back(buffer);
    }
  }

 private:
  void visit(const Stmt& s) {
    const auto* block = s.as<Block>();
    const auto* loop = s.as<For>();
    if (block) {
      allocated_.insert(allocated_.end(), block->alloc_buffers.begin(), block->alloc_buffers.end());
    }
    if (block || loop) scopes_.push_back(s);
    if (block) blocks_.push_back(block);
    visit_children(s, Children{*this});
    if (const auto* store = s.as<Store>()) use(store->buffer, true);
    if (block) blocks_.pop_back();
    if (block || loop) scopes_.pop_back();
  }

  // Regions of blocks (reads, writes) are no accesses; expressions and statements are.
  struct Children {
    Placement& self;
    void operator()(const Stmt& s) {
      if (s) self.visit(s);
    }
    void operator()(const Expr& e) {
      if (e) self.expression(e);
    }
    void operator()(const BufferRegion&) {}
  };

  void expression(const Expr& e) {
    walk(e, {.expr = [this](const Expr& x) {
           if (const auto* n = x.as<Load>()) use(n->buffer, false);
           if (x.as<Var>()) use_pointer(x);
           return true;
         }});
  }

  void use_pointer(const Expr& v) {
    for (const Buffer& buffer : allocated_) {
      if (node(buffer).data.same_as(v)) use(buffer, true);
    }
  }

  void use(const Buffer& buffer, bool is_write) {
    const Scopes here = is_write ? lifted() : scopes_;
    const auto [it, is_new] = places_.emplace(buffer, here);
    if (!is_new) it->second = common_prefix(it->second, here);
  }

  // A value that a reduction block accumulates lives across the loops of its reduction.
  Scopes lifted() const {
    Scopes result = scopes_;
    for (const Block* block : blocks_) {
      for (const IterVar& iter : block->iter_vars) {
        if (iter.kind == IterKind::kSpatial) continue;
        const auto carries = [&](const Stmt& s) {
          const auto* loop = s.as<For>();
          return loop && iter.binding && uses_var(iter.binding, loop->var);
        };
        result.erase(std::find_if(result.begin(), result.end(), carries), result.end());
      }
    }
    return result;
  }

  Scopes scopes_;
  std::vector<const Block*> blocks_;
  std::vector<Buffer> allocated_;
  std::map<Buffer, Scopes, IdLess> places_;
};

Stmt with_allocations(const std::vector<Buffer>& buffers, const Stmt& body) {
  std::vector<Stmt> list;
  for (const Buffer& buffer : buffers) list.push_back(AllocBuffer{buffer, {}});
  list.push_back(body);
  return seq(std::move(list));
}

// Rebuilds top-down, since scopes are known by the identity of the original statements.
class Rebuild {
 public:
  explicit Rebuild(const Placement& placement) : placement_(placement) {}

  Stmt statement(const Stmt& s) {
    const Stmt mapped =
        map_stmt_children(s, {.stmt = [this](const Stmt& child) { return statement(child); }});
    const auto it = placement_.buffers_of_scope.find(s.id());
    const auto* loop = mapped.as<For>();
    if (loop && it != placement_.buffers_of_scope.end()) {
      For copy = *loop;
      copy.body = with_allocations(it->second, copy.body);
      return copy;
    }
    const auto* block = mapped.as<Block>();
    if (!block || (block->alloc_buffers.empty() && it == placement_.buffers_of_scope.end())) {
      return mapped;
    }
    Block copy = *block;
    copy.alloc_buffers.clear();
    if (it != placement_.buffers_of_scope.end()) {
      copy.body = with_allocations(it->second, copy.body);
    }
    return copy;
  }

 private:
  const Placement& placement_;
};

}  // namespace

PrimFunc place_buffers(const PrimFunc& func) {
  Placement placement(func.body);
  placement.finish();
  return with_body(func, Rebuild(placement).statement(func.body));
}

}  // namespace tenon
