// One module's worth of printing: the names in scope, the constants met, and the writers of types,
// values and functions.
#pragma once
#include <set>
#include <string>
#include <vector>

#include "compiler/relax/script/printer.h"
#include "compiler/tir/script/print_stmt.h"

namespace tenon::relax {

class GraphPrinter {
 public:
  explicit GraphPrinter(const PrintOptions& options);

  // printer.cc
  std::string module(const Module& module);

  // print_type.cc
  std::string type(const Type& t);
  std::string dim(const Dim& d);

  // print_value.cc: the right side of a binding, an argument, a returned leaf.
  std::string value(const Expr& e);
  std::string attribute(const tir::AttrValue& value);

 private:
  // print_function.cc
  void function(const Function& f, const std::string& name, bool is_local);
  void signature(const Function& f, const std::string& name);
  void declare_symbols(const Function& f);
  void block(const BindingBlock& b);
  void binding(const Binding& b);
  void local_function(const Binding& b, const Function& f);
  void branch(const Binding& b, const If& n);
  void branch_body(const Binding& b, const SeqExpr& body);
  std::string define(const Expr& variable);

  // print_type.cc
  std::string tensor_type(const TensorType& t);
  std::string dims(const Shape& shape);

  // print_value.cc
  std::string name_of(const Expr& variable);
  std::string scalar(const tir::Expr& e);
  std::string constant(const Constant& n);
  std::string call(const Call& n);
  std::string operator_call(const Call& n);
  std::string types_argument(const Call& n);
  std::vector<std::string> values(const std::vector<Expr>& list);

  void line(const std::string& text) { stmt_.line(text); }

  const PrintOptions& options_;
  tir::StmtPrinter stmt_;  // of the TensorIR functions; its lines, names and symbols are shared
  std::vector<TensorRef> constants_;
  std::map<const void*, std::string> external_;  // tensor -> name
  std::set<const void*> used_;                   // variables that the function reads
  bool in_signature_ = false;                    // expressions of symbols are quoted there
};

}  // namespace tenon::relax
