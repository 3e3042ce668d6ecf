// Writing an operator's definition as TensorIR: tensors in, blocks, tensors out. The builder makes
// the loops, iter vars, regions and the root block; a definition says only what an element is.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "compiler/relax/op.h"

namespace tenon::relax {

using Indices = std::vector<tir::Expr>;

// The identity and the combination of a reduction.
enum class Combiner : std::uint8_t { kSum, kMax, kMin, kProd };

class Definition {
 public:
  // One input buffer per tensor argument, named name hints p0, p1 ... unless given.
  explicit Definition(const Call& call, const Type& result,
                      std::vector<std::string> input_names = {});
  // Builds a function from given input types (for fused or derived definitions).
  Definition(std::vector<Type> inputs, const Type& result,
             std::vector<std::string> input_names = {});

  const tir::Buffer& input(int i) const { return inputs_[static_cast<std::size_t>(i)]; }
  int num_inputs() const { return static_cast<int>(inputs_.size()); }
  const tir::Buffer& output() const { return output_; }

  // A buffer of the root block.
  tir::Buffer intermediate(const std::string& name, Shape shape, DataType dtype);
  // for i in shape(out): with sblock(name): out[i] = value(i)
  void compute(const std::string& name, const tir::Buffer& out,
               const std::function<tir::Expr(const Indices&)>& value);
  // for i in shape(out), k in reduce: out[i] = combine(out[i], value(i, k)), init identity.
  void reduce(const std::string& name, const tir::Buffer& out, Shape reduce, Combiner combiner,
              const std::function<tir::Expr(const Indices&, const Indices&)>& value);
  tir::PrimFunc finish();

 private:
  std::vector<tir::Buffer> inputs_;
  tir::Buffer output_;
  std::vector<tir::Buffer> intermediates_;
  std::vector<tir::Stmt> blocks_;
};

// value(i) at broadcast position: `index` of the result (trailing axes aligned) -> of `shape`;
// axes of extent 1 give 0.
Indices broadcast_index(const Shape& shape, const Indices& index);
tir::Expr identity_of(Combiner combiner, DataType dtype);
tir::Expr combine(Combiner combiner, tir::Expr a, tir::Expr b);

}  // namespace tenon::relax
