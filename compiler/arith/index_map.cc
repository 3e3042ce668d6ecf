#include "compiler/arith/index_map.h"

#include "compiler/arith/int_set.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/visit.h"

namespace tenon {

using tir::Expr;

namespace {

tir::VarMap bind_vars(const IndexMap& map, const std::vector<Expr>& values) {
  CHECK(map.initial_vars.size() == values.size())
      << "an index map of " << map.initial_vars.size() << " indices is given " << values.size();
  tir::VarMap vars;
  for (std::size_t i = 0; i < values.size(); ++i) vars[map.initial_vars[i]] = values[i];
  return vars;
}

RangeMap ranges_of(const IndexMap& map, const std::vector<tir::Range>& ranges) {
  CHECK(map.initial_vars.size() == ranges.size())
      << "an index map of " << map.initial_vars.size() << " indices is given " << ranges.size()
      << " ranges";
  RangeMap out;
  for (std::size_t i = 0; i < ranges.size(); ++i) out[map.initial_vars[i]] = ranges[i];
  return out;
}

// Fresh variables for the final indices: axis0, axis1 ...
std::vector<Expr> final_vars(const IndexMap& map) {
  std::vector<Expr> out;
  for (std::size_t i = 0; i < map.final_exprs.size(); ++i) {
    out.push_back(tir::make_var(str_cat("axis", i), tir::dtype_of(map.final_exprs[i])));
  }
  return out;
}

struct Inverse {
  IndexMap map;
  IterMapResult iter_map;
};

// With the final indices bound to their ranges, what the initial ones are.
Inverse invert(const IndexMap& map, const std::vector<tir::Range>& ranges, IterMapLevel level,
               Analyzer& analyzer) {
  Inverse out;
  RangeMap domain = ranges_of(map, ranges);
  out.iter_map = detect_iter_map(map.final_exprs, domain, {}, analyzer, {.level = level});
  if (!out.iter_map) {
    throw UserError(str_cat("the index map cannot be inverted: ", out.iter_map.error));
  }
  if (out.iter_map.has_overlap) {
    throw UserError("the index map cannot be inverted: several indices go to one place");
  }
  out.map.initial_vars = final_vars(map);
  Analyzer local;
  std::vector<tir::Range> final_ranges = map_ranges(map, ranges, analyzer);
  for (std::size_t i = 0; i < final_ranges.size(); ++i) {
    local.bind(out.map.initial_vars[i], final_ranges[i]);
  }
  tir::VarMap found = inverse_affine_iter_map(out.iter_map.indices, out.map.initial_vars, local);
  for (std::size_t i = 0; i < map.initial_vars.size(); ++i) {
    auto at = found.find(map.initial_vars[i]);
    bool is_single = tir::is_int(analyzer.simplify(ranges[i].extent), 1);
    if (at == found.end() && !is_single) {
      throw UserError(str_cat("the index map cannot be inverted: index ",
                              tir::var(map.initial_vars[i]).name, " is not used"));
    }
    out.map.final_exprs.push_back(local.simplify(at == found.end() ? ranges[i].min : at->second));
  }
  out.map.inverse_vars = map.initial_vars;
  out.map.inverse_exprs = map.final_exprs;
  return out;
}

IndexMap given_inverse(const IndexMap& map) {
  return {map.inverse_vars, map.inverse_exprs, map.initial_vars, map.final_exprs};
}

}  // namespace

std::vector<Expr> map_indices(const IndexMap& map, const std::vector<Expr>& indices,
                              Analyzer& analyzer) {
  tir::VarMap vars = bind_vars(map, indices);
  std::vector<Expr> out;
  for (const Expr& e : map.final_exprs) out.push_back(analyzer.simplify(tir::substitute(e, vars)));
  return out;
}

std::vector<tir::Range> map_ranges(const IndexMap& map, const std::vector<tir::Range>& ranges,
                                   Analyzer& analyzer) {
  RangeMap domain = ranges_of(map, ranges);
  IterMapResult iter_map =
      detect_iter_map(map.final_exprs, domain, {}, analyzer, {.level = IterMapLevel::kNoCheck});
  DomainMap sets = domains_of(domain, analyzer);
  std::vector<tir::Range> out;
  for (std::size_t i = 0; i < map.final_exprs.size(); ++i) {
    bool is_plain = iter_map && iter_map.indices[i].args.size() == 1 &&
                    tir::is_int(iter_map.indices[i].args[0].scale, 1);
    if (is_plain) {
      out.push_back({iter_map.indices[i].base, iter_map.indices[i].args[0].extent});
      continue;
    }
    IntSet set = eval_int_set(map.final_exprs[i], sets, analyzer);
    if (!set.is_bounded()) {
      throw UserError(str_cat("the index map gives output ", i, " no limits"));
    }
    out.push_back(set.to_range(analyzer));
  }
  return out;
}

std::vector<Expr> map_shape(const IndexMap& map, const std::vector<Expr>& shape,
                            Analyzer& analyzer) {
  std::vector<tir::Range> ranges;
  for (const Expr& n : shape) ranges.push_back({tir::int_imm(tir::dtype_of(n), 0), n});
  std::vector<Expr> out;
  for (const tir::Range& r : map_ranges(map, ranges, analyzer)) {
    out.push_back(analyzer.simplify(r.min + r.extent));
  }
  return out;
}

IndexMap inverse_of(const IndexMap& map, const std::vector<tir::Range>& ranges,
                    Analyzer& analyzer) {
  if (!map.inverse_exprs.empty()) return given_inverse(map);
  return invert(map, ranges, IterMapLevel::kBijective, analyzer).map;
}

PaddedInverse non_surjective_inverse_of(const IndexMap& map, const std::vector<tir::Range>& ranges,
                                        Analyzer& analyzer) {
  if (!map.inverse_exprs.empty()) return {given_inverse(map), tir::bool_imm(false)};
  Inverse inverse = invert(map, ranges, IterMapLevel::kNoCheck, analyzer);
  Analyzer local;
  std::vector<tir::Range> final_ranges = map_ranges(map, ranges, analyzer);
  tir::VarMap back;
  for (std::size_t i = 0; i < final_ranges.size(); ++i) {
    local.bind(inverse.map.initial_vars[i], final_ranges[i]);
  }
  for (std::size_t i = 0; i < map.initial_vars.size(); ++i) {
    back[map.initial_vars[i]] = inverse.map.final_exprs[i];
  }
  Expr predicate = tir::substitute(inverse.iter_map.padding_predicate, back);
  return {inverse.map, local.simplify(predicate)};
}

bool equivalent(const IndexMap& a, const IndexMap& b, Analyzer& analyzer) {
  if (a.initial_vars.size() != b.initial_vars.size() ||
      a.final_exprs.size() != b.final_exprs.size()) {
    return false;
  }
  std::vector<Expr> other = map_indices(b, a.initial_vars, analyzer);
  for (std::size_t i = 0; i < other.size(); ++i) {
    if (!analyzer.can_prove_equal(a.final_exprs[i], other[i])) return false;
  }
  return true;
}

}  // namespace tenon
