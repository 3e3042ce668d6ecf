// A schedule is an immutable module together with references into it that survive rewriting: a
// block is named by the id its node carries, a loop by the identity of its variable. Primitives are
// pure functions from a schedule to a new one that shares everything which did not change.
#pragma once
#include <string>
#include <vector>

#include "compiler/tir/stmt.h"

namespace tenon {

struct BlockRef {
  BlockId id;
  friend bool operator==(const BlockRef&, const BlockRef&) = default;
};

// A loop, or one of the two answers of sample_compute_location that are not loops.
struct LoopRef {
  enum class Kind : std::uint8_t { kLoop, kRoot, kInline };
  tir::Expr var;  // null unless kLoop
  Kind kind = Kind::kLoop;
  friend bool operator==(const LoopRef& a, const LoopRef& b) {
    return a.kind == b.kind && a.var.same_as(b.var);
  }
};

// A value. Copies share all nodes; nothing in it changes.
struct Schedule {
  tir::TirModule module;
};

// What a primitive that makes something new gives back.
template <class T>
struct Changed {
  Schedule schedule;
  T made;
};

// Where a statement stands: the chain of statements from the function's body down to it.
struct Site {
  std::size_t function = 0;     // index into module.functions
  std::vector<tir::Stmt> path;  // front: the function's body; back: the statement itself
  const tir::Stmt& stmt() const { return path.back(); }
  const tir::For& loop() const { return path.back().get<tir::For>(); }
  const tir::Block& block() const { return path.back().get<tir::Block>(); }
};

// The place of a block or loop; throws UserError when the schedule no longer holds it.
Site site_of(const Schedule& schedule, const BlockRef& block);
Site site_of(const Schedule& schedule, const LoopRef& loop);
// Place of a given statement node of function `function`; it must be there.
Site site_of(const Schedule& schedule, std::size_t function, const tir::Stmt& stmt);

// The one error of all primitives: `text` says what was asked, found and needed; the line of the
// script where `at` stands follows, then the hint. `at` may be null: then no line is shown.
[[noreturn]] void schedule_error(const tir::PrimFunc& func, const tir::Stmt& at,
                                 const std::string& text, const std::string& hint = "");
[[noreturn]] void schedule_error(const Schedule& schedule, const Site& site,
                                 const std::string& text, const std::string& hint = "");

// Names for messages: the loop's variable, the block's name.
std::string name_of(const Schedule& schedule, const BlockRef& block);
std::string name_of(const LoopRef& loop);

}  // namespace tenon
