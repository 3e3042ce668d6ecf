#include "compiler/passes/relax/group.h"

#include <algorithm>

#include "compiler/arith/analyzer.h"
#include "compiler/relax/ops/infer.h"

namespace tenon::relax {
namespace {

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
    each_var(func.body.get<SeqExpr>().body, [&](const Expr& e) { results_.insert(e); });
  }

  Grouping run() {
    for (std::size_t i = 0; i < bindings_.size(); ++i) {
      index_[bindings_[i].var] = i;
      rank_.push_back(rank_of(bindings_[i]));
      for (const std::size_t producer : producers_to_join(bindings_[i])) {
        absorbed_.insert(producer);
        rank_[i] = std::max(rank_[i], rank_[producer]);
      }
    }
    Grouping grouping;
    for (std::size_t i = 0; i < bindings_.size(); ++i) {
      if (absorbed_.count(i)) continue;
      grouping.groups.emplace_back();
      collect(i, grouping.groups.back());
    }
    return grouping;
  }

 private:
  // All elementwise groups, and the best of those with an anchor.
  std::vector<std::size_t> producers_to_join(const Binding& binding) const {
    const Call* call = computed(binding);
    if (!call) return {};
    const Pattern pattern = call->op->pattern;
    if (pattern != Pattern::kElementwise && pattern != Pattern::kBroadcast) return {};
    std::vector<std::size_t> joined;
    std::optional<std::size_t> anchored;
    for (const Expr& arg : call->args) {
      const auto it = index_.find(arg);
      if (it == index_.end() || !can_absorb(bindings_[it->second], binding)) continue;
      if (rank_[it->second] == kNoAnchor) {
        joined.push_back(it->second);
      } else if (!anchored || rank_[it->second] > rank_[*anchored]) {
        anchored = it->second;
      }
    }
    if (anchored) joined.push_back(*anchored);
    return joined;
  }

  bool can_absorb(const Binding& producer, const Binding& consumer) const {
    const Call* call = computed(producer);
    if (!call || call->op->pattern == Pattern::kInjective ||
        call->op->pattern == Pattern::kOpaque) {
      return false;
    }
    const auto uses = uses_.find(producer.var);
    if (uses == uses_.end() || uses->second != 1 || results_.count(producer.var)) return false;
    return same_shape(type_of(producer.var), type_of(consumer.var));
  }

  static const Call* computed(const Binding& binding) {
    const auto* call = binding.value.as<Call>();
    return call && call->op && call->op->define && !binding.cast_type ? call : nullptr;
  }

  static int rank_of(const Binding& binding) {
    const Call* call = computed(binding);
    if (call && call->op->pattern == Pattern::kMatmul) return kMatmulAnchor;
    return call && call->op->pattern == Pattern::kReduce ? kReduceAnchor : kNoAnchor;
  }

  void collect(std::size_t at, Group& group) const {
    if (const Call* call = computed(bindings_[at])) {
      for (const Expr& arg : call->args) {
        const auto it = index_.find(arg);
        if (it != index_.end() && absorbed_.count(it->second)) collect(it->second, group);
      }
    }
    group.members.push_back(&bindings_[at]);
  }

  static constexpr int kNoAnchor = 1, kReduceAnchor = 2, kMatmulAnchor = 3;

  const std::vector<Binding>& bindings_;
  Uses uses_;
  std::set<Expr, IdLess> results_;
  std::map<Expr, std::size_t, IdLess> index_;
  std::vector<int> rank_;           // of the strongest anchor of the group so far
  std::set<std::size_t> absorbed_;  // each has one use, so it belongs to its consumer's group
};

// Whether every value of the expression is a multiple of kTensorAlignment.
bool is_aligned(const Dim& bytes) {
  if (const auto value = tir::as_int(bytes)) return *value % kTensorAlignment == 0;
  Analyzer analyzer;
  const ModularSet set = analyzer.modular_set(bytes);
  return set.coeff % kTensorAlignment == 0 && set.base % kTensorAlignment == 0;
}

// Whether a tensor is computed by a kernel for one use alone, reshapes after it looked through.
bool has_one_use(Expr e, const Uses& uses, const Definitions& defs) {
  while (true) {
    const auto use = uses.find(e);
    const auto def = defs.find(e);
    if (use == uses.end() || use->second != 1 || def == defs.end() || def->second->cast_type) {
      return false;
    }
    const auto* call = def->second->value.as<Call>();
    if (!call || !call->op) return false;
    if (!is_reshape(call->op->name)) return true;
    e = call->args[0];
  }
}

}  // namespace

bool is_reshape(std::string_view op) {
  return op == "reshape" || op == "flatten" || op == "expand_dims" || op == "squeeze";
}

bool is_view(const Call& call, const Uses& uses, const Definitions& defs) {
  if (!call.op) return false;
  if (is_reshape(call.op->name)) return true;
  if (call.op->name != "concat") return false;
  const auto* tuple = call.args[0].as<Tuple>();
  if (!tuple) return false;
  const Type first = type_of(tuple->values[0]);
  const Shape& shape = shape_of(first);
  const std::size_t axis = normal_axis(call, attr_int(call, "axis", 0), shape.size());
  for (std::size_t i = 0; i < axis; ++i) {
    if (!tir::is_int(shape[i], 1)) return false;
  }
  Dim offset = tir::i64(0);
  for (const Expr& part : tuple->values) {
    if (!is_aligned(offset) || !has_one_use(part, uses, defs)) return false;
    const Type type = type_of(part);
    offset = simplify(offset + product(shape_of(type)) * tir::i64(dtype_of(type).size_bytes()));
  }
  return true;
}

Grouping fuse_groups(const Function& func) { return Grouper(func).run(); }

}  // namespace tenon::relax
