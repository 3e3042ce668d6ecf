// unannotate(block or loop, key): takes an annotation away.
#include "compiler/schedule/primitives.h"
#include "compiler/schedule/tree.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"

namespace tenon {

using namespace tir;

namespace {

void check_key(const Schedule& schedule, const Site& site, const AttrMap& annotations,
               const std::string& name, const std::string& key) {
  if (annotations.count(key)) return;
  std::vector<std::string> known;
  for (const auto& [k, value] : annotations) known.push_back(k);
  schedule_error(schedule, site,
                 "unannotate(" + name + ", " + quote(key) + "): there is no such annotation",
                 did_you_mean(key, known));
}

}  // namespace

Schedule unannotate(const Schedule& schedule, const BlockRef& block, const std::string& key) {
  Site site = site_of(schedule, block);
  check_key(schedule, site, site.block().annotations, site.block().name, key);
  return replace(schedule, site,
                 edit_block(site.stmt(), [&](Block& b) { b.annotations.erase(key); }));
}

Schedule unannotate(const Schedule& schedule, const LoopRef& loop, const std::string& key) {
  Site site = site_of(schedule, loop);
  check_key(schedule, site, site.loop().annotations, name_of(loop), key);
  For copy = site.loop();
  copy.annotations.erase(key);
  return replace(schedule, site, copy);
}

}  // namespace tenon
