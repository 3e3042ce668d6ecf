// Where the script's form of an operator call differs from the IR's: the order in which attributes
// are written, attributes that the script writes without a keyword, and forms of operators that
// Tenon does not have although it has the operator.
//
// An operator that is not in these lists needs none: its arguments are its positional values, its
// attributes its keywords, in alphabetical order. A positional value that can be no argument (a
// string, None, a list of numbers ...) is an attribute too: its position, "0", "1" ..., is its key.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "compiler/relax/expr.h"

namespace tenon::relax {

// The operator's name after "R.", of the list or opaque; "" for calls of functions.
std::string_view operator_name(const Call& call);

// The names of the operator's attributes in the order of the script; those not named come after.
const std::vector<std::string>& attribute_order(std::string_view op);

// How many leading positional values are arguments; what follows is attributes in their order.
// -1 when unknown: every positional value is an argument.
int num_value_arguments(std::string_view op);

// Whether argument `index` is a shape, which older scripts write as a plain tuple.
bool is_shape_argument(std::string_view op, std::size_t index);

// Operators whose first argument is the name of an external function.
bool names_external_function(std::string_view op);

// Whether the type of the result is written out_ty=... instead of ty_args=(...).
bool writes_out_type(std::string_view op);

// From the script's arguments to those of the operator of Tenon's list: constant bounds of clip and
// strided_slice become attributes. Says whether Tenon has the operator in this form (image layouts,
// constant bounds ...); if not, `call` is as before.
bool to_listed_form(std::string_view op, Call& call);
// The way back, for printing: arguments and attributes as the script has them.
struct ScriptForm {
  std::vector<Expr> args;
  tir::AttrMap attrs;
};
ScriptForm to_script_form(const Call& call);

}  // namespace tenon::relax
