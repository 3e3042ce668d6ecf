// Which bindings become one kernel.
//
// An anchor (convolution, matmul, pool, reduction, softmax) or an elementwise operator starts a
// group; elementwise and broadcast operators of the same result shape join the group of the
// producer that only they use. Moves (transpose, slice ...) are groups of their own; reshapes and
// concats that only place data (is_view) are no kernels at all. The groups do not depend on the
// order in which independent bindings stand.
#pragma once
#include <vector>

#include "compiler/passes/relax/graph.h"

namespace tenon::relax {

struct Group {
  std::vector<const Binding*> members;  // in order; the last one's variable is the result
};

struct Grouping {
  // In order of their last member; a view is a group whose binding is kept as a call.
  std::vector<Group> groups;
};

// reshape, flatten, expand_dims, squeeze, and a concat along an axis before which all extents are 1
// and whose parts nobody else uses: the memory plan places them without a kernel.
bool is_view(const Call& call, const std::map<Expr, int, IdLess>& uses);

Grouping fuse_groups(const Function& func);

}  // namespace tenon::relax
