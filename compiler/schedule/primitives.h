// The schedule primitives, in the order of the catalogue (catalogue.h). Each checks everything
// first and throws a schedule_error when it refuses; then it builds the new function. A primitive
// keeps what the function computes. The file of the same name under primitives/ shows before ->
// after.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/arith/index_map.h"
#include "compiler/schedule/schedule.h"
#include "compiler/support/rng.h"

namespace tenon {

// --- Finding blocks and loops ---
BlockRef get_sblock(const Schedule& schedule, const std::string& name, const std::string& function);
// Outermost first, up to the block around it.
std::vector<LoopRef> get_loops(const Schedule& schedule, const BlockRef& block);
std::vector<BlockRef> get_child_blocks(const Schedule& schedule, const BlockRef& block);
std::vector<BlockRef> get_child_blocks(const Schedule& schedule, const LoopRef& loop);
std::vector<BlockRef> get_producers(const Schedule& schedule, const BlockRef& block);
std::vector<BlockRef> get_consumers(const Schedule& schedule, const BlockRef& block);
// The leaf blocks of `scope` that write what it does not allocate.
std::vector<BlockRef> get_output_blocks(const Schedule& schedule, const BlockRef& scope);

// --- Sampling: draws from `random` unless a decision is given ---
struct SampleCategoricalArgs {
  std::vector<std::int64_t> candidates;
  std::vector<double> probabilities;
};
// The index of the candidate.
std::int64_t sample_categorical(const SampleCategoricalArgs& args, Rng& random);
struct SampleTileArgs {
  LoopRef loop;
  std::int64_t num_factors = 2;
  std::int64_t max_innermost_factor = 16;
};
// Factors whose product is the loop's extent; innermost at most the limit. A symbolic extent gives
// an empty list: the caller leaves the outermost open.
std::vector<std::int64_t> sample_perfect_tile(const Schedule& schedule, const SampleTileArgs& args,
                                              Rng& random);
struct SamplePartitionedTileArgs {
  LoopRef loop;
  std::int64_t num_factors = 2;
  std::int64_t partition_position = 1;
  std::int64_t inner_part_factor = 1;
};
std::vector<std::int64_t> sample_partitioned_tile(const Schedule& schedule,
                                                  const SamplePartitionedTileArgs& args,
                                                  Rng& random);
// A decision repaired for the loop's extent: what does not divide goes to the outermost factor.
std::vector<std::int64_t> repaired_tile(const Schedule& schedule, const LoopRef& loop,
                                        std::vector<std::int64_t> factors);
// Where the block may be computed: indices into the loops of its first consumer; -1 the root, -2
// inline.
std::vector<std::int64_t> compute_locations(const Schedule& schedule, const BlockRef& block);
std::int64_t sample_compute_location(const Schedule& schedule, const BlockRef& block, Rng& random);
LoopRef compute_location(const Schedule& schedule, const BlockRef& block, std::int64_t index);

// --- Loops ---
struct SplitArgs {
  LoopRef loop;
  std::vector<tir::Expr> factors;  // a null one is inferred; at most one
  bool preserve_unit_iters = true;
  bool disable_predication = false;
};
Changed<std::vector<LoopRef>> split(const Schedule& schedule, const SplitArgs& args);
// Consecutive parts of the loop, one after the other; `factors` are their extents, a null one or
// one more takes what is left.
struct LoopPartitionArgs {
  LoopRef loop;
  std::vector<tir::Expr> factors;
};
Changed<std::vector<LoopRef>> loop_partition(const Schedule& schedule,
                                             const LoopPartitionArgs& args);
// Loops of different nests become one that runs their bodies in the order given. Dependencies
// between the nests are the caller's care.
Changed<LoopRef> merge(const Schedule& schedule, const std::vector<LoopRef>& loops);
struct FuseArgs {
  std::vector<LoopRef> loops;
  bool preserve_unit_iters = true;
};
Changed<LoopRef> fuse(const Schedule& schedule, const FuseArgs& args);
Schedule reorder(const Schedule& schedule, const std::vector<LoopRef>& loops);
Schedule reorder_block_iter_var(const Schedule& schedule, const BlockRef& block,
                                const std::vector<std::int64_t>& order);
Changed<LoopRef> add_unit_loop(const Schedule& schedule, const BlockRef& block);
Changed<LoopRef> add_unit_loop(const Schedule& schedule, const LoopRef& loop);

// --- What a loop is ---
Schedule parallel(const Schedule& schedule, const LoopRef& loop);
Schedule vectorize(const Schedule& schedule, const LoopRef& loop);
Schedule bind(const Schedule& schedule, const LoopRef& loop, const std::string& thread_axis);
Schedule unroll(const Schedule& schedule, const LoopRef& loop);

// --- Annotations ---
Schedule annotate(const Schedule& schedule, const BlockRef& block, const std::string& key,
                  const tir::AttrValue& value);
Schedule annotate(const Schedule& schedule, const LoopRef& loop, const std::string& key,
                  const tir::AttrValue& value);
Schedule unannotate(const Schedule& schedule, const BlockRef& block, const std::string& key);
Schedule unannotate(const Schedule& schedule, const LoopRef& loop, const std::string& key);

// --- Buffers ---
struct CacheArgs {
  BlockRef block;
  std::int64_t buffer_index = 0;
  std::string scope;
  std::vector<BlockRef> consumers;  // empty: all
};
Changed<BlockRef> cache_read(const Schedule& schedule, const CacheArgs& args);
Changed<BlockRef> cache_write(const Schedule& schedule, const CacheArgs& args);
enum class BufferUse : std::uint8_t { kRead, kWrite };
// The cache in front of the block and the one behind it; args.consumers is not used.
Changed<std::vector<BlockRef>> cache_inplace(const Schedule& schedule, const CacheArgs& args);
struct CacheIndexArgs {
  BlockRef block;
  std::string scope;
  std::int64_t min_uses = 0;
};
Changed<std::vector<BlockRef>> cache_index(const Schedule& schedule, const CacheIndexArgs& args);
// A cache whose axes are given as expressions of the block's iters.
struct ReindexCacheArgs {
  BlockRef block;
  std::int64_t buffer_index = 0;
  std::string scope;
  IndexMap map;
};
Changed<BlockRef> reindex_cache_read(const Schedule& schedule, const ReindexCacheArgs& args);
Changed<BlockRef> reindex_cache_write(const Schedule& schedule, const ReindexCacheArgs& args);
struct ReindexArgs {
  BlockRef block;
  std::int64_t buffer_index = 0;
  BufferUse use = BufferUse::kRead;
};
Changed<BlockRef> reindex(const Schedule& schedule, const ReindexArgs& args);
Schedule set_scope(const Schedule& schedule, const BlockRef& block, std::int64_t buffer_index,
                   const std::string& scope);
struct StorageAlignArgs {
  BlockRef block;
  std::int64_t buffer_index = 0, axis = 0, factor = 1, offset = 0;
};
Schedule storage_align(const Schedule& schedule, const StorageAlignArgs& args);
struct TransformLayoutArgs {
  BlockRef block;
  std::int64_t buffer_index = 0;
  BufferUse use = BufferUse::kRead;
  IndexMap map;
  std::optional<IndexMap> pad_value;  // the padding's value from the initial indices
  bool assume_injective = false;
};
Schedule transform_layout(const Schedule& schedule, const TransformLayoutArgs& args);
Schedule transform_block_layout(const Schedule& schedule, const BlockRef& block,
                                const IndexMap& map);
// A copy of what the blocks below `loop` read of (write to) buffer number `buffer_index` of
// `block`, made (written back) once an iteration; the copy is left to a later pass (auto_copy).
struct CopyAtArgs {
  LoopRef loop;
  BlockRef block;
  std::int64_t buffer_index = 0;
  std::string scope;
};
Changed<BlockRef> read_at(const Schedule& schedule, const CopyAtArgs& args);
Changed<BlockRef> write_at(const Schedule& schedule, const CopyAtArgs& args);

// The buffer keeps the window that one iteration of a loop around all its accesses needs.
Schedule rolling_buffer(const Schedule& schedule, const BlockRef& block, std::int64_t buffer_index);

// The caller's risk: the type of an intermediate buffer, and what a block declares to access.
Schedule unsafe_set_dtype(const Schedule& schedule, const BlockRef& block,
                          std::int64_t buffer_index, const std::string& dtype);
Schedule unsafe_hide_buffer_access(const Schedule& schedule, const BlockRef& block, BufferUse use,
                                   const std::vector<std::int64_t>& indices);

// --- Where blocks are computed ---
struct ComputeAtArgs {
  BlockRef block;
  LoopRef loop;
  bool preserve_unit_loops = false;
  std::int64_t index = -1;  // among the statements of the loop's body; -1 last, -2 first possible
};
Schedule compute_at(const Schedule& schedule, const ComputeAtArgs& args);
// Whether compute_at would be accepted; expected to be asked about many loops.
bool can_compute_at(const Schedule& schedule, const ComputeAtArgs& args);
Schedule reverse_compute_at(const Schedule& schedule, const ComputeAtArgs& args);
Schedule compute_inline(const Schedule& schedule, const BlockRef& block);
Schedule reverse_compute_inline(const Schedule& schedule, const BlockRef& block);

// --- Reductions and padding ---
Changed<BlockRef> decompose_reduction(const Schedule& schedule, const BlockRef& block,
                                      const LoopRef& loop);
Changed<BlockRef> decompose_padding(const Schedule& schedule, const BlockRef& block,
                                    const LoopRef& loop);
// `padding`: a positive number for each iter of the block, of which its extent becomes a multiple.
Schedule pad_einsum(const Schedule& schedule, const BlockRef& block,
                    const std::vector<std::int64_t>& padding);
Changed<BlockRef> rfactor(const Schedule& schedule, const LoopRef& loop, std::int64_t factor_axis);

// What the epilogue adds to the finished sum becomes the reduction's start.
Schedule fuse_reduction_epilogue(const Schedule& schedule, const BlockRef& reduction,
                                 const BlockRef& epilogue);

// --- Blocks in blocks ---
Changed<BlockRef> blockize(const Schedule& schedule, const LoopRef& loop, bool preserve_unit_iters);

}  // namespace tenon
