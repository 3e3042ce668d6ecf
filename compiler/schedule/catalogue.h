// The catalogue: every instruction kind a trace may hold, in one visible ordered list, with its
// arity and how it is applied. Reading, writing and replaying traces derive from it.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "compiler/schedule/schedule.h"
#include "compiler/support/rng.h"

namespace tenon {

// An input or output of an instruction once names have been looked up. Integers, strings, None,
// literal lists and maps are AttrValues; a sampled value is an AttrValue that holds an int or a
// symbolic Expr.
struct Value {
  using List = std::vector<Value>;
  std::variant<tir::AttrValue, BlockRef, LoopRef, List> value;
};

struct PrimitiveCall {
  std::vector<Value> inputs;
  std::vector<tir::AttrValue> attrs;
  std::optional<tir::AttrValue> decision;  // of a sampling step; drawn from `random` when absent
  Rng* random = nullptr;
};
struct PrimitiveAnswer {
  Schedule schedule;
  std::vector<Value> outputs;
  std::optional<tir::AttrValue> decision;  // set by sampling steps
};

inline constexpr int kAnyNumber = -1;  // of attributes: read and checked by `apply`
struct PrimitiveKind {
  std::string_view name;
  int num_inputs;  // kAnyNumber: at least one
  int num_attrs;
  bool is_pure;  // changes nothing: may be dropped when its outputs are unused
  PrimitiveAnswer (*apply)(const Schedule&, const PrimitiveCall&);
};

const std::vector<PrimitiveKind>& primitive_kinds();
// Throws UserError with the nearest known name.
const PrimitiveKind& primitive_kind(std::string_view name);

}  // namespace tenon
