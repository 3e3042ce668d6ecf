// Rewriting the accesses of buffers with what is known where they stand: the domains of the loops
// and iter vars around them, and the conditions under which they run.
#pragma once
#include <functional>
#include <vector>

#include "compiler/schedule/tree.h"

namespace tenon {

// What holds at one place of a statement.
struct IndexContext {
  RangeMap iters;                     // loops and iter vars around the place
  RangeMap loops;                     // the loops alone
  std::vector<tir::Expr> conditions;  // of the branches that lead there

  // The indices in the normal form of iterator maps; as they are when they are no such map.
  std::vector<tir::Expr> normalized(const std::vector<tir::Expr>& indices) const;
};

struct AccessRewriter {
  // Changes the buffer and the indices of a load or store; those inside are rewritten already.
  std::function<void(tir::Buffer&, std::vector<tir::Expr>&, const IndexContext&)> access;
  // Finishes a block whose body has been rewritten. May be empty.
  std::function<tir::Stmt(const tir::Stmt& before, const tir::Stmt& after, const IndexContext&)>
      block;
};
// `stmt` with every load and store inside, and every block at or below it, rewritten.
tir::Stmt rewrite_accesses(const tir::Stmt& stmt, const AccessRewriter& rewriter);

// The block (a statement with iter vars, its loops not known) with the indices of all accesses and
// regions at and below it in normal form.
tir::Stmt with_normal_accesses(const tir::Stmt& block);

}  // namespace tenon
