#include "compiler/schedule/schedule.h"

#include "compiler/schedule/tree.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/script/printer.h"
#include "compiler/tir/visit.h"

namespace tenon {

using namespace tir;

namespace {

// The path to the first statement that `wanted` accepts, in any function; empty when there is none.
template <class Wanted>
Site find_site(const Schedule& schedule, const Wanted& wanted) {
  const auto& functions = schedule.module.functions;
  for (std::size_t i = 0; i < functions.size(); ++i) {
    Stmt found;
    each_stmt(functions[i].second.body, [&](const Stmt& s) {
      if (!found && wanted(s)) found = s;
      return !found;
    });
    if (found) return site_of(schedule, i, found);
  }
  return {};
}

}  // namespace

Site site_of(const Schedule& schedule, const BlockRef& block) {
  Site site = find_site(schedule, [&](const Stmt& s) {
    const auto* b = s.as<Block>();
    return b && b->id == block.id;
  });
  if (site.path.empty()) throw UserError("the block is no longer part of the schedule");
  return site;
}

Site site_of(const Schedule& schedule, const LoopRef& loop) {
  if (loop.kind != LoopRef::Kind::kLoop) {
    throw UserError(
        "a sampled location at the root or inlined is no loop: only compute_at and "
        "reverse_compute_at take it");
  }
  Site site = find_site(schedule, [&](const Stmt& s) {
    const auto* f = s.as<For>();
    return f && f->var.same_as(loop.var);
  });
  if (site.path.empty()) {
    throw UserError("loop " + name_of(loop) + " is no longer part of the schedule",
                    "get the loops of its block again after a primitive that moves the block");
  }
  return site;
}

void schedule_error(const PrimFunc& func, const Stmt& at, const std::string& text,
                    const std::string& hint) {
  std::string where;
  if (at && (at.as<For>() || at.as<Block>())) {
    PlacedText placed = print_with_places(func, "main");
    script::Position position;
    if (const auto* loop = at.as<For>()) {
      if (auto it = placed.loops.find(loop->var.id()); it != placed.loops.end()) {
        position = it->second;
      }
    } else if (auto it = placed.blocks.find(at.get<Block>().id); it != placed.blocks.end()) {
      position = it->second;
    }
    where = caret_lines(placed.text, position.line, position.column);
  }
  throw UserError(where.empty() ? text : text + "\n" + where, hint);
}

void schedule_error(const Schedule& schedule, const Site& site, const std::string& text,
                    const std::string& hint) {
  schedule_error(schedule.module.functions[site.function].second, site.stmt(), text, hint);
}

std::string name_of(const Schedule& schedule, const BlockRef& block) {
  return site_of(schedule, block).block().name;
}

std::string name_of(const LoopRef& loop) {
  if (loop.kind == LoopRef::Kind::kRoot) return "root";
  if (loop.kind == LoopRef::Kind::kInline) return "inline";
  return var(loop.var).name;
}

}  // namespace tenon
