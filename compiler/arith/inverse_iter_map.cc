// From the values of the indices back to the iterators: sums are taken apart from the outside in,
// and an iterator is put together from the splits taken of it.
#include <algorithm>
#include <deque>

#include "compiler/arith/iter_map.h"
#include "compiler/arith/iter_rewrite.h"
#include "compiler/support/error.h"
#include "compiler/tir/visit.h"

namespace tenon {

using tir::Expr;

namespace {

class Inverter {
 public:
  Inverter(const std::vector<IterSum>& map, Analyzer& analyzer)
      : analyzer_(analyzer), uses_(collect_marks(map, analyzer)) {
    values_.resize(uses_.size());
    missing_.resize(uses_.size());
    for (std::size_t i = 0; i < uses_.size(); ++i) missing_[i] = uses_[i].splits.size();
  }

  void take_apart(const IterSum& sum, const Expr& value) {
    Expr rest = analyzer_.simplify(value - sum.base);
    // The outermost arg has the largest scale and needs no remainder.
    std::size_t outermost = 0;
    for (std::size_t i = 1; i < sum.args.size(); ++i) {
      if (reach(sum.args[i]) > reach(sum.args[outermost])) outermost = i;
    }
    for (std::size_t i = 0; i < sum.args.size(); ++i) {
      const IterSplit& split = sum.args[i];
      Expr part = tir::floor_div(rest, split.scale);
      if (i != outermost) part = tir::floor_mod(part, split.extent);
      give(split, analyzer_.simplify(part));
    }
  }

  tir::VarMap run() {
    while (!ready_.empty()) {
      std::size_t i = ready_.front();
      ready_.pop_front();
      const IterMark& mark = uses_[i].mark;
      if (mark.sum)
        take_apart(*mark.sum, values_[i]);
      else
        solve(mark.source, values_[i]);
    }
    return std::move(found_);
  }

 private:
  static std::pair<bool, std::int64_t> reach(const IterSplit& s) {
    auto scale = tir::as_int(s.scale);
    return {!scale, scale ? std::abs(*scale) : 0};
  }
  void give(const IterSplit& split, const Expr& value) {
    for (std::size_t i = 0; i < uses_.size(); ++i) {
      if (!same_mark(uses_[i].mark, split.source, analyzer_)) continue;
      Expr part = value * split.lower_factor;
      values_[i] = analyzer_.simplify(values_[i] ? values_[i] + part : part);
      if (--missing_[i] == 0) ready_.push_back(i);
      return;
    }
  }
  // source is a variable, or a variable and an offset.
  void solve(const Expr& source, const Expr& value) {
    if (source.as<tir::Var>()) {
      found_[source] = value;
      return;
    }
    for (const Expr& v : tir::vars_of(source)) {
      Expr offset = analyzer_.simplify(source - v);
      if (!tir::uses_var(offset, v)) {
        found_[v] = analyzer_.simplify(value - offset);
        return;
      }
    }
    CHECK(false) << "an iterator that is no shifted variable";
  }

  Analyzer& analyzer_;
  std::vector<MarkUse> uses_;
  std::vector<Expr> values_;
  std::vector<std::size_t> missing_;
  std::deque<std::size_t> ready_;
  tir::VarMap found_;
};

}  // namespace

tir::VarMap inverse_affine_iter_map(const std::vector<IterSum>& map,
                                    const std::vector<Expr>& outputs, Analyzer& analyzer) {
  CHECK(map.size() == outputs.size())
      << "one output an index: " << map.size() << " indices, " << outputs.size() << " outputs";
  Inverter inverter(map, analyzer);
  for (std::size_t i = 0; i < map.size(); ++i) inverter.take_apart(map[i], outputs[i]);
  return inverter.run();
}

}  // namespace tenon
