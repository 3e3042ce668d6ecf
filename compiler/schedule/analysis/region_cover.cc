// Region cover and stage pipelines: what a producer has written by the time a consumer reads.
#include <algorithm>

#include "compiler/arith/int_set.h"
#include "compiler/schedule/analysis/block_info.h"
#include "compiler/schedule/analysis/touched.h"
#include "compiler/tir/visit.h"

namespace tenon {

using namespace tir;

namespace {

using Sets = std::vector<IntSet>;

// Position in both paths of the last statement that they share.
std::size_t common_ancestor(const Site& a, const Site& b) {
  std::size_t i = 0;
  while (i + 1 < a.path.size() && i + 1 < b.path.size() && a.path[i + 1].same_as(b.path[i + 1])) {
    ++i;
  }
  // The ancestor is a loop or block: a Seq between belongs to what is above it.
  while (i > 0 && !is_loop(a.path[i]) && !is_block(a.path[i])) --i;
  return i;
}

bool covers(const Buffer& buffer, const Sets& produced, const Sets& consumed, Analyzer& analyzer) {
  const std::vector<Expr>& shape = node(buffer).shape;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    IntSet whole = IntSet::from_range({int_imm(dtype_of(shape[i]), 0), shape[i]}, analyzer);
    IntSet inside = intersection_of({consumed[i], whole}, analyzer);
    if (!can_prove_includes(produced[i], inside, analyzer)) return false;
  }
  return true;
}

// What the producers at one common ancestor have written of `buffer`; empty when nothing is known.
std::vector<Sets> produced_at(const std::vector<Site>& producers, std::size_t ancestor,
                              const Buffer& buffer, Analyzer& analyzer) {
  std::vector<Sets> touched;
  for (const Site& producer : producers) {
    for (const BufferRegion& write : unbound_writes(producer.block())) {
      if (!write.buffer.same_as(buffer)) continue;
      auto set =
          estimate_region_lower_bound(write.region, relaxed_loops(producer, ancestor, buffer),
                                      producer.block().predicate, analyzer);
      if (set) touched.push_back(*set);
    }
  }
  return touched;
}

Sets union_lower_bound(const std::vector<Sets>& touched, Analyzer& analyzer) {
  Sets result;
  for (std::size_t i = 0; i < touched.front().size(); ++i) {
    std::vector<IntSet> sets;
    for (const Sets& t : touched) sets.push_back(t[i]);
    result.push_back(sets.size() == 1 ? sets.front() : union_of(sets, analyzer));
  }
  return result;
}

bool is_covered_at(const Site& consumer, const std::vector<Site>& producers, std::size_t ancestor) {
  Analyzer analyzer;
  for (std::size_t i = 0; i <= ancestor; ++i) {
    if (const auto* loop = consumer.path[i].as<For>()) {
      analyzer.bind(loop->var, Range{loop->min, loop->extent});
    }
  }
  for (const BufferRegion& read : unbound_reads(consumer.block())) {
    std::vector<Sets> touched = produced_at(producers, ancestor, read.buffer, analyzer);
    if (touched.empty()) continue;
    Sets consumed = touched_region(read.region, relaxed_loops(consumer, ancestor, read.buffer),
                                   consumer.block().predicate, analyzer);
    if (!covers(read.buffer, union_lower_bound(touched, analyzer), consumed, analyzer)) {
      return false;
    }
  }
  return true;
}

bool has_other_statements(const Stmt& stmt) {
  bool found = false;
  each_stmt(stmt, [&](const Stmt& s) {
    if (is_block(s)) return false;
    if (!is_loop(s) && !s.as<Seq>()) found = true;
    return !found;
  });
  return found;
}

}  // namespace

bool is_region_covered(const Site& scope_site, const BlockScope& scope, const Stmt& consumer) {
  Site site = child_site(scope_site, consumer);
  std::map<std::size_t, std::vector<Site>> by_ancestor;
  for (const Dependency& d : scope.into(consumer)) {
    if (d.kind != DependencyKind::kReadAfterWrite) continue;
    Site producer = child_site(scope_site, d.source);
    by_ancestor[common_ancestor(site, producer)].push_back(producer);
  }
  return std::all_of(by_ancestor.begin(), by_ancestor.end(), [&](const auto& entry) {
    return is_covered_at(site, entry.second, entry.first);
  });
}

std::optional<std::string> why_not_stage_pipeline(const Site& scope_site) {
  if (has_other_statements(scope_site.block().body)) {
    return "it holds statements other than loops and blocks";
  }
  BlockScope scope = block_scope(scope_site.stmt());
  for (const Dependency& d : scope.dependencies) {
    if (d.kind == DependencyKind::kWriteAfterRead) {
      return "block " + d.target.get<Block>().name + " writes what " + d.source.get<Block>().name +
             " reads before it";
    }
  }
  for (const Stmt& block : scope.blocks) {
    if (!is_region_covered(scope_site, scope, block)) {
      return "block " + block.get<Block>().name + " reads more than was written before it";
    }
  }
  return std::nullopt;
}

}  // namespace tenon
