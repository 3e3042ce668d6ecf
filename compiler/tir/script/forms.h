// How the script's forms are kept in the IR where no node of their own exists, and the rules that
// printer and parser must share so that text reads back as it was.
#pragma once
#include <string>
#include <string_view>

#include "compiler/tir/stmt.h"

namespace tenon::tir {

// T.launch_thread("threadIdx.x", n) is a thread-binding loop with this annotation (value true).
inline constexpr std::string_view kLaunchThread = "launch_thread";
// with T.hint("name", key=value): an AttrStmt with this key, the keywords as node, the name as
// value.
inline constexpr std::string_view kHint = "tirx.hint";
// T.target({...}), I.vdevice(...), T.comm_reducer(...) as attribute values: a Map of one such key.
inline constexpr std::string_view kTargetForm = "T.target";
inline constexpr std::string_view kVDeviceForm = "I.vdevice";
inline constexpr std::string_view kReducerForm = "T.comm_reducer";
// A buffer as attribute value: its data variable.
inline constexpr std::string_view kBufferForm = "T.Buffer";
// T.index_map(lambda i, j: (j, i)): a list of results, each a chain of Lets over the parameters
// (bound to 0, which says nothing).
inline constexpr std::string_view kIndexMapForm = "T.index_map";

// What an operator written in a script makes of two operands without making a node: both are
// constants, or one is neutral or absorbing (x + 0, x * 1, x * 0, x // 1, True and x ...). Null
// when a node is made. A node of such operands prints as T.Add(a, b) and so on.
Expr fold_operator(BinaryOp op, const Expr& a, const Expr& b);

// fold_operator, or else binary().
Expr script_operator(BinaryOp op, const Expr& a, const Expr& b);

// The node itself, never folded; needs equal types (CHECK).
Expr raw_binary(BinaryOp op, Expr a, Expr b);

// "Add" for T.Add.
std::string_view operator_word(BinaryOp op);

// Whether the script names the result type as first argument: T.reinterpret("int32", x).
bool names_dtype(Intrinsic op);

// AllocBuffer followed by a store of its one element: the form `x: T.float32 = value`.
bool is_scalar_definition(const Stmt& alloc, const Stmt& next);

}  // namespace tenon::tir
