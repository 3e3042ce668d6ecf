// What an operator of the graph is: its name in scripts, its attributes, how the type of its result
// follows from its arguments, and its definition as a TensorIR function.
//
// One file an operator (or family) in compiler/relax/ops/; the list is in compiler/relax/ops.cc.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "compiler/relax/expr.h"

namespace tenon::relax {

// How fusion may treat the operator (compiler/passes/relax/fuse_ops.h).
enum class Pattern : std::uint8_t {
  kElementwise,  // out[i] from in[i], shapes equal
  kBroadcast,    // out[i] from in[i mapped], no reduction
  kInjective,    // each output element from one input element (transpose, concat, slice, pad)
  kReduce,       // reductions, pooling, softmax: an anchor
  kMatmul,       // conv, matmul: an anchor whose epilogue may be fused
  kOpaque,       // never fused
};

struct OpInfo {
  std::string_view name;  // after "R.": "nn.conv2d", "add"
  int num_args;           // -1: any
  Pattern pattern;
  // The result's type; throws UserError for arguments that do not fit (asked, found, needed).
  Type (*infer)(const Call& call);
  // A TensorIR function with parameters (tensor arguments in order, then the result), int64
  // indices, block form, no schedule; null for operators that are not computed (shape_of ...).
  tir::PrimFunc (*define)(const Call& call, const Type& result);
};

const std::vector<const OpInfo*>& all_ops();
// The operator of that script name, or null.
const OpInfo* find_op(std::string_view name);
// Like find_op, but an unknown name is a UserError with the nearest known one.
const OpInfo& get_op(std::string_view name);

// A call with its arguments; does not infer. `name` is the script name.
Expr make_call(std::string_view name, std::vector<Expr> args, tir::AttrMap attrs = {});
Type infer_type(const Call& call);

// Reading attributes. Throw UserError naming the operator and the attribute when one is missing
// without default or has another type.
std::int64_t attr_int(const Call& call, const std::string& name,
                      std::optional<std::int64_t> fallback = {});
double attr_float(const Call& call, const std::string& name, std::optional<double> fallback = {});
std::string attr_string(const Call& call, const std::string& name,
                        std::optional<std::string> fallback = {});
bool attr_bool(const Call& call, const std::string& name, std::optional<bool> fallback = {});
std::vector<std::int64_t> attr_ints(const Call& call, const std::string& name,
                                    std::optional<std::vector<std::int64_t>> fallback = {});
tir::AttrValue int_attr(std::int64_t value);
tir::AttrValue ints_attr(const std::vector<std::int64_t>& values);
tir::AttrValue float_attr(double value);
tir::AttrValue string_attr(std::string value);

}  // namespace tenon::relax
