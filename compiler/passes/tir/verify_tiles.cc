// What a schedule promised about register tiles, checked on flat code before LLVM sees it: no
// condition inside a tile, and no more live vectors than the processor has registers.
#include <algorithm>
#include <map>
#include <set>

#include "compiler/passes/tir/passes.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/script/printer.h"
#include "compiler/tir/visit.h"

namespace tenon {

using namespace tir;

namespace {

bool is_register_buffer(const Buffer& b) { return node(b).scope == "local"; }

std::string loop_names(const Expr& condition) {
  std::vector<std::string> names;
  for (const Expr& v : vars_of(condition)) names.push_back(var(v).name);
  std::sort(names.begin(), names.end());
  return join(names, ", ");
}

[[noreturn]] void refuse_condition(const Buffer& tile, const Expr& condition) {
  throw UserError(
      str_cat("condition ", print(condition), " stays inside the register tile ", node(tile).name),
      str_cat("mark the loops of ", loop_names(condition),
              " with the annotation tails = \"copies\""));
}

// Conditions between a tile's allocation and a store to it. What is allocated under a condition may
// be stored there, and outside loops a tile is not used again and again.
class ConditionCheck {
 public:
  void statement(const Stmt& s) {
    if (const auto* n = s.as<AllocBuffer>())
      allocated_[n->buffer] = {num_loops_, conditions_.size()};
    if (const auto* n = s.as<Store>()) check(*n);
    const auto* loop = s.as<For>();
    const auto* branch = s.as<If>();
    num_loops_ += loop != nullptr;
    if (branch) conditions_.push_back(branch->condition);
    visit_children(s, [this](const Stmt& child) {
      if (child) statement(child);
    });
    num_loops_ -= loop != nullptr;
    if (branch) conditions_.pop_back();
  }

 private:
  struct Place {
    int num_loops = 0;
    std::size_t num_conditions = 0;
  };

  void check(const Store& n) const {
    const auto it = allocated_.find(n.buffer);
    if (it == allocated_.end() || !is_register_buffer(n.buffer)) return;
    if (conditions_.size() > it->second.num_conditions) {
      refuse_condition(n.buffer, conditions_[it->second.num_conditions]);
    }
    if (num_loops_ == it->second.num_loops) return;
    walk(n.value, {.expr = [&](const Expr& e) {
           const auto* called = e.as<Call>();
           if (called && called->op == Intrinsic::kIfThenElse) {
             refuse_condition(n.buffer, called->args[0]);
           }
           return true;
         }});
  }

  std::map<Buffer, Place, IdLess> allocated_;
  std::vector<Expr> conditions_;
  int num_loops_ = 0;
};

// What one turn of an innermost loop keeps in registers: its tiles throughout, what it loads from
// the first use to the last. A vector used once is an operand of its instruction.
struct Pressure {
  std::map<std::string, std::set<std::int64_t>> tiles;  // elements by buffer name
  std::size_t num_loads = 0, num_broadcasts = 0;        // at the place where most are alive
  bool accumulates = false;

  std::size_t num_tile_vectors() const {
    std::size_t count = 0;
    for (const auto& [name, elements] : tiles) count += elements.size();
    return count;
  }
  std::size_t total() const { return num_tile_vectors() + num_loads + num_broadcasts; }
};

class PressureCounter {
 public:
  PressureCounter(const For& loop, const std::set<Buffer, IdLess>& outside) : outside_(outside) {
    walk(loop.body, {.expr =
                         [this](const Expr& e) {
                           expression(e);
                           return true;
                         },
                     .stmt =
                         [this](const Stmt& s) {
                           ++place_;
                           if (const auto* n = s.as<Store>()) store(*n);
                           return true;
                         }});
    find_most_alive();
  }
  Pressure pressure;

 private:
  struct Life {
    int first = 0, last = 0, num_uses = 0;
  };

  void element(const Buffer& b, const Expr& index) {
    const auto at = as_int(index);
    if (outside_.count(b) && at) pressure.tiles[node(b).name].insert(*at);
  }
  void store(const Store& n) {
    if (!outside_.count(n.buffer)) return;
    element(n.buffer, n.indices[0]);
    walk(n.value, {.expr = [&](const Expr& e) {
           const auto* load = e.as<Load>();
           pressure.accumulates = pressure.accumulates || (load && load->buffer.same_as(n.buffer));
           return true;
         }});
  }
  void expression(const Expr& e) {
    const auto* n = e.as<Load>();
    if (n && is_register_buffer(n->buffer)) element(n->buffer, n->indices[0]);
    if (n && !is_register_buffer(n->buffer) && dtype_of(e).is_vector()) use(loads_, *n);
    const auto* same = e.as<Broadcast>();
    const auto* scalar = same ? same->value.as<Load>() : nullptr;
    if (scalar) use(broadcasts_, *scalar);
  }
  void use(std::map<std::string, Life>& lives, const Load& n) const {
    Life& life = lives[node(n.buffer).name + print(n.indices[0])];
    if (life.num_uses++ == 0) life.first = place_;
    life.last = place_;
  }
  void find_most_alive() {
    std::vector<std::size_t> loads = alive(loads_, 2), broadcasts = alive(broadcasts_, 1);
    for (std::size_t i = 0; i < loads.size(); ++i) {
      if (loads[i] + broadcasts[i] <= pressure.num_loads + pressure.num_broadcasts) continue;
      pressure.num_loads = loads[i];
      pressure.num_broadcasts = broadcasts[i];
    }
  }
  // How many are alive at each place, of those with at least so many uses.
  std::vector<std::size_t> alive(const std::map<std::string, Life>& lives, int min_uses) const {
    std::vector<std::size_t> counts(static_cast<std::size_t>(place_) + 1, 0);
    for (const auto& [name, life] : lives) {
      if (life.num_uses < min_uses) continue;
      for (int i = life.first; i <= life.last; ++i) ++counts[static_cast<std::size_t>(i)];
    }
    return counts;
  }

  const std::set<Buffer, IdLess>& outside_;
  std::map<std::string, Life> loads_, broadcasts_;
  int place_ = 0;
};

bool is_innermost(const For& loop) {
  bool has_loop = false;
  walk(loop.body, {.expr = [](const Expr&) { return false; },
                   .stmt =
                       [&](const Stmt& s) {
                         has_loop = has_loop || s.as<For>();
                         return !has_loop;
                       }});
  return !has_loop;
}

class RegisterCheck {
 public:
  explicit RegisterCheck(const Target& target) : target_(target) {}

  void statement(const Stmt& s) {
    if (const auto* n = s.as<AllocBuffer>(); n && is_register_buffer(n->buffer)) {
      allocated_.insert(n->buffer);
    }
    const auto* loop = s.as<For>();
    if (loop && is_innermost(*loop)) check(*loop);
    const std::set<Buffer, IdLess> outer = allocated_;
    visit_children(s, [this](const Stmt& child) {
      if (child) statement(child);
    });
    if (loop) allocated_ = outer;
  }

 private:
  void check(const For& loop) const {
    const Pressure p = PressureCounter(loop, allocated_).pressure;
    const auto limit = static_cast<std::size_t>(target_.num_vector_registers());
    if (!p.accumulates || p.total() <= limit) return;
    std::vector<std::string> names;
    for (const auto& [name, elements] : p.tiles) names.push_back(name);
    throw UserError(str_cat("loop ", var(loop.var).name, " keeps ", p.total(),
                            " vectors in registers, the target has ", limit, ": ",
                            p.num_tile_vectors(), " of ", join(names, ", "), ", ", p.num_loads,
                            " loaded, ", p.num_broadcasts, " broadcast"));
  }

  const Target& target_;
  std::set<Buffer, IdLess> allocated_;
};

}  // namespace

void verify_tiles(const PrimFunc& func, const Target& target) {
  ConditionCheck().statement(func.body);
  RegisterCheck(target).statement(func.body);
}

}  // namespace tenon
