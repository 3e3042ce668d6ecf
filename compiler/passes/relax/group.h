// Which bindings become one kernel.
//
// An anchor (convolution, matmul, pool, reduction, softmax) or an elementwise operator starts a
// group. An elementwise or broadcast operator joins the groups of those producers that only it uses
// and that have its result shape: all that are elementwise, and one with an anchor (the one whose
// anchor does most, then the one of the first argument). Moves (transpose, slice ...) are groups of
// their own; reshapes and concats that only place data (is_view) are no kernels at all. Neither the
// groups nor the order of their members depend on the order in which independent bindings stand.
#pragma once
#include <vector>

#include "compiler/passes/relax/graph.h"

namespace tenon::relax {

struct Group {
  // Producers first, in order of their consumers' arguments; the last one's variable is the result.
  std::vector<const Binding*> members;
};

struct Grouping {
  // In order of their last member; a view is a group whose binding is kept as a call.
  std::vector<Group> groups;
};

using Uses = std::map<Expr, int, IdLess>;
using Definitions = std::map<Expr, const Binding*, IdLess>;

// Bytes to which every tensor that a kernel sees is aligned.
inline constexpr std::int64_t kTensorAlignment = 64;

bool is_reshape(std::string_view op);  // reshape, flatten, expand_dims, squeeze
// Whether the memory plan places the result without a kernel: a reshape, or a concat along an axis
// before which all extents are 1, whose parts start at multiples of kTensorAlignment and are each
// computed for this use alone (by a kernel, perhaps with reshapes after it).
bool is_view(const Call& call, const Uses& uses, const Definitions& defs);

Grouping fuse_groups(const Function& func);

}  // namespace tenon::relax
