// TensorIR statements, functions and modules. Blocks separate an iteration domain (iter vars) from
// the loops around it: loops may be rewritten as long as the bindings stay right.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/ir/block_id.h"
#include "compiler/tir/expr.h"

namespace tenon::tir {

struct Bind;
struct AttrStmt;
struct Assert;
struct DeclBuffer;
struct AllocBuffer;
struct Store;
struct Seq;
struct Evaluate;
struct If;
struct For;
struct While;
struct Break;
struct Continue;
struct Return;
struct Block;

struct StmtFamily {
  using Nodes = TypeList<Bind, AttrStmt, Assert, DeclBuffer, AllocBuffer, Store, Seq, Evaluate, If,
                         For, While, Break, Continue, Return, Block>;
};
using Stmt = Handle<StmtFamily>;

// `var: T.let = value`; visible in the statements that follow in the same Seq.
struct Bind {
  Expr var, value;
  static constexpr auto fields() {
    return std::tuple{use("value", &Bind::value), def("var", &Bind::var)};
  }
};
// T.attr(node, key, value): information for the statements below.
struct AttrStmt {
  AttrValue node;
  std::string key;
  Expr value;
  Stmt body;
  static constexpr auto fields() {
    return std::tuple{use("node", &AttrStmt::node), use("key", &AttrStmt::key),
                      use("value", &AttrStmt::value), use("body", &AttrStmt::body)};
  }
};
struct Assert {
  Expr condition;
  std::string kind = "RuntimeError";
  std::vector<std::string> message;
  static constexpr auto fields() {
    return std::tuple{use("condition", &Assert::condition), use("kind", &Assert::kind),
                      use("message", &Assert::message)};
  }
};
// Declares a buffer over existing memory (its data variable is bound elsewhere).
struct DeclBuffer {
  Buffer buffer;
  static constexpr auto fields() { return std::tuple{def("buffer", &DeclBuffer::buffer)}; }
};
// Allocates a buffer for the statements that follow in the same Seq.
struct AllocBuffer {
  Buffer buffer;
  AttrMap annotations;
  static constexpr auto fields() {
    return std::tuple{def("buffer", &AllocBuffer::buffer),
                      use("annotations", &AllocBuffer::annotations)};
  }
};
struct Store {
  Buffer buffer;
  std::vector<Expr> indices;
  Expr value;
  Expr predicate;  // null, or a bool vector: false lanes are not written
  static constexpr auto fields() {
    return std::tuple{use("buffer", &Store::buffer), use("indices", &Store::indices),
                      use("value", &Store::value), use("predicate", &Store::predicate)};
  }
};
// Never nested and never of one statement: made by seq().
struct Seq {
  std::vector<Stmt> body;
  static constexpr auto fields() { return std::tuple{use("body", &Seq::body)}; }
};
struct Evaluate {
  Expr value;
  static constexpr auto fields() { return std::tuple{use("value", &Evaluate::value)}; }
};
struct If {
  Expr condition;
  Stmt then_body, else_body;  // else may be null
  static constexpr auto fields() {
    return std::tuple{use("condition", &If::condition), use("then", &If::then_body),
                      use("else", &If::else_body)};
  }
};

enum class ForKind : std::uint8_t { kSerial, kParallel, kVectorized, kUnrolled, kThreadBinding };

// for var in [min, min + extent) by `step` (null: 1). Every loop has a variable of its own: the
// variable's identity is the loop's identity in schedules.
struct For {
  Expr var, min, extent;
  ForKind kind = ForKind::kSerial;
  std::string thread_tag;  // thread_binding only: "threadIdx.x" ...
  AttrMap annotations;
  Expr step;
  Stmt body;
  static constexpr auto fields() {
    return std::tuple{use("min", &For::min),
                      use("extent", &For::extent),
                      def("var", &For::var),
                      use("kind", &For::kind),
                      use("thread_tag", &For::thread_tag),
                      use("annotations", &For::annotations),
                      use("step", &For::step),
                      use("body", &For::body)};
  }
};
struct While {
  Expr condition;
  Stmt body;
  static constexpr auto fields() {
    return std::tuple{use("condition", &While::condition), use("body", &While::body)};
  }
};
struct Break {
  static constexpr auto fields() { return std::tuple{}; }
};
struct Continue {
  static constexpr auto fields() { return std::tuple{}; }
};
struct Return {
  Expr value;  // may be null
  static constexpr auto fields() { return std::tuple{use("value", &Return::value)}; }
};

enum class IterKind : std::uint8_t { kSpatial, kReduce, kScan, kOpaque };

// One dimension of a block's domain: `var` runs over `domain`; `binding` is its value in terms of
// the loops around the block.
struct IterVar {
  Expr var;
  Range domain;
  IterKind kind = IterKind::kSpatial;
  Expr binding;
  static constexpr auto fields() {
    return std::tuple{use("binding", &IterVar::binding), use("domain", &IterVar::domain),
                      def("var", &IterVar::var), use("kind", &IterVar::kind)};
  }
};
// Inside the block, `buffer` is another view of the region `source`.
struct MatchBuffer {
  Buffer buffer;
  BufferRegion source;
  static constexpr auto fields() {
    return std::tuple{use("source", &MatchBuffer::source), def("buffer", &MatchBuffer::buffer)};
  }
};
// with T.sblock(name): ... A function that may be scheduled has one root block without iter vars.
struct Block {
  BlockId id;
  std::string name;
  std::vector<IterVar> iter_vars;
  Expr predicate;  // never null; T.where; bool true by default
  std::vector<BufferRegion> reads, writes;
  std::vector<Buffer> alloc_buffers;
  std::vector<MatchBuffer> match_buffers;
  AttrMap annotations;
  Stmt init;  // null unless a reduction: runs when all reduce iters are at their first value
  Stmt body;
  static constexpr auto fields() {
    return std::tuple{info("id", &Block::id),
                      info("name", &Block::name),
                      use("iter_vars", &Block::iter_vars),
                      use("predicate", &Block::predicate),
                      def("alloc_buffers", &Block::alloc_buffers),
                      use("reads", &Block::reads),
                      use("writes", &Block::writes),
                      use("match_buffers", &Block::match_buffers),
                      use("annotations", &Block::annotations),
                      use("init", &Block::init),
                      use("body", &Block::body)};
  }
};

// A parameter: a scalar or pointer variable; with `buffer`, a tensor whose data the pointer holds.
struct Param {
  Expr var;
  Buffer buffer;  // null for a scalar or an untyped handle
  static constexpr auto fields() {
    return std::tuple{def("var", &Param::var), def("buffer", &Param::buffer)};
  }
};

struct PrimFunc {
  std::vector<Param> params;
  std::optional<DataType> ret_type;
  AttrMap attrs;               // "tirx.noalias", "layout_free_buffers", "global_symbol" ...
  bool is_schedulable = true;  // written with s_tir=True; the body is the root block
  bool is_private = false;
  Stmt body;
};

struct TirModule {
  std::vector<std::pair<std::string, PrimFunc>> functions;  // in order of text
  AttrMap attrs;
  AttrMap global_infos;
  const PrimFunc* find(const std::string& name) const;
};

// Flattens nested Seqs, drops nulls; one statement stands for itself; none is evaluate(0).
Stmt seq(std::vector<Stmt> body);
Stmt store(Buffer buffer, std::vector<Expr> indices, Expr value, Expr predicate = {});
// The root block of a schedulable function; throws UserError when the function has none.
const Block& root_block(const PrimFunc& func);
PrimFunc with_body(PrimFunc func, Stmt body);

}  // namespace tenon::tir
