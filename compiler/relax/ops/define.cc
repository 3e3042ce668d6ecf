#include "compiler/relax/ops/define.h"

#include <limits>

#include "compiler/support/error.h"
#include "compiler/tir/accesses.h"

namespace tenon::relax {
namespace {

using tir::BufferRegion;
using tir::IterKind;
using tir::IterVar;
using tir::Range;
using tir::Stmt;

std::vector<Type> tensor_args(const Call& call) {
  std::vector<Type> types;
  for (const Expr& arg : call.args) {
    if (const auto* tuple = arg.as<Tuple>()) {
      for (const Expr& value : tuple->values) types.push_back(type_of(value));
    } else if (type_of(arg).as<TensorType>()) {
      types.push_back(type_of(arg));
    }
  }
  return types;
}

tir::Buffer make_buffer(const std::string& name, const Shape& shape, DataType dtype) {
  return tir::make_buffer({.name = name, .dtype = dtype, .shape = shape, .scope = "global"});
}

struct Domain {
  std::vector<tir::Expr> loops;
  std::vector<tir::Expr> extents;
  std::vector<IterVar> iters;

  tir::Expr add(const std::string& hint, const tir::Expr& extent, IterKind kind) {
    const tir::Expr loop = tir::make_var(hint, kInt64);
    const tir::Expr var = tir::make_var("v_" + hint, kInt64);
    loops.push_back(loop);
    extents.push_back(extent);
    iters.push_back({var, Range{tir::i64(0), extent}, kind, loop});
    return var;
  }

  Stmt nest(Stmt body) const {
    for (std::size_t i = loops.size(); i-- > 0;) {
      tir::For loop;
      loop.var = loops[i];
      loop.min = tir::i64(0);
      loop.extent = extents[i];
      loop.body = std::move(body);
      body = std::move(loop);
    }
    return body;
  }
};

BufferRegion point_region(const tir::Buffer& buffer, const Indices& index) {
  BufferRegion region{buffer, {}};
  for (const tir::Expr& i : index) region.region.push_back({i, tir::i64(1)});
  return region;
}

Stmt block_nest(const Domain& domain, tir::Block block) {
  block.id = new_block_id();
  block.iter_vars = domain.iters;
  block.predicate = tir::bool_imm(true);
  return domain.nest(std::move(block));
}

}  // namespace

Definition::Definition(const Call& call, const Type& result, std::vector<std::string> input_names)
    : Definition(tensor_args(call), result, std::move(input_names)) {}

Definition::Definition(std::vector<Type> inputs, const Type& result,
                       std::vector<std::string> input_names) {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const std::string name = i < input_names.size() ? input_names[i] : "p" + std::to_string(i);
    inputs_.push_back(make_buffer(name, shape_of(inputs[i]), dtype_of(inputs[i])));
  }
  output_ = make_buffer("out", shape_of(result), dtype_of(result));
}

tir::Buffer Definition::intermediate(const std::string& name, Shape shape, DataType dtype) {
  intermediates_.push_back(make_buffer(name, shape, dtype));
  return intermediates_.back();
}

void Definition::compute(const std::string& name, const tir::Buffer& out,
                         const std::function<tir::Expr(const Indices&)>& value) {
  Domain domain;
  Indices index;
  const Shape& shape = tir::node(out).shape;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    index.push_back(domain.add("ax" + std::to_string(i), shape[i], IterKind::kSpatial));
  }
  const tir::Expr element = value(index);
  tir::Block block;
  block.name = name;
  block.reads = tir::point_reads(element);
  block.writes = {point_region(out, index)};
  block.body = tir::store(out, index, element);
  blocks_.push_back(block_nest(domain, std::move(block)));
}

void Definition::reduce(const std::string& name, const tir::Buffer& out, Shape reduce,
                        Combiner combiner,
                        const std::function<tir::Expr(const Indices&, const Indices&)>& value) {
  Domain domain;
  Indices index, inner;
  const Shape& shape = tir::node(out).shape;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    index.push_back(domain.add("ax" + std::to_string(i), shape[i], IterKind::kSpatial));
  }
  for (std::size_t i = 0; i < reduce.size(); ++i) {
    inner.push_back(domain.add("k" + std::to_string(i), reduce[i], IterKind::kReduce));
  }
  const tir::Expr element = value(index, inner);
  tir::Block block;
  block.name = name;
  block.reads = tir::point_reads(element);
  block.writes = {point_region(out, index)};
  block.init = tir::store(out, index, identity_of(combiner, tir::node(out).dtype));
  block.body = tir::store(out, index, combine(combiner, tir::load(out, index), element));
  blocks_.push_back(block_nest(domain, std::move(block)));
}

tir::PrimFunc Definition::finish() {
  tir::Block root;
  root.id = new_block_id();
  root.name = "root";
  root.predicate = tir::bool_imm(true);
  root.alloc_buffers = intermediates_;
  root.body = tir::seq(blocks_);
  tir::PrimFunc func;
  std::vector<tir::Buffer> params = inputs_;
  params.push_back(output_);
  for (const tir::Buffer& buffer : params) {
    func.params.push_back(
        {tir::make_pointer("var_" + tir::node(buffer).name, tir::node(buffer).dtype, "global"),
         buffer});
  }
  func.attrs["tirx.noalias"] = {true};
  func.is_private = true;
  func.body = std::move(root);
  return func;
}

Indices broadcast_index(const Shape& shape, const Indices& index) {
  CHECK(index.size() >= shape.size())
      << "cannot broadcast rank " << shape.size() << " into rank " << index.size();
  Indices result;
  const std::size_t skip = index.size() - shape.size();
  for (std::size_t i = 0; i < shape.size(); ++i) {
    result.push_back(tir::is_int(shape[i], 1) ? tir::i64(0) : index[skip + i]);
  }
  return result;
}

tir::Expr identity_of(Combiner combiner, DataType dtype) {
  const double inf = std::numeric_limits<double>::infinity();
  const bool is_float = dtype.is_float();
  switch (combiner) {
    case Combiner::kSum:
      return tir::constant(dtype, 0);
    case Combiner::kProd:
      return tir::constant(dtype, 1);
    case Combiner::kMax:
      if (is_float) return tir::constant(dtype, -inf);
      if (dtype.is_uint() || dtype.is_bool()) return tir::int_imm(dtype, 0);
      return tir::int_imm(dtype, dtype.bits == 64 ? std::numeric_limits<std::int64_t>::min()
                                                  : -(std::int64_t{1} << (dtype.bits - 1)));
    case Combiner::kMin:
      if (is_float) return tir::constant(dtype, inf);
      if (dtype.is_bool()) return tir::bool_imm(true);
      if (dtype.is_uint()) {
        return tir::int_imm(dtype, dtype.bits == 64 ? -1 : (std::int64_t{1} << dtype.bits) - 1);
      }
      return tir::int_imm(dtype, dtype.bits == 64 ? std::numeric_limits<std::int64_t>::max()
                                                  : (std::int64_t{1} << (dtype.bits - 1)) - 1);
  }
  return {};
}

tir::Expr combine(Combiner combiner, tir::Expr a, tir::Expr b) {
  switch (combiner) {
    case Combiner::kSum:
      return a + b;
    case Combiner::kProd:
      return a * b;
    case Combiner::kMax:
      return tir::max(a, b);
    case Combiner::kMin:
      return tir::min(a, b);
  }
  return {};
}

}  // namespace tenon::relax
