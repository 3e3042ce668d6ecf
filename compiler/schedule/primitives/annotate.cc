// annotate(block or loop, key, value): information for later passes; a key that is there already is
// kept as it is.
#include "compiler/schedule/primitives.h"
#include "compiler/schedule/tree.h"

namespace tenon {

using namespace tir;

Schedule annotate(const Schedule& schedule, const BlockRef& block, const std::string& key,
                  const AttrValue& value) {
  Site site = site_of(schedule, block);
  if (site.block().annotations.count(key)) return schedule;
  return replace(schedule, site,
                 edit_block(site.stmt(), [&](Block& b) { b.annotations[key] = value; }));
}

Schedule annotate(const Schedule& schedule, const LoopRef& loop, const std::string& key,
                  const AttrValue& value) {
  Site site = site_of(schedule, loop);
  if (site.loop().annotations.count(key)) return schedule;
  For copy = site.loop();
  copy.annotations[key] = value;
  return replace(schedule, site, copy);
}

}  // namespace tenon
