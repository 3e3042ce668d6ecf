// The statement half of the printer: loops folded into T.grid, blocks with their axes, attributes
// and launches without indentation where they are all of their body.
#pragma once
#include <string>
#include <vector>

#include "compiler/tir/script/print_expr.h"
#include "compiler/tir/script/printer.h"

namespace tenon::tir {

class StmtPrinter {
 public:
  enum class Names { kOwn, kCanonical };
  // With canonical names, nothing printed depends on the names of variables, buffers and blocks.
  explicit StmtPrinter(Names kind = Names::kOwn) : names_(kind) {
    if (kind == Names::kCanonical) expr.names.use_one_hint("v");
  }

  // A function as `def name(...)`, with its decorator.
  void function(const PrimFunc& func, const std::string& name);
  // The statements of a body in the current scope; nothing becomes T.evaluate(0).
  void body(const Stmt& s);
  void line(const std::string& text) { out.line(text); }

  script::LineWriter out;
  ExprPrinter expr;
  std::set<std::string> type_vars;  // symbols that the module declares, filled by function()
  PlacedText places;

 private:
  std::string block_name(const Block& n);
  void scoped_body(const Stmt& s);
  void statements(const std::vector<Stmt>& list);
  void statement(const Stmt& s, bool is_only);
  void assertion(const Assert& n);
  void declare_buffer(const DeclBuffer& n);
  void allocate(const AllocBuffer& n);
  void scalar(const AllocBuffer& n, const Store& first);
  void store(const Store& n);
  void branch(const If& n);
  void attribute(const AttrStmt& n, bool is_only);
  void launch(const For& n, bool is_only);
  void loop(const For& n);
  std::string loop_range(const For& n);

  void block(const Block& n);
  void block_parts(const Block& n, bool is_root);
  void axes(const Block& n);
  void axis(const IterVar& n);
  void remapped(const std::vector<const IterVar*>& group);
  bool is_plain_remap(const IterVar& n) const;
  std::string regions(const std::vector<BufferRegion>& list);

  std::string parameter(const Param& p, const PrimFunc& func);
  std::string parameter_dim(const Expr& e, const PrimFunc& func);
  void mark_loop(const For& n, std::size_t column);

  Names names_;
  int num_blocks_ = 0;
  std::vector<const For*> loops_;
  std::vector<Expr> implicit_;  // symbols of shapes declared in the body: `n = T.int32()`
};

// The root block that the script leaves out (a comment stands for it), or null.
const Block* implicit_root(const PrimFunc& func);

}  // namespace tenon::tir
