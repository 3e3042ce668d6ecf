#include "tuner/space/parts.h"

#include <algorithm>

namespace tenon {

std::vector<std::int64_t> divisors_up_to(std::int64_t n, std::int64_t limit) {
  std::vector<std::int64_t> result;
  for (std::int64_t d = 1; d <= std::min(n, limit); ++d) {
    if (n % d == 0) result.push_back(d);
  }
  return result;
}

TraceBuilder::Names sample_knobs(TraceBuilder& t, const Sketch& sketch,
                                 const Decisions& decisions) {
  TraceBuilder::Names names;
  for (std::size_t k = 0; k < sketch.knobs().size(); ++k) {
    names.push_back(t.sample(sketch.knobs()[k].values, decisions[k]));
  }
  return names;
}

std::string accumulate_in_registers(TraceBuilder& t, const WorkloadFacts& facts,
                                    const std::string& anchor) {
  if (!facts.epilogue) return t.cache_write(anchor, 0, "local");
  const std::string epilogue = t.get_sblock(facts.blocks[*facts.epilogue].name);
  t.set_scope(anchor, 0, "local");
  return epilogue;
}

}  // namespace tenon
