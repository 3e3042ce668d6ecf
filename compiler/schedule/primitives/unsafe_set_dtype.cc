// unsafe_set_dtype(block, 0, "float16"): the element type of a written intermediate buffer; values
// are converted where it is stored and loaded. What the function computes changes by the rounding.
//
//   B[i] = A[i]; C[i] = B[i]   ->   B[i] = T.Cast("float16", A[i]); C[i] = T.Cast("float32", B[i])
#include "compiler/schedule/primitives.h"
#include "compiler/schedule/rewrite.h"
#include "compiler/schedule/scopes.h"
#include "compiler/support/text.h"

namespace tenon {

using namespace tir;

Schedule unsafe_set_dtype(const Schedule& schedule, const BlockRef& block,
                          std::int64_t buffer_index, const std::string& dtype_text) {
  Site site = site_of(schedule, block);
  const std::string what = str_cat("unsafe_set_dtype(", site.block().name, ", ", buffer_index, ", ",
                                   quote(dtype_text), ")");
  Buffer buffer = written_buffer(schedule, site, buffer_index, what);
  DataType dtype = parse_dtype(dtype_text);
  const DataType old_dtype = node(buffer).dtype;
  if (old_dtype == dtype) return schedule;
  Stmt owner = allocating_block(site.path.front(), buffer);
  if (!owner) {
    schedule_error(schedule, site,
                   what + ": buffer " + node(buffer).name + " is not allocated by a block");
  }
  BufferNode changed = node(buffer);
  changed.dtype = dtype;
  changed.data = make_pointer(var(changed.data).name, dtype, var(changed.data).scope);
  Buffer typed = changed;
  Rewriter rewriter;
  rewriter.expr = [&](const Expr& e) -> Expr {
    const auto* l = e.as<Load>();
    if (l && l->buffer.same_as(buffer))
      return cast(old_dtype, load(typed, l->indices, l->predicate));
    return e.same_as(node(buffer).data) ? node(typed).data : e;
  };
  rewriter.stmt = [&](const Stmt& s) -> Stmt {
    const auto* w = s.as<Store>();
    if (!w || !w->buffer.same_as(buffer)) return s;
    return store(typed, w->indices, cast(dtype, w->value), w->predicate);
  };
  Stmt body = rewrite(owner, rewriter);
  return replace(schedule, site_of(schedule, site.function, owner),
                 substitute(body, {}, {{buffer, typed}}));
}

}  // namespace tenon
