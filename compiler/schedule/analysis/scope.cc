#include "compiler/schedule/analysis/scope.h"

#include <algorithm>

namespace tenon {

using namespace tir;

namespace {

using ByBuffer = std::map<Buffer, std::vector<Stmt>, IdLess>;

void add_block(BlockScope& scope, ByBuffer& readers, const Stmt& stmt) {
  const Block& block = stmt.get<Block>();
  auto depend = [&](const std::vector<BufferRegion>& regions, const ByBuffer& sources,
                    DependencyKind kind) {
    for (const BufferRegion& region : regions) {
      auto it = sources.find(region.buffer);
      if (it == sources.end()) continue;
      for (const Stmt& source : it->second) {
        if (!source.same_as(stmt)) scope.dependencies.push_back({source, stmt, kind});
      }
    }
  };
  depend(block.reads, scope.writers, DependencyKind::kReadAfterWrite);
  depend(block.writes, scope.writers, DependencyKind::kWriteAfterWrite);
  depend(block.writes, readers, DependencyKind::kWriteAfterRead);
  for (const BufferRegion& region : block.writes) scope.writers[region.buffer].push_back(stmt);
  for (const BufferRegion& region : block.reads) readers[region.buffer].push_back(stmt);
}

void add_once(std::vector<Stmt>& list, const Stmt& stmt) {
  bool known =
      std::any_of(list.begin(), list.end(), [&](const Stmt& s) { return s.same_as(stmt); });
  if (!known) list.push_back(stmt);
}

}  // namespace

std::vector<Dependency> BlockScope::into(const Stmt& target) const {
  std::vector<Dependency> found;
  for (const Dependency& d : dependencies) {
    if (d.target.same_as(target)) found.push_back(d);
  }
  return found;
}

std::vector<Dependency> BlockScope::from(const Stmt& source) const {
  std::vector<Dependency> found;
  for (const Dependency& d : dependencies) {
    if (d.source.same_as(source)) found.push_back(d);
  }
  return found;
}

std::vector<Stmt> BlockScope::producers(const Stmt& block) const {
  std::vector<Stmt> found;
  for (const Dependency& d : into(block)) {
    if (d.kind != DependencyKind::kWriteAfterRead) add_once(found, d.source);
  }
  return found;
}

std::vector<Stmt> BlockScope::consumers(const Stmt& block) const {
  std::vector<Stmt> found;
  for (const Dependency& d : from(block)) {
    if (d.kind != DependencyKind::kWriteAfterRead) add_once(found, d.target);
  }
  return found;
}

BlockScope block_scope(const std::vector<Stmt>& blocks) {
  BlockScope scope{blocks, {}, {}};
  ByBuffer readers;
  for (const Stmt& block : blocks) add_block(scope, readers, block);
  return scope;
}

BlockScope block_scope(const Stmt& scope_root) { return block_scope(child_blocks(scope_root)); }

}  // namespace tenon
