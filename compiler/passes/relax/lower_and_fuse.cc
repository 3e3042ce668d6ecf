// lower_and_fuse: every group of fuse_groups becomes one TensorIR function and one call_tir.
//   lv = conv2d(x, w); lv1 = add(lv, b); lv2 = relu(lv1)
//   ->  lv2 = R.call_tir(cls.fused_conv2d_add_relu, (x, w, b), out_ty=...)
// Elementwise members are folded into one epilogue block; constants of one element become
// immediates; weights of anchors are marked layout_free_buffers, so that a schedule may repack
// them.
#include <algorithm>

#include "compiler/passes/relax/group.h"
#include "compiler/passes/relax/passes.h"
#include "compiler/relax/ops/define.h"
#include "compiler/relax/ops/list.h"
#include "compiler/support/error.h"
#include "compiler/tir/accesses.h"
#include "compiler/tir/visit.h"

namespace tenon::relax {
namespace {

using tir::BufferMap;
using tir::Stmt;

// A nest that computes one element from others: its block, store and iter vars.
struct Pointwise {
  tir::Store store;
  std::vector<tir::Expr> vars;
};

std::optional<Pointwise> pointwise_of(const Stmt& nest) {
  Stmt inner = nest;
  while (const auto* loop = inner.as<tir::For>()) inner = loop->body;
  const auto* block = inner.as<tir::Block>();
  if (!block || block->init) return std::nullopt;
  const auto* store = block->body.as<tir::Store>();
  if (!store) return std::nullopt;
  Pointwise result{*store, {}};
  for (const tir::IterVar& iter : block->iter_vars) result.vars.push_back(iter.var);
  for (std::size_t i = 0; i < store->indices.size(); ++i) {
    if (!store->indices[i].same_as(result.vars[i])) return std::nullopt;
  }
  return result;
}

std::vector<Stmt> statements(const Stmt& body) {
  if (const auto* seq = body.as<tir::Seq>()) return seq->body;
  return {body};
}

// Loads of `buffer` replaced by the value that the pointwise nest stores there.
Stmt inline_into(const Stmt& consumer, const Pointwise& producer) {
  const Stmt body =
      tir::rewrite(consumer, {.expr = [&](const tir::Expr& e) -> tir::Expr {
                                const auto* load = e.as<tir::Load>();
                                if (!load || !load->buffer.same_as(producer.store.buffer)) return e;
                                tir::VarMap map;
                                for (std::size_t i = 0; i < producer.vars.size(); ++i) {
                                  map[producer.vars[i]] = load->indices[i];
                                }
                                return tir::substitute(producer.store.value, map);
                              },
                              .stmt = [](const Stmt& s) -> Stmt {
                                const auto* block = s.as<tir::Block>();
                                if (!block || block->init) return s;
                                const auto* store = block->body.as<tir::Store>();
                                if (!store) return s;
                                tir::Block copy = *block;
                                copy.reads = tir::point_reads(store->value);
                                return copy;
                              },
                              .buffer = {}});
  return body;
}

// Nodes of an expression above which nothing is inlined that is read more than once.
constexpr std::size_t kMaxInlinedNodes = 256;

// All nodes, or the loads of one buffer.
std::size_t count_nodes(const tir::Expr& value, const tir::Buffer& loads_of) {
  std::size_t count = 0;
  tir::walk(value, {.expr = [&](const tir::Expr& e) {
              const auto* load = e.as<tir::Load>();
              count += !loads_of || (load && load->buffer.same_as(loads_of));
              return true;
            }});
  return count;
}

bool is_scalar_constant(const Expr& e) {
  const auto* constant = e.as<Constant>();
  return constant && constant->data->num_elements() == 1 && constant->data->dtype == kFloat32;
}

// One group's function under construction.
class FusedFunction {
 public:
  tir::PrimFunc build(const Group& group) {
    const Expr& result = group.members.back()->var;
    for (const Binding* member : group.members) add(*member, member->var.same_as(result));
    inline_pointwise(group);
    return finish();
  }
  const std::vector<Expr>& args() const { return args_; }

 private:
  void add(const Binding& member, bool is_last) {
    const Call& call = member.value.get<Call>();
    const tir::PrimFunc def = call.op->define(call, type_of(member.var));
    BufferMap map;
    std::map<tir::Buffer, float, IdLess> scalars;
    const std::vector<Expr> tensors = tensor_args(call);
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      const tir::Buffer& param = def.params[i].buffer;
      if (is_scalar_constant(tensors[i])) {
        scalars[param] = *tensors[i].get<Constant>().data->as<float>();
      } else {
        map[param] = buffer_of(tensors[i], call.op->pattern == Pattern::kMatmul && i == 1);
      }
    }
    const tir::Buffer out = named(def.params.back().buffer, is_last ? "out" : op_name(call));
    map[def.params.back().buffer] = out;
    produced_[member.var] = out;
    if (is_last) {
      output_ = out;
    } else {
      intermediates_.push_back(out);
    }
    const tir::Block& root = def.body.get<tir::Block>();
    intermediates_.insert(intermediates_.end(), root.alloc_buffers.begin(),
                          root.alloc_buffers.end());
    for (const Stmt& nest : statements(root.body)) append(nest, map, scalars);
  }

  void append(const Stmt& nest, const BufferMap& map,
              const std::map<tir::Buffer, float, IdLess>& scalars) {
    Stmt s = nest;
    if (!scalars.empty()) {
      s = tir::rewrite(s, {.expr = [&](const tir::Expr& e) -> tir::Expr {
                             const auto* load = e.as<tir::Load>();
                             const auto it = load ? scalars.find(load->buffer) : scalars.end();
                             return it == scalars.end() ? e : tir::float_imm(kFloat32, it->second);
                           },
                           .stmt = [&](const Stmt& x) -> Stmt {
                             const auto* block = x.as<tir::Block>();
                             if (!block) return x;
                             tir::Block copy = *block;
                             std::erase_if(copy.reads, [&](const tir::BufferRegion& r) {
                               return scalars.count(r.buffer) > 0;
                             });
                             return copy;
                           },
                           .buffer = {}});
    }
    nests_.push_back(with_distinct_reads(tir::substitute(s, {}, map)));
  }

  // A tensor that is passed twice is one buffer: equal accesses of it are listed once.
  static Stmt with_distinct_reads(const Stmt& nest) {
    return tir::rewrite(nest, {.expr = {},
                               .stmt = [](const Stmt& s) -> Stmt {
                                 const auto* block = s.as<tir::Block>();
                                 if (!block) return s;
                                 std::vector<tir::BufferRegion> distinct;
                                 for (const tir::BufferRegion& r : block->reads) {
                                   const auto is_r = [&](const tir::BufferRegion& other) {
                                     return same_region(r, other);
                                   };
                                   if (std::none_of(distinct.begin(), distinct.end(), is_r)) {
                                     distinct.push_back(r);
                                   }
                                 }
                                 if (distinct.size() == block->reads.size()) return s;
                                 tir::Block copy = *block;
                                 copy.reads = std::move(distinct);
                                 return copy;
                               },
                               .buffer = {}});
  }

  static bool same_region(const tir::BufferRegion& a, const tir::BufferRegion& b) {
    if (!a.buffer.same_as(b.buffer)) return false;
    for (std::size_t i = 0; i < a.region.size(); ++i) {
      if (!tir::structural_equal(a.region[i].min, b.region[i].min) ||
          !tir::structural_equal(a.region[i].extent, b.region[i].extent)) {
        return false;
      }
    }
    return true;
  }

  // Block names follow from structure alone (pad, map, reduce, then numbered), so that a trace fits
  // every function of the same workload hash.
  Stmt unique_block(const Stmt& nest) {
    return tir::rewrite(nest, {.expr = {},
                               .stmt = [&](const Stmt& s) -> Stmt {
                                 const auto* block = s.as<tir::Block>();
                                 if (!block) return s;
                                 tir::Block copy = *block;
                                 copy.name = role_of(*block);
                                 const int count = block_names_[copy.name]++;
                                 if (count > 0) copy.name += "_" + std::to_string(count);
                                 return copy;
                               },
                               .buffer = {}});
  }

  static std::string role_of(const tir::Block& block) {
    if (block.init) return "reduce";
    const auto* store = block.body.as<tir::Store>();
    const auto* call = store ? store->value.as<tir::Call>() : nullptr;
    return call && call->op == tir::Intrinsic::kIfThenElse ? "pad" : "map";
  }

  static std::string op_name(const Call& call) {
    const std::string name(call.op->name);
    const std::size_t dot = name.find('.');
    return dot == std::string::npos ? name : name.substr(dot + 1);
  }

  static tir::Buffer named(const tir::Buffer& buffer, const std::string& name) {
    tir::BufferNode n = tir::node(buffer);
    n.name = name;
    n.data = tir::make_pointer(name, n.dtype, n.scope);
    return n;
  }

  static std::vector<Expr> tensor_args(const Call& call) {
    std::vector<Expr> tensors;
    for (const Expr& arg : call.args) {
      if (const auto* tuple = arg.as<Tuple>()) {
        tensors.insert(tensors.end(), tuple->values.begin(), tuple->values.end());
      } else if (type_of(arg).as<TensorType>()) {
        tensors.push_back(arg);
      }
    }
    return tensors;
  }

  // The buffer that holds a tensor: of an earlier member, or a parameter.
  tir::Buffer buffer_of(const Expr& tensor, bool is_weight) {
    if (const auto it = produced_.find(tensor); it != produced_.end()) return it->second;
    for (std::size_t i = 0; i < args_.size(); ++i) {
      if (args_[i].same_as(tensor)) return params_[i];
    }
    const Type type = type_of(tensor);
    params_.push_back(tir::make_buffer({.name = "p" + std::to_string(args_.size()),
                                        .dtype = dtype_of(type),
                                        .shape = shape_of(type),
                                        .scope = "global"}));
    if (is_weight && tensor.as<Constant>()) {
      layout_free_.push_back(static_cast<std::int64_t>(args_.size()));
    }
    args_.push_back(tensor);
    return params_.back();
  }

  // Elementwise members are folded into what consumes them; anchors and their padding stay.
  void inline_pointwise(const Group& group) {
    std::set<tir::Buffer, IdLess> foldable;
    for (const Binding* member : group.members) {
      const Pattern pattern = member->value.get<Call>().op->pattern;
      if (pattern == Pattern::kElementwise || pattern == Pattern::kBroadcast) {
        foldable.insert(produced_[member->var]);
      }
    }
    foldable.erase(output_);
    for (std::size_t i = 0; i < nests_.size();) {
      const auto producer = pointwise_of(nests_[i]);
      if (!producer || !foldable.count(producer->store.buffer) || grows_too_large(i, *producer)) {
        ++i;
        continue;
      }
      for (std::size_t j = i + 1; j < nests_.size(); ++j)
        nests_[j] = inline_into(nests_[j], *producer);
      std::erase_if(intermediates_,
                    [&](const tir::Buffer& b) { return b.same_as(producer->store.buffer); });
      nests_.erase(nests_.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }

  // A value that is read several times is copied several times, so a chain grows exponentially.
  bool grows_too_large(std::size_t at, const Pointwise& producer) const {
    const std::size_t size = count_nodes(producer.store.value, {});
    for (std::size_t j = at + 1; j < nests_.size(); ++j) {
      const auto consumer = pointwise_of(nests_[j]);
      if (!consumer) continue;
      const std::size_t reads = count_nodes(consumer->store.value, producer.store.buffer);
      if (reads > 1 && reads * size + count_nodes(consumer->store.value, {}) > kMaxInlinedNodes) {
        return true;
      }
    }
    return false;
  }

  tir::PrimFunc finish() {
    tir::Block root;
    root.id = new_block_id();
    root.name = "root";
    root.predicate = tir::bool_imm(true);
    root.alloc_buffers = intermediates_;
    for (Stmt& nest : nests_) nest = unique_block(nest);
    root.body = tir::seq(nests_);
    tir::PrimFunc func;
    std::vector<tir::Buffer> params = params_;
    params.push_back(output_);
    // The parameter is the data pointer itself, as in a function read from its text.
    for (const tir::Buffer& b : params) func.params.push_back({tir::node(b).data, b});
    func.attrs["tirx.noalias"] = {true};
    if (!layout_free_.empty()) func.attrs["layout_free_buffers"] = ints_attr(layout_free_);
    func.is_private = true;
    func.body = std::move(root);
    return func;
  }

  std::vector<tir::Buffer> params_, intermediates_;
  std::vector<Expr> args_;
  std::vector<std::int64_t> layout_free_;
  std::map<Expr, tir::Buffer, IdLess> produced_;
  std::map<std::string, int> block_names_;
  std::vector<Stmt> nests_;
  tir::Buffer output_;
};

std::string kernel_name(const Group& group) {
  std::string name = group.members.size() > 1 ? "fused" : "";
  for (const Binding* member : group.members) {
    const std::string op(member->value.get<Call>().op->name);
    const std::size_t dot = op.find('.');
    name += (name.empty() ? "" : "_") + (dot == std::string::npos ? op : op.substr(dot + 1));
  }
  return name.size() <= 60 ? name : name.substr(0, 60);
}

bool has_symbols(const tir::PrimFunc& func) {
  for (const tir::Param& param : func.params) {
    for (const tir::Expr& dim : tir::node(param.buffer).shape) {
      if (!tir::as_int(dim)) return true;
    }
  }
  return false;
}

class LowerModule {
 public:
  explicit LowerModule(const Module& module) : result_(module) {}

  Module run(const std::string& name, const Function& func) {
    uses_ = count_uses(func);
    defs_ = definitions(func);
    ExprMap map;
    for (const Group& group : fuse_groups(func).groups) {
      const Binding& last = *group.members.back();
      map[last.var] = lower(group, map);
    }
    const Expr body = replace_leaves(func.body.get<SeqExpr>().body, map);
    Function lowered = builder_.finish(func.params, body, func.attrs).get<Function>();
    lowered.is_pure = func.is_pure;
    lowered.is_private = func.is_private;
    result_.replace(name, lowered);
    return result_;
  }

 private:
  Expr lower(const Group& group, const ExprMap& map) {
    const Binding& last = *group.members.back();
    const std::string& name = var(last.var).name;
    const Expr value = replace_leaves(last.value, map);
    if (last.cast_type) return builder_.match_cast(value, last.cast_type, name);
    const auto* call = last.value.as<Call>();
    if (!call || !call->op || !call->op->define || is_view(*call, uses_, defs_)) {
      return builder_.emit(value, name);
    }
    FusedFunction fused;
    const tir::PrimFunc func = fused.build(group);
    std::vector<Expr> args;
    for (const Expr& arg : fused.args()) args.push_back(replace_leaves(arg, map));
    return builder_.emit(call_tir(function_name(kernel_name(group), func), args, type_of(last.var)),
                         name);
  }

  // Equal functions are one; with symbolic shapes only the same symbols make them equal.
  std::string function_name(const std::string& hint, const tir::PrimFunc& func) {
    const bool symbolic = has_symbols(func);
    for (const auto& [name, other] : known_) {
      if (!symbolic && tir::structural_equal(func, other)) return name;
    }
    const std::string name = result_.add(hint, func);
    known_.emplace_back(name, func);
    return name;
  }

  Module result_;
  Builder builder_;
  Uses uses_;
  Definitions defs_;
  std::vector<std::pair<std::string, tir::PrimFunc>> known_;
};

}  // namespace

Module lower_and_fuse(const Module& module) {
  Module result = module;
  for (const auto& [name, func] : module.functions) {
    const auto* expr = std::get_if<Expr>(&func);
    if (expr && expr->as<Function>()) {
      result = LowerModule(result).run(name, expr->get<Function>());
    }
  }
  return result;
}

}  // namespace tenon::relax
