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

// The first store to a register buffer below, or nothing.
Buffer stored_tile(const Stmt& s) {
  Buffer found;
  walk(s, {.expr = [](const Expr&) { return false; },
           .stmt =
               [&](const Stmt& x) {
                 const auto* n = x.as<Store>();
                 if (n && !found && is_register_buffer(n->buffer)) found = n->buffer;
                 return !found;
               }});
  return found;
}

void check_conditions(const Stmt& body) {
  walk(body, {.expr = [](const Expr&) { return false; },
              .stmt =
                  [](const Stmt& s) {
                    if (const auto* n = s.as<If>()) {
                      const Buffer tile = stored_tile(s);
                      if (tile) refuse_condition(tile, n->condition);
                    }
                    const auto* store = s.as<Store>();
                    if (!store || !is_register_buffer(store->buffer)) return true;
                    walk(store->value, {.expr = [&](const Expr& e) {
                           const auto* n = e.as<Call>();
                           if (n && n->op == Intrinsic::kIfThenElse) {
                             refuse_condition(store->buffer, n->args[0]);
                           }
                           return true;
                         }});
                    return true;
                  }});
}

// What one turn of an innermost loop keeps in registers.
struct Pressure {
  std::map<std::string, std::set<std::int64_t>> tiles;  // elements by buffer name
  std::map<std::string, int> loads;                     // vector loads and their uses
  bool has_broadcast = false;
  bool accumulates = false;

  std::size_t num_tile_vectors() const {
    std::size_t count = 0;
    for (const auto& [name, elements] : tiles) count += elements.size();
    return count;
  }
  // A load used once is an operand of its instruction.
  std::size_t num_loads() const {
    return static_cast<std::size_t>(
        std::count_if(loads.begin(), loads.end(), [](const auto& l) { return l.second > 1; }));
  }
  std::size_t total() const { return num_tile_vectors() + num_loads() + has_broadcast; }
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
                           if (const auto* n = s.as<Store>()) store(*n);
                           return true;
                         }});
  }
  Pressure pressure;

 private:
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
    if (n && !is_register_buffer(n->buffer) && dtype_of(e).is_vector()) {
      ++pressure.loads[node(n->buffer).name + print(n->indices[0])];
    }
    const auto* same = e.as<Broadcast>();
    pressure.has_broadcast = pressure.has_broadcast || (same && same->value.as<Load>());
  }

  const std::set<Buffer, IdLess>& outside_;
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
                            p.num_tile_vectors(), " of ", join(names, ", "), ", ", p.num_loads(),
                            " loaded, ", p.has_broadcast ? 1 : 0, " broadcast"));
  }

  const Target& target_;
  std::set<Buffer, IdLess> allocated_;
};

}  // namespace

void verify_tiles(const PrimFunc& func, const Target& target) {
  check_conditions(func.body);
  RegisterCheck(target).statement(func.body);
}

}  // namespace tenon
