// compute_at(B, j): a producer is computed where it is needed, below a loop around all its
// consumers, and only as much of it as one iteration needs.
//
//   for i: block B: B[i] = ..                   for j: { for ax0 in range(2): block B: B[j + ax0] =
//   .. for j: block C: C[j] = B[j] + B[j + 1]  ->           block C: C[j] = B[j] + B[j + 1] }
#include "compiler/schedule/move_block.h"

namespace tenon {

Schedule compute_at(const Schedule& schedule, const ComputeAtArgs& args) {
  if (args.loop.kind == LoopRef::Kind::kRoot) return schedule;
  if (args.loop.kind == LoopRef::Kind::kInline) return compute_inline(schedule, args.block);
  auto plan = plan_move(schedule, args, MoveDirection::kToConsumers);
  if (const auto* why = std::get_if<std::string>(&plan)) {
    Site site = site_of(schedule, args.block);
    schedule_error(schedule, site,
                   "compute_at(" + site.block().name + ", " + name_of(args.loop) + "): " + *why);
  }
  return move_block(schedule, std::get<MovePlan>(plan), args.preserve_unit_loops);
}

bool can_compute_at(const Schedule& schedule, const ComputeAtArgs& args) {
  return std::holds_alternative<MovePlan>(plan_move(schedule, args, MoveDirection::kToConsumers));
}

}  // namespace tenon
