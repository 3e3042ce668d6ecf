#include <map>

#include "compiler/arith/analyzer.h"
#include "compiler/passes/tir/passes.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/visit.h"

namespace tenon {

using namespace tir;

namespace {

// One dimension over the same memory.
BufferNode flat_buffer(const BufferNode& n) {
  BufferNode flat = n;
  Expr size = i64(1);
  if (!n.strides.empty() && !n.shape.empty()) {
    size = cast(kInt64, n.strides[0]) * cast(kInt64, n.shape[0]);
  } else {
    for (const Expr& extent : n.shape) size = size * cast(kInt64, extent);
  }
  flat.shape = {size};
  flat.strides.clear();
  return flat;
}

// Makes every index variable int64 and every buffer one-dimensional, top-down.
class Flattener {
 public:
  PrimFunc run(const PrimFunc& func) {
    PrimFunc result = func;
    for (Param& param : result.params) {
      if (param.buffer) param.buffer = buffer(param.buffer);
    }
    result.body = statement(func.body);
    return result;
  }

  Buffer buffer(const Buffer& b) {
    const auto it = buffers_.find(b);
    if (it != buffers_.end()) return it->second;
    BufferNode flat = flat_buffer(node(b));
    flat.shape[0] = expression(flat.shape[0]);
    if (flat.elem_offset) flat.elem_offset = expression(cast(kInt64, flat.elem_offset));
    return buffers_[b] = Buffer(flat);
  }

 private:
  Expr wide_var(const Expr& v) {
    if (dtype_of(v) != kInt32) return v;
    return vars_[v] = make_var(var(v).name, kInt64);
  }

  Stmt statement(const Stmt& s) {
    if (const auto* n = s.as<For>()) {
      For loop = *n;
      loop.min = cast(kInt64, expression(n->min));
      loop.extent = cast(kInt64, expression(n->extent));
      if (n->step) loop.step = cast(kInt64, expression(n->step));
      loop.var = wide_var(n->var);
      loop.body = statement(n->body);
      return loop;
    }
    if (const auto* n = s.as<Store>()) {
      Store store = *n;
      store.buffer = buffer(n->buffer);
      store.indices = {index(n->buffer, n->indices)};
      store.value =
          cast(node(n->buffer).dtype.with_lanes(dtype_of(n->value).lanes), expression(n->value));
      if (n->predicate) store.predicate = expression(n->predicate);
      return store;
    }
    const Stmt mapped =
        map_stmt_children(s, {.expr = [this](const Expr& e) { return expression(e); },
                              .stmt = [this](const Stmt& child) { return statement(child); },
                              .buffer = [this](const Buffer& b) { return buffer(b); }});
    const auto* bind = mapped.as<Bind>();
    if (!bind || dtype_of(bind->var) == dtype_of(bind->value)) return mapped;
    return Bind{bind->var, cast(dtype_of(bind->var), bind->value)};
  }

  // Row-major, or by strides; sums over int64.
  Expr index(const Buffer& b, const std::vector<Expr>& indices) {
    const BufferNode& n = node(b);
    Expr sum = i64(0);
    Expr stride = i64(1);
    for (std::size_t i = indices.size(); i-- > 0;) {
      const Expr at = cast_lanes(expression(indices[i]));
      const Expr step = n.strides.empty() ? stride : cast(kInt64, expression(n.strides[i]));
      sum = is_int(step, 1) ? at + sum : at * step + sum;
      stride = stride * cast(kInt64, expression(n.shape[i]));
    }
    return sum;
  }

  static Expr cast_lanes(const Expr& e) {
    if (const auto* n = e.as<Ramp>()) {
      return Ramp{cast(kInt64, n->base), cast(kInt64, n->stride), n->lanes};
    }
    return cast(kInt64.with_lanes(dtype_of(e).lanes), e);
  }

  Expr expression(const Expr& e) {
    if (!e) return e;
    if (e.as<Var>()) {
      const auto it = vars_.find(e);
      return it == vars_.end() ? e : it->second;
    }
    if (const auto* n = e.as<Load>()) {
      Load load = *n;
      load.buffer = buffer(n->buffer);
      load.indices = {index(n->buffer, n->indices)};
      if (n->predicate) load.predicate = expression(n->predicate);
      return load;
    }
    const Expr mapped =
        map_expr_children(e, {.expr = [this](const Expr& child) { return expression(child); },
                              .buffer = [this](const Buffer& b) { return buffer(b); }});
    return mapped.same_as(e) ? e : retyped(e, mapped);
  }

  // Operands became int64: sums and comparisons follow; everything else keeps its type.
  Expr retyped(const Expr& before, const Expr& e) {
    if (const auto* n = e.as<Binary>()) return binary(n->op, n->a, n->b);
    if (const auto* n = e.as<Select>()) return select(n->condition, n->true_value, n->false_value);
    if (const auto* n = e.as<Ramp>()) {
      return dtype_of(n->base) == dtype_of(n->stride)
                 ? e
                 : Expr(Ramp{cast(kInt64, n->base), cast(kInt64, n->stride), n->lanes});
    }
    // int64 to float is slow in vectors; index values fit int32 wherever they did before.
    if (const auto* n = e.as<Cast>()) {
      const DataType old = dtype_of(before.get<Cast>().value);
      return cast(n->dtype, cast(old, n->value));
    }
    if (const auto* n = e.as<Let>()) {
      if (dtype_of(n->var) == dtype_of(n->value)) return e;
      return Let{n->var, cast(dtype_of(n->var), n->value), n->body};
    }
    const auto* n = e.as<Call>();
    if (!n) return e;
    Call call = *n;
    const auto& old = before.get<Call>().args;
    for (std::size_t i = 0; i < call.args.size(); ++i) {
      const DataType type = dtype_of(old[i]);
      if (type.is_integer() && dtype_of(call.args[i]) != type) {
        call.args[i] = cast(type, call.args[i]);
      }
    }
    return call;
  }

  VarMap vars_;
  BufferMap buffers_;
};

}  // namespace

PrimFunc flatten_buffers(const PrimFunc& func) { return Flattener().run(func); }

}  // namespace tenon
