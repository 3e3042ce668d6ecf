// bind(i, "threadIdx.x"): the iterations of the loop are threads of that axis.
//
//   for i in range(64): ...   ->   for i in T.thread_binding(64, thread="threadIdx.x"): ...
#include <algorithm>

#include "compiler/schedule/analysis/independent.h"
#include "compiler/schedule/primitives.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"

namespace tenon {

Schedule bind(const Schedule& schedule, const LoopRef& loop, const std::string& thread_axis) {
  static const std::vector<std::string> kAxes = {
      "blockIdx.x",  "blockIdx.y", "blockIdx.z", "threadIdx.x", "threadIdx.y",
      "threadIdx.z", "vthread",    "vthread.x",  "vthread.y",   "vthread.z"};
  const std::string what = "bind(" + name_of(loop) + ", " + quote(thread_axis) + ")";
  if (std::find(kAxes.begin(), kAxes.end(), thread_axis) == kAxes.end()) {
    throw UserError(what + ": no such thread axis", did_you_mean(thread_axis, kAxes));
  }
  bool across_threads = thread_axis.rfind("threadIdx", 0) == 0;
  Site site = site_of(schedule, loop);
  check_independent(schedule, site, across_threads ? ReduceIters::kAllowed : ReduceIters::kRefused,
                    what);
  return with_loop_kind(schedule, site, tir::ForKind::kThreadBinding, thread_axis);
}

}  // namespace tenon
