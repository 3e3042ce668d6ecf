#include "compiler/schedule/reducer.h"

#include "compiler/tir/visit.h"

namespace tenon {

using namespace tir;

namespace {

bool is_load_of(const Expr& e, const Store& write) {
  const auto* l = e.as<Load>();
  if (!l || !l->buffer.same_as(write.buffer)) return false;
  for (std::size_t i = 0; i < l->indices.size(); ++i) {
    if (!structural_equal(l->indices[i], write.indices[i])) return false;
  }
  return true;
}

bool is_number(const Expr& e, double value) {
  if (auto i = as_int(e)) return static_cast<double>(*i) == value;
  const auto* f = e.as<FloatImm>();
  return f && f->value == value;
}

// The neutral element of max and min is the smallest or largest value, in one of its spellings; any
// constant beyond the data is the author's promise, so every constant is taken.
bool is_identity(BinaryOp op, const Expr& e) {
  switch (op) {
    case BinaryOp::kAdd:
      return is_number(e, 0);
    case BinaryOp::kMul:
      return is_number(e, 1);
    case BinaryOp::kAnd:
      return is_int(e, 1);
    case BinaryOp::kOr:
      return is_int(e, 0);
    case BinaryOp::kMax:
    case BinaryOp::kMin:
      return vars_of(e).empty();
    default:
      return false;
  }
}

}  // namespace

std::optional<Reduction> find_reduction(const Block& block) {
  const auto* init = block.init ? block.init.as<Store>() : nullptr;
  const auto* update = block.body.as<Store>();
  if (!init || !update || !init->buffer.same_as(update->buffer)) return std::nullopt;
  const auto* combined = update->value.as<Binary>();
  if (!combined || !is_identity(combined->op, init->value)) return std::nullopt;
  if (is_load_of(combined->a, *update)) {
    return Reduction{combined->op, *init, *update, combined->b};
  }
  if (is_load_of(combined->b, *update)) {
    return Reduction{combined->op, *init, *update, combined->a};
  }
  return std::nullopt;
}

}  // namespace tenon
