// Functions of scripts: signatures, symbols, binding blocks, branches and local functions.
#include <algorithm>

#include "compiler/relax/script/dialect.h"
#include "compiler/relax/script/print_graph.h"
#include "compiler/relax/script/symbol_lists.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"

namespace tenon::relax {
namespace {

// Calls f on every expression in the body of `e`, uses only: no parameters, no bound variables.
template <class F>
void each_use(const Expr& e, F& f) {
  if (!e) return;
  f(e);
  if (const auto* seq = e.as<SeqExpr>()) {
    for (const BindingBlock& block : seq->blocks) {
      for (const Binding& binding : block.bindings) each_use(binding.value, f);
    }
    return each_use(seq->body, f);
  }
  if (const auto* func = e.as<Function>()) return each_use(func->body, f);
  visit_children(e, [&](const Expr& child) { each_use(child, f); });
}

bool is_void(const Type& type) {
  const auto* tuple = type.as<TupleType>();
  return tuple && tuple->fields_.empty();
}

// The type of what call_tir and call_dps_packed give stands in the call.
bool says_its_type(const Expr& value) {
  const auto* call = value.as<Call>();
  if (!call) return false;
  const std::string_view name = operator_name(*call);
  return name == "call_tir" || name == "call_dps_packed";
}

}  // namespace

// A scalar variable and its symbol share one name.
std::string GraphPrinter::define(const Expr& variable) {
  const Var& v = var(variable);
  const auto* prim = v.type ? v.type.as<PrimType>() : nullptr;
  const bool has_symbol = prim && prim->value && prim->value.as<tir::Var>();
  const std::string* known = has_symbol ? stmt_.expr.names.find(prim->value.id()) : nullptr;
  if (known) {
    stmt_.expr.names.bind(variable.id(), *known);
    return *known;
  }
  const std::string name = stmt_.expr.names.define(variable.id(), v.name);
  if (has_symbol) stmt_.expr.names.bind(prim->value.id(), name);
  return name;
}

void GraphPrinter::signature(const Function& f, const std::string& name) {
  in_signature_ = true;
  const std::vector<tir::Expr> scalars = scalar_symbols(f);
  for (const tir::Expr& symbol : signature_symbols(f)) {
    const bool is_scalar = std::any_of(scalars.begin(), scalars.end(),
                                       [&](const tir::Expr& s) { return s.same_as(symbol); });
    if (is_scalar || stmt_.expr.names.find(symbol.id())) continue;
    stmt_.type_vars.insert(stmt_.expr.names.define(symbol.id(), tir::var(symbol).name));
  }
  std::vector<std::string> params;
  for (const Expr& param : f.params) define(param);
  for (const Expr& param : f.params)
    params.push_back(name_of(param) + ": " + type(var(param).type));
  line(str_cat("def ", name, "(", join(params, ", "), ") -> ", type(f.result), ":"));
  in_signature_ = false;
}

// n = T.int64() for each symbol of the body that neither the signature nor a scalar defines.
void GraphPrinter::declare_symbols(const Function& f) {
  const std::vector<tir::Expr> scalars = scalar_symbols(f);
  for (const tir::Expr& symbol : body_symbols(f)) {
    const bool is_scalar = std::any_of(scalars.begin(), scalars.end(),
                                       [&](const tir::Expr& s) { return s.same_as(symbol); });
    if (is_scalar || stmt_.expr.names.find(symbol.id())) continue;
    const std::string name = stmt_.expr.names.define(symbol.id(), tir::var(symbol).name);
    line(str_cat(name, " = T.", to_string(tir::dtype_of(symbol)), "()"));
  }
}

void GraphPrinter::function(const Function& f, const std::string& name, bool is_local) {
  std::vector<std::string> options;
  if (f.is_private && !is_local) options.push_back("private=True");
  if (!f.is_pure) options.push_back("pure=False");
  line(options.empty() ? "@R.function" : "@R.function(" + join(options, ", ") + ")");
  stmt_.expr.names.push();
  signature(f, name);
  stmt_.out.indent();
  tir::AttrMap attrs = f.attrs;
  const auto symbol = attrs.find("global_symbol");
  if (symbol != attrs.end()) {
    const auto* text = std::get_if<std::string>(&symbol->second.value);
    if (text && *text == name) attrs.erase(symbol);
  }
  if (!attrs.empty()) line("R.func_attr(" + stmt_.expr.attr_map(attrs) + ")");
  declare_symbols(f);
  if (!is_local) {
    used_.clear();
    bool has_globals = false;
    auto note = [&](const Expr& e) {
      if (e.as<Var>()) used_.insert(e.id());
      has_globals = has_globals || e.as<GlobalVar>();
    };
    each_use(f.body, note);
    if (has_globals) line("cls = Module");
  }
  const auto* body = f.body.as<SeqExpr>();
  CHECK(body) << "a function's body is a SeqExpr";
  for (const BindingBlock& b : body->blocks) block(b);
  line("return " + value(body->body));
  stmt_.out.dedent();
  stmt_.expr.names.pop();
}

void GraphPrinter::block(const BindingBlock& b) {
  if (!b.is_dataflow) {
    for (const Binding& n : b.bindings) binding(n);
    return;
  }
  line("with R.dataflow():");
  stmt_.out.indent();
  std::vector<std::string> outputs;
  for (const Binding& n : b.bindings) {
    binding(n);
    if (!var(n.var).is_dataflow) outputs.push_back(name_of(n.var));
  }
  line("R.output(" + join(outputs, ", ") + ")");
  stmt_.out.dedent();
}

void GraphPrinter::binding(const Binding& b) {
  if (const auto* func = b.value.as<Function>()) return local_function(b, *func);
  if (const auto* n = b.value.as<If>()) return branch(b, *n);
  const Type& declared = var(b.var).type;
  if (b.cast_type) {
    const std::string text = str_cat("R.match_cast(", value(b.value), ", ", type(b.cast_type), ")");
    return line(str_cat(define(b.var), ": ", type(declared), " = ", text));
  }
  std::string text = value(b.value);
  const auto* tuple = b.value.as<Tuple>();
  if (tuple && tuple->values.size() > 1) text = text.substr(1, text.size() - 2);
  if (b.value.as<Call>() && is_void(declared) && !used_.count(b.var.id())) return line(text);
  const std::string name = define(b.var);
  line(says_its_type(b.value) ? name + " = " + text
                              : str_cat(name, ": ", type(declared), " = ", text));
}

void GraphPrinter::local_function(const Binding& b, const Function& f) {
  const std::string name = define(b.var);
  // The second line of these has spaces only, as TVM prints it.
  const std::string spaces(static_cast<std::size_t>(stmt_.out.width()), ' ');
  line("# from tvm.script import relax as R\n" + spaces);
  function(f, name, true);
  stmt_.out.blank();
}

void GraphPrinter::branch(const Binding& b, const If& n) {
  const std::string condition = value(n.condition);
  define(b.var);
  line("if " + condition + ":");
  branch_body(b, n.then_branch.get<SeqExpr>());
  line("else:");
  branch_body(b, n.else_branch.get<SeqExpr>());
}

void GraphPrinter::branch_body(const Binding& b, const SeqExpr& body) {
  stmt_.out.indent();
  stmt_.expr.names.push();
  for (const BindingBlock& inner : body.blocks) block(inner);
  std::string text = value(body.body);
  const auto* tuple = body.body.as<Tuple>();
  if (tuple && tuple->values.size() > 1) text = text.substr(1, text.size() - 2);
  line(str_cat(name_of(b.var), ": ", type(var(b.var).type), " = ", text));
  stmt_.expr.names.pop();
  stmt_.out.dedent();
}

}  // namespace tenon::relax
