// Rewrites that several primitives share: bindings, predicates, buffers and accesses.
#pragma once
#include <string>
#include <vector>

#include "compiler/schedule/tree.h"
#include "compiler/tir/visit.h"

namespace tenon {

// `condition` and-ed to the predicate of every block at or below `stmt`, not inside other blocks.
tir::Stmt append_predicate(const tir::Stmt& stmt, const tir::Expr& condition);
// a and b, without a constant true.
tir::Expr conjunction(const tir::Expr& a, const tir::Expr& b);
// The parts of a nested `and`, a constant true left out.
std::vector<tir::Expr> conjuncts(const tir::Expr& predicate);

// Bindings of the blocks at or below `stmt` brought to the normal form of iterator maps. `outer`
// are the loops around `stmt`. Blocks without iter vars are looked into, others are not.
tir::Stmt simplify_bindings(const tir::Stmt& stmt, const RangeMap& outer, bool preserve_unit_iters);

// The widest integer type among `exprs`, int32 at least.
DataType common_int_type(const std::vector<tir::Expr>& exprs);
// [0, extent) loop.
tir::Stmt serial_loop(const tir::Expr& var, const tir::Expr& extent, tir::Stmt body);
// Loops over vars[i] in [0, extents[i]), the first outermost.
tir::Stmt serial_loops(const std::vector<tir::Expr>& vars, const std::vector<tir::Expr>& extents,
                       tir::Stmt body);

// Zero in the type of `like`.
tir::Expr zero_of(const tir::Expr& like);
// a + b and a * b without neutral constants.
tir::Expr add(const tir::Expr& a, const tir::Expr& b);
tir::Expr multiply(const tir::Expr& a, const tir::Expr& b);
bool is_zero(const tir::Expr& e);
bool is_one(const tir::Expr& e);

// Regions with `from` replaced.
std::vector<tir::BufferRegion> replace_buffer(const std::vector<tir::BufferRegion>& regions,
                                              const tir::Buffer& from, const tir::Buffer& to);
std::vector<tir::BufferRegion> substitute_regions(const std::vector<tir::BufferRegion>& regions,
                                                  const tir::VarMap& map);
// `buffer[0:shape]`.
tir::BufferRegion full_region(const tir::Buffer& buffer);
// `buffer[indices]`, one element.
tir::BufferRegion element_region(const tir::Buffer& buffer, const std::vector<tir::Expr>& indices);

// A copy of the buffer with a fresh data variable, named `name`, in `scope`.
tir::Buffer renamed_buffer(const tir::Buffer& buffer, const std::string& name,
                           const std::string& scope);

// The block whose alloc_buffers hold `buffer`, in the function of `site`; a null statement when it
// is a parameter or declared otherwise.
tir::Stmt allocating_block(const tir::Stmt& function_body, const tir::Buffer& buffer);

}  // namespace tenon
