// The scoped simplifier behind the pass, for passes that need it on a part of a function.
#pragma once

#include "compiler/arith/analyzer.h"
#include "compiler/tir/stmt.h"

namespace tenon {

// Simplifies under what `analyzer` knows; loops and conditions inside are added while they hold.
tir::Stmt simplify(const tir::Stmt& s, Analyzer& analyzer);

}  // namespace tenon
