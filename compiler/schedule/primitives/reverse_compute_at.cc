// reverse_compute_at(D, i): a consumer is computed right where its producers have made what it
// reads, below a loop around all of them.
//
//   for i, k: block C: C[i] += ..         for i: { for k: block C: C[i] += ..
//   for i: block D: D[i] = f(C[i])    ->           block D: D[i] = f(C[i]) }
#include "compiler/schedule/move_block.h"

namespace tenon {

Schedule reverse_compute_at(const Schedule& schedule, const ComputeAtArgs& args) {
  if (args.loop.kind == LoopRef::Kind::kRoot) return schedule;
  if (args.loop.kind == LoopRef::Kind::kInline) {
    return reverse_compute_inline(schedule, args.block);
  }
  auto plan = plan_move(schedule, args, MoveDirection::kToProducers);
  if (const auto* why = std::get_if<std::string>(&plan)) {
    Site site = site_of(schedule, args.block);
    schedule_error(
        schedule, site,
        "reverse_compute_at(" + site.block().name + ", " + name_of(args.loop) + "): " + *why);
  }
  return move_block(schedule, std::get<MovePlan>(plan), args.preserve_unit_loops);
}

}  // namespace tenon
