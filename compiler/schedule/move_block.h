// Moving a block below a loop: what compute_at (a producer to its consumers) and reverse_compute_at
// (a consumer to its producers) share. The loops that the block needs there are made anew from the
// region that the other side touches in one iteration of the target loop.
#pragma once
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "compiler/arith/int_set.h"
#include "compiler/schedule/primitives.h"
#include "compiler/schedule/tree.h"

namespace tenon {

enum class MoveDirection : std::uint8_t { kToConsumers, kToProducers };

// The values that one iter var takes below the loop: `domain`, and where set `bound`, which the
// predicate of the moved block has to keep.
struct IterDomain {
  IntSet domain;
  std::optional<IntSet> bound;
};

struct MovePlan {
  Site block, loop;
  std::size_t position = 0;  // among the statements of the loop's body
  std::vector<IterDomain> domains;
};

// Checks everything; a string says why the move is refused.
std::variant<MovePlan, std::string> plan_move(const Schedule& schedule, const ComputeAtArgs& args,
                                              MoveDirection direction);
Schedule move_block(const Schedule& schedule, const MovePlan& plan, bool preserve_unit_loops);

// The domains of the block's iter vars such that `provided` (regions in terms of the iter vars)
// covers `required` (sets per dimension), buffer by buffer; nothing when a region has a form that
// cannot be solved for.
struct RegionPair {
  tir::Buffer buffer;
  std::vector<IntSet> provided, required;
};
std::optional<std::vector<IterDomain>> solve_iter_domains(const tir::Block& block,
                                                          const std::vector<RegionPair>& pairs,
                                                          Analyzer& analyzer);

}  // namespace tenon
