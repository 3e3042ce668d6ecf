#include "compiler/tir/script/print_stmt.h"

#include <algorithm>

#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/script/forms.h"
#include "compiler/tir/visit.h"

namespace tenon::tir {
namespace {

bool is_launch(const For& n) {
  return n.kind == ForKind::kThreadBinding && n.annotations.count(std::string(kLaunchThread)) > 0;
}

bool is_simple_loop(const For& n) {
  return n.kind == ForKind::kSerial && n.annotations.empty() && !n.step && is_int(n.min, 0);
}

// The loops that one T.grid writes: simple ones directly inside each other, with extents that do
// not depend on each other.
std::vector<const For*> grid_of(const For& outer) {
  std::vector<const For*> grid;
  const For* n = &outer;
  while (n && is_simple_loop(*n)) {
    for (const For* g : grid) {
      if (uses_var(n->extent, g->var)) return grid;
    }
    grid.push_back(n);
    n = n->body ? n->body.as<For>() : nullptr;
  }
  return grid;
}

std::string_view loop_word(ForKind kind) {
  switch (kind) {
    case ForKind::kSerial:
      return "serial";
    case ForKind::kParallel:
      return "parallel";
    case ForKind::kVectorized:
      return "vectorized";
    case ForKind::kUnrolled:
      return "unroll";
    case ForKind::kThreadBinding:
      return "thread_binding";
  }
  return "";
}

bool same_shape(const BufferNode& a, const BufferNode& b) {
  if (a.shape.size() != b.shape.size()) return false;
  for (std::size_t i = 0; i < a.shape.size(); ++i) {
    if (!structural_equal(a.shape[i], b.shape[i])) return false;
  }
  return true;
}

// The number of elements as a constant times symbolic factors.
struct Factors {
  std::int64_t constant = 1;
  std::vector<Expr> symbols;

  void multiply(const Expr& e) {
    const auto* n = e.as<Binary>();
    if (const auto value = as_int(e)) {
      constant *= *value;
    } else if (n && n->op == BinaryOp::kMul) {
      multiply(n->a);
      multiply(n->b);
    } else {
      symbols.push_back(e);
    }
  }
};

bool same_size(const BufferNode& a, const BufferNode& b) {
  Factors x, y;
  for (const Expr& dim : a.shape) x.multiply(dim);
  for (const Expr& dim : b.shape) y.multiply(dim);
  if (x.constant != y.constant || x.symbols.size() != y.symbols.size()) return false;
  for (const Expr& e : x.symbols) {
    const auto same = [&](const Expr& other) { return structural_equal(e, other); };
    const auto it = std::find_if(y.symbols.begin(), y.symbols.end(), same);
    if (it == y.symbols.end()) return false;
    y.symbols.erase(it);
  }
  return true;
}

// A buffer over the data of `owner` that only has another shape.
bool is_view(const BufferNode& n, const BufferNode& owner) {
  return n.dtype == owner.dtype && n.scope == owner.scope && n.strides.empty() && !n.elem_offset &&
         n.data_alignment == 64 && n.offset_factor == 1 && !same_shape(n, owner) &&
         same_size(n, owner) && !n.shape.empty();
}

}  // namespace

void StmtPrinter::body(const Stmt& s) {
  if (!s) return line("T.evaluate(0)");
  if (const auto* n = s.as<Seq>()) return statements(n->body);
  statements({s});
}

void StmtPrinter::scoped_body(const Stmt& s) {
  out.indent();
  expr.names.push();
  body(s);
  expr.names.pop();
  out.dedent();
}

void StmtPrinter::statements(const std::vector<Stmt>& list) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Stmt next = i + 1 < list.size() ? list[i + 1] : Stmt{};
    if (is_scalar_definition(list[i], next)) {
      scalar(list[i].get<AllocBuffer>(), next.get<Store>());
      ++i;
    } else {
      statement(list[i], list.size() == 1);
    }
  }
}

void StmtPrinter::statement(const Stmt& s, bool is_only) {
  match(
      s,
      [&](const Bind& n) {
        const std::string value = expr.text(n.value);
        const std::string name = expr.names.define(n.var.id(), var(n.var).name);
        line(str_cat(name, ": T.let[", annotation_text(var(n.var)), "] = ", value));
      },
      [&](const AttrStmt& n) { attribute(n, is_only); }, [&](const Assert& n) { assertion(n); },
      [&](const DeclBuffer& n) { declare_buffer(n); }, [&](const AllocBuffer& n) { allocate(n); },
      [&](const Store& n) { store(n); }, [&](const Seq& n) { statements(n.body); },
      [&](const Evaluate& n) {
        const script::ExprText value = expr.print(n.value);
        const bool is_call = n.value.as<Call>() && value.level == script::Level::kAtom;
        line(is_call ? value.text : "T.evaluate(" + value.text + ")");
      },
      [&](const If& n) { branch(n); },
      [&](const For& n) { is_launch(n) ? launch(n, is_only) : loop(n); },
      [&](const While& n) {
        line("while " + expr.text(n.condition) + ":");
        scoped_body(n.body);
      },
      [&](const Break&) { line("T.break_loop()"); },
      [&](const Continue&) { line("T.continue_loop()"); },
      [&](const Return& n) { line(n.value ? "return " + expr.text(n.value) : "return"); },
      [&](const Block& n) { block(n); });
}

void StmtPrinter::assertion(const Assert& n) {
  std::vector<std::string> parts;
  for (const std::string& part : n.message) parts.push_back(quote(part));
  line(str_cat("assert ", expr.text(n.condition), ", (", quote(n.kind), ", [", join(parts, ", "),
               "])"));
}

void StmtPrinter::declare_buffer(const DeclBuffer& n) {
  const BufferNode& b = node(n.buffer);
  const auto owner = expr.data_owners.find(b.data.id());
  const bool known = expr.names.find(b.data.id()) != nullptr;
  if (known && owner != expr.data_owners.end() && is_view(b, node(owner->second))) {
    const std::string source = expr.buffer_name(owner->second);
    const std::string name = expr.define_buffer(n.buffer);
    return line(str_cat(name, " = ", source, ".view(", join(expr.texts(b.shape), ", "), ")"));
  }
  const std::string shape = script::tuple_text(expr.texts(b.shape));
  const std::string name = expr.define_buffer(n.buffer);
  line(str_cat(name, " = T.decl_buffer(", expr.buffer_arguments(n.buffer, shape, {.data = known}),
               ")"));
}

void StmtPrinter::allocate(const AllocBuffer& n) {
  const BufferNode& b = node(n.buffer);
  const std::string shape = script::tuple_text(expr.texts(b.shape));
  const std::string name = expr.define_buffer(n.buffer);
  const bool is_short = b.scope == "shared" || b.scope == "local";
  std::string args = expr.buffer_arguments(n.buffer, shape, {.scope = !is_short});
  if (!n.annotations.empty()) args += ", annotations=" + expr.attr_map(n.annotations);
  line(str_cat(name, " = T.alloc_", is_short ? b.scope : "buffer", "(", args, ")"));
}

void StmtPrinter::scalar(const AllocBuffer& n, const Store& first) {
  const std::string value = expr.text(first.value);
  const std::string name = expr.define_buffer(n.buffer);
  expr.scalars.insert(n.buffer.id());
  line(str_cat(name, ": T.", to_string(node(n.buffer).dtype), " = ", value));
}

void StmtPrinter::store(const Store& n) {
  if (n.predicate) {
    return line(str_cat(expr.buffer_name(n.buffer), ".vstore([", join(expr.texts(n.indices), ", "),
                        "], ", expr.text(n.value), ", predicate=", expr.text(n.predicate), ")"));
  }
  line(expr.element(n.buffer, n.indices, true) + " = " + expr.text(n.value));
}

void StmtPrinter::branch(const If& n) {
  line("if " + expr.text(n.condition) + ":");
  scoped_body(n.then_body);
  if (!n.else_body) return;
  line("else:");
  scoped_body(n.else_body);
}

void StmtPrinter::attribute(const AttrStmt& n, bool is_only) {
  std::string form;
  bool needs_scope = !is_only;
  if (n.key == kHint) {
    form = "T.hint(" + expr.text(n.value);
    for (const auto& [key, value] : std::get<AttrValue::Map>(n.node.value)) {
      form += ", " + key + "=" + expr.attr(value);
    }
    form += ")";
    needs_scope = true;
  } else if (std::holds_alternative<std::monostate>(n.node.value)) {
    form = str_cat("T.attr({", quote(n.key), ": ", expr.text(n.value), "})");
  } else {
    form = str_cat("T.attr(", expr.attr(n.node), ", ", quote(n.key), ", ", expr.text(n.value), ")");
  }
  if (!needs_scope) {
    line(form);
    return body(n.body);
  }
  line("with " + form + ":");
  scoped_body(n.body);
}

void StmtPrinter::launch(const For& n, bool is_only) {
  const std::string form =
      str_cat("T.launch_thread(", quote(n.thread_tag), ", ", expr.text(n.extent), ")");
  if (is_only) {
    line(expr.names.define(n.var.id(), var(n.var).name) + " = " + form);
    return body(n.body);
  }
  expr.names.push();
  line(str_cat("with ", form, " as ", expr.names.define(n.var.id(), var(n.var).name), ":"));
  scoped_body(n.body);
  expr.names.pop();
}

// The arguments of range(), T.unroll() ...: extent, or min and end, then the step.
std::string StmtPrinter::loop_range(const For& n) {
  if (is_int(n.min, 0) && !n.step) return expr.text(n.extent);
  std::string text = expr.text(n.min) + ", " + expr.range_end(n.min, n.extent);
  if (!n.step) return text;
  const bool is_range = n.kind == ForKind::kSerial && n.annotations.empty();
  return text + (is_range ? ", " : ", step=") + expr.text(n.step);
}

void StmtPrinter::mark_loop(const For& n, std::size_t column) {
  places.loops[n.var.id()] = {out.next_line(), static_cast<int>(column) + out.width() + 1};
}

void StmtPrinter::loop(const For& n) {
  std::vector<const For*> grid = grid_of(n);
  if (grid.size() < 2) grid = {&n};
  std::string call;
  if (grid.size() > 1) {
    std::vector<std::string> extents;
    for (const For* g : grid) extents.push_back(expr.text(g->extent));
    call = "T.grid(" + join(extents, ", ") + ")";
  } else if (n.kind == ForKind::kSerial && n.annotations.empty()) {
    call = "range(" + loop_range(n) + ")";
  } else {
    call = str_cat("T.", loop_word(n.kind), "(", loop_range(n));
    if (n.kind == ForKind::kThreadBinding) call += ", thread=" + quote(n.thread_tag);
    if (!n.annotations.empty()) call += ", annotations=" + expr.attr_map(n.annotations);
    call += ")";
  }
  expr.names.push();
  std::string header = "for ";
  for (const For* g : grid) {
    if (g != grid.front()) header += ", ";
    mark_loop(*g, header.size());
    header += expr.names.define(g->var.id(), var(g->var).name);
    loops_.push_back(g);
  }
  line(header + " in " + call + ":");
  scoped_body(grid.back()->body);
  loops_.resize(loops_.size() - grid.size());
  expr.names.pop();
}

}  // namespace tenon::tir
