// The list of sketch rules, in order: specific ones first; the general one only when none applies.
#include "tuner/space/rules.h"

namespace tenon {

std::vector<std::unique_ptr<Sketch>> sketches_for(const WorkloadFacts& facts, const Target& target,
                                                  int threads) {
  const SketchContext context{facts, target, threads};
  std::vector<std::unique_ptr<Sketch>> result;
  for (const auto rule : {conv2d_direct, matmul_packed, window_reduction}) {
    if (auto sketch = rule(context)) result.push_back(std::move(sketch));
  }
  if (result.empty()) result.push_back(each_block(context));
  return result;
}

double draft_seconds(const Sketch& sketch, const Decisions& decisions) {
  double seconds = 0;
  for (const DraftTerm& term : sketch.draft(decisions)) seconds += term.seconds;
  return seconds;
}

}  // namespace tenon
