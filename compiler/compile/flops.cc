// Counting the arithmetic of a workload: every block's body once per point of its domain.
#include "compiler/compile.h"
#include "compiler/tir/visit.h"

namespace tenon {
namespace {

bool counts(const tir::Expr& e) {
  if (const auto* n = e.as<tir::Binary>()) {
    return n->dtype.is_float() && n->op <= tir::BinaryOp::kMax;
  }
  const auto* call = e.as<tir::Call>();
  return call && call->dtype.is_float() && call->op >= tir::Intrinsic::kExp &&
         call->op <= tir::Intrinsic::kFma;
}

std::int64_t block_flops(const tir::Block& block) {
  std::int64_t ops = 0;
  tir::walk(block.body, {.expr =
                             [&](const tir::Expr& e) {
                               ops += counts(e);
                               return true;
                             },
                         .stmt = {},
                         .buffer = {}});
  for (const tir::IterVar& iter : block.iter_vars) {
    const auto extent = tir::as_int(iter.domain.extent);
    if (!extent) return 0;
    ops *= *extent;
  }
  return ops;
}

}  // namespace

std::int64_t count_flops(const tir::PrimFunc& func) {
  std::int64_t total = 0;
  tir::walk(func.body, {.expr = {},
                        .stmt =
                            [&](const tir::Stmt& s) {
                              const auto* block = s.as<tir::Block>();
                              if (block && !block->iter_vars.empty()) total += block_flops(*block);
                              return true;
                            },
                        .buffer = {}});
  return total;
}

}  // namespace tenon
