#include "compiler/tir/interpret.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "compiler/support/error.h"
#include "compiler/support/hash.h"
#include "compiler/support/text.h"
#include "compiler/tir/interpreter/compiler.h"
#include "compiler/tir/script/printer.h"
#include "compiler/tir/visit.h"

namespace tenon::tir {
namespace {

using namespace interpreter;

// Binds a function's parameters to arguments: memory, numbers, and the symbols of shapes.
class Binder {
 public:
  Binder(const PrimFunc& func, const std::vector<Argument>& arguments, Compiler& compiler)
      : func_(func), arguments_(arguments), compiler_(compiler) {
    if (arguments.size() != func.params.size()) {
      throw UserError(str_cat("the function has ", func.params.size(), " parameters, found ",
                              arguments.size(), " arguments"));
    }
    // Every symbol needs its slot before the frame is made.
    for (const Param& p : func.params) {
      compiler_.scalar_slot(p.var);
      compiler_.storage_slot(p.var);
      if (!p.buffer) continue;
      const BufferNode& n = node(p.buffer);
      compiler_.storage_slot(n.data);
      compiler_.view_slot(p.buffer);
      for (const auto* list : {&n.shape, &n.strides}) {
        for (const Expr& e : *list) compiler_.scalar(e);
      }
      if (n.elem_offset) compiler_.scalar(n.elem_offset);
    }
  }

  void bind(Frame& f) {
    for (std::size_t i = 0; i < func_.params.size(); ++i)
      bind_value(f, func_.params[i], arguments_[i]);
    for (std::size_t i = 0; i < func_.params.size(); ++i) {
      if (func_.params[i].buffer) bind_buffer(f, func_.params[i].buffer, tensor(i));
    }
    for (std::size_t i = 0; i < func_.params.size(); ++i) {
      if (func_.params[i].buffer) check_buffer(f, func_.params[i].buffer, tensor(i));
    }
  }

 private:
  const Tensor& tensor(std::size_t i) const {
    const auto* t = std::get_if<Tensor*>(&arguments_[i]);
    if (!t || !*t) throw UserError(str_cat("parameter ", i, " takes a tensor"));
    return **t;
  }

  void bind_value(Frame& f, const Param& p, const Argument& argument) {
    if (auto* const* t = std::get_if<Tensor*>(&argument)) {
      const Storage storage{(*t)->data.data(), static_cast<std::int64_t>((*t)->data.size())};
      f.storages[compiler_.storage_slot(p.var)] = storage;
      if (p.buffer) f.storages[compiler_.storage_slot(node(p.buffer).data)] = storage;
      return;
    }
    const DataType type = dtype_of(p.var);
    if (type.is_handle()) throw UserError("parameter " + var(p.var).name + " takes a tensor");
    Scalar v;
    if (const auto* i = std::get_if<std::int64_t>(&argument)) {
      v.i = *i;
      v = apply_cast(kInt64, type, v);
    } else {
      v.f = std::get<double>(argument);
      v = apply_cast(kFloat64, type, v);
    }
    set(f, p.var, v);
  }

  void set(Frame& f, const Expr& symbol, Scalar value) {
    f.scalars[compiler_.scalar_slot(symbol)] = value;
    known_.insert(symbol.id());
  }
  void set(Frame& f, const Expr& symbol, std::int64_t value) {
    Scalar v;
    v.i = value;
    set(f, symbol, v);
  }

  void bind_buffer(Frame& f, const Buffer& buffer, const Tensor& t) {
    const BufferNode& n = node(buffer);
    if (t.dtype != n.dtype || t.shape.size() != n.shape.size()) {
      throw UserError(str_cat("buffer ", n.name, " has type ", to_string(n.dtype), " and ",
                              n.shape.size(), " dimensions, the tensor ", to_string(t.dtype),
                              " and ", t.shape.size()));
    }
    for (std::size_t d = 0; d < n.shape.size(); ++d) solve(f, n.shape[d], t.shape[d]);
    const auto strides = compact_strides(t.shape);
    for (std::size_t d = 0; d < n.strides.size() && d < strides.size(); ++d) {
      if (n.strides[d].as<Var>() && !known_.count(n.strides[d].id()))
        set(f, n.strides[d], strides[d]);
    }
    if (n.elem_offset && n.elem_offset.as<Var>() && !known_.count(n.elem_offset.id())) {
      set(f, n.elem_offset, std::int64_t{0});
    }
  }

  // Gives the one unknown symbol of `dim` the value that makes it `extent`, where dim is the symbol
  // or a multiple of it.
  void solve(Frame& f, const Expr& dim, std::int64_t extent) {
    if (dim.as<Var>()) {
      if (!known_.count(dim.id())) set(f, dim, extent);
      return;
    }
    const auto* n = dim.as<Binary>();
    if (!n || n->op != BinaryOp::kMul) return;
    const auto factor = as_int(n->b);
    if (factor && *factor > 0 && extent % *factor == 0) solve(f, n->a, extent / *factor);
  }

  void check_buffer(Frame& f, const Buffer& buffer, const Tensor& t) {
    const BufferNode& n = node(buffer);
    for (std::size_t d = 0; d < n.shape.size(); ++d) {
      for (const Expr& symbol : vars_of(n.shape[d])) {
        if (!known_.count(symbol.id())) {
          throw UserError("the value of " + var(symbol).name +
                          " does not follow from the arguments");
        }
      }
      const std::int64_t wanted = compiler_.scalar(n.shape[d])(f).i;
      if (wanted != t.shape[d]) {
        throw UserError(str_cat("dimension ", d, " of buffer ", n.name, " is ", wanted,
                                ", the tensor's is ", t.shape[d]));
      }
    }
    compiler_.bind_view(buffer)(f);
    const View& v = f.views[compiler_.view_slot(buffer)];
    const auto strides = compact_strides(t.shape);
    for (std::size_t d = 0; d < strides.size(); ++d) {
      if (t.shape[d] > 1 && v.strides[d] != strides[d]) {
        throw UserError("buffer " + n.name + " has strides; arguments are compact tensors");
      }
    }
  }

  const PrimFunc& func_;
  const std::vector<Argument>& arguments_;
  Compiler& compiler_;
  std::set<const void*> known_;
};

// 0 <= result < bound, pure in its arguments.
std::uint64_t draw(std::uint64_t seed, std::uint64_t stream, std::uint64_t i, std::uint64_t bound) {
  return hash_combine(hash_combine(seed, stream), i) % bound;
}

void fill_random(Tensor& t, std::uint64_t seed, std::uint64_t stream) {
  for (std::int64_t i = 0; i < t.num_elements() * t.dtype.lanes; ++i) {
    const auto index = static_cast<std::uint64_t>(i);
    double value = 0;
    if (t.dtype.is_float()) {
      value = (static_cast<double>(draw(seed, stream, index, 33)) - 16) / 8;
    } else if (t.dtype.is_bool()) {
      value = static_cast<double>(draw(seed, stream, index, 2));
    } else if (t.dtype.is_int() && t.dtype.bits > 2 && t.dtype.bits < 32) {
      value = static_cast<double>(draw(seed, stream, index, 8)) - 3;
    } else {
      value = static_cast<double>(draw(seed, stream, index, t.dtype.bits > 2 ? 8 : 2));
    }
    t.set(i, value);
  }
}

bool agree(double x, double y, double tolerance) {
  if (std::isnan(x) || std::isnan(y)) return std::isnan(x) && std::isnan(y);
  if (x == y) return true;
  return std::fabs(x - y) <= tolerance * std::max({1.0, std::fabs(x), std::fabs(y)});
}

}  // namespace

Tensor Tensor::zeros(DataType dtype, std::vector<std::int64_t> shape) {
  Tensor t{dtype, std::move(shape), {}};
  t.data.resize(static_cast<std::size_t>(t.num_elements() * element_bytes(dtype)));
  return t;
}

std::int64_t Tensor::num_elements() const {
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) count *= extent;
  return count;
}

double Tensor::get(std::int64_t i) const {
  const DataType element = dtype.element();
  const Scalar v =
      read_element(&data.at(static_cast<std::size_t>(i * element.size_bytes())), element);
  return apply_cast(element, kFloat64, v).f;
}

void Tensor::set(std::int64_t i, double value) {
  const DataType element = dtype.element();
  Scalar v;
  v.f = value;
  write_element(&data.at(static_cast<std::size_t>(i * element.size_bytes())), element,
                apply_cast(kFloat64, element, v));
}

std::optional<Scalar> interpret(const PrimFunc& func, const std::vector<Argument>& arguments,
                                const TirModule* module) {
  Compiler compiler(module);
  Binder binder(func, arguments, compiler);
  const StmtFn body = compiler.statement(func.body);
  Frame frame = compiler.frame();
  binder.bind(frame);
  body(frame);
  return frame.result;
}

void interpret(const PrimFunc& func, std::vector<Tensor>& tensors) {
  std::vector<Argument> arguments;
  for (Tensor& t : tensors) arguments.emplace_back(&t);
  interpret(func, arguments);
}

RandomInputs::RandomInputs(const PrimFunc& func, std::uint64_t seed) {
  static constexpr std::int64_t kSymbols[] = {7, 5, 9, 6, 11, 8, 13, 10};
  Compiler compiler;
  std::vector<Expr> symbols;
  std::set<const void*> seen;
  const auto add_symbol = [&](const Expr& e) {
    if (seen.insert(e.id()).second) symbols.push_back(e);
  };
  std::map<const void*, std::vector<ScalarFn>> shapes;
  for (const Param& p : func.params) {
    if (!p.buffer) {
      if (!dtype_of(p.var).is_integer()) {
        throw UserError("random inputs are for buffers and integers; parameter " + var(p.var).name +
                        " is " + to_string(dtype_of(p.var)));
      }
      add_symbol(p.var);
      continue;
    }
    for (const Expr& dim : node(p.buffer).shape) {
      walk(dim, {.expr = [&](const Expr& e) {
             if (e.as<Var>()) add_symbol(e);
             return true;
           }});
      shapes[p.buffer.id()].push_back(compiler.scalar(dim));
    }
  }
  std::map<const void*, std::int64_t> values;
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    compiler.scalar_slot(symbols[i]);
    values[symbols[i].id()] = kSymbols[i % std::size(kSymbols)];
  }
  Frame frame = compiler.frame();
  for (const Expr& e : symbols) frame.scalars[compiler.scalar_slot(e)].i = values[e.id()];
  tensors.reserve(func.params.size());
  for (const Param& p : func.params) {
    if (!p.buffer) {
      arguments.emplace_back(values[p.var.id()]);
      continue;
    }
    std::vector<std::int64_t> shape;
    for (const ScalarFn& dim : shapes[p.buffer.id()]) shape.push_back(dim(frame).i);
    tensors.push_back(Tensor::zeros(node(p.buffer).dtype, std::move(shape)));
    fill_random(tensors.back(), seed, tensors.size());
    arguments.emplace_back(&tensors.back());
  }
}

std::string difference_by_running(const PrimFunc& a, const PrimFunc& b, std::uint64_t seed,
                                  double tolerance) {
  RandomInputs x(a, seed), y(b, seed);
  if (x.tensors.size() != y.tensors.size()) return "the functions have different parameters";
  interpret(a, x.arguments);
  interpret(b, y.arguments);
  for (std::size_t k = 0; k < x.tensors.size(); ++k) {
    const Tensor &s = x.tensors[k], &t = y.tensors[k];
    if (s.dtype != t.dtype || s.shape != t.shape) return str_cat("tensor ", k, " has another type");
    for (std::int64_t i = 0; i < s.num_elements() * s.dtype.lanes; ++i) {
      if (agree(s.get(i), t.get(i), tolerance)) continue;
      return str_cat("tensor ", k, ", element ", i, ": ", s.get(i), " and ", t.get(i));
    }
  }
  return "";
}

}  // namespace tenon::tir
