// The memory plan checked by executing it: a map from byte ranges to the tensor last written there.
#include <map>
#include <set>

#include "compiler/arith/analyzer.h"
#include "compiler/compile/memory_plan.h"
#include "compiler/passes/relax/group.h"
#include "compiler/support/error.h"
#include "compiler/tir/visit.h"

namespace tenon {
namespace {

using relax::Expr;

// Bytes [begin, end) of one memory, by begin; neighbouring ranges never overlap.
class Ownership {
 public:
  void write(std::int64_t begin, std::int64_t end, const void* owner) {
    auto it = ranges_.lower_bound(begin);
    if (it != ranges_.begin() && std::prev(it)->second.end > begin) --it;
    while (it != ranges_.end() && it->first < end) {
      const auto [at, old] = *it;
      it = ranges_.erase(it);
      if (at < begin) ranges_[at] = {begin, old.owner};
      if (old.end > end) ranges_[end] = {old.end, old.owner};
    }
    if (begin < end) ranges_[begin] = {end, owner};
  }

  // Whether every byte belongs to one of `owners`.
  bool belongs(std::int64_t begin, std::int64_t end, const std::set<const void*>& owners) const {
    auto it = ranges_.upper_bound(begin);
    if (it != ranges_.begin()) --it;
    while (begin < end) {
      if (it == ranges_.end() || it->first > begin || it->second.end <= begin ||
          !owners.count(it->second.owner)) {
        return false;
      }
      begin = it->second.end;
      ++it;
    }
    return true;
  }

 private:
  struct Owned {
    std::int64_t end;
    const void* owner;
  };
  std::map<std::int64_t, Owned> ranges_;
};

class Execution {
 public:
  Execution(const relax::Function& func, const MemoryPlan& plan, std::int64_t symbol_value)
      : func_(func), plan_(plan), symbol_value_(symbol_value) {}

  void run() {
    check_calls();
    find_sources();
    for (const PlannedCall& call : plan_.calls) {
      const Place& out = place_of(call.result);
      CHECK(out.kind == PlaceKind::kArena || out.kind == PlaceKind::kOutput)
          << "a kernel writes to an input or a constant";
      const std::int64_t begin = value(out.offset), end = begin + bytes(call.result);
      check_place(call.result, out, begin, end);
      for (const Expr& arg : call.args) read(arg, out, begin, end);
      memories_[{out.kind, out.index}].write(begin, end, call.result.id());
    }
    check_outputs();
  }

 private:
  // The plan runs the function's kernels, in its order, on its tensors.
  void check_calls() const {
    std::size_t next = 0;
    for (const relax::Binding& binding : relax::straight_bindings(func_)) {
      const auto* call = binding.value.as<relax::Call>();
      if (!call || !call->op || call->op->name != "call_tir") continue;
      CHECK(next < plan_.calls.size())
          << "the call of " << relax::var(binding.var).name << " is not planned";
      const PlannedCall& planned = plan_.calls[next++];
      const std::vector<Expr>& args = call->args[1].get<relax::Tuple>().values;
      bool is_same = planned.result.same_as(binding.var) && planned.args.size() == args.size() &&
                     planned.function == call->args[0].get<relax::GlobalVar>().name;
      for (std::size_t i = 0; is_same && i < args.size(); ++i) {
        is_same = planned.args[i].same_as(args[i]);
      }
      CHECK(is_same) << "call " << next - 1 << " of the plan is not the function's call of "
                     << relax::var(binding.var).name;
    }
    CHECK(next == plan_.calls.size()) << "the plan has calls that the function has not";
  }

  // Inside its memory, and where kernels may assume a tensor to be.
  void check_place(const Expr& tensor, const Place& place, std::int64_t begin,
                   std::int64_t end) const {
    const std::string name = tensor.as<relax::Var>() ? relax::var(tensor).name : "constant";
    CHECK(begin >= 0 && begin % relax::kTensorAlignment == 0)
        << "tensor " << name << " is at offset " << begin << ", which is not aligned";
    CHECK(end <= memory_bytes(place)) << "tensor " << name << " ends at " << end
                                      << ", behind its memory of " << memory_bytes(place);
  }

  std::int64_t memory_bytes(const Place& place) const {
    switch (place.kind) {
      case PlaceKind::kInput:
        return bytes(func_.params.at(place.index));
      case PlaceKind::kOutput:
        return bytes(results().at(place.index));
      case PlaceKind::kConstant:
        return static_cast<std::int64_t>(plan_.constants.at(place.index)->size_bytes);
      case PlaceKind::kArena:
        return value(plan_.arena_bytes);
    }
    return 0;
  }

  std::vector<Expr> results() const {
    const Expr& body = func_.body.get<relax::SeqExpr>().body;
    if (const auto* tuple = body.as<relax::Tuple>()) return tuple->values;
    return {body};
  }

  // The kernels' results that make up each variable's bytes.
  void find_sources() {
    for (const PlannedCall& call : plan_.calls) sources_[call.result].insert(call.result.id());
    for (const relax::Binding& binding : relax::straight_bindings(func_)) {
      const auto* call = binding.value.as<relax::Call>();
      if (call && call->op->name == "call_tir") continue;
      std::vector<Expr> parts = call ? call->args : std::vector<Expr>{binding.value};
      const auto* tuple = parts[0].as<relax::Tuple>();
      if (tuple) parts = std::vector<Expr>(tuple->values);
      for (const Expr& part : parts) {
        const auto it = sources_.find(part);
        if (it == sources_.end()) continue;
        const std::set<const void*> found = it->second;
        sources_[binding.var].insert(found.begin(), found.end());
      }
    }
  }

  void read(const Expr& arg, const Place& out, std::int64_t out_begin, std::int64_t out_end) {
    const Place& place = place_of(arg);
    const std::int64_t begin = value(place.offset), end = begin + bytes(arg);
    check_place(arg, place, begin, end);
    if (place.kind == PlaceKind::kInput || place.kind == PlaceKind::kConstant) return;
    const bool same_memory = place.kind == out.kind && place.index == out.index;
    CHECK(!same_memory || end <= out_begin || out_end <= begin)
        << "a kernel reads " << relax::var(arg).name << " where it writes its result";
    check_bytes(arg, place, begin, end);
  }

  void check_bytes(const Expr& e, const Place& place, std::int64_t begin, std::int64_t end) {
    CHECK((memories_[{place.kind, place.index}].belongs(begin, end, sources_[e])))
        << "tensor " << relax::var(e).name << " is read after its bytes [" << begin << ", " << end
        << ") were overwritten or before they were written";
  }

  void check_outputs() {
    const std::vector<Expr> outputs = results();
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const Place& place = place_of(outputs[i]);
      CHECK(place.kind == PlaceKind::kOutput && place.index == i && value(place.offset) == 0)
          << "output " << i << " is somewhere else";
      check_bytes(outputs[i], place, 0, bytes(outputs[i]));
    }
  }

  const Place& place_of(const Expr& e) const {
    const auto it = plan_.places.find(e);
    CHECK(it != plan_.places.end()) << "a tensor has no place";
    return it->second;
  }

  std::int64_t bytes(const Expr& e) const { return value(tensor_bytes(relax::type_of(e))); }

  // Every symbol gets another value, so that offsets of different symbols are told apart.
  std::int64_t value(const tir::Expr& e) const {
    tir::VarMap map;
    std::int64_t next = symbol_value_;
    for (const Expr& param : func_.params) {
      for (const relax::Dim& dim : relax::shape_of(param)) {
        for (const tir::Expr& v : tir::vars_of(dim)) {
          if (map.emplace(v, tir::i64(next)).second) ++next;
        }
      }
    }
    Analyzer analyzer;
    const auto result = tir::as_int(analyzer.simplify(tir::substitute(e, map)));
    CHECK(result) << "an offset depends on something that is no symbol of an input";
    return *result;
  }

  const relax::Function& func_;
  const MemoryPlan& plan_;
  const std::int64_t symbol_value_;
  std::map<std::pair<PlaceKind, std::size_t>, Ownership> memories_;
  std::map<Expr, std::set<const void*>, IdLess> sources_;
};

}  // namespace

void verify_plan(const relax::Function& func, const MemoryPlan& plan) {
  for (const std::int64_t symbol_value : {1, 2, 7}) Execution(func, plan, symbol_value).run();
}

}  // namespace tenon
