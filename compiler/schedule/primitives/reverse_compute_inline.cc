// reverse_compute_inline(C): what C does with what its producer writes, the producer does itself.
//
//   block B: B[i] = A[i] + 1;  block C: C[i] = B[i] * 2   ->   block B: C[i] = (A[i] + 1) * 2
#include <algorithm>

#include "compiler/arith/iter_map.h"
#include "compiler/schedule/analysis/block_info.h"
#include "compiler/schedule/inline.h"
#include "compiler/schedule/primitives.h"
#include "compiler/schedule/rewrite.h"
#include "compiler/support/text.h"

namespace tenon {

using namespace tir;

namespace {

struct Consumer {
  Site site;
  Store write;
  Buffer buffer;                         // the inlined one
  std::vector<std::vector<Expr>> loads;  // the indices of each load of it, distinct ones
};

std::vector<std::vector<Expr>> load_indices(const Stmt& body, const Buffer& buffer) {
  std::vector<std::vector<Expr>> found;
  Visitor visitor;
  visitor.expr = [&](const Expr& e) {
    const auto* l = e.as<Load>();
    if (!l || !l->buffer.same_as(buffer)) return true;
    bool known = std::any_of(found.begin(), found.end(), [&](const std::vector<Expr>& other) {
      for (std::size_t i = 0; i < other.size(); ++i) {
        if (!structural_equal(other[i], l->indices[i])) return false;
      }
      return true;
    });
    if (!known) found.push_back(l->indices);
    return true;
  };
  walk(body, visitor);
  return found;
}

// The one buffer that the block reads and that a block of the scope writes.
Buffer inlined_buffer(const Schedule& schedule, const Site& site, const BlockScope& scope,
                      const std::string& what) {
  Buffer found;
  int num_found = 0;
  for (const BufferRegion& read : site.block().reads) {
    if (!scope.writers.count(read.buffer) || (found && read.buffer.same_as(found))) continue;
    found = read.buffer;
    ++num_found;
  }
  if (num_found != 1) {
    schedule_error(schedule, site,
                   str_cat(what, ": block ", site.block().name, " reads ", num_found,
                           " buffers that blocks of its scope write, one is needed"));
  }
  return found;
}

Consumer read_consumer(const Schedule& schedule, const Site& site, const BlockScope& scope,
                       const std::string& what) {
  const Block& block = site.block();
  Buffer buffer = inlined_buffer(schedule, site, scope, what);
  auto write = single_store(block);
  if (!write || block.init || !is_int(block.predicate, 1)) {
    schedule_error(schedule, site,
                   what + ": the body of block " + block.name + " is not one store, always done");
  }
  Consumer consumer{site, *write, buffer, {}};
  consumer.loads = load_indices(block.body, consumer.buffer);
  if (consumer.loads.size() != 1) {
    schedule_error(schedule, site,
                   what + ": block " + block.name + " reads buffer " + node(consumer.buffer).name +
                       " at several places, or not at all");
  }
  return consumer;
}

Site find_producer(const Schedule& schedule, const Site& scope, const BlockScope& graph,
                   const Consumer& consumer, const std::string& what) {
  const std::vector<Stmt>& producers = graph.writers.at(consumer.buffer);
  if (producers.size() != 1) {
    schedule_error(schedule, consumer.site,
                   str_cat(what, ": ", producers.size(), " blocks write what block ",
                           consumer.site.block().name, " reads, one is needed"));
  }
  Site producer = child_site(scope, producers.front());
  // Another reader would be left without the buffer.
  for (const Dependency& d : graph.from(producer.stmt())) {
    if (d.kind != DependencyKind::kReadAfterWrite || d.target.same_as(consumer.site.stmt())) {
      continue;
    }
    schedule_error(schedule, producer,
                   what + ": block " + producer.block().name + " has other consumers too");
  }
  check_complete(schedule, producer, what);
  if (!single_store(producer.block())) {
    schedule_error(schedule, producer,
                   what + ": the body of block " + producer.block().name + " is not one store");
  }
  return producer;
}

// The consumer's iter vars in terms of what the producer stores at.
VarMap solve_iters(const Schedule& schedule, const Consumer& consumer, const Store& produced,
                   const std::string& what) {
  Analyzer analyzer;  // knows no bounds: an iter that takes one value stays what it is
  RangeMap ranges;
  VarMap units;
  for (const IterVar& iter : consumer.site.block().iter_vars) {
    ranges[iter.var] = iter.domain;
    if (is_one(iter.domain.extent)) units[iter.var] = iter.domain.min;
  }
  IterMapResult map = detect_iter_map(consumer.loads.front(), ranges, bool_imm(true), analyzer,
                                      {IterMapLevel::kBijective, /*simplify_trivial=*/false});
  if (!map) {
    // Iters that take one value need not appear in what is read.
    std::vector<Expr> loads;
    for (const Expr& e : consumer.loads.front()) loads.push_back(substitute(e, units));
    for (const auto& [unit, value] : units) ranges.erase(unit);
    map = detect_iter_map(loads, ranges, bool_imm(true), analyzer,
                          {IterMapLevel::kBijective, /*simplify_trivial=*/false});
  }
  if (!map) {
    schedule_error(schedule, consumer.site,
                   what + ": the indices at which block " + consumer.site.block().name +
                       " reads cannot be inverted: " + map.error);
  }
  std::vector<Expr> outputs;
  for (std::size_t i = 0; i < produced.indices.size(); ++i) {
    outputs.push_back(cast(dtype_of(consumer.loads.front()[i]), produced.indices[i]));
  }
  VarMap solved = inverse_affine_iter_map(map.indices, outputs, analyzer);
  for (const auto& [unit, value] : units) solved.emplace(unit, value);
  for (const IterVar& iter : consumer.site.block().iter_vars) {
    if (solved.count(iter.var)) continue;
    schedule_error(schedule, consumer.site,
                   what + ": iter " + var(iter.var).name + " does not follow from what is read");
  }
  return solved;
}

// The producer makes all that the consumer uses: no iter takes values that have none to follow
// from.
void check_covered(const Schedule& schedule, const Consumer& consumer, const Block& producer,
                   const VarMap& solved, const std::string& what) {
  Analyzer analyzer;
  DomainMap domains;
  for (const IterVar& iter : producer.iter_vars) {
    domains[iter.var] = IntSet::from_range(iter.domain, analyzer);
  }
  for (const IterVar& iter : consumer.site.block().iter_vars) {
    IntSet reached = eval_int_set(solved.at(iter.var), domains, analyzer);
    if (!reached.is_bounded()) continue;
    Expr last = iter.domain.min + iter.domain.extent - int_imm(dtype_of(iter.var), 1);
    if (analyzer.can_prove_greater(reached.min, iter.domain.min) ||
        analyzer.can_prove_less(reached.max, last)) {
      schedule_error(schedule, consumer.site,
                     what + ": block " + producer.name + " does not make all that iter " +
                         var(iter.var).name + " reads");
    }
  }
}

// True where the consumer runs: within its iter vars' domains.
Expr consumer_runs(const Block& consumer, const VarMap& solved, Analyzer& analyzer) {
  Expr condition = bool_imm(true);
  for (const IterVar& iter : consumer.iter_vars) {
    const Expr& value = solved.at(iter.var);
    for (const Expr& part : {less_equal(iter.domain.min, value),
                             less(value, add(iter.domain.min, iter.domain.extent))}) {
      if (!analyzer.can_prove(part)) condition = conjunction(condition, part);
    }
  }
  return analyzer.simplify(condition);
}

}  // namespace

Schedule reverse_compute_inline(const Schedule& schedule, const BlockRef& ref) {
  Site site = site_of(schedule, ref);
  const std::string what = "reverse_compute_inline(" + site.block().name + ")";
  Site scope = cut(site, scope_index(schedule, site, what));
  check_stage_pipeline(schedule, scope, what);
  check_complete(schedule, site, what);
  BlockScope graph = block_scope(scope.stmt());
  Consumer consumer = read_consumer(schedule, site, graph, what);
  Site producer = find_producer(schedule, scope, graph, consumer, what);
  if (!allocating_block(scope.stmt(), consumer.buffer)) {
    schedule_error(schedule, producer,
                   what + ": block " + producer.block().name + " writes an output");
  }
  Store produced = *single_store(producer.block());
  VarMap solved = solve_iters(schedule, consumer, produced, what);
  check_covered(schedule, consumer, producer.block(), solved, what);
  Analyzer analyzer;
  for (const IterVar& iter : producer.block().iter_vars) analyzer.bind(iter.var, iter.domain);

  Rewriter take_value;
  take_value.expr = [&](const Expr& e) -> Expr {
    const auto* l = e.as<Load>();
    return l && l->buffer.same_as(consumer.buffer) ? produced.value : e;
  };
  std::vector<Expr> indices;
  for (const Expr& index : consumer.write.indices) indices.push_back(substitute(index, solved));
  Expr value = rewrite(substitute(consumer.write.value, solved), take_value);
  Expr runs = consumer_runs(consumer.site.block(), solved, analyzer);
  Stmt changed = edit_block(producer.stmt(), [&](Block& b) {
    b.body = store(consumer.write.buffer, indices, value);
    b.predicate = conjunction(b.predicate, substitute(runs, bindings_of(b)));
  });
  Stmt body = replace_stmts(scope.stmt(),
                            {{site.stmt(), {}}, {producer.stmt(), with_found_regions(changed)}});
  return replace(schedule, scope, without_allocation(body, consumer.buffer));
}

}  // namespace tenon
