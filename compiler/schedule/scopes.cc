#include "compiler/schedule/scopes.h"

#include <algorithm>

#include "compiler/support/error.h"
#include "compiler/support/text.h"

namespace tenon {

using namespace tir;

namespace {

const std::vector<std::string> kScopes = {
    "global",          "shared",         "shared.dyn",       "local",           "warp",
    "wmma.matrix_a",   "wmma.matrix_b",  "wmma.accumulator", "m16n8k8.matrixA", "m16n8k8.matrixB",
    "m16n8k8.matrixC", "global.texture", "texture",          "global.vtcm",     "global.ddr",
    "local.scalar",    "shared.cluster", "metal.simdgroup",  "m16n8k16.matrixA"};

Buffer buffer_at(const Schedule& schedule, const Site& site,
                 const std::vector<BufferRegion>& regions, std::int64_t index, const char* verb,
                 const std::string& what) {
  if (index < 0 || index >= static_cast<std::int64_t>(regions.size())) {
    schedule_error(schedule, site,
                   str_cat(what, ": block ", site.block().name, " ", verb, " ", regions.size(),
                           " buffers, there is no number ", index));
  }
  return regions[static_cast<std::size_t>(index)].buffer;
}

}  // namespace

Buffer written_buffer(const Schedule& schedule, const Site& site, std::int64_t index,
                      const std::string& what) {
  return buffer_at(schedule, site, site.block().writes, index, "writes", what);
}

Buffer read_buffer(const Schedule& schedule, const Site& site, std::int64_t index,
                   const std::string& what) {
  return buffer_at(schedule, site, site.block().reads, index, "reads", what);
}

void check_scope(const Schedule& schedule, const Site& at, const std::string& scope,
                 const std::string& what) {
  if (std::find(kScopes.begin(), kScopes.end(), scope) != kScopes.end()) return;
  schedule_error(schedule, at, what + ": there is no storage scope " + quote(scope),
                 did_you_mean(scope, kScopes));
}

}  // namespace tenon
