// Builds a Relax function in A-normal form: every call becomes a binding with an inferred type.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "compiler/relax/op.h"

namespace tenon::relax {

// Bindings are appended to one open dataflow block. Not for sharing between threads.
class Builder {
 public:
  // Binds `value` to a fresh variable with the inferred type and gives the variable; a leaf is
  // given back as it is. Nested calls inside `value` are not allowed (CHECK). `name` is the user's
  // name of the tensor where there is one. Throws UserError from the operator's inference rule.
  Expr emit(const Expr& value, const std::string& name = "");
  Expr emit(std::string_view op, std::vector<Expr> args, tir::AttrMap attrs = {},
            const std::string& name = "");
  // Binds with a run-time check that `value` has `type`, whose new symbols it defines.
  Expr match_cast(const Expr& value, const Type& type, const std::string& name = "");
  void append(const Binding& binding) { bindings_.push_back(binding); }
  const std::vector<Binding>& bindings() const { return bindings_; }
  // The function of everything emitted; `result` is a leaf or a Tuple of leaves.
  Expr finish(std::vector<Expr> params, const Expr& result, tir::AttrMap attrs = {});

 private:
  std::string fresh_name(const std::string& hint);

  std::vector<Binding> bindings_;
  std::map<std::string, int> names_;
};

// The bindings of a function whose body is one straight dataflow block, which is the form every
// graph pass of straight-line models works on; UserError naming the construct otherwise.
const std::vector<Binding>& straight_bindings(const Function& func);
// The same function with other bindings and result.
Expr with_bindings(const Function& func, std::vector<Binding> bindings, const Expr& result);

}  // namespace tenon::relax
