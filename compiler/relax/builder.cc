#include "compiler/relax/builder.h"

#include "compiler/support/error.h"

namespace tenon::relax {
namespace {

bool is_leaf(const Expr& e) {
  if (const auto* tuple = e.as<Tuple>()) {
    for (const Expr& value : tuple->values) {
      if (!is_leaf(value)) return false;
    }
    return true;
  }
  return !e.as<Call>() && !e.as<TupleGetItem>() && !e.as<If>() && !e.as<SeqExpr>();
}

Type infer(const Expr& value) {
  if (const auto* call = value.as<Call>()) {
    for (const Expr& arg : call->args) CHECK(is_leaf(arg)) << "arguments of a call must be leaves";
    if (const auto* opaque = call->callee.as<OpaqueOp>()) {
      throw UserError("R." + opaque->name +
                      " has no definition in this form, so it cannot be compiled");
    }
    return infer_type(*call);
  }
  if (const auto* item = value.as<TupleGetItem>()) {
    const Type type = type_of(item->tuple);
    const auto* tuple = type.as<TupleType>();
    CHECK(tuple && item->index >= 0 && item->index < static_cast<int>(tuple->fields_.size()))
        << "no field " << item->index << " in the tuple";
    return tuple->fields_[static_cast<std::size_t>(item->index)];
  }
  CHECK(false) << "only calls and tuple items are bound in a dataflow block";
  return {};
}

// A dataflow variable that the function gives back leaves its block: it becomes a plain variable.
struct Opened {
  std::vector<Binding> bindings;
  Expr result;
};

class BlockOpener {
 public:
  Opened open(std::vector<Binding> bindings, const Expr& result) {
    collect(result);
    if (plain_.empty()) return {std::move(bindings), result};
    for (Binding& binding : bindings) {
      binding.value = replace(binding.value);
      binding.var = replace(binding.var);
    }
    return {std::move(bindings), replace(result)};
  }

 private:
  void collect(const Expr& leaf) {
    if (const auto* tuple = leaf.as<Tuple>()) {
      for (const Expr& value : tuple->values) collect(value);
    }
    const auto* v = leaf.as<Var>();
    if (v && v->is_dataflow) plain_.emplace(leaf, make_var(v->name, v->type));
  }
  Expr replace(const Expr& e) {
    if (!e) return e;
    const auto it = plain_.find(e);
    if (it != plain_.end()) return it->second;
    if (e.as<Var>() || e.as<Constant>()) return e;
    return map_children(e, [&](const Expr& child) { return replace(child); });
  }

  std::map<Expr, Expr, IdLess> plain_;
};

std::string default_name(const Expr& value) {
  const auto* call = value.as<Call>();
  if (!call || !call->op) return "item";
  const std::string name(call->op->name);
  const std::size_t dot = name.find('.');
  return dot == std::string::npos ? name : name.substr(dot + 1);
}

}  // namespace

std::string Builder::fresh_name(const std::string& hint) {
  const int count = names_[hint]++;
  return count == 0 ? hint : hint + "_" + std::to_string(count);
}

Expr Builder::emit(const Expr& value, const std::string& name) {
  if (is_leaf(value)) return value;
  const Type type = infer(value);
  const Expr bound = make_var(fresh_name(name.empty() ? default_name(value) : name), type, true);
  bindings_.push_back({bound, value, {}});
  return bound;
}

Expr Builder::emit(std::string_view op, std::vector<Expr> args, tir::AttrMap attrs,
                   const std::string& name) {
  return emit(make_call(op, std::move(args), std::move(attrs)), name);
}

Expr Builder::match_cast(const Expr& value, const Type& type, const std::string& name) {
  const Expr bound = make_var(fresh_name(name.empty() ? "cast" : name), type, true);
  bindings_.push_back({bound, value, type});
  return bound;
}

Expr Builder::finish(std::vector<Expr> params, const Expr& result, tir::AttrMap attrs) {
  CHECK(is_leaf(result)) << "a function gives back a leaf";
  Opened opened = BlockOpener().open(std::move(bindings_), result);
  bindings_.clear();
  SeqExpr body;
  body.blocks.push_back({true, std::move(opened.bindings)});
  body.body = opened.result;
  Function func;
  func.params = std::move(params);
  func.result = type_of(result);
  func.body = std::move(body);
  func.attrs = std::move(attrs);
  return func;
}

const std::vector<Binding>& straight_bindings(const Function& func) {
  const auto* body = func.body.as<SeqExpr>();
  CHECK(body) << "a function's body is a SeqExpr";
  if (body->blocks.size() != 1 || !body->blocks[0].is_dataflow) {
    throw UserError("function has " + std::to_string(body->blocks.size()) +
                    " binding blocks; this step works on one dataflow block");
  }
  return body->blocks[0].bindings;
}

Expr with_bindings(const Function& func, std::vector<Binding> bindings, const Expr& result) {
  Opened opened = BlockOpener().open(std::move(bindings), result);
  SeqExpr body;
  body.blocks.push_back({true, std::move(opened.bindings)});
  body.body = opened.result;
  Function copy = func;
  copy.body = std::move(body);
  copy.result = type_of(result);
  return copy;
}

}  // namespace tenon::relax
