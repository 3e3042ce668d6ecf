// each_block: every block by itself, in place. The last spatial axis becomes vectors where every
// access of the block is contiguous (or constant) along it and its extent is a multiple of the
// target's vector; the outermost loops of a map run in parallel. Applies to everything.
#include <algorithm>

#include "tuner/space/machine.h"
#include "tuner/space/rules.h"
#include "tuner/space/trace_builder.h"

namespace tenon {
namespace {

class EachBlock : public Sketch {
 public:
  explicit EachBlock(const SketchContext& context)
      : facts_(context.facts),
        machine_(machine_of(context.target)),
        threads_(context.threads),
        knobs_{{"vectors", {1, 2, 4}}} {}

  std::string name() const override { return "each_block"; }
  const std::vector<Knob>& knobs() const override { return knobs_; }

  std::string broken_constraint(const Decisions& d) const override {
    if (d[0] == 0) return "";
    for (const BlockFacts& block : facts_.blocks) {
      if (has_vectors(block) &&
          block.extent(block.num_spatial - 1) % (machine_.lanes * value(d, 0)) == 0) {
        return "";
      }
    }
    return "no axis of that many vectors";
  }

  std::vector<DraftTerm> draft(const Decisions& d) const override {
    double seconds = 0;
    for (const BlockFacts& block : facts_.blocks) {
      double points = 1;
      for (const std::int64_t e : block.extents)
        points *= static_cast<double>(std::max<std::int64_t>(e, 1));
      seconds += points * (has_vectors(block) ? 2.0 / machine_.lanes : 4.0) / machine_.clock_hz;
    }
    return {{"points", seconds * (1.0 + 0.1 / static_cast<double>(value(d, 0)))},
            {"call", machine_.call_seconds}};
  }

  Trace emit(const Decisions& d) const override {
    TraceBuilder t;
    const std::string count = t.sample(knobs_[0].values, d[0]);
    for (const BlockFacts& block : facts_.blocks) {
      if (!has_vectors(block)) continue;
      const std::string name = t.get_sblock(block.name);
      const auto loops = t.get_loops(name, block.extents.size());
      const std::size_t last = block.num_spatial - 1;
      if (block.is_reduction) {
        vectorize_reduction(t, block, loops);
        continue;
      }
      const bool fits = block.extent(last) % (machine_.lanes * value(d, 0)) == 0;
      const auto v =
          t.split(loops[last], {"None", fits ? count : "1", std::to_string(machine_.lanes)});
      t.vectorize(v[2]);
      if (fits && value(d, 0) > 1) t.unroll(v[1]);
      if (threads_ > 1 && last > 0) {
        t.parallel(t.fuse(
            TraceBuilder::Names(loops.begin(), loops.begin() + static_cast<std::ptrdiff_t>(last))));
      }
    }
    return t.trace();
  }

 private:
  bool has_vectors(const BlockFacts& block) const {
    if (block.num_spatial == 0 || tir::node(block.store.buffer).dtype != kFloat32) return false;
    const tir::Expr& lane = block.vars[block.num_spatial - 1];
    const std::int64_t extent = block.extent(block.num_spatial - 1);
    if (extent == 0 || extent % machine_.lanes != 0) return false;
    bool legal = is_vector_access(block.store, lane);
    for (const AccessFacts& load : block.loads) {
      legal = legal && is_vector_access(load, lane) && tir::node(load.buffer).dtype == kFloat32;
    }
    return legal;
  }

  // The reduction's loops go outside the vector: out[v] = combine(out[v], vector).
  void vectorize_reduction(TraceBuilder& t, const BlockFacts& block,
                           const TraceBuilder::Names& loops) const {
    const auto last = static_cast<std::ptrdiff_t>(block.num_spatial) - 1;
    const auto v =
        t.split(loops[static_cast<std::size_t>(last)], {"None", std::to_string(machine_.lanes)});
    TraceBuilder::Names order(loops.begin(), loops.begin() + last);
    order.push_back(v[0]);
    order.insert(order.end(), loops.begin() + last + 1, loops.end());
    order.push_back(v[1]);
    t.reorder(order);
    t.vectorize(v[1]);
    t.decompose_reduction(t.get_sblock(block.name), loops[static_cast<std::size_t>(last) + 1]);
  }

  const WorkloadFacts& facts_;
  const Machine machine_;
  const int threads_;
  std::vector<Knob> knobs_;
};

}  // namespace

std::unique_ptr<Sketch> each_block(const SketchContext& context) {
  return std::make_unique<EachBlock>(context);
}

}  // namespace tenon
