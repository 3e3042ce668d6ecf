// matmul_packed: a register tile of `rows` x `vectors`, the right side in panels [N / T][K][T] when
// it is a constant (T = vectors * lanes, padded with zeros when N is no multiple), else read as it
// is.
//
//   for batch, j tiles, i tiles:
//     C tile = 0; for k: C tile += splat(A) * B vector; epilogue of the tile -> output
//
// Rows of a symbolic extent are one a tile.
#include <algorithm>
#include <cmath>

#include "compiler/tir/visit.h"
#include "tuner/space/machine.h"
#include "tuner/space/parts.h"
#include "tuner/space/rules.h"
#include "tuner/space/trace_builder.h"

namespace tenon {
namespace {

enum KnobIndex : std::size_t { kRows, kVectors, kUnroll };

class MatmulPacked : public Sketch {
 public:
  explicit MatmulPacked(const SketchContext& context)
      : facts_(context.facts),
        anchor_(context.facts.blocks[context.facts.anchor]),
        machine_(machine_of(context.target)),
        threads_(context.threads),
        rank_(anchor_.num_spatial) {
    columns_ = anchor_.extent(rank_ - 1);
    rows_ = rank_ > 1 ? anchor_.extent(rank_ - 2) : 1;
    depth_ = anchor_.extent(rank_);
    is_packed_ = anchor_.loads[1].is_layout_free && anchor_.loads[1].rank() == 2;
    pads_ = columns_ % machine_.lanes != 0;
    knobs_ = {{"rows", row_tiles()}, {"vectors", vector_tiles()}, {"unroll", unrolls()}};
  }

  std::string name() const override { return "matmul_packed"; }
  const std::vector<Knob>& knobs() const override { return knobs_; }

  std::string broken_constraint(const Decisions& d) const override {
    const std::int64_t rows = value(d, kRows), vectors = value(d, kVectors);
    if (rows * vectors + vectors + 1 > machine_.registers) return "registers";
    if (rows * vectors * value(d, kUnroll) > kMaxBody) return "unrolled body";
    const std::int64_t tile = vectors * machine_.lanes;
    const std::int64_t padded = (columns_ + tile - 1) / tile * tile;
    if (padded > columns_ + std::max<std::int64_t>(machine_.lanes, columns_ / 4))
      return "edge waste";
    return "";
  }

  std::vector<DraftTerm> draft(const Decisions& d) const override {
    const double rows = static_cast<double>(value(d, kRows));
    const double vectors = static_cast<double>(value(d, kVectors));
    const double tile = vectors * machine_.lanes;
    const double panels = std::ceil(static_cast<double>(columns_) / tile);
    const double m = static_cast<double>(std::max<std::int64_t>(rows_, 1));
    const double tiles = batch() * panels * m / rows;
    const double k = static_cast<double>(std::max<std::int64_t>(depth_, 1));
    const double cycles = std::max({rows * vectors / machine_.fma_per_cycle,
                                    (rows + vectors) / machine_.loads_per_cycle, 4.0});
    const double weight_bytes = k * panels * tile * 4;
    const double reads = weight_bytes < static_cast<double>(machine_.l2_bytes) ? 1 : m / rows;
    return {{"fma", tiles * k * cycles / machine_.clock_hz},
            {"tile", tiles * (rows * vectors * 2 + 20) / machine_.clock_hz},
            {"loop", tiles * k / static_cast<double>(value(d, kUnroll)) / machine_.clock_hz},
            {"weight", weight_bytes * reads / machine_.memory_bytes_per_second / (m > 1 ? 4 : 1)},
            {"call", machine_.call_seconds}};
  }

  Trace emit(const Decisions& d) const override {
    TraceBuilder t;
    const TraceBuilder::Names sampled = sample_knobs(t, *this, d);
    const std::string product = t.get_sblock(anchor_.name);
    const std::int64_t tile = value(d, kVectors) * machine_.lanes;
    if (is_packed_ && !pads_) pack(t, product, tile);
    const std::string epilogue = accumulate_in_registers(t, facts_, product);
    const auto loops = t.get_loops(product, rank_ + 1);
    const auto j =
        t.split(loops[rank_ - 1], {"None", sampled[kVectors], std::to_string(machine_.lanes)},
                {.preserve_unit_iters = true, .disable_predication = pads_});
    const auto k = t.split(loops[rank_], {"None", sampled[kUnroll]});
    TraceBuilder::Names outer(
        loops.begin(), loops.begin() + static_cast<std::ptrdiff_t>(rank_ > 1 ? rank_ - 2 : 0));
    outer.push_back(j[0]);
    TraceBuilder::Names inner;
    if (rank_ > 1) {
      const auto i = t.split(loops[rank_ - 2], {"None", sampled[kRows]});
      outer.push_back(i[0]);
      inner.push_back(i[1]);
    }
    TraceBuilder::Names all = outer;
    all.insert(all.end(), {k[0], k[1]});
    all.insert(all.end(), inner.begin(), inner.end());
    all.insert(all.end(), {j[1], j[2]});
    t.reorder(all);
    std::size_t num_outer = outer.size();
    std::string tile_loop = outer.back();
    if (threads_ > 1 && !pads_) {
      tile_loop = t.fuse(outer);
      t.parallel(tile_loop);
      num_outer = 1;
    }
    finish_tile(t, epilogue, tile_loop, d, num_outer);
    if (is_packed_ && pads_) pack(t, product, tile);
    t.vectorize(j[2]);
    for (const std::string& loop : inner) t.unroll(loop);
    t.unroll(j[1]);
    t.unroll(k[1]);
    t.decompose_reduction(product, k[0]);
    if (pads_) t.annotate(j[0], "pragma_loop_partition_hint", 1);
    return t.trace();
  }

 private:
  static constexpr std::int64_t kMaxBody = 800;

  double batch() const {
    double count = 1;
    for (std::size_t i = 0; i + 2 < rank_; ++i) {
      count *= static_cast<double>(std::max<std::int64_t>(anchor_.extent(i), 1));
    }
    return count;
  }

  std::vector<std::int64_t> row_tiles() const {
    std::vector<std::int64_t> tiles;
    for (std::int64_t r = 1; r <= machine_.registers - 2; ++r) {
      if (rows_ > 0 && rows_ % r == 0) tiles.push_back(r);
    }
    if (tiles.empty()) tiles = {1};
    return tiles;
  }

  std::vector<std::int64_t> vector_tiles() const {
    std::vector<std::int64_t> tiles;
    for (std::int64_t v = 1; v <= machine_.registers - 2; ++v) {
      if (pads_ || (columns_ / machine_.lanes) % v == 0) tiles.push_back(v);
    }
    return tiles;
  }

  std::vector<std::int64_t> unrolls() const {
    std::vector<std::int64_t> factors;
    for (const std::int64_t u : {1, 2, 4, 8}) {
      if (depth_ > 0 && depth_ % u == 0) factors.push_back(u);
    }
    if (factors.empty()) factors = {1};
    return factors;
  }

  // B as [N][K] or [K][N] -> [N / T][K][T].
  void pack(TraceBuilder& t, const std::string& product, std::int64_t tile) const {
    const bool is_transposed = anchor_.loads[1].indices[0].same_as(anchor_.vars[rank_ - 1]);
    const int column = is_transposed ? 0 : 1;
    TraceBuilder::Layout layout;
    layout.rank = 2;
    layout.terms = {{column, tile, 0}, {1 - column}, {column, 1, tile}};
    layout.pads = columns_ % tile != 0;
    t.transform_layout(product, 1, layout);
  }

  void finish_tile(TraceBuilder& t, const std::string& epilogue, const std::string& tile_loop,
                   const Decisions& d, std::size_t num_outer) const {
    t.reverse_compute_at(epilogue, tile_loop);
    const std::size_t inner = (value(d, kRows) > 1 ? 2 : 1);
    const auto loops = t.get_loops(epilogue, num_outer + inner);
    const auto j = t.split(loops.back(), {"None", std::to_string(machine_.lanes)});
    t.vectorize(j[1]);
    t.unroll(j[0]);
    for (std::size_t i = num_outer; i + 1 < loops.size(); ++i) t.unroll(loops[i]);
  }

  const WorkloadFacts& facts_;
  const BlockFacts& anchor_;
  const Machine machine_;
  const int threads_;
  const std::size_t rank_;
  std::int64_t columns_ = 0, rows_ = 0, depth_ = 0;
  bool is_packed_ = false, pads_ = false;
  std::vector<Knob> knobs_;
};

}  // namespace

std::unique_ptr<Sketch> matmul_packed(const SketchContext& context) {
  const BlockFacts& anchor = context.facts.blocks[context.facts.anchor];
  const bool fits = anchor.is_reduction && anchor.num_spatial >= 1 && anchor.num_reduce() == 1 &&
                    anchor.loads.size() == 2 && tir::node(anchor.store.buffer).dtype == kFloat32;
  if (!fits) return nullptr;
  const tir::Expr& column = anchor.vars[anchor.num_spatial - 1];
  const std::int64_t columns = anchor.extent(anchor.num_spatial - 1);
  if (columns == 0) return nullptr;
  // The left side is splatted: it must not depend on the column.
  for (const tir::Expr& index : anchor.loads[0].indices) {
    if (tir::uses_var(index, column)) return nullptr;
  }
  const AccessFacts& right = anchor.loads[1];
  const bool is_packable = right.is_layout_free && right.rank() == 2;
  const int lanes = context.target.vector_lanes(32);
  if (!is_packable && (!is_vector_access(right, column) || columns % lanes != 0)) return nullptr;
  return std::make_unique<MatmulPacked>(context);
}

}  // namespace tenon
