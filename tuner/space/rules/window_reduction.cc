// window_reduction: pools and reductions whose last spatial axis is contiguous in every access:
// that axis is the vector, `columns` outputs of the axis before it are accumulated in registers.
//
//   for ... x_0: acc = identity; for window: acc[x_1] = combine(acc[x_1], vector); epilogue
#include <algorithm>

#include "tuner/space/machine.h"
#include "tuner/space/parts.h"
#include "tuner/space/rules.h"
#include "tuner/space/trace_builder.h"

namespace tenon {
namespace {

enum KnobIndex : std::size_t { kColumns, kUnrollWindow };

class WindowReduction : public Sketch {
 public:
  explicit WindowReduction(const SketchContext& context)
      : facts_(context.facts),
        anchor_(context.facts.blocks[context.facts.anchor]),
        machine_(machine_of(context.target)),
        threads_(context.threads),
        rank_(anchor_.num_spatial) {
    std::vector<std::int64_t> columns{1};
    const std::int64_t extent = rank_ > 1 ? anchor_.extent(rank_ - 2) : 1;
    for (std::int64_t c = 2; c <= std::min<std::int64_t>(extent, machine_.registers - 2); ++c) {
      if (extent % c == 0) columns.push_back(c);
    }
    knobs_ = {{"columns", columns}, {"unroll_window", {0, 1}}};
  }

  std::string name() const override { return "window_reduction"; }
  const std::vector<Knob>& knobs() const override { return knobs_; }

  std::string broken_constraint(const Decisions& d) const override {
    if (!value(d, kUnrollWindow)) return "";
    return window() == 0 || window() * value(d, kColumns) > kMaxBody ? "unrolled body" : "";
  }

  std::vector<DraftTerm> draft(const Decisions& d) const override {
    double points = 1;
    for (std::size_t i = 0; i < anchor_.extents.size(); ++i) {
      points *= static_cast<double>(std::max<std::int64_t>(anchor_.extent(i), 1));
    }
    const double vectors = points / machine_.lanes;
    const double columns = static_cast<double>(value(d, kColumns));
    const double latency = std::max(1.0, 4.0 / columns);
    const double overhead = value(d, kUnrollWindow) ? 0.3 : 1.5;
    return {{"combine", vectors * latency / machine_.clock_hz},
            {"loop", vectors / columns * overhead / machine_.clock_hz},
            {"call", machine_.call_seconds}};
  }

  Trace emit(const Decisions& d) const override {
    TraceBuilder t;
    const TraceBuilder::Names sampled = sample_knobs(t, *this, d);
    const std::string block = t.get_sblock(anchor_.name);
    const std::string epilogue = accumulate_in_registers(t, facts_, block);
    const auto loops = t.get_loops(block, anchor_.extents.size());
    TraceBuilder::Names outer(loops.begin(),
                              loops.begin() + static_cast<std::ptrdiff_t>(rank_ - 1));
    const TraceBuilder::Names window(loops.begin() + static_cast<std::ptrdiff_t>(rank_),
                                     loops.end());
    const std::string lanes = std::to_string(machine_.lanes);
    const bool is_split = anchor_.extent(rank_ - 1) > machine_.lanes;
    TraceBuilder::Names v = is_split ? t.split(loops[rank_ - 1], {"None", lanes})
                                     : TraceBuilder::Names{"", loops[rank_ - 1]};
    TraceBuilder::Names inner;
    if (!outer.empty()) {
      const auto x = t.split(outer.back(), {"None", sampled[kColumns]});
      outer.back() = x[0];
      inner.push_back(x[1]);
    }
    if (is_split) outer.push_back(v[0]);
    TraceBuilder::Names all = outer;
    all.insert(all.end(), window.begin(), window.end());
    all.insert(all.end(), inner.begin(), inner.end());
    all.push_back(v[1]);
    t.reorder(all);
    std::size_t num_outer = outer.size();
    if (!outer.empty()) {
      std::string tile_loop = outer.back();
      if (threads_ > 1) {
        tile_loop = t.fuse(outer);
        t.parallel(tile_loop);
        num_outer = 1;
      }
      t.reverse_compute_at(epilogue, tile_loop);
    }
    const auto out = t.get_loops(epilogue, num_outer + (value(d, kColumns) > 1 ? 2 : 1));
    t.vectorize(out.back());
    if (value(d, kColumns) > 1) t.unroll(out[num_outer]);
    for (const std::string& loop : inner) t.unroll(loop);
    if (value(d, kUnrollWindow)) {
      for (const std::string& loop : window) t.unroll(loop);
    }
    t.vectorize(v[1]);
    t.decompose_reduction(block, window.front());
    if (facts_.padding) vectorize_padding(t);
    return t.trace();
  }

 private:
  static constexpr std::int64_t kMaxBody = 200;  // vector operations

  std::int64_t window() const {
    std::int64_t size = 1;
    for (std::size_t i = rank_; i < anchor_.extents.size(); ++i) size *= anchor_.extent(i);
    return size;
  }

  void vectorize_padding(TraceBuilder& t) const {
    const BlockFacts& padding = facts_.blocks[*facts_.padding];
    const std::string pad = t.get_sblock(padding.name);
    const auto loops = t.get_loops(pad, padding.extents.size());
    if (padding.extents.back() == anchor_.extent(rank_ - 1) &&
        padding.extents.back() <= machine_.lanes) {
      t.vectorize(loops.back());
    }
  }

  const WorkloadFacts& facts_;
  const BlockFacts& anchor_;
  const Machine machine_;
  const int threads_;
  const std::size_t rank_;
  std::vector<Knob> knobs_;
};

}  // namespace

std::unique_ptr<Sketch> window_reduction(const SketchContext& context) {
  const WorkloadFacts& facts = context.facts;
  const BlockFacts& anchor = facts.blocks[facts.anchor];
  if (!anchor.is_reduction || anchor.num_spatial < 2 || anchor.loads.size() != 1 ||
      tir::node(anchor.store.buffer).dtype != kFloat32) {
    return nullptr;
  }
  // Functions of more than one reduction (softmax) are scheduled block by block.
  for (std::size_t i = 0; i < facts.blocks.size(); ++i) {
    if (i != facts.anchor && facts.blocks[i].is_reduction) return nullptr;
  }
  const tir::Expr& lane = anchor.vars[anchor.num_spatial - 1];
  const std::int64_t extent = anchor.extent(anchor.num_spatial - 1);
  const int lanes = context.target.vector_lanes(32);
  const bool is_power_of_two = extent > 0 && (extent & (extent - 1)) == 0;
  if (!is_vector_access(anchor.loads[0], lane) || !is_vector_access(anchor.store, lane) ||
      !(extent % lanes == 0 || (extent < lanes && extent > 1 && is_power_of_two)) || extent == 0) {
    return nullptr;
  }
  return std::make_unique<WindowReduction>(context);
}

}  // namespace tenon
