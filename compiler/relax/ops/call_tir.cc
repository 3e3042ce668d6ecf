// call_tir: a TensorIR function called in destination-passing style. args = (GlobalVar, Tuple of
// tensors, optional ShapeExpr of symbolic scalars); type_args[0] is the result's type.
#include "compiler/relax/ops/infer.h"
#include "compiler/relax/ops/list.h"

namespace tenon::relax {
namespace {

Type infer_call_tir(const Call& call) {
  if (call.type_args.size() != 1) op_error(call, "needs the type of its result");
  if (call.args.size() < 2 || !call.args[0].as<GlobalVar>() || !call.args[1].as<Tuple>()) {
    op_error(call, "needs a function of the module and a tuple of tensors");
  }
  return call.type_args[0];
}

}  // namespace

const OpInfo kCallTir{"call_tir", -1, Pattern::kOpaque, infer_call_tir, nullptr};

Expr call_tir(const std::string& function, std::vector<Expr> tensors, Type result,
              std::vector<tir::Expr> symbols) {
  Call call;
  call.op = &kCallTir;
  call.args = {GlobalVar{function}, Tuple{std::move(tensors)}};
  if (!symbols.empty()) call.args.push_back(ShapeExpr{std::move(symbols)});
  call.type_args = {std::move(result)};
  return call;
}

}  // namespace tenon::relax
