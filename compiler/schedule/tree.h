// Moving about in the tree of loops and blocks, and putting new parts into it. Everything else in
// this folder is written with these functions.
#pragma once
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "compiler/arith/int_set.h"
#include "compiler/schedule/schedule.h"

namespace tenon {

// Old statement -> new one; a null replacement removes the statement (and loops that become empty).
using StmtMap = std::map<tir::Stmt, tir::Stmt, IdLess>;

// `root` with the statements of `map` replaced, outermost first: nothing is searched inside a
// replaced statement. Unchanged subtrees are shared.
tir::Stmt replace_stmts(const tir::Stmt& root, const StmtMap& map);
// The schedule with the statement at `site` replaced.
Schedule replace(const Schedule& schedule, const Site& site, const tir::Stmt& replacement);
// The schedule with the body of one function replaced.
Schedule with_function_body(const Schedule& schedule, std::size_t function, tir::Stmt body);

// The blocks directly below (those inside a block's init and body for a block), in order of text;
// not `stmt` itself and not blocks inside other blocks.
std::vector<tir::Stmt> child_blocks(const tir::Stmt& stmt);
// All blocks below and at `stmt`, outer before inner.
std::vector<tir::Stmt> all_blocks(const tir::Stmt& stmt);

// Position in site.path of the closest block above the statement; throws UserError with `what`
// ("fuse(i, j)") when there is none (the root block).
std::size_t scope_index(const Schedule& schedule, const Site& site, const std::string& what);
// The loops between the scope block and the statement (exclusive), outermost first.
std::vector<tir::Stmt> loops_above(const Site& site);
// The same, from just below path[from] on.
std::vector<tir::Stmt> loops_above(const Site& site, std::size_t from);
// The site of a statement somewhere below `parent`; it must be there.
Site child_site(const Site& parent, const tir::Stmt& descendant);
// The site cut off after path[last].
Site cut(Site site, std::size_t last);

bool is_loop(const tir::Stmt& stmt);
bool is_block(const tir::Stmt& stmt);
// A copy of the loop with another body.
tir::Stmt with_loop_body(const tir::Stmt& loop, tir::Stmt body);
// A copy of a block changed by `change`; its id stays.
tir::Stmt edit_block(const tir::Stmt& block, const std::function<void(tir::Block&)>& change);

// Every statement of the tree in pre-order, blocks' inits included, without expressions.
void each_stmt(const tir::Stmt& root, const std::function<bool(const tir::Stmt&)>& visit);

// The domain of each loop's variable.
RangeMap ranges_of(const std::vector<tir::Stmt>& loops);

}  // namespace tenon
