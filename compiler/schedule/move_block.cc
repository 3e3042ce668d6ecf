#include "compiler/schedule/move_block.h"

#include <algorithm>

#include "compiler/schedule/analysis/block_info.h"
#include "compiler/schedule/analysis/touched.h"
#include "compiler/schedule/rewrite.h"
#include "compiler/support/text.h"

namespace tenon {

using namespace tir;

namespace {

using Names = std::vector<Stmt>;

std::vector<Stmt> statements_of(const Stmt& body) {
  if (const auto* sequence = body.as<Seq>()) return sequence->body;
  return {body};
}

bool contains(const std::vector<Stmt>& list, const Stmt& stmt) {
  return std::any_of(list.begin(), list.end(), [&](const Stmt& s) { return s.same_as(stmt); });
}

std::optional<std::string> why_not_same_scope(const Site& block, const Site& loop,
                                              std::size_t scope) {
  const std::string loop_name = var(loop.loop().var).name;
  const std::string block_name = block.block().name;
  if (contains(block.path, loop.stmt())) {
    return "loop " + loop_name + " is around block " + block_name + " already";
  }
  bool same = loop.function == block.function && loop.path.size() > scope &&
              loop.path[scope].same_as(block.path[scope]);
  for (std::size_t i = scope + 1; same && i < loop.path.size(); ++i) {
    same = !is_block(loop.path[i]);
  }
  if (!same) return "loop " + loop_name + " is not in the same scope as block " + block_name;
  return std::nullopt;
}

struct Position {
  std::optional<std::string> refused;
  std::size_t at = 0;
};

// Where among the loop's statements the block may go: after its producers, before its consumers.
Position find_position(const Site& loop, const Names& producers, const Names& consumers,
                       const ComputeAtArgs& args, MoveDirection direction) {
  std::vector<Stmt> stmts = statements_of(loop.loop().body);
  std::size_t first_consumer = stmts.size(), after_producers = 0;
  std::size_t num_producers = 0, num_consumers = 0;
  for (std::size_t i = 0; i < stmts.size(); ++i) {
    for (const Stmt& block : is_block(stmts[i]) ? Names{stmts[i]} : child_blocks(stmts[i])) {
      if (contains(producers, block)) {
        ++num_producers;
        after_producers = i + 1;
      }
      if (contains(consumers, block)) {
        ++num_consumers;
        first_consumer = std::min(first_consumer, i);
      }
    }
  }
  const std::string loop_name = var(loop.loop().var).name;
  if (direction == MoveDirection::kToConsumers && num_consumers < consumers.size()) {
    return {str_cat(consumers.size() - num_consumers, " of its ", consumers.size(),
                    " consumers are not below loop ", loop_name)};
  }
  if (direction == MoveDirection::kToProducers && num_producers < producers.size()) {
    return {str_cat(producers.size() - num_producers, " of its ", producers.size(),
                    " producers are not below loop ", loop_name)};
  }
  if (after_producers > first_consumer) {
    return {"below loop " + loop_name + " a consumer stands before a producer"};
  }
  if (args.index == -1) return {std::nullopt, first_consumer};
  if (args.index == -2) return {std::nullopt, after_producers};
  if (args.index < static_cast<std::int64_t>(after_producers) ||
      args.index > static_cast<std::int64_t>(first_consumer)) {
    return {str_cat("index ", args.index, " is not among ", after_producers, " to ", first_consumer,
                    " (or -1, -2)")};
  }
  return {std::nullopt, static_cast<std::size_t>(args.index)};
}

void unite(std::vector<IntSet>& sets, const std::vector<IntSet>& other, Analyzer& analyzer) {
  if (sets.empty()) {
    sets = other;
    return;
  }
  for (std::size_t i = 0; i < sets.size(); ++i) sets[i] = union_of({sets[i], other[i]}, analyzer);
}

std::vector<IntSet> sets_of(const std::vector<Range>& region, Analyzer& analyzer) {
  std::vector<IntSet> sets;
  for (const Range& range : region) {
    sets.push_back(is_one(range.extent) ? IntSet::point(range.min)
                                        : IntSet::from_range(range, analyzer));
  }
  return sets;
}

// For each buffer on the moved side: what one instance provides, what the others require.
std::vector<RegionPair> region_pairs(const Site& block, const Site& loop, const Names& others,
                                     MoveDirection direction, Analyzer& analyzer) {
  bool to_consumers = direction == MoveDirection::kToConsumers;
  std::vector<RegionPair> pairs;
  for (const BufferRegion& r : to_consumers ? block.block().writes : block.block().reads) {
    auto it = std::find_if(pairs.begin(), pairs.end(),
                           [&](const RegionPair& p) { return p.buffer.same_as(r.buffer); });
    if (it == pairs.end()) it = pairs.insert(pairs.end(), RegionPair{r.buffer, {}, {}});
    unite(it->provided, sets_of(r.region, analyzer), analyzer);
  }
  for (const Stmt& other : others) {
    Site site = child_site(loop, other);
    for (const BufferRegion& r :
         to_consumers ? unbound_reads(site.block()) : unbound_writes(site.block())) {
      for (RegionPair& pair : pairs) {
        if (!pair.buffer.same_as(r.buffer)) continue;
        unite(pair.required,
              touched_region(r.region, relaxed_loops(site, loop.path.size() - 1, r.buffer),
                             site.block().predicate, analyzer),
              analyzer);
      }
    }
  }
  std::erase_if(pairs, [](const RegionPair& p) { return p.required.empty(); });
  return pairs;
}

std::optional<std::string> why_not_movable(const Site& block, const Site& scope_site,
                                           const BlockScope& scope, MoveDirection direction) {
  if (auto why = why_not_stage_pipeline(scope_site)) {
    return "block " + scope_site.block().name + " is not a stage pipeline: " + *why;
  }
  if (auto not_complete = why_not_complete(block, scope)) {
    if (auto not_reduction = why_not_reduction(block, scope)) {
      return "block " + block.block().name + " is neither complete (" + *not_complete +
             ") nor a reduction (" + *not_reduction + ")";
    }
  }
  if (direction == MoveDirection::kToConsumers && is_output_block(scope_site, block.stmt())) {
    return "block " + block.block().name + " writes an output";
  }
  return std::nullopt;
}

}  // namespace

std::variant<MovePlan, std::string> plan_move(const Schedule& schedule, const ComputeAtArgs& args,
                                              MoveDirection direction) {
  MovePlan plan{site_of(schedule, args.block), site_of(schedule, args.loop), 0, {}};
  std::size_t scope = scope_index(schedule, plan.block, "compute_at");
  Site scope_site = cut(plan.block, scope);
  BlockScope graph = block_scope(scope_site.stmt());
  if (auto why = why_not_movable(plan.block, scope_site, graph, direction)) return *why;
  if (auto why = why_not_same_scope(plan.block, plan.loop, scope)) return *why;
  Names producers = graph.producers(plan.block.stmt());
  Names consumers = graph.consumers(plan.block.stmt());
  Position position = find_position(plan.loop, producers, consumers, args, direction);
  if (position.refused) return *position.refused;
  plan.position = position.at;

  Analyzer analyzer;
  for (const Stmt& s : plan.loop.path) {
    if (const auto* loop = s.as<For>()) analyzer.bind(loop->var, Range{loop->min, loop->extent});
  }
  auto pairs = region_pairs(plan.block, plan.loop,
                            direction == MoveDirection::kToConsumers ? consumers : producers,
                            direction, analyzer);
  auto domains = solve_iter_domains(plan.block.block(), pairs, analyzer);
  if (!domains) {
    return "the region of block " + plan.block.block().name + " cannot be solved for its iters";
  }
  plan.domains = std::move(*domains);
  return plan;
}

namespace {

struct Nest {
  std::vector<Expr> vars, extents, values;
  Expr predicate = bool_imm(true);
};

Nest make_nest(const MovePlan& plan, bool preserve_unit_loops, Analyzer& analyzer) {
  Nest nest;
  const Block& block = plan.block.block();
  for (std::size_t i = 0; i < plan.domains.size(); ++i) {
    const IntSet& set = plan.domains[i].domain;
    Range range = set.is_bounded() ? set.to_range(analyzer) : block.iter_vars[i].domain;
    DataType dtype = common_int_type({range.min, range.extent});
    Expr low = cast(dtype, range.min);
    if (preserve_unit_loops || !is_one(range.extent)) {
      Expr loop_var = make_var(str_cat("ax", nest.vars.size()), dtype);
      nest.vars.push_back(loop_var);
      nest.extents.push_back(analyzer.simplify(cast(dtype, range.extent)));
      nest.values.push_back(add(low, loop_var));
      analyzer.bind(loop_var, Range{int_imm(dtype, 0), nest.extents.back()});
    } else {
      nest.values.push_back(low);
    }
    if (!plan.domains[i].bound) continue;
    const IntSet& bound = *plan.domains[i].bound;
    const Expr& value = nest.values.back();
    for (const Expr& part : {bound.min ? less_equal(bound.min, value) : bool_imm(true),
                             bound.max ? less(value, add(bound.max, i32(1))) : bool_imm(true)}) {
      if (!analyzer.can_prove(part)) nest.predicate = conjunction(nest.predicate, part);
    }
  }
  nest.predicate = analyzer.simplify(nest.predicate);
  return nest;
}

}  // namespace

Schedule move_block(const Schedule& schedule, const MovePlan& plan, bool preserve_unit_loops) {
  Analyzer analyzer;
  for (const Stmt& s : plan.loop.path) {
    if (const auto* loop = s.as<For>()) analyzer.bind(loop->var, Range{loop->min, loop->extent});
  }
  Nest nest = make_nest(plan, preserve_unit_loops, analyzer);
  Stmt block = edit_block(plan.block.stmt(), [&](Block& b) {
    for (std::size_t i = 0; i < b.iter_vars.size(); ++i) b.iter_vars[i].binding = nest.values[i];
    b.predicate = nest.predicate;
  });
  std::vector<Stmt> stmts = statements_of(plan.loop.loop().body);
  stmts.insert(stmts.begin() + static_cast<std::ptrdiff_t>(plan.position),
               serial_loops(nest.vars, nest.extents, block));
  // The loop may also be above where the block stands now only when it holds it, which is refused;
  // so both edits are in different subtrees of the scope.
  Stmt body = replace_stmts(
      plan.block.path.front(),
      {{plan.block.stmt(), {}}, {plan.loop.stmt(), with_loop_body(plan.loop.stmt(), seq(stmts))}});
  return with_function_body(schedule, plan.block.function, body);
}

}  // namespace tenon
