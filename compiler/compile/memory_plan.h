// Where every tensor of a lowered Relax function lives: in an input, an output, the constants, or
// at an offset of one arena. Offsets are expressions of the model's symbols.
//
// Tensors whose sizes are constants share one segment of the arena; those whose sizes are a
// constant times the same symbolic factor share another. Inside a segment lifetimes that do not
// overlap share bytes (largest first, lowest free offset). Reshapes and concats that are views have
// no storage of their own.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compiler/relax/expr.h"

namespace tenon {

enum class PlaceKind : std::uint8_t { kInput, kOutput, kConstant, kArena };

// index: of the input, output or constant; offset: bytes from its start (int64 expression).
struct Place {
  PlaceKind kind = PlaceKind::kArena;
  std::size_t index = 0;
  tir::Expr offset;
};

// One kernel call, in order of execution.
struct PlannedCall {
  std::string function;
  std::vector<relax::Expr> args;  // variables and constants
  relax::Expr result;             // the variable it writes
  std::vector<tir::Expr> symbols;
};

struct MemoryPlan {
  std::vector<PlannedCall> calls;
  std::vector<relax::TensorRef> constants;  // each once, in order of first use
  std::map<relax::Expr, Place, IdLess> places;
  tir::Expr arena_bytes;        // a multiple of 64
  tir::Expr lower_bound_bytes;  // the largest set of live bytes, for reports
};

// Needs straight-line call_tir form (lower_and_fuse). Throws UserError for what it cannot place.
MemoryPlan plan_memory(const relax::Function& func);

// A second, independent algorithm: executes the plan on byte ranges for several values of the
// symbols. Finds calls that are not the function's, places that are misaligned or reach behind
// their memory, and every read of bytes that something else has overwritten. Throws Bug.
void verify_plan(const relax::Function& func, const MemoryPlan& plan);

// Bytes of a compact tensor.
tir::Expr tensor_bytes(const relax::Type& type);

}  // namespace tenon
