// conv2d_direct: a tile of rows x columns pixels and `vectors` channel blocks in registers; the
// weight is repacked to [oc / T][ic / B][ky][kx][B][T], T = vectors * block.
//
//   for n, chunks of oc tiles, y and x tiles, the chunk's oc tiles:
//     C tile = 0                                            (registers)
//     for ic_0, ky, kx, ic_1: C tile += splat(image) * weight vector      (unrolled tile)
//     epilogue of the tile -> output
//
// A chunk's weights stay in the second-level cache over all pixels, a tile's image in the first
// over the chunk. A chunk of one is "weights outside", a chunk of all "pixels outside".
// Covers plain and channel-blocked inputs, 1x1, strides, dilation, and depthwise (one input channel
// a group: the image is read as a vector, too). Padding is a copy of its own, made of vectors.
#include <algorithm>
#include <cmath>
#include <map>

#include "tuner/space/machine.h"
#include "tuner/space/parts.h"
#include "tuner/space/rules.h"
#include "tuner/space/trace_builder.h"

namespace tenon {
namespace {

enum KnobIndex : std::size_t { kRows, kColumns, kVectors, kChannels, kChunk, kUnroll };

class Conv2dDirect : public Sketch {
 public:
  explicit Conv2dDirect(const SketchContext& context)
      : facts_(context.facts),
        anchor_(context.facts.blocks[context.facts.anchor]),
        machine_(machine_of(context.target)),
        threads_(context.threads) {
    batch_ = std::max<std::int64_t>(anchor_.extent(0), 1);  // a symbolic batch is estimated as 1
    blocks_ = anchor_.extent(1);
    height_ = anchor_.extent(2);
    width_ = anchor_.extent(3);
    block_ = anchor_.extent(4);
    in_channels_ = anchor_.extent(5);
    kernel_y_ = anchor_.extent(6);
    kernel_x_ = anchor_.extent(7);
    is_blocked_input_ = anchor_.loads[0].rank() == 5;
    is_depthwise_ = in_channels_ == 1 && is_blocked_input_;
    const std::int64_t in_block =
        is_blocked_input_ ? tir::as_int(tir::node(anchor_.loads[0].buffer).shape[4]).value_or(1)
                          : 1;
    const tir::Expr& column = anchor_.loads[0].indices[3];
    column_step_ = step_of(column, anchor_.vars, anchor_.vars[3]);
    tap_step_ = step_of(column, anchor_.vars, anchor_.vars[7]);
    const std::int64_t registers = machine_.registers;
    knobs_ = {
        {"rows", divisors_up_to(height_, registers)},
        {"columns", divisors_up_to(width_, registers)},
        {"vectors", divisors_up_to(is_depthwise_ ? 1 : blocks_, 4)},
        {"channels", is_depthwise_ || !is_blocked_input_ ? std::vector<std::int64_t>{1}
                                                         : divisors_up_to(in_block, in_block)},
        {"chunk", divisors_up_to(blocks_, blocks_)},
        {"unroll_steps", {0, 1}}};
    std::erase_if(knobs_[kChannels].values, [&](std::int64_t c) {
      return is_blocked_input_ && !is_depthwise_ && c != in_block;
    });
  }

  std::string name() const override { return "conv2d_direct"; }
  const std::vector<Knob>& knobs() const override { return knobs_; }

  std::string broken_constraint(const Decisions& d) const override {
    const std::int64_t pixels = value(d, kRows) * value(d, kColumns);
    const std::int64_t vectors = value(d, kVectors);
    // Accumulators, the weight's vectors of one step, what is alive of the image.
    if (pixels * vectors + vectors + num_image_registers(d) > machine_.registers) {
      return "registers";
    }
    if (value(d, kUnroll) && num_steps(d) == 1) return "nothing to unroll";
    if (pixels * vectors * num_steps(d) > kMaxBody) return "unrolled body";
    if (blocks_ / vectors % value(d, kChunk) != 0 || blocks_ % vectors != 0) return "whole chunks";
    if (num_tiles(d) < threads_) return "parallel chunks";
    return "";
  }

  std::vector<DraftTerm> draft(const Decisions& d) const override {
    const double pixels = static_cast<double>(value(d, kRows) * value(d, kColumns));
    const double vectors = static_cast<double>(value(d, kVectors));
    const double steps = static_cast<double>(in_channels_ * kernel_y_ * kernel_x_);
    const double tiles =
        static_cast<double>(batch_ * blocks_ * height_ * width_) / (pixels * vectors);
    const double fma = pixels * vectors / machine_.fma_per_cycle;
    const double loads = (pixels + vectors) / machine_.loads_per_cycle;
    // A short tile waits for its accumulators: FMA latency of 4 cycles.
    const double step_cycles = std::max({fma, loads, 4.0});
    const double share = 1.0 / std::min(threads_, 64);
    const Traffic traffic = traffic_of(d);
    return {{"fma", tiles * steps * step_cycles / machine_.clock_hz * share},
            {"tile", tiles * (pixels * vectors * 2 + 20) / machine_.clock_hz * share},
            {"weight", traffic.weight_bytes / (machine_.l2_bytes_per_second * 4) * share},
            {"image", traffic.image_bytes / (machine_.l2_bytes_per_second * 4) * share},
            {"far", traffic.far_bytes / machine_.l2_bytes_per_second * share},
            {"loop", tiles * steps / static_cast<double>(num_steps(d)) / machine_.clock_hz * share},
            {"call", machine_.call_seconds}};
  }

  Trace emit(const Decisions& d) const override {
    TraceBuilder t;
    const std::int64_t vectors = value(d, kVectors), channels = value(d, kChannels);
    const TraceBuilder::Names sampled = sample_knobs(t, *this, d);
    const std::string conv = t.get_sblock(anchor_.name);
    pack_weight(t, conv, vectors * block_, channels);
    const std::string epilogue = accumulate_in_registers(t, facts_, conv);
    const auto loops = t.get_loops(conv, 8);
    const auto ob = t.split(loops[1], {"None", sampled[kChunk], sampled[kVectors]});
    const auto y = t.split(loops[2], {"None", sampled[kRows]});
    const auto x = t.split(loops[3], {"None", sampled[kColumns]});
    const auto ic = t.split(loops[5], {"None", sampled[kChannels]});
    const TraceBuilder::Names outer{loops[0], ob[0], y[0], x[0], ob[1]};
    TraceBuilder::Names all = outer;
    // The kernel's columns stand inside the channels when they are unrolled.
    if (value(d, kUnroll) && kernel_x_ > 1) {
      all.insert(all.end(), {ic[0], loops[6], ic[1], loops[7]});
    } else {
      all.insert(all.end(), {ic[0], loops[6], loops[7], ic[1]});
    }
    all.insert(all.end(), {y[1], x[1], ob[2], loops[4]});
    t.reorder(all);
    std::string tile_loop = outer.back();
    if (threads_ > 1) tile_loop = parallel_tiles(t, outer);
    finish_tile(t, epilogue, tile_loop, d, threads_ > 1 ? 1 : outer.size());
    if (value(d, kUnroll)) t.unroll(kernel_x_ > 1 ? loops[7] : ic[1]);
    for (const std::string& loop : {y[1], x[1], ob[2]}) t.unroll(loop);
    t.vectorize(loops[4]);
    t.decompose_reduction(conv, ic[0]);
    if (facts_.padding) vectorize_padding(t);
    return t.trace();
  }

 private:
  static constexpr std::int64_t kMaxBody = 800;  // FMAs

  // Elements of the image that are alive at once: one splat, or those that taps of an unrolled row
  // of the kernel share, from the first use to the last.
  std::int64_t num_image_registers(const Decisions& d) const {
    if (!value(d, kUnroll) || kernel_x_ == 1) return 1;
    const std::int64_t columns = value(d, kColumns);
    std::map<std::int64_t, std::pair<std::int64_t, std::int64_t>> lives;  // place in the row: uses
    for (std::int64_t time = 0; time < kernel_x_ * columns; ++time) {
      const std::int64_t place = time % columns * column_step_ + time / columns * tap_step_;
      lives.try_emplace(place, time, time).first->second.second = time;
    }
    std::int64_t most = 1;
    for (std::int64_t time = 0; time < kernel_x_ * columns; ++time) {
      const auto is_alive = [&](const auto& life) {
        return life.second.first <= time && time <= life.second.second;
      };
      most = std::max<std::int64_t>(most, std::count_if(lives.begin(), lives.end(), is_alive));
    }
    return value(d, kRows) * most;
  }

  // Steps of the reduction in the innermost body: the kernel's columns, or a block of channels.
  std::int64_t num_steps(const Decisions& d) const {
    if (!value(d, kUnroll)) return 1;
    return kernel_x_ > 1 ? kernel_x_ : value(d, kChannels);
  }

  std::int64_t num_tiles(const Decisions& d) const {
    return batch_ * blocks_ / value(d, kVectors) * height_ / value(d, kRows) * width_ /
           value(d, kColumns);
  }

  // Bytes that come from the second-level cache, and from behind it.
  struct Traffic {
    double weight_bytes, image_bytes, far_bytes;
  };

  Traffic traffic_of(const Decisions& d) const {
    const double tile_pixels = static_cast<double>(value(d, kRows) * value(d, kColumns));
    const double pixels = static_cast<double>(batch_ * height_ * width_);
    const double vectors = static_cast<double>(value(d, kVectors));
    const double chunk = static_cast<double>(value(d, kChunk));
    const double taps = static_cast<double>(in_channels_ * kernel_y_ * kernel_x_);
    const double weight = taps * static_cast<double>(blocks_ * block_) * 4;
    const double num_chunks = static_cast<double>(blocks_) / (vectors * chunk);
    const double chunk_weight = weight / num_chunks;
    const double image = pixels * static_cast<double>(in_channels_) * 4;
    const double tile_image = tile_pixels * taps * 4;
    const double tiles = pixels / tile_pixels;
    const double l1 = static_cast<double>(machine_.l1_bytes) / 2;
    const double l2 = static_cast<double>(machine_.l2_bytes) / 2;
    Traffic traffic;
    traffic.weight_bytes = chunk_weight < l1 ? weight : weight * tiles;
    traffic.image_bytes = image * num_chunks * (tile_image < l1 ? 1 : chunk);
    traffic.far_bytes = chunk_weight < l2 ? weight : weight * tiles;
    traffic.far_bytes += image + chunk_weight < l2 ? image : image * num_chunks;
    return traffic;
  }

  void pack_weight(TraceBuilder& t, const std::string& conv, std::int64_t tile,
                   std::int64_t channels) const {
    TraceBuilder::Layout layout;
    layout.terms = {{0, tile, 0}};
    if (channels > 1) {
      layout.terms.insert(layout.terms.end(),
                          {{1, channels, 0}, {2}, {3}, {1, 1, channels}, {0, 1, tile}});
    } else {
      layout.terms.insert(layout.terms.end(), {{1}, {2}, {3}, {0, 1, tile}});
    }
    t.transform_layout(conv, 1, layout);
  }

  static std::string parallel_tiles(TraceBuilder& t, const TraceBuilder::Names& outer) {
    const std::string fused = t.fuse(outer);
    t.parallel(fused);
    return fused;
  }

  // The epilogue under the tile loop: its own loops are those of extents above 1, then the vector.
  void finish_tile(TraceBuilder& t, const std::string& epilogue, const std::string& tile_loop,
                   const Decisions& d, std::size_t num_outer) const {
    t.reverse_compute_at(epilogue, tile_loop);
    std::size_t inner = 1;
    for (const std::size_t knob : {kVectors, kRows, kColumns}) inner += value(d, knob) > 1;
    const auto loops = t.get_loops(epilogue, num_outer + inner);
    t.vectorize(loops.back());
    for (std::size_t i = num_outer; i + 1 < loops.size(); ++i) t.unroll(loops[i]);
  }

  void vectorize_padding(TraceBuilder& t) const {
    const BlockFacts& padding = facts_.blocks[*facts_.padding];
    const std::string pad = t.get_sblock(padding.name);
    const auto loops = t.get_loops(pad, padding.extents.size());
    if (threads_ > 1) t.parallel(t.fuse({loops[0], loops[1], loops[2]}));
    if (is_blocked_input_) t.vectorize(loops.back());
  }

  const WorkloadFacts& facts_;
  const BlockFacts& anchor_;
  const Machine machine_;
  const int threads_;
  std::int64_t batch_, blocks_, height_, width_, block_, in_channels_, kernel_y_, kernel_x_;
  std::int64_t column_step_, tap_step_;  // in the image, of a result's column and of a tap
  bool is_blocked_input_ = false, is_depthwise_ = false;
  std::vector<Knob> knobs_;
};

}  // namespace

std::unique_ptr<Sketch> conv2d_direct(const SketchContext& context) {
  const BlockFacts& anchor = context.facts.blocks[context.facts.anchor];
  const bool shape_fits = anchor.is_reduction && anchor.num_spatial == 5 &&
                          anchor.num_reduce() == 3 && anchor.loads.size() == 2 &&
                          anchor.loads[1].rank() == 4 && anchor.loads[1].is_layout_free;
  if (!shape_fits || tir::node(anchor.store.buffer).dtype != kFloat32) return nullptr;
  // All but the batch must be constant; the image's channel axis must be the vector.
  for (std::size_t i = 1; i < anchor.extents.size(); ++i) {
    if (anchor.extents[i] == 0) return nullptr;
  }
  if (anchor.extent(4) > context.target.vector_lanes(32)) return nullptr;
  return std::make_unique<Conv2dDirect>(context);
}

}  // namespace tenon
