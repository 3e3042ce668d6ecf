// How two types of the graph relate: whether a value may have both, and what is left of a type
// where symbols get other values.
#pragma once
#include <string>

#include "compiler/relax/expr.h"
#include "compiler/tir/visit.h"

namespace tenon::relax {

// Why no value has both types, in words ("shapes (4, n) and (4, 8) differ ..."); "" when one may.
// What is unknown on one side agrees with everything. Extents differ when they do for some values
// of their symbols.
std::string type_conflict(const Type& declared, const Type& found);

// The type without the values of its scalars: what an annotation can say.
Type without_values(const Type& type);

Type substitute(const Type& type, const tir::VarMap& symbols);

// The type of a call's result: the function's, its symbols replaced by what the arguments say of
// them. What no argument tells becomes unknown. Arguments are not checked.
Type result_of_call(const FuncType& function, const std::vector<Type>& arguments);

}  // namespace tenon::relax
