// Statements of the interpreter.
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/interpreter/compiler.h"
#include "compiler/tir/script/printer.h"

namespace tenon::tir::interpreter {
namespace {

std::vector<std::int64_t> values_of(const std::vector<ScalarFn>& list, Frame& f) {
  std::vector<std::int64_t> values;
  for (const ScalarFn& fn : list) values.push_back(fn(f).i);
  return values;
}

}  // namespace

StmtFn Compiler::statement(const Stmt& s) {
  if (!s) return [](Frame&) { return Flow::kNext; };
  const auto act = [](ActionFn action) -> StmtFn {
    return [action = std::move(action)](Frame& f) {
      action(f);
      return Flow::kNext;
    };
  };
  return match(
      s, [&](const Bind& n) { return act(bind_variable(n.var, n.value)); },
      [&](const AttrStmt& n) { return statement(n.body); },
      [&](const Assert& n) { return assertion(n); },
      [&](const DeclBuffer& n) { return act(bind_view(n.buffer)); },
      [&](const AllocBuffer& n) { return act(allocate(n.buffer)); },
      [&](const Store& n) { return store(n); }, [&](const Seq& n) { return sequence(n.body); },
      [&](const Evaluate& n) { return evaluate(n.value); },
      [&](const If& n) -> StmtFn {
        return [condition = scalar(n.condition), then_body = statement(n.then_body),
                else_body = statement(n.else_body)](Frame& f) {
          return condition(f).i ? then_body(f) : else_body(f);
        };
      },
      [&](const For& n) { return loop(n); },
      [&](const While& n) -> StmtFn {
        return [condition = scalar(n.condition), body = statement(n.body)](Frame& f) {
          while (condition(f).i) {
            const Flow flow = body(f);
            if (flow == Flow::kReturn) return flow;
            if (flow == Flow::kBreak) break;
          }
          return Flow::kNext;
        };
      },
      [&](const Break&) -> StmtFn { return [](Frame&) { return Flow::kBreak; }; },
      [&](const Continue&) -> StmtFn { return [](Frame&) { return Flow::kContinue; }; },
      [&](const Return& n) -> StmtFn {
        return [value = n.value ? scalar(n.value) : ScalarFn{}](Frame& f) {
          if (value) f.result = value(f);
          return Flow::kReturn;
        };
      },
      [&](const Block& n) { return block(n); });
}

StmtFn Compiler::sequence(const std::vector<Stmt>& list) {
  std::vector<StmtFn> parts;
  for (const Stmt& s : list) parts.push_back(statement(s));
  return [parts](Frame& f) {
    for (const StmtFn& part : parts) {
      const Flow flow = part(f);
      if (flow != Flow::kNext) return flow;
    }
    return Flow::kNext;
  };
}

StmtFn Compiler::evaluate(const Expr& e) {
  const auto* n = e.as<Call>();
  if (!n) return [value = vector(e)](Frame& f) { return value(f), Flow::kNext; };
  switch (n->op) {
    // Hints without effect on values.
    case Intrinsic::kPrefetch:
    case Intrinsic::kAssume:
      return [](Frame&) { return Flow::kNext; };
    case Intrinsic::kMaskedStore:
      return masked_store(*n);
    case Intrinsic::kRet:
      return [value = scalar(n->args[0])](Frame& f) {
        f.result = value(f);
        return Flow::kReturn;
      };
    default:
      return [value = vector(e)](Frame& f) { return value(f), Flow::kNext; };
  }
}

StmtFn Compiler::assertion(const Assert& n) {
  return [condition = scalar(n.condition), text = join(n.message, ""),
          what = print(n.condition)](Frame& f) {
    if (!condition(f).i) throw UserError("assertion failed: " + (text.empty() ? what : text));
    return Flow::kNext;
  };
}

ActionFn Compiler::bind_variable(const Expr& variable, const Expr& value) {
  if (dtype_of(value).is_vector()) {
    const std::size_t slot = vectors_.try_emplace(variable.id(), vectors_.size()).first->second;
    return [slot, lanes = vector(value)](Frame& f) { f.vectors[slot] = lanes(f); };
  }
  if (dtype_of(value).is_handle() && value.as<Var>()) {
    return [slot = storage_slot(variable), source = storage_slot(value)](Frame& f) {
      f.storages[slot] = f.storages[source];
    };
  }
  return [slot = scalar_slot(variable), v = scalar(value)](Frame& f) { f.scalars[slot] = v(f); };
}

StmtFn Compiler::loop(const For& n) {
  return [slot = scalar_slot(n.var), type = dtype_of(n.var), min = scalar(n.min),
          extent = scalar(n.extent), step = n.step ? scalar(n.step) : ScalarFn{},
          body = statement(n.body)](Frame& f) {
    const std::int64_t begin = min(f).i, end = begin + extent(f).i;
    const std::int64_t stride = step ? step(f).i : 1;
    if (stride <= 0) throw UserError("a loop's step must be positive");
    for (std::int64_t i = begin; i < end; i += stride) {
      f.scalars[slot].i = wrap(type, i);
      const Flow flow = body(f);
      if (flow == Flow::kReturn) return flow;
      if (flow == Flow::kBreak) break;
    }
    return Flow::kNext;
  };
}

ActionFn Compiler::bind_view(const Buffer& buffer) {
  const BufferNode& n = node(buffer);
  std::vector<ScalarFn> shape, strides;
  for (const Expr& e : n.shape) shape.push_back(scalar(e));
  for (const Expr& e : n.strides) strides.push_back(scalar(e));
  return [view = view_slot(buffer), storage = storage_slot(n.data), shape, strides,
          offset = n.elem_offset ? scalar(n.elem_offset) : ScalarFn{}](Frame& f) {
    View v;
    v.storage = f.storages[storage];
    v.shape = values_of(shape, f);
    // Strides of another rank say nothing about a buffer's own memory.
    v.strides = strides.size() == shape.size() ? values_of(strides, f) : compact_strides(v.shape);
    v.offset = offset ? offset(f).i : 0;
    v.is_bound = true;
    f.views[view] = std::move(v);
  };
}

ActionFn Compiler::allocate(const Buffer& buffer) {
  const BufferNode& n = node(buffer);
  std::vector<ScalarFn> shape, strides;
  for (const Expr& e : n.shape) shape.push_back(scalar(e));
  for (const Expr& e : n.strides) strides.push_back(scalar(e));
  // The offset symbol of memory of one's own is 0.
  const bool has_symbol = n.elem_offset && n.elem_offset.as<Var>();
  return [storage = storage_slot(n.data), shape, strides, bytes = element_bytes(n.dtype),
          offset = has_symbol ? std::optional(scalar_slot(n.elem_offset)) : std::nullopt,
          bind = bind_view(buffer)](Frame& f) {
    const std::vector<std::int64_t> dims = values_of(shape, f);
    const std::vector<std::int64_t> steps =
        strides.size() == shape.size() ? values_of(strides, f) : compact_strides(dims);
    std::int64_t last = 0;
    bool is_empty = false;
    for (std::size_t d = 0; d < dims.size(); ++d) {
      is_empty = is_empty || dims[d] <= 0;
      last += (dims[d] - 1) * steps[d];
    }
    Storage& s = f.storages[storage];
    s.size_bytes = is_empty ? 0 : (last + 1) * bytes;
    s.owned = std::make_shared<std::vector<std::byte>>(static_cast<std::size_t>(s.size_bytes),
                                                       std::byte{0xFF});
    s.data = s.owned->data();
    if (offset) f.scalars[*offset].i = 0;
    bind(f);
  };
}

// The buffer becomes a view of its source region, with the source's strides.
ActionFn Compiler::match_region(const MatchBuffer& m) {
  const BufferNode& n = node(m.buffer);
  std::vector<ScalarFn> mins;
  for (const Range& r : m.source.region) mins.push_back(scalar(r.min));
  std::vector<std::optional<std::size_t>> symbols;
  std::vector<ScalarFn> shape;
  for (const Expr& e : n.shape) shape.push_back(scalar(e));
  for (const Expr& e : n.strides) {
    symbols.push_back(e.as<Var>() ? std::optional(scalar_slot(e)) : std::nullopt);
  }
  const bool has_symbol = n.elem_offset && n.elem_offset.as<Var>();
  return [source = view_slot(m.source.buffer), view = view_slot(m.buffer),
          storage = storage_slot(n.data), mins, symbols, shape, name = n.name,
          offset =
              has_symbol ? std::optional(scalar_slot(n.elem_offset)) : std::nullopt](Frame& f) {
    const View from = f.views[source];
    if (!from.is_bound) throw UserError("buffer " + name + " matches a buffer without memory");
    View v;
    v.storage = from.storage;
    v.offset = from.offset;
    for (std::size_t d = 0; d < mins.size(); ++d) v.offset += mins[d](f).i * from.strides[d];
    v.shape = values_of(shape, f);
    if (v.shape.size() > from.strides.size()) {
      throw UserError("buffer " + name + " has more dimensions than the region that it matches");
    }
    v.strides.assign(from.strides.end() - static_cast<std::ptrdiff_t>(v.shape.size()),
                     from.strides.end());
    for (std::size_t d = 0; d < symbols.size() && d < v.strides.size(); ++d) {
      if (symbols[d]) f.scalars[*symbols[d]].i = v.strides[d];
    }
    if (offset) f.scalars[*offset].i = v.offset;
    v.is_bound = true;
    f.storages[storage] = from.storage;
    f.views[view] = std::move(v);
  };
}

ActionFn Compiler::iter_var(const IterVar& iter, const std::string& block) {
  return
      [slot = scalar_slot(iter.var), binding = scalar(iter.binding), min = scalar(iter.domain.min),
       extent = scalar(iter.domain.extent), name = var(iter.var).name, block](Frame& f) {
        const std::int64_t value = binding(f).i, begin = min(f).i, end = begin + extent(f).i;
        if (value < begin || value >= end) {
          throw UserError(str_cat("block ", block, ": ", name, " is ", value, ", outside [", begin,
                                  ", ", end, ")"));
        }
        f.scalars[slot].i = value;
      };
}

StmtFn Compiler::block(const Block& n) {
  std::vector<ActionFn> iters, setup;
  std::vector<ScalarFn> at_first;
  for (const IterVar& iter : n.iter_vars) {
    iters.push_back(iter_var(iter, n.name));
    if (iter.kind != IterKind::kReduce) continue;
    at_first.push_back([slot = scalar_slot(iter.var), min = scalar(iter.domain.min)](Frame& f) {
      Scalar s;
      s.i = f.scalars[slot].i == min(f).i;
      return s;
    });
  }
  for (const Buffer& b : n.alloc_buffers) setup.push_back(allocate(b));
  for (const MatchBuffer& m : n.match_buffers) setup.push_back(match_region(m));
  return [predicate = scalar(n.predicate), iters, setup, at_first,
          init = n.init ? statement(n.init) : StmtFn{}, body = statement(n.body)](Frame& f) {
    if (!predicate(f).i) return Flow::kNext;
    for (const ActionFn& bind : iters) bind(f);
    for (const ActionFn& act : setup) act(f);
    if (init) {
      bool is_first = true;
      for (const ScalarFn& first : at_first) is_first = is_first && first(f).i;
      if (is_first) init(f);
    }
    return body(f);
  };
}

}  // namespace tenon::tir::interpreter
