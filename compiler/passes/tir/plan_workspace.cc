#include <algorithm>
#include <map>

#include "compiler/passes/tir/passes.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/visit.h"

namespace tenon {

using namespace tir;

namespace {

constexpr std::int64_t kAlignment = 64;

// One buffer of the workspace: when it lives, in positions of leaf statements, and where.
struct Life {
  Buffer buffer;
  std::int64_t bytes = 0;
  Expr symbolic_bytes;  // instead of `bytes`, when the size depends on symbols
  std::int64_t begin = 0, end = 0;
  bool is_per_worker = false;
  std::int64_t offset = 0;
};

bool overlaps(const Life& a, const Life& b) {
  return a.is_per_worker == b.is_per_worker && a.begin <= b.end && b.begin <= a.end;
}

// Constant sizes share memory by their lives; symbolic ones lie behind each other.
void set_size(Life& life) {
  const BufferNode& n = node(life.buffer);
  const std::int64_t element = n.dtype.size_bytes() * n.dtype.lanes;
  if (const auto count = as_int(n.shape[0])) {
    life.bytes = (*count * element + kAlignment - 1) / kAlignment * kAlignment;
    return;
  }
  if (life.is_per_worker) {
    throw UserError(
        str_cat("workspace: buffer ", n.name, " inside a parallel loop needs a constant size"));
  }
  const Expr bytes = cast(kInt64, n.shape[0]) * i64(element) + i64(kAlignment - 1);
  life.symbolic_bytes = floor_div(bytes, i64(kAlignment)) * i64(kAlignment);
}

bool is_workspace(const Buffer& buffer) { return node(buffer).scope == "global"; }

bool uses_buffer(const Stmt& s, const Buffer& buffer) {
  bool found = false;
  walk(s, {.expr =
               [&](const Expr& e) {
                 found = found || e.same_as(node(buffer).data);
                 return !found;
               },
           .stmt = [&](const Stmt&) { return !found; },
           .buffer =
               [&](const Buffer& b) { found = found || node(b).data.same_as(node(buffer).data); }});
  return found;
}

// Numbers statements in order; a buffer lives from the first to the last statement, among those
// beside its allocation, that uses it. A loop is one statement there: it may use it in every turn.
class LifeFinder {
 public:
  std::vector<Life> lives;

  void visit(const Stmt& s) {
    if (const auto* n = s.as<Seq>()) return sequence(*n);
    if (const auto* n = s.as<AllocBuffer>(); n && is_workspace(n->buffer)) {
      Life life;
      life.buffer = n->buffer;
      life.begin = life.end = position_;
      life.is_per_worker = in_parallel_;
      set_size(life);
      lives.push_back(std::move(life));
      return;
    }
    const auto* loop = s.as<For>();
    const bool enters = loop && loop->kind == ForKind::kParallel && !in_parallel_;
    in_parallel_ = in_parallel_ || enters;
    ++position_;
    visit_children(s, [this](const Stmt& child) {
      if (child) visit(child);
    });
    ++position_;
    if (enters) in_parallel_ = false;
  }

 private:
  void sequence(const Seq& n) {
    std::vector<std::size_t> here;
    for (const Stmt& child : n.body) {
      const std::size_t before = lives.size();
      const std::int64_t begin = position_;
      visit(child);
      if (const auto* alloc = child.as<AllocBuffer>(); alloc && lives.size() > before) {
        here.push_back(before);
        continue;
      }
      for (const std::size_t i : here) {
        if (uses_buffer(child, lives[i].buffer)) touch(lives[i], begin, position_);
      }
    }
  }

  void touch(Life& life, std::int64_t begin, std::int64_t end) {
    const bool is_first = !touched_[life.buffer];
    touched_[life.buffer] = true;
    life.begin = is_first ? begin : std::min(life.begin, begin);
    life.end = std::max(life.end, end);
  }

  std::int64_t position_ = 0;
  bool in_parallel_ = false;
  std::map<Buffer, bool, IdLess> touched_;
};

// Largest first, each at the lowest place free of everything alive with it.
void place(std::vector<Life>& lives) {
  std::vector<Life*> order;
  for (Life& life : lives) order.push_back(&life);
  std::stable_sort(order.begin(), order.end(),
                   [](const Life* a, const Life* b) { return a->bytes > b->bytes; });
  for (std::size_t i = 0; i < order.size(); ++i) {
    std::vector<const Life*> taken;
    for (std::size_t j = 0; j < i; ++j) {
      if (overlaps(*order[i], *order[j])) taken.push_back(order[j]);
    }
    std::sort(taken.begin(), taken.end(),
              [](const Life* a, const Life* b) { return a->offset < b->offset; });
    std::int64_t at = 0;
    for (const Life* other : taken) {
      if (at + order[i]->bytes <= other->offset) break;
      at = std::max(at, other->offset + other->bytes);
    }
    order[i]->offset = at;
  }
}

// Independent of place(): no two buffers that live together share a byte.
void verify(const std::vector<Life>& lives) {
  for (std::size_t i = 0; i < lives.size(); ++i) {
    for (std::size_t j = i + 1; j < lives.size(); ++j) {
      const Life &a = lives[i], &b = lives[j];
      const bool apart = a.is_per_worker != b.is_per_worker || a.end < b.begin || b.end < a.begin ||
                         a.offset + a.bytes <= b.offset || b.offset + b.bytes <= a.offset;
      CHECK(apart) << "workspace: " << node(a.buffer).name << " and " << node(b.buffer).name
                   << " share memory while both live";
    }
  }
}

// The pointer of each buffer is bound where the allocation stood.
class Rewrite {
 public:
  Rewrite(const std::vector<Life>& lives, const WorkspacePlan& plan, Buffer workspace)
      : plan_(plan), workspace_(std::move(workspace)) {
    Expr next = i64(plan.shared_bytes);
    for (const Life& life : lives) {
      lives_[life.buffer] = &life;
      if (!life.symbolic_bytes) continue;
      symbolic_offsets_[life.buffer] = next;
      next = next + life.symbolic_bytes;
    }
  }

  Stmt statement(const Stmt& s) const {
    const auto* n = s.as<AllocBuffer>();
    const auto it = n ? lives_.find(n->buffer) : lives_.end();
    if (it == lives_.end()) return s;
    const Life& life = *it->second;
    Expr offset = i64(life.offset);
    if (life.symbolic_bytes) offset = symbolic_offsets_.at(life.buffer);
    if (life.is_per_worker) {
      offset = plan_.worker * i64(plan_.bytes_per_worker) + i64(plan_.shared_bytes + life.offset);
      if (plan_.symbolic_bytes) offset = offset + plan_.symbolic_bytes;
    }
    const Expr address = call(Intrinsic::kAddressOf, kHandleType, {load(workspace_, {offset})});
    return seq({Bind{node(n->buffer).data, address}, DeclBuffer{n->buffer}});
  }

 private:
  const WorkspacePlan& plan_;
  Buffer workspace_;
  std::map<Buffer, const Life*, IdLess> lives_;
  std::map<Buffer, Expr, IdLess> symbolic_offsets_;
};

}  // namespace

WorkspacePlan plan_workspace(const PrimFunc& func) {
  WorkspacePlan plan;
  plan.worker = make_var("worker", kInt64);
  LifeFinder finder;
  finder.visit(func.body);
  place(finder.lives);
  verify(finder.lives);
  for (const Life& life : finder.lives) {
    if (life.symbolic_bytes) {
      plan.symbolic_bytes =
          plan.symbolic_bytes ? plan.symbolic_bytes + life.symbolic_bytes : life.symbolic_bytes;
      continue;
    }
    std::int64_t& size = life.is_per_worker ? plan.bytes_per_worker : plan.shared_bytes;
    size = std::max(size, life.offset + life.bytes);
  }
  const Buffer workspace = make_buffer(
      {.name = "workspace", .dtype = kUInt8, .shape = {i64(plan.shared_bytes)}, .scope = "global"});
  const Rewrite rewriting(finder.lives, plan, workspace);
  plan.func = with_body(
      func, rewrite(func.body, {.stmt = [&](const Stmt& s) { return rewriting.statement(s); }}));
  plan.func.params.push_back({node(workspace).data, workspace});
  plan.func.params.push_back({make_pointer("context", kVoidType, "global"), {}});
  return plan;
}

}  // namespace tenon
