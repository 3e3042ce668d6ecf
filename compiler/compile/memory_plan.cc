#include "compiler/compile/memory_plan.h"

#include <algorithm>
#include <limits>

#include "compiler/arith/analyzer.h"
#include "compiler/passes/relax/group.h"
#include "compiler/relax/ops/infer.h"
#include "compiler/support/error.h"
#include "compiler/tir/visit.h"

namespace tenon {
namespace {

using relax::Call;
using relax::Expr;

constexpr std::int64_t kAlignment = relax::kTensorAlignment;

tir::Expr simplified(const tir::Expr& e) {
  if (tir::as_int(e)) return e;
  Analyzer analyzer;
  return analyzer.simplify(e);
}

std::int64_t round_up(std::int64_t n) { return (n + kAlignment - 1) / kAlignment * kAlignment; }

// size = coeff * factor; the factor is null for constants.
struct Size {
  std::int64_t coeff = 0;
  tir::Expr factor;
};

// A symbolic size that is a constant times something keeps that form; any other is rounded up
// whole.
Size size_of(const tir::Expr& bytes) {
  if (const auto n = tir::as_int(bytes)) return {round_up(*n), {}};
  if (const auto* mul = bytes.as<tir::Binary>(); mul && mul->op == tir::BinaryOp::kMul) {
    if (const auto c = tir::as_int(mul->b)) return {round_up(*c), mul->a};
    if (const auto c = tir::as_int(mul->a)) return {round_up(*c), mul->b};
  }
  const tir::Expr units = tir::floor_div(bytes + tir::i64(kAlignment - 1), tir::i64(kAlignment));
  return {kAlignment, simplified(units)};
}

struct Storage {
  Expr root;  // the variable whose bytes these are
  Size size;
  int first = 0, last = 0;  // calls between which it is live, both inclusive
  std::int64_t offset = 0;  // coefficient inside its segment
};

// A variable as a piece of another's storage.
struct ViewOf {
  Expr parent;
  tir::Expr offset;
};

class Planner {
 public:
  explicit Planner(const relax::Function& func) : func_(func) {}

  MemoryPlan run() {
    for (std::size_t i = 0; i < func_.params.size(); ++i) {
      plan_.places[func_.params[i]] = {PlaceKind::kInput, i, tir::i64(0)};
    }
    read_bindings();
    place_outputs();
    collect_storages();
    pack();
    place_views();
    return std::move(plan_);
  }

 private:
  void read_bindings() {
    const relax::Uses uses = relax::count_uses(func_);
    const relax::Definitions defs = relax::definitions(func_);
    for (const relax::Binding& binding : relax::straight_bindings(func_)) {
      const auto* call = binding.value.as<Call>();
      const bool is_alias = binding.value.as<relax::Var>() || binding.value.as<relax::Constant>();
      if (binding.cast_type || (!is_alias && (!call || !call->op))) {
        throw UserError("tensor " + relax::var(binding.var).name +
                        ": a run-time shape check, a tuple, a branch or a call of another graph "
                        "function cannot be placed in memory");
      }
      if (is_alias) {
        add_constant(binding.value);
        views_[binding.var] = {binding.value, tir::i64(0)};
      } else if (call->op->name == "call_tir") {
        add_call(binding.var, *call);
      } else if (relax::is_view(*call, uses, defs)) {
        add_view(binding.var, *call);
      } else {
        throw UserError("tensor " + relax::var(binding.var).name + ": operator R." +
                        std::string(call->op->name) + " has no kernel");
      }
    }
  }

  void add_call(const Expr& result, const Call& call) {
    PlannedCall planned{call.args[0].get<relax::GlobalVar>().name,
                        call.args[1].get<relax::Tuple>().values,
                        result,
                        {}};
    if (call.args.size() > 2) planned.symbols = call.args[2].get<relax::ShapeExpr>().values;
    for (const Expr& arg : planned.args) add_constant(arg);
    plan_.calls.push_back(std::move(planned));
  }

  void add_constant(const Expr& e) {
    if (!e.as<relax::Constant>() || plan_.places.count(e)) return;
    plan_.places[e] = {PlaceKind::kConstant, plan_.constants.size(), tir::i64(0)};
    plan_.constants.push_back(e.get<relax::Constant>().data);
  }

  // reshape: the result is the argument. concat: the parts are pieces of the result.
  void add_view(const Expr& result, const Call& call) {
    if (call.op->name != "concat") {
      add_constant(call.args[0]);
      views_[result] = {call.args[0], tir::i64(0)};
      return;
    }
    tir::Expr offset = tir::i64(0);
    for (const Expr& part : call.args[0].get<relax::Tuple>().values) {
      // A part that is itself a reshape leads to the variable that owns the bytes.
      const Expr owner = root_of(part).parent;
      CHECK(!plan_.places.count(owner)) << "a part of a concat view has a place already";
      views_[owner] = {result, offset};
      offset = simplified(offset + tensor_bytes(relax::type_of(part)));
    }
  }

  // The storage a variable's bytes are in, and where.
  ViewOf root_of(const Expr& e) const {
    ViewOf at{e, tir::i64(0)};
    for (auto it = views_.find(at.parent); it != views_.end(); it = views_.find(at.parent)) {
      at = {it->second.parent, simplified(at.offset + it->second.offset)};
    }
    return at;
  }

  void place_outputs() {
    std::vector<Expr> results;
    const Expr& body = func_.body.get<relax::SeqExpr>().body;
    if (const auto* tuple = body.as<relax::Tuple>()) {
      results = tuple->values;
    } else {
      results = {body};
    }
    for (std::size_t i = 0; i < results.size(); ++i) {
      const ViewOf root = root_of(results[i]);
      if (plan_.places.count(root.parent) || !tir::is_int(root.offset, 0)) {
        throw UserError("output " + std::to_string(i) +
                        " has no bytes of its own: it is an input, a constant, a part of a tensor "
                        "or another output; copy_outputs gives it a copy");
      }
      plan_.places[root.parent] = {PlaceKind::kOutput, i, tir::i64(0)};
    }
  }

  void collect_storages() {
    std::map<Expr, std::size_t, IdLess> index;
    const auto touch = [&](const Expr& e, int call) {
      if (!e.as<relax::Var>()) return;
      const Expr root = root_of(e).parent;
      if (plan_.places.count(root)) return;
      const auto [it, fresh] = index.emplace(root, storages_.size());
      if (fresh) {
        storages_.push_back({root, size_of(tensor_bytes(relax::type_of(root))), call, call, 0});
      }
      storages_[it->second].last = call;
    };
    for (std::size_t i = 0; i < plan_.calls.size(); ++i) {
      for (const Expr& arg : plan_.calls[i].args) touch(arg, static_cast<int>(i));
      touch(plan_.calls[i].result, static_cast<int>(i));
    }
  }

  void pack() {
    std::vector<std::vector<std::size_t>> segments;
    for (std::size_t i = 0; i < storages_.size(); ++i) {
      auto same = std::find_if(segments.begin(), segments.end(), [&](const auto& segment) {
        const tir::Expr& a = storages_[segment.front()].size.factor;
        const tir::Expr& b = storages_[i].size.factor;
        if (!a || !b) return !a && !b;
        return tir::structural_equal(a, b);
      });
      if (same == segments.end())
        same = segments.insert(segments.end(), std::vector<std::size_t>{});
      same->push_back(i);
    }
    tir::Expr start = tir::i64(0), bound = tir::i64(0);
    for (const auto& segment : segments) {
      const tir::Expr& factor = storages_[segment.front()].size.factor;
      const std::int64_t used = pack_segment(segment);
      const auto scaled = [&](std::int64_t coeff) {
        return factor ? tir::i64(coeff) * factor : tir::i64(coeff);
      };
      for (const std::size_t i : segment) {
        plan_.places[storages_[i].root] = {PlaceKind::kArena, 0,
                                           simplified(start + scaled(storages_[i].offset))};
      }
      start = simplified(start + scaled(used));
      bound = simplified(bound + scaled(largest_live_set(segment)));
    }
    plan_.arena_bytes = start;
    plan_.lower_bound_bytes = bound;
  }

  static bool overlap(const Storage& a, const Storage& b) {
    return a.first <= b.last && b.first <= a.last;
  }

  // Largest first, each at the lowest offset that no live neighbour covers. Gives the bytes used.
  std::int64_t pack_segment(const std::vector<std::size_t>& segment) {
    std::vector<std::size_t> order = segment;
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return storages_[a].size.coeff > storages_[b].size.coeff;
    });
    std::int64_t used = 0;
    std::vector<std::size_t> placed;
    for (const std::size_t i : order) {
      std::vector<std::pair<std::int64_t, std::int64_t>> taken;
      for (const std::size_t j : placed) {
        if (!overlap(storages_[i], storages_[j])) continue;
        taken.emplace_back(storages_[j].offset, storages_[j].offset + storages_[j].size.coeff);
      }
      std::sort(taken.begin(), taken.end());
      std::int64_t offset = 0;
      for (const auto& [begin, end] : taken) {
        if (begin - offset >= storages_[i].size.coeff) break;
        offset = std::max(offset, end);
      }
      storages_[i].offset = offset;
      used = std::max(used, offset + storages_[i].size.coeff);
      placed.push_back(i);
    }
    return used;
  }

  std::int64_t largest_live_set(const std::vector<std::size_t>& segment) const {
    std::int64_t largest = 0;
    for (std::size_t call = 0; call < plan_.calls.size(); ++call) {
      std::int64_t live = 0;
      for (const std::size_t i : segment) {
        const Storage& s = storages_[i];
        const int at = static_cast<int>(call);
        if (s.first <= at && at <= s.last) live += s.size.coeff;
      }
      largest = std::max(largest, live);
    }
    return largest;
  }

  void place_views() {
    for (const auto& [variable, view] : views_) {
      const ViewOf root = root_of(variable);
      const auto it = plan_.places.find(root.parent);
      // A view that no kernel reads has no storage.
      if (it == plan_.places.end()) continue;
      Place place = it->second;
      place.offset = simplified(place.offset + root.offset);
      plan_.places[variable] = place;
    }
  }

  const relax::Function& func_;
  MemoryPlan plan_;
  std::map<Expr, ViewOf, IdLess> views_;
  std::vector<Storage> storages_;
};

}  // namespace

tir::Expr tensor_bytes(const relax::Type& type) {
  return simplified(relax::product(relax::shape_of(type)) *
                    tir::i64(relax::dtype_of(type).size_bytes()));
}

MemoryPlan plan_memory(const relax::Function& func) { return Planner(func).run(); }

}  // namespace tenon
