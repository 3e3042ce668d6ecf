#include <algorithm>
#include <map>

#include "compiler/passes/tir/passes.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/visit.h"

namespace tenon {

using namespace tir;

namespace {

// Inside a parallel loop further parallel loops are serial.
Stmt serial_inside(const Stmt& s) {
  return rewrite(s, {.stmt = [](const Stmt& x) -> Stmt {
                   const auto* n = x.as<For>();
                   if (!n || n->kind != ForKind::kParallel) return x;
                   For copy = *n;
                   copy.kind = ForKind::kSerial;
                   return copy;
                 }});
}

class Outliner {
 public:
  Outliner(const PrimFunc& func, std::string name, Expr worker)
      : name_(std::move(name)), worker_(std::move(worker)) {
    for (const Param& param : func.params) {
      if (param.buffer) buffers_[node(param.buffer).data.id()] = param.buffer;
    }
  }

  std::vector<std::pair<std::string, PrimFunc>> bodies;

  Stmt statement(const Stmt& s) {
    if (const auto* n = s.as<DeclBuffer>()) buffers_[node(n->buffer).data.id()] = n->buffer;
    const auto* loop = s.as<For>();
    if (loop && loop->kind == ForKind::kParallel) return outline(*loop);
    return map_stmt_children(s, {.stmt = [this](const Stmt& child) { return statement(child); }});
  }

 private:
  // Captured values become parameters; then begin, end (chunk numbers) and the worker's number.
  Stmt outline(const For& n) {
    const Stmt body = serial_inside(n.body);
    const Expr begin = make_var("begin", kInt64), end = make_var("end", kInt64);
    For chunk = n;
    chunk.kind = ForKind::kSerial;
    chunk.body = body;
    chunk.min = is_int(n.min, 0) ? begin : n.min + begin;
    chunk.extent = end - begin;
    chunk.annotations.clear();
    const Stmt whole = chunk;
    PrimFunc func;
    func.is_schedulable = false;
    func.body = whole;
    std::vector<Expr> args = {string_imm("tenon_parallel_for"),
                              string_imm(str_cat(name_, "_parallel_", bodies.size())), n.extent};
    for (const Expr& v : captured(whole, {begin, end, worker_})) {
      const auto it = buffers_.find(v.id());
      func.params.push_back({v, it == buffers_.end() ? Buffer() : it->second});
      args.push_back(v);
    }
    for (const Expr& v : {begin, end, worker_}) func.params.push_back({v, {}});
    bodies.emplace_back(args[1].as<StringImm>()->value, std::move(func));
    return Evaluate{call(Intrinsic::kCallExtern, kInt32, args)};
  }

  // Free variables of the body in order of their use in the text, without those given.
  static std::vector<Expr> captured(const Stmt& s, const std::vector<Expr>& without) {
    const std::set<Expr, IdLess> free = undefined_vars(s);
    std::vector<Expr> order;
    const auto note = [&](const Expr& v) {
      const auto is_v = [&](const Expr& x) { return x.same_as(v); };
      if (!free.count(v) || std::any_of(without.begin(), without.end(), is_v) ||
          std::any_of(order.begin(), order.end(), is_v)) {
        return;
      }
      order.push_back(v);
    };
    walk(s, {.expr =
                 [&](const Expr& e) {
                   if (e.as<Var>()) note(e);
                   return true;
                 },
             .buffer = [&](const Buffer& b) { note(node(b).data); }});
    return order;
  }

  std::string name_;
  Expr worker_;
  std::map<const void*, Buffer> buffers_;
};

}  // namespace

OutlinedFunctions outline_parallel(const PrimFunc& func, const std::string& name,
                                   const Expr& worker) {
  Outliner outliner(func, name, worker);
  OutlinedFunctions result;
  result.func = with_body(func, outliner.statement(func.body));
  result.bodies = std::move(outliner.bodies);
  return result;
}

}  // namespace tenon
