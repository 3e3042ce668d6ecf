#include "compiler/passes/relax/group.h"

#include "compiler/relax/ops/infer.h"

namespace tenon::relax {
namespace {

bool is_reshape(std::string_view name) {
  return name == "reshape" || name == "flatten" || name == "expand_dims" || name == "squeeze";
}

bool same_shape(const Type& a, const Type& b) {
  const auto* x = a.as<TensorType>();
  const auto* y = b.as<TensorType>();
  if (!x || !y || !x->shape || !y->shape || x->shape->size() != y->shape->size()) return false;
  for (std::size_t i = 0; i < x->shape->size(); ++i) {
    if (!proved_equal((*x->shape)[i], (*y->shape)[i])) return false;
  }
  return true;
}

class Grouper {
 public:
  explicit Grouper(const Function& func)
      : bindings_(straight_bindings(func)), uses_(count_uses(func)) {
    const Expr& result = func.body.get<SeqExpr>().body;
    mark_result(result);
  }

  Grouping run() {
    for (std::size_t i = 0; i < bindings_.size(); ++i) {
      owner_.push_back(static_cast<int>(i));
      index_[bindings_[i].var] = static_cast<int>(i);
      if (const int producer = joinable(bindings_[i]); producer >= 0) {
        owner_[i] = owner_[static_cast<std::size_t>(producer)];
        absorbed_.insert(bindings_[static_cast<std::size_t>(producer)].var);
      }
    }
    return collect();
  }

 private:
  void mark_result(const Expr& e) {
    if (const auto* tuple = e.as<Tuple>()) {
      for (const Expr& value : tuple->values) mark_result(value);
    } else {
      results_.insert(e);
    }
  }

  // The binding whose group this one joins, or -1. Of two candidates the one with an anchor of
  // more work wins, then the later one.
  int joinable(const Binding& binding) const {
    const auto* call = binding.value.as<Call>();
    if (!call || !call->op || !call->op->define || binding.cast_type) return -1;
    const Pattern pattern = call->op->pattern;
    if (pattern != Pattern::kElementwise && pattern != Pattern::kBroadcast) return -1;
    int best = -1, best_rank = -1;
    for (const Expr& arg : call->args) {
      const auto it = index_.find(arg);
      if (it == index_.end() ||
          !can_absorb(bindings_[static_cast<std::size_t>(it->second)], binding)) {
        continue;
      }
      const int rank = rank_of(it->second);
      if (rank > best_rank || (rank == best_rank && it->second > best)) {
        best = it->second;
        best_rank = rank;
      }
    }
    return best;
  }

  bool can_absorb(const Binding& producer, const Binding& consumer) const {
    const auto* call = producer.value.as<Call>();
    if (!call || !call->op || !call->op->define || producer.cast_type) return false;
    const Pattern pattern = call->op->pattern;
    if (pattern == Pattern::kInjective || pattern == Pattern::kOpaque) return false;
    const auto uses = uses_.find(producer.var);
    if (uses == uses_.end() || uses->second != 1 || results_.count(producer.var)) return false;
    return same_shape(type_of(producer.var), type_of(consumer.var));
  }

  int rank_of(int binding) const {
    const auto& anchor =
        bindings_[static_cast<std::size_t>(owner_[static_cast<std::size_t>(binding)])];
    switch (anchor.value.get<Call>().op->pattern) {
      case Pattern::kMatmul:
        return 3;
      case Pattern::kReduce:
        return 2;
      default:
        return 1;
    }
  }

  Grouping collect() const {
    Grouping grouping;
    std::map<int, Group> open;
    for (std::size_t i = 0; i < bindings_.size(); ++i) {
      Group& group = open[owner_[i]];
      group.members.push_back(&bindings_[i]);
      if (!absorbed_.count(bindings_[i].var)) grouping.groups.push_back(group);
    }
    return grouping;
  }

  const std::vector<Binding>& bindings_;
  std::map<Expr, int, IdLess> uses_;
  std::set<Expr, IdLess> results_;
  std::map<Expr, int, IdLess> index_;
  std::vector<int> owner_;
  std::set<Expr, IdLess> absorbed_;
};

}  // namespace

bool is_view(const Call& call, const std::map<Expr, int, IdLess>& uses) {
  if (!call.op) return false;
  if (is_reshape(call.op->name)) return true;
  if (call.op->name != "concat") return false;
  const auto* tuple = call.args[0].as<Tuple>();
  if (!tuple) return false;
  const Shape& shape = shape_of(type_of(tuple->values[0]));
  const std::size_t axis = normal_axis(call, attr_int(call, "axis", 0), shape.size());
  for (std::size_t i = 0; i < axis; ++i) {
    if (!tir::is_int(shape[i], 1)) return false;
  }
  for (const Expr& part : tuple->values) {
    const auto it = uses.find(part);
    if (!part.as<Var>() || !var(part).is_dataflow || it == uses.end() || it->second != 1) {
      return false;
    }
  }
  return true;
}

Grouping fuse_groups(const Function& func) { return Grouper(func).run(); }

}  // namespace tenon::relax
