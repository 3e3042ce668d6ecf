// Dependencies between the blocks directly inside one scope, worked out from the regions they
// declare: who writes what others read.
#pragma once
#include <map>
#include <vector>

#include "compiler/schedule/tree.h"

namespace tenon {

enum class DependencyKind : std::uint8_t { kReadAfterWrite, kWriteAfterWrite, kWriteAfterRead };

struct Dependency {
  tir::Stmt source, target;  // blocks; source comes first
  DependencyKind kind = DependencyKind::kReadAfterWrite;
};

// A value made from the blocks of one scope, or of one subtree of it.
struct BlockScope {
  std::vector<tir::Stmt> blocks;         // in order of text
  std::vector<Dependency> dependencies;  // in order of their target, then of its buffers
  std::map<tir::Buffer, std::vector<tir::Stmt>, IdLess> writers;

  std::vector<Dependency> into(const tir::Stmt& target) const;
  std::vector<Dependency> from(const tir::Stmt& source) const;
  // Blocks that `block` reads from / that read from it; also those linked by a write after a write.
  // In order of text of the dependency, each once.
  std::vector<tir::Stmt> producers(const tir::Stmt& block) const;
  std::vector<tir::Stmt> consumers(const tir::Stmt& block) const;
};

BlockScope block_scope(const std::vector<tir::Stmt>& blocks);
// The scope of the blocks directly below `scope_root`, a block or a loop.
BlockScope block_scope(const tir::Stmt& scope_root);

}  // namespace tenon
