// set_scope(block, 0, "local"): the memory in which a written intermediate buffer lives.
//
//   C = T.sblock_alloc_buffer((64,))   ->   C_local = T.sblock_alloc_buffer((64,), scope="local")
#include "compiler/schedule/primitives.h"
#include "compiler/schedule/rewrite.h"
#include "compiler/schedule/scopes.h"
#include "compiler/support/text.h"

namespace tenon {

using namespace tir;

Schedule set_scope(const Schedule& schedule, const BlockRef& block, std::int64_t buffer_index,
                   const std::string& scope) {
  Site site = site_of(schedule, block);
  const std::string what =
      str_cat("set_scope(", site.block().name, ", ", buffer_index, ", ", quote(scope), ")");
  Buffer buffer = written_buffer(schedule, site, buffer_index, what);
  check_scope(schedule, site, scope, what);
  if (node(buffer).scope == scope) return schedule;
  Stmt owner = allocating_block(site.path.front(), buffer);
  if (!owner) {
    schedule_error(schedule, site,
                   what + ": buffer " + node(buffer).name + " is not allocated by a block",
                   "parameters and T.alloc_buffer keep their scope");
  }
  Buffer moved = renamed_buffer(buffer, node(buffer).name + "_" + scope, scope);
  VarMap vars{{node(buffer).data, node(moved).data}};
  Stmt body = substitute(owner, vars, {{buffer, moved}});
  return replace(schedule, site_of(schedule, site.function, owner), body);
}

}  // namespace tenon
