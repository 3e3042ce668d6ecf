#include "compiler/schedule/catalogue.h"

#include "compiler/schedule/call_reader.h"
#include "compiler/schedule/index_map_json.h"
#include "compiler/schedule/primitives.h"
#include "compiler/support/error.h"

namespace tenon {

using namespace tir;

namespace {

using Call = PrimitiveCall;
using Answer = PrimitiveAnswer;

Answer made(const Changed<BlockRef>& changed) {
  return {changed.schedule, {value_of(changed.made)}, {}};
}
Answer made(const Changed<LoopRef>& changed) {
  return {changed.schedule, {value_of(changed.made)}, {}};
}

Answer apply_get_sblock(const Schedule& s, const Call& c) {
  return {s, {value_of(get_sblock(s, text_attr(c, 0), text_attr(c, 1)))}, {}};
}
Answer apply_get_loops(const Schedule& s, const Call& c) {
  return {s, values_of(get_loops(s, block_input(c, 0))), {}};
}
Answer apply_get_child_blocks(const Schedule& s, const Call& c) {
  return {s,
          values_of(is_block_input(c, 0) ? get_child_blocks(s, block_input(c, 0))
                                         : get_child_blocks(s, loop_input(c, 0))),
          {}};
}
Answer apply_get_producers(const Schedule& s, const Call& c) {
  return {s, values_of(get_producers(s, block_input(c, 0))), {}};
}
Answer apply_get_consumers(const Schedule& s, const Call& c) {
  return {s, values_of(get_consumers(s, block_input(c, 0))), {}};
}
Answer apply_get_output_blocks(const Schedule& s, const Call& c) {
  return {s, values_of(get_output_blocks(s, block_input(c, 0))), {}};
}

void need_random(const Call& c) {
  if (!c.decision && !c.random)
    throw UserError("the trace holds no decision for this sampling step");
}

Answer apply_sample_categorical(const Schedule& s, const Call& c) {
  need_random(c);
  SampleCategoricalArgs args{int_list_attr(c, 0), real_list_attr(c, 1)};
  std::int64_t index = c.decision ? to_int(*c.decision) : sample_categorical(args, *c.random);
  if (index < 0 || index >= static_cast<std::int64_t>(args.candidates.size())) {
    throw UserError("the decision is no index into the candidates");
  }
  return {s, {value_of(args.candidates[static_cast<std::size_t>(index)])}, AttrValue{index}};
}

Answer tile_answer(const Schedule& s, const std::vector<std::int64_t>& tile, std::int64_t count) {
  std::vector<Value> outputs;
  for (std::int64_t factor : tile) outputs.push_back(value_of(factor));
  if (static_cast<std::int64_t>(outputs.size()) != count) {
    throw UserError("the decision does not hold one factor for each output");
  }
  return {s, outputs, from_int_list(tile)};
}

Answer apply_sample_perfect_tile(const Schedule& s, const Call& c) {
  need_random(c);
  SampleTileArgs args{loop_input(c, 0), int_attr(c, 0), int_attr(c, 1)};
  return tile_answer(s,
                     c.decision ? repaired_tile(s, args.loop, to_int_list(*c.decision))
                                : sample_perfect_tile(s, args, *c.random),
                     args.num_factors);
}
Answer apply_sample_partitioned_tile(const Schedule& s, const Call& c) {
  need_random(c);
  SamplePartitionedTileArgs args{loop_input(c, 0), int_attr(c, 0), int_attr(c, 1), int_attr(c, 2)};
  return tile_answer(s,
                     c.decision ? repaired_tile(s, args.loop, to_int_list(*c.decision))
                                : sample_partitioned_tile(s, args, *c.random),
                     args.num_factors);
}
Answer apply_sample_compute_location(const Schedule& s, const Call& c) {
  need_random(c);
  BlockRef block = block_input(c, 0);
  std::int64_t index =
      c.decision ? to_int(*c.decision) : sample_compute_location(s, block, *c.random);
  return {s, {value_of(compute_location(s, block, index))}, AttrValue{index}};
}

Answer apply_split(const Schedule& s, const Call& c) {
  SplitArgs args{loop_input(c, 0), {}, bool_attr(c, 0), bool_attr(c, 1)};
  for (std::size_t i = 1; i < c.inputs.size(); ++i) args.factors.push_back(expr_input(c, i));
  auto changed = split(s, args);
  return {changed.schedule, values_of(changed.made), {}};
}
Answer apply_loop_partition(const Schedule& s, const Call& c) {
  bool_attr(c, 0);  // preserve_unit_iters: bindings are kept as they are
  LoopPartitionArgs args{loop_input(c, 0), {}};
  for (std::size_t i = 1; i < c.inputs.size(); ++i) args.factors.push_back(expr_input(c, i));
  auto changed = loop_partition(s, args);
  return {changed.schedule, values_of(changed.made), {}};
}
Answer apply_merge(const Schedule& s, const Call& c) { return made(merge(s, loop_inputs(c))); }
Answer apply_fuse(const Schedule& s, const Call& c) {
  return made(fuse(s, {loop_inputs(c), bool_attr(c, 0)}));
}
Answer apply_reorder(const Schedule& s, const Call& c) {
  return {reorder(s, loop_inputs(c)), {}, {}};
}
Answer apply_add_unit_loop(const Schedule& s, const Call& c) {
  return made(is_block_input(c, 0) ? add_unit_loop(s, block_input(c, 0))
                                   : add_unit_loop(s, loop_input(c, 0)));
}
Answer apply_parallel(const Schedule& s, const Call& c) {
  return {parallel(s, loop_input(c, 0)), {}, {}};
}
Answer apply_vectorize(const Schedule& s, const Call& c) {
  return {vectorize(s, loop_input(c, 0)), {}, {}};
}
Answer apply_bind(const Schedule& s, const Call& c) {
  return {tenon::bind(s, loop_input(c, 0), text_attr(c, 0)), {}, {}};
}
Answer apply_unroll(const Schedule& s, const Call& c) {
  return {unroll(s, loop_input(c, 0)), {}, {}};
}
Answer apply_annotate(const Schedule& s, const Call& c) {
  const std::string key = text_attr(c, 0);
  const AttrValue value = plain_input(c, 1);
  return {is_block_input(c, 0) ? annotate(s, block_input(c, 0), key, value)
                               : annotate(s, loop_input(c, 0), key, value),
          {},
          {}};
}
Answer apply_unannotate(const Schedule& s, const Call& c) {
  const std::string key = text_attr(c, 0);
  return {is_block_input(c, 0) ? unannotate(s, block_input(c, 0), key)
                               : unannotate(s, loop_input(c, 0), key),
          {},
          {}};
}

CacheArgs cache_args(const Call& c) {
  return {block_input(c, 0), int_attr(c, 0), text_attr(c, 1), block_list_input(c, 1)};
}
Answer apply_cache_read(const Schedule& s, const Call& c) {
  return made(cache_read(s, cache_args(c)));
}
Answer apply_cache_write(const Schedule& s, const Call& c) {
  return made(cache_write(s, cache_args(c)));
}
Answer apply_cache_inplace(const Schedule& s, const Call& c) {
  auto changed = cache_inplace(s, {block_input(c, 0), int_attr(c, 0), text_attr(c, 1), {}});
  return {changed.schedule, values_of(changed.made), {}};
}
Answer apply_cache_index(const Schedule& s, const Call& c) {
  auto changed = cache_index(s, {block_input(c, 0), text_attr(c, 0), int_attr(c, 1)});
  return {changed.schedule, values_of(changed.made), {}};
}
ReindexCacheArgs reindex_cache_args(const Call& c) {
  return {block_input(c, 0), int_attr(c, 0), text_attr(c, 1), index_map_input(c, 1)};
}
Answer apply_reindex_cache_read(const Schedule& s, const Call& c) {
  return made(reindex_cache_read(s, reindex_cache_args(c)));
}
Answer apply_reindex_cache_write(const Schedule& s, const Call& c) {
  return made(reindex_cache_write(s, reindex_cache_args(c)));
}
CopyAtArgs copy_at_args(const Call& c) {
  return {loop_input(c, 0), block_input(c, 1), int_attr(c, 0), text_attr(c, 1)};
}
Answer apply_read_at(const Schedule& s, const Call& c) { return made(read_at(s, copy_at_args(c))); }
Answer apply_write_at(const Schedule& s, const Call& c) {
  return made(write_at(s, copy_at_args(c)));
}
Answer apply_transform_block_layout(const Schedule& s, const Call& c) {
  return {transform_block_layout(s, block_input(c, 0), parse_index_map(text_attr(c, 0))), {}, {}};
}
Answer apply_rolling_buffer(const Schedule& s, const Call& c) {
  return {rolling_buffer(s, block_input(c, 0), int_attr(c, 0)), {}, {}};
}
Answer apply_reindex(const Schedule& s, const Call& c) {
  return made(reindex(s, {block_input(c, 0), int_attr(c, 0),
                          int_attr(c, 1) == 0 ? BufferUse::kRead : BufferUse::kWrite}));
}
Answer apply_set_scope(const Schedule& s, const Call& c) {
  return {set_scope(s, block_input(c, 0), int_attr(c, 0), text_attr(c, 1)), {}, {}};
}
Answer apply_transform_layout(const Schedule& s, const Call& c) {
  TransformLayoutArgs args;
  args.block = block_input(c, 0);
  args.map = index_map_input(c, 1);
  args.buffer_index = int_attr(c, 0);
  args.use = int_attr(c, 1) == 0 ? BufferUse::kRead : BufferUse::kWrite;
  if (!is_none_attr(c, 2)) args.pad_value = parse_index_map(text_attr(c, 2));
  args.assume_injective = bool_attr(c, 3);
  return {transform_layout(s, args), {}, {}};
}
Answer apply_storage_align(const Schedule& s, const Call& c) {
  return {storage_align(s, {block_input(c, 0), int_attr(c, 0), int_attr(c, 1), int_attr(c, 2),
                            int_attr(c, 3)}),
          {},
          {}};
}
ComputeAtArgs compute_at_args(const Call& c) {
  return {block_input(c, 0), loop_input(c, 1), bool_attr(c, 0), int_attr(c, 1)};
}
Answer apply_compute_at(const Schedule& s, const Call& c) {
  return {compute_at(s, compute_at_args(c)), {}, {}};
}
Answer apply_reverse_compute_at(const Schedule& s, const Call& c) {
  return {reverse_compute_at(s, compute_at_args(c)), {}, {}};
}
Answer apply_reorder_block_iter_var(const Schedule& s, const Call& c) {
  return {reorder_block_iter_var(s, block_input(c, 0), int_list_input(c, 1)), {}, {}};
}
Answer apply_unsafe_set_dtype(const Schedule& s, const Call& c) {
  return {unsafe_set_dtype(s, block_input(c, 0), int_attr(c, 0), text_attr(c, 1)), {}, {}};
}
Answer apply_unsafe_hide_buffer_access(const Schedule& s, const Call& c) {
  const std::string use = text_input(c, 1);
  if (use != "read" && use != "write") throw UserError("input 1 must be \"read\" or \"write\"");
  return {unsafe_hide_buffer_access(s, block_input(c, 0),
                                    use == "read" ? BufferUse::kRead : BufferUse::kWrite,
                                    int_list_input(c, 2)),
          {},
          {}};
}
Answer apply_compute_inline(const Schedule& s, const Call& c) {
  return {compute_inline(s, block_input(c, 0)), {}, {}};
}
Answer apply_reverse_compute_inline(const Schedule& s, const Call& c) {
  return {reverse_compute_inline(s, block_input(c, 0)), {}, {}};
}
Answer apply_decompose_reduction(const Schedule& s, const Call& c) {
  return made(decompose_reduction(s, block_input(c, 0), loop_input(c, 1)));
}
Answer apply_decompose_padding(const Schedule& s, const Call& c) {
  return made(decompose_padding(s, block_input(c, 0), loop_input(c, 1)));
}
// The padding is the attribute, in some traces the second input.
Answer apply_pad_einsum(const Schedule& s, const Call& c) {
  const std::vector<std::int64_t> padding =
      c.attrs.empty() ? int_list_input(c, 1) : int_list_attr(c, 0);
  return {pad_einsum(s, block_input(c, 0), padding), {}, {}};
}
Answer apply_fuse_reduction_epilogue(const Schedule& s, const Call& c) {
  return {fuse_reduction_epilogue(s, block_input(c, 0), block_input(c, 1)), {}, {}};
}
Answer apply_blockize(const Schedule& s, const Call& c) {
  return made(blockize(s, loop_input(c, 0), bool_attr(c, 0)));
}
Answer apply_rfactor(const Schedule& s, const Call& c) {
  return made(rfactor(s, loop_input(c, 0), int_attr(c, 0)));
}
Answer apply_enter_postproc(const Schedule& s, const Call&) { return {s, {}, {}}; }

}  // namespace

const std::vector<PrimitiveKind>& primitive_kinds() {
  static const std::vector<PrimitiveKind> kKinds = {
      // name, inputs, attributes, is_pure, apply
      {"GetSBlock", 0, 2, true, apply_get_sblock},
      {"GetLoops", 1, 0, true, apply_get_loops},
      {"GetChildBlocks", 1, 0, true, apply_get_child_blocks},
      {"GetProducers", 1, 0, true, apply_get_producers},
      {"GetConsumers", 1, 0, true, apply_get_consumers},
      {"GetOutputBlocks", 1, 0, true, apply_get_output_blocks},
      {"SampleCategorical", 0, 2, true, apply_sample_categorical},
      {"SamplePerfectTile", 1, 2, true, apply_sample_perfect_tile},
      {"SamplePartitionedTile", 1, 3, true, apply_sample_partitioned_tile},
      {"SampleComputeLocation", 1, 0, true, apply_sample_compute_location},
      {"Split", kAnyNumber, 2, false, apply_split},
      {"LoopPartition", kAnyNumber, 1, false, apply_loop_partition},
      {"Merge", kAnyNumber, 0, false, apply_merge},
      {"Fuse", kAnyNumber, 1, false, apply_fuse},
      {"Reorder", kAnyNumber, 0, false, apply_reorder},
      {"ReorderBlockIterVar", 2, 0, false, apply_reorder_block_iter_var},
      {"AddUnitLoop", 1, 0, false, apply_add_unit_loop},
      {"Parallel", 1, 0, false, apply_parallel},
      {"Vectorize", 1, 0, false, apply_vectorize},
      {"Bind", 1, 1, false, apply_bind},
      {"Unroll", 1, 0, false, apply_unroll},
      {"Annotate", 2, 1, false, apply_annotate},
      {"Unannotate", 1, 1, false, apply_unannotate},
      {"CacheRead", 2, 2, false, apply_cache_read},
      {"CacheWrite", 2, 2, false, apply_cache_write},
      {"CacheInplace", 1, 2, false, apply_cache_inplace},
      {"CacheIndex", 1, 2, false, apply_cache_index},
      {"ReindexCacheRead", 2, 2, false, apply_reindex_cache_read},
      {"ReindexCacheWrite", 2, 2, false, apply_reindex_cache_write},
      {"ReadAt", 2, 2, false, apply_read_at},
      {"WriteAt", 2, 2, false, apply_write_at},
      {"ReIndex", 1, 2, false, apply_reindex},
      {"SetScope", 1, 2, false, apply_set_scope},
      {"StorageAlign", 1, 4, false, apply_storage_align},
      {"TransformLayout", 2, 4, false, apply_transform_layout},
      {"TransformBlockLayout", 1, 1, false, apply_transform_block_layout},
      {"RollingBuffer", 1, 1, false, apply_rolling_buffer},
      {"UnsafeSetDType", 1, 2, false, apply_unsafe_set_dtype},
      {"UnsafeHideBufferAccess", 3, 0, false, apply_unsafe_hide_buffer_access},
      {"ComputeAt", 2, 2, false, apply_compute_at},
      {"ReverseComputeAt", 2, 2, false, apply_reverse_compute_at},
      {"ComputeInline", 1, 0, false, apply_compute_inline},
      {"ReverseComputeInline", 1, 0, false, apply_reverse_compute_inline},
      {"DecomposeReduction", 2, 0, false, apply_decompose_reduction},
      {"DecomposePadding", 2, 0, false, apply_decompose_padding},
      {"RFactor", 1, 1, false, apply_rfactor},
      {"PadEinsum", kAnyNumber, kAnyNumber, false, apply_pad_einsum},
      {"FuseReductionEpilogue", 2, 0, false, apply_fuse_reduction_epilogue},
      {"Blockize", 1, 1, false, apply_blockize},
      {"EnterPostproc", 0, 0, false, apply_enter_postproc},
  };
  return kKinds;
}

const PrimitiveKind& primitive_kind(std::string_view name) {
  std::vector<std::string> known;
  for (const PrimitiveKind& kind : primitive_kinds()) {
    if (kind.name == name) return kind;
    known.emplace_back(kind.name);
  }
  throw UserError("there is no primitive " + std::string(name), did_you_mean(name, known));
}

}  // namespace tenon
