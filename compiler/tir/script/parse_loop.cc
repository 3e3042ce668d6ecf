// Loops of scripts.
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/script/forms.h"
#include "compiler/tir/script/parse_function.h"
#include "compiler/tir/visit.h"

namespace tenon::tir {
namespace {

using Kind = script::Ast::Kind;

}  // namespace

// (extent) or (begin, end) of range(), T.serial() and the like.
Range FuncParser::loop_range(const Ast& call) {
  need_args(call, 1, 3);
  if (call.items.size() == 2) {
    const Expr extent = integer_expr(call.items[1]);
    return {int_imm(dtype_of(extent), 0), extent};
  }
  integer_expr(call.items[1]);
  const Expr end = integer_expr(call.items[2]);
  const Expr begin = expr_as(call.items[1], dtype_of(end));
  return range_of(begin, expr_as(call.items[2], dtype_of(begin)));
}

FuncParser::LoopHeader FuncParser::loop_header(const AstStmt& s) {
  LoopHeader header;
  const Ast& call = s.value;
  if (!call.is(Kind::kCall))
    fail(call, "a loop runs over range(...), T.grid(...) or T.serial(...)");
  std::string word = tensor_word(module_, call.items[0]);
  if (script::dotted_name(call.items[0]) == "range") word = "range";
  if (word == "grid") {
    for (std::size_t i = 1; i < call.items.size(); ++i) {
      const Ast& item = call.items[i];
      if (item.is(Kind::kTuple) && item.items.size() == 2) {
        const Expr begin = integer_expr(item.items[0]);
        integer_expr(item.items[1]);
        header.ranges.push_back(range_of(begin, expr_as(item.items[1], dtype_of(begin))));
      } else {
        const Expr extent = integer_expr(item);
        header.ranges.push_back({int_imm(dtype_of(extent), 0), extent});
      }
    }
    return header;
  }
  if (word == "parallel") {
    header.kind = ForKind::kParallel;
  } else if (word == "vectorized") {
    header.kind = ForKind::kVectorized;
  } else if (word == "unroll") {
    header.kind = ForKind::kUnrolled;
  } else if (word == "thread_binding") {
    header.kind = ForKind::kThreadBinding;
    const Ast* tag = call.keyword("thread");
    if (!tag) fail(call, "T.thread_binding needs thread=\"threadIdx.x\" or another tag");
    header.thread_tag = string(*tag);
  } else if (word != "range" && word != "serial") {
    fail(call, "a loop runs over range(...), T.grid(...) or T.serial(...)",
         did_you_mean("T." + word, {"T.grid", "T.serial", "T.parallel", "T.vectorized", "T.unroll",
                                    "T.thread_binding"}));
  }
  header.ranges.push_back(loop_range(call));
  const Ast* step = call.keyword("step");
  if (word == "range" && call.items.size() == 4) step = &call.items[3];
  if (step) {
    header.step = expr_as(*step, dtype_of(header.ranges[0].extent));
    if (is_int(header.step, 1)) header.step = {};
  }
  const Ast* notes = call.keyword("annotations");
  if (notes && !notes->is(Kind::kNone)) header.annotations = attr_map(*notes);
  return header;
}

Stmt FuncParser::for_loop(const AstStmt& s) {
  LoopHeader header = loop_header(s);
  const std::vector<Ast> names =
      s.target.is(Kind::kTuple) ? s.target.items : std::vector<Ast>{s.target};
  if (names.size() != header.ranges.size()) {
    fail(s.target, str_cat("the loop has ", names.size(), " variables and ", header.ranges.size(),
                           " extents"));
  }
  push_scope();
  std::vector<Expr> variables;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const Range& range = header.ranges[i];
    variables.push_back(make_var(names[i].text, dtype_of(range.extent)));
    define(names[i].text, variables.back());
    loops_[variables.back().id()] = range;
  }
  Stmt body = scoped(s.body);
  for (std::size_t i = names.size(); i-- > 0;) {
    loops_.erase(variables[i].id());
    For n;
    n.var = variables[i];
    n.min = header.ranges[i].min;
    n.extent = header.ranges[i].extent;
    n.kind = header.kind;
    n.thread_tag = header.thread_tag;
    n.annotations = header.annotations;
    n.step = header.step;
    n.body = std::move(body);
    body = std::move(n);
  }
  pop_scope();
  return body;
}

}  // namespace tenon::tir
