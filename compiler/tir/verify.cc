#include "compiler/tir/verify.h"

#include <set>

#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/script/forms.h"
#include "compiler/tir/script/printer.h"
#include "compiler/tir/visit.h"

namespace tenon::tir {
namespace {

class Verifier {
 public:
  explicit Verifier(VerifyOptions options) : options_(options) {}

  std::string run(const PrimFunc& func) {
    push();
    define_parameters(func);
    statement(func.body);
    pop();
    return fault_;
  }

 private:
  struct Scope {
    std::vector<const void*> names;
  };

  void report(const std::string& text) {
    if (fault_.empty()) fault_ = text;
  }
  void expect(bool holds, const std::string& text) {
    if (!holds) report(text);
  }
  bool failed() const { return !fault_.empty(); }

  void push() { scopes_.emplace_back(); }
  void pop() {
    for (const void* name : scopes_.back().names) visible_.erase(name);
    scopes_.pop_back();
  }
  void show(const void* name) {
    if (visible_.insert(name).second) scopes_.back().names.push_back(name);
  }

  void define(const Expr& variable, const char* what) {
    if (!variable || !variable.as<Var>()) return report(str_cat(what, " is not a variable"));
    if (!defined_.insert(variable.id()).second) {
      return report(str_cat("variable ", var(variable).name, " is defined twice"));
    }
    show(variable.id());
  }

  // Symbols of a parameter's shape, strides and offset are defined by their first use.
  void define_symbols(const Expr& e) {
    if (!e) return;
    for (const Expr& symbol : vars_of(e)) {
      if (defined_.insert(symbol.id()).second) show(symbol.id());
    }
  }

  void define_parameters(const PrimFunc& func) {
    for (const Param& p : func.params) {
      if (!p.buffer) define(p.var, "a parameter");
    }
    for (const Param& p : func.params) {
      if (!p.buffer) continue;
      const BufferNode& n = node(p.buffer);
      define(n.data, "a parameter's data");
      for (const Expr& e : n.shape) define_symbols(e);
      for (const Expr& e : n.strides) define_symbols(e);
      define_symbols(n.elem_offset);
      show(p.buffer.id());
    }
  }

  // A buffer of its own memory; what its strides and offset leave open is defined with it.
  void define_buffer(const Buffer& buffer, bool has_memory) {
    const BufferNode& n = node(buffer);
    for (const Expr& e : n.shape) expression(e);
    if (has_memory) define(n.data, "a buffer's data");
    if (!has_memory)
      expect(visible_.count(n.data.id()) > 0,
             "buffer " + n.name + " is declared over unknown memory");
    for (const Expr& e : n.strides) open_or_known(e);
    open_or_known(n.elem_offset);
    expect(n.strides.empty() || n.strides.size() == n.shape.size() || has_memory,
           "buffer " + n.name + " has another number of strides than of dimensions");
    show(buffer.id());
  }

  void open_or_known(const Expr& e) {
    if (!e) return;
    if (e.as<Var>() && defined_.insert(e.id()).second) return show(e.id());
    expression(e);
  }

  void expression(const Expr& e) {
    if (!e || failed()) return;
    if (e.as<Var>()) {
      return expect(visible_.count(e.id()) > 0,
                    "variable " + var(e).name + " is used where it is not defined");
    }
    if (const auto* n = e.as<Let>()) {
      expression(n->value);
      push();
      define(n->var, "a Let's variable");
      expression(n->body);
      return pop();
    }
    if (const auto* n = e.as<Load>()) return access(n->buffer, n->indices, n->predicate, "read");
    if (const auto* n = e.as<Binary>()) {
      expect(dtype_of(n->a) == dtype_of(n->b),
             str_cat("the sides of ", print(e), " have types ", to_string(dtype_of(n->a)), " and ",
                     to_string(dtype_of(n->b))));
    } else if (const auto* s = e.as<Select>()) {
      expect(dtype_of(s->condition).is_bool(), "the condition of " + print(e) + " is not a bool");
      expect(dtype_of(s->true_value) == dtype_of(s->false_value),
             "the values of " + print(e) + " have different types");
    }
    visit_children(e, [&](const Expr& child) { expression(child); });
  }

  void access(const Buffer& buffer, const std::vector<Expr>& indices, const Expr& predicate,
              const char* verb) {
    const BufferNode& n = node(buffer);
    expect(visible_.count(buffer.id()) > 0,
           str_cat("buffer ", n.name, " is ", verb, " where it is not defined"));
    expect(indices.size() == n.shape.size(),
           str_cat("buffer ", n.name, " has ", n.shape.size(), " dimensions and is ", verb,
                   " with ", indices.size(), " indices"));
    for (std::size_t i = 0; i < indices.size() && !failed(); ++i) {
      expression(indices[i]);
      const DataType type = dtype_of(indices[i]);
      expect(type.is_integer(),
             str_cat("index ", i, " of buffer ", n.name, " is ", to_string(type)));
      expect(i + 1 == indices.size() || !type.is_vector(),
             str_cat("index ", i, " of buffer ", n.name, " is a vector; only the last may be"));
    }
    expression(predicate);
  }

  void condition(const Expr& e, const char* what) {
    expression(e);
    if (!failed()) expect(dtype_of(e).is_bool(), str_cat(what, " ", print(e), " is not a bool"));
  }

  void scoped(const Stmt& s) {
    push();
    statement(s);
    pop();
  }

  void statement(const Stmt& s) {
    if (!s || failed()) return;
    match(
        s,
        [&](const Bind& n) {
          expression(n.value);
          define(n.var, "a bound name");
        },
        [&](const AttrStmt& n) {
          expression(n.value);
          scoped(n.body);
        },
        [&](const Assert& n) { condition(n.condition, "the assertion"); },
        [&](const DeclBuffer& n) { define_buffer(n.buffer, false); },
        [&](const AllocBuffer& n) { define_buffer(n.buffer, true); },
        [&](const Store& n) { store(n); },
        [&](const Seq& n) {
          for (const Stmt& part : n.body) statement(part);
        },
        [&](const Evaluate& n) { expression(n.value); },
        [&](const If& n) {
          condition(n.condition, "the condition");
          scoped(n.then_body);
          scoped(n.else_body);
        },
        [&](const For& n) { loop(n); },
        [&](const While& n) {
          condition(n.condition, "the condition");
          ++num_loops_;
          scoped(n.body);
          --num_loops_;
        },
        [&](const Break&) { expect(num_loops_ > 0, "a break stands outside any loop"); },
        [&](const Continue&) { expect(num_loops_ > 0, "a continue stands outside any loop"); },
        [&](const Return& n) { expression(n.value); }, [&](const Block& n) { block(n); });
  }

  void store(const Store& n) {
    access(n.buffer, n.indices, n.predicate, "written");
    expression(n.value);
    if (failed()) return;
    DataType wanted = node(n.buffer).dtype;
    if (!n.indices.empty() && dtype_of(n.indices.back()).is_vector()) {
      const DataType index = dtype_of(n.indices.back());
      wanted.lanes = static_cast<std::uint16_t>(wanted.lanes * index.lanes);
      wanted.scalable = index.scalable;
    }
    expect(dtype_of(n.value) == wanted,
           str_cat("buffer ", node(n.buffer).name, " takes ", to_string(wanted), ", the value is ",
                   to_string(dtype_of(n.value))));
  }

  void loop(const For& n) {
    expression(n.min);
    expression(n.extent);
    expression(n.step);
    if (failed()) return;
    push();
    define(n.var, "a loop's variable");
    if (!failed()) {
      const std::string name = var(n.var).name;
      const DataType type = dtype_of(n.var);
      expect(type.is_integer() && !type.is_vector(),
             "loop " + name + " runs over " + to_string(type));
      expect(dtype_of(n.extent) == type && dtype_of(n.min) == type,
             "loop " + name + " has bounds of another type than its variable");
      expect((n.kind == ForKind::kThreadBinding) == !n.thread_tag.empty(),
             "loop " + name + " has a thread tag if and only if it binds a thread");
    }
    ++num_loops_;
    statement(n.body);
    --num_loops_;
    pop();
  }

  void region(const BufferRegion& r, const Block& b) {
    const BufferNode& n = node(r.buffer);
    expect(visible_.count(r.buffer.id()) > 0,
           str_cat("block ", b.name, ": region of buffer ", n.name, ", which is not defined here"));
    expect(r.region.size() == n.shape.size(),
           str_cat("block ", b.name, ": buffer ", n.name, " has ", n.shape.size(),
                   " dimensions, its region ", r.region.size()));
    for (const Range& range : r.region) {
      expression(range.min);
      expression(range.extent);
      if (failed()) return;
      const bool is_empty = as_int(range.extent) && *as_int(range.extent) < 0;
      expect(!is_empty,
             str_cat("block ", b.name, ": a region of buffer ", n.name, " has a negative extent"));
    }
  }

  void iter_vars(const Block& n) {
    for (const IterVar& iter : n.iter_vars) {
      expression(iter.binding);
      expression(iter.domain.min);
      expression(iter.domain.extent);
    }
    for (const IterVar& iter : n.iter_vars) {
      if (failed()) return;
      define(iter.var, "an iter var");
      const DataType type = dtype_of(iter.var);
      const bool same = dtype_of(iter.binding) == type && dtype_of(iter.domain.extent) == type;
      expect(same, str_cat("block ", n.name, ": iter var ", var(iter.var).name,
                           " has a domain or binding of another type"));
      const auto extent = as_int(iter.domain.extent);
      expect(!extent || *extent > 0,
             str_cat("block ", n.name, ": iter var ", var(iter.var).name, " has an empty domain"));
    }
  }

  void block(const Block& n) {
    expect(options_.allow_blocks, "block " + n.name + " stands in a lowered function");
    expect(block_ids_.insert(n.id.value).second,
           "block " + n.name + " has the id of another block");
    if (failed()) return;
    if (!n.predicate) return report("block " + n.name + " has no predicate");
    condition(n.predicate, "the predicate");
    push();
    iter_vars(n);
    for (const Buffer& b : n.alloc_buffers) define_buffer(b, true);
    for (const BufferRegion& r : n.reads) region(r, n);
    for (const BufferRegion& r : n.writes) region(r, n);
    for (const MatchBuffer& m : n.match_buffers) {
      region(m.source, n);
      define_buffer(m.buffer, true);
      expect(
          node(m.buffer).dtype == node(m.source.buffer).dtype,
          "block " + n.name + ": buffer " + node(m.buffer).name + " matches one of another type");
    }
    bool has_reduce = false;
    for (const IterVar& iter : n.iter_vars)
      has_reduce = has_reduce || iter.kind == IterKind::kReduce;
    expect(!n.init || has_reduce, "block " + n.name + " has an init but no reduce iter");
    if (n.init) scoped(n.init);
    scoped(n.body);
    pop();
  }

  VerifyOptions options_;
  std::string fault_;
  std::vector<Scope> scopes_;
  std::set<const void*> visible_, defined_;
  std::set<std::uint64_t> block_ids_;
  int num_loops_ = 0;
};

}  // namespace

std::string find_fault(const PrimFunc& func, VerifyOptions options) {
  return Verifier(options).run(func);
}

void verify(const PrimFunc& func, const std::string& name, VerifyOptions options) {
  const std::string fault = find_fault(func, options);
  if (!fault.empty()) throw UserError(name + ": " + fault);
}

}  // namespace tenon::tir
