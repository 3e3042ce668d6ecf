#include "compiler/schedule/tree.h"

#include <algorithm>

#include "compiler/support/error.h"
#include "compiler/tir/visit.h"

namespace tenon {

using namespace tir;

namespace {

// Null when the statement is removed altogether.
Stmt replaced(const Stmt& stmt, const StmtMap& map) {
  if (!stmt) return stmt;
  if (auto it = map.find(stmt); it != map.end()) return it->second;
  if (const auto* sequence = stmt.as<Seq>()) {
    std::vector<Stmt> body;
    bool changed = false;
    for (const Stmt& s : sequence->body) {
      Stmt n = replaced(s, map);
      changed |= !n.same_as(s);
      if (n) body.push_back(n);
    }
    if (!changed) return stmt;
    return body.empty() ? Stmt{} : seq(std::move(body));
  }
  if (const auto* loop = stmt.as<For>()) {
    Stmt body = replaced(loop->body, map);
    if (!body) return {};
    return body.same_as(loop->body) ? stmt : with_loop_body(stmt, body);
  }
  if (const auto* block = stmt.as<Block>()) {
    Stmt init = replaced(block->init, map), body = replaced(block->body, map);
    if (init.same_as(block->init) && body.same_as(block->body)) return stmt;
    return edit_block(stmt, [&](Block& b) {
      b.init = init;
      b.body = body ? body : seq({});
    });
  }
  Rewriter children;
  children.stmt = [&](const Stmt& s) {
    Stmt n = replaced(s, map);
    return n || !s ? n : seq({});
  };
  return map_stmt_children(stmt, children);
}

bool find_path(const Stmt& from, const Stmt& target, std::vector<Stmt>& path) {
  if (!from) return false;
  path.push_back(from);
  if (from.same_as(target)) return true;
  bool found = false;
  visit_children(from, [&](const Stmt& child) {
    if (!found && child) found = find_path(child, target, path);
  });
  if (!found) path.pop_back();
  return found;
}

void collect_blocks(const Stmt& stmt, std::vector<Stmt>& blocks) {
  each_stmt(stmt, [&](const Stmt& s) {
    if (!is_block(s)) return true;
    blocks.push_back(s);
    return false;
  });
}

}  // namespace

Stmt replace_stmts(const Stmt& root, const StmtMap& map) {
  Stmt result = replaced(root, map);
  return result ? result : seq({});
}

Schedule replace(const Schedule& schedule, const Site& site, const Stmt& replacement) {
  Stmt body = replace_stmts(site.path.front(), {{site.stmt(), replacement}});
  return with_function_body(schedule, site.function, body);
}

Schedule with_function_body(const Schedule& schedule, std::size_t function, Stmt body) {
  Schedule result = schedule;
  result.module.functions[function].second.body = std::move(body);
  return result;
}

std::vector<Stmt> child_blocks(const Stmt& stmt) {
  std::vector<Stmt> blocks;
  if (const auto* block = stmt.as<Block>()) {
    if (block->init) collect_blocks(block->init, blocks);
    collect_blocks(block->body, blocks);
  } else if (const auto* loop = stmt.as<For>()) {
    collect_blocks(loop->body, blocks);
  } else {
    collect_blocks(stmt, blocks);
  }
  return blocks;
}

std::vector<Stmt> all_blocks(const Stmt& stmt) {
  std::vector<Stmt> blocks;
  each_stmt(stmt, [&](const Stmt& s) {
    if (is_block(s)) blocks.push_back(s);
    return true;
  });
  return blocks;
}

std::size_t scope_index(const Schedule& schedule, const Site& site, const std::string& what) {
  for (std::size_t i = site.path.size() - 1; i-- > 0;) {
    if (is_block(site.path[i])) return i;
  }
  schedule_error(schedule, site, what + ": the root block has no block around it");
}

std::vector<Stmt> loops_above(const Site& site) {
  std::size_t from = site.path.size() - 1;
  while (from > 0 && !is_block(site.path[from - 1])) --from;
  return loops_above(site, from);
}

std::vector<Stmt> loops_above(const Site& site, std::size_t from) {
  std::vector<Stmt> loops;
  for (std::size_t i = from; i + 1 < site.path.size(); ++i) {
    if (is_loop(site.path[i])) loops.push_back(site.path[i]);
  }
  return loops;
}

Site child_site(const Site& parent, const Stmt& descendant) {
  Site site = parent;
  site.path.pop_back();
  CHECK(find_path(parent.stmt(), descendant, site.path)) << "statement is not below its parent";
  return site;
}

Site cut(Site site, std::size_t last) {
  site.path.resize(last + 1);
  return site;
}

bool is_loop(const Stmt& stmt) { return stmt.as<For>() != nullptr; }
bool is_block(const Stmt& stmt) { return stmt.as<Block>() != nullptr; }

Stmt with_loop_body(const Stmt& loop, Stmt body) {
  For copy = loop.get<For>();
  copy.body = std::move(body);
  return copy;
}

Stmt edit_block(const Stmt& block, const std::function<void(Block&)>& change) {
  Block copy = block.get<Block>();
  change(copy);
  return copy;
}

void each_stmt(const Stmt& root, const std::function<bool(const Stmt&)>& visit) {
  if (!root || !visit(root)) return;
  visit_children(root, [&](const Stmt& child) { each_stmt(child, visit); });
}

RangeMap ranges_of(const std::vector<Stmt>& loops) {
  RangeMap ranges;
  for (const Stmt& stmt : loops) {
    const For& loop = stmt.get<For>();
    ranges[loop.var] = {loop.min, loop.extent};
  }
  return ranges;
}

Site site_of(const Schedule& schedule, std::size_t function, const Stmt& stmt) {
  Site site{function, {}};
  CHECK(find_path(schedule.module.functions[function].second.body, stmt, site.path))
      << "statement is not in the function";
  return site;
}

}  // namespace tenon
