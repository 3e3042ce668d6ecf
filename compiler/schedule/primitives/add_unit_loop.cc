// add_unit_loop(block or loop): a loop that runs once, around it.
//
//   block C   ->   for u in range(1): block C
#include "compiler/schedule/primitives.h"
#include "compiler/schedule/rewrite.h"

namespace tenon {

using namespace tir;

namespace {

Changed<LoopRef> wrap(const Schedule& schedule, const Site& site) {
  Expr unit = make_var("u", kInt32);
  return {replace(schedule, site, serial_loop(unit, i32(1), site.stmt())), {unit}};
}

}  // namespace

Changed<LoopRef> add_unit_loop(const Schedule& schedule, const BlockRef& block) {
  Site site = site_of(schedule, block);
  scope_index(schedule, site, "add_unit_loop(" + site.block().name + ")");
  return wrap(schedule, site);
}

Changed<LoopRef> add_unit_loop(const Schedule& schedule, const LoopRef& loop) {
  return wrap(schedule, site_of(schedule, loop));
}

}  // namespace tenon
