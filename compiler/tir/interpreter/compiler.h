// Turns a function into closures over a frame. Variables and buffers become slots of the frame.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "compiler/tir/interpreter/frame.h"

namespace tenon::tir::interpreter {

class Compiler {
 public:
  explicit Compiler(const TirModule* module = nullptr) : module_(module) {}

  ScalarFn scalar(const Expr& e);
  VectorFn vector(const Expr& e);  // a scalar expression gives one lane
  StmtFn statement(const Stmt& s);

  std::size_t scalar_slot(const Expr& variable);
  std::size_t storage_slot(const Expr& data);
  std::size_t view_slot(const Buffer& buffer);
  // Makes the buffer's view over the storage of its data variable, from its shape, strides, offset.
  ActionFn bind_view(const Buffer& buffer);
  // A frame with all slots made so far.
  Frame frame() const;

 private:
  ScalarFn binary(const Binary& n);
  ScalarFn contraction(const Contraction& c, DataType type);
  ScalarFn load(const Load& n);
  ScalarFn call(const Call& n, const Expr& e);
  ScalarFn function_call(const Call& n);
  ScalarFn lane_reduce(const Call& n);
  ScalarFn multiply_shift(const Call& n);

  VectorFn vector_binary(const Binary& n);
  VectorFn vector_load(const Load& n);
  VectorFn ramp_lanes(const Ramp& n);
  VectorFn broadcast_lanes(const Broadcast& n);
  VectorFn shuffle_lanes(const Shuffle& n);
  VectorFn vector_call(const Call& n);
  VectorFn llvm_call(const Call& n);
  VectorFn pair_sums(const Call& n);
  VectorFn elementwise_call(const Call& n);
  VectorFn masked_load(const Call& n);
  VectorFn reinterpret(const Call& n);
  VectorFn dot_product(const Call& n, std::size_t acc, std::size_t a, std::size_t b);

  StmtFn loop(const For& n);
  StmtFn block(const Block& n);
  StmtFn store(const Store& n);
  StmtFn masked_store(const Call& n);
  StmtFn evaluate(const Expr& e);
  StmtFn assertion(const Assert& n);
  StmtFn sequence(const std::vector<Stmt>& list);
  ActionFn allocate(const Buffer& buffer);
  ActionFn match_region(const MatchBuffer& m);
  ActionFn bind_variable(const Expr& variable, const Expr& value);
  ActionFn iter_var(const IterVar& iter, const std::string& block);

  // The elements that vector indices address, and a check that they lie in the memory.
  struct LaneAccess {
    std::size_t view;
    DataType dtype;  // of the buffer
    std::string name;
    std::vector<VectorFn> indices;
    VectorFn predicate;  // may be empty
  };
  LaneAccess lane_access(const Buffer& buffer, const std::vector<Expr>& indices,
                         const Expr& predicate);

  const TirModule* module_;
  std::map<const void*, std::size_t> scalars_, vectors_, storages_, views_;
};

// The flat element position of checked scalar indices; throws UserError naming the buffer.
std::int64_t element_position(Frame& frame, std::size_t view, const std::string& name,
                              const std::vector<ScalarFn>& indices);

}  // namespace tenon::tir::interpreter
