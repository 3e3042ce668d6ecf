// The buffer elements an expression reads, as regions of one point each.
#pragma once
#include <vector>

#include "compiler/tir/stmt.h"

namespace tenon::tir {

// Distinct accesses in order of first use; equal ones are listed once. An index that is itself
// loaded is followed by the access it needs.
std::vector<BufferRegion> point_reads(const Expr& value);

}  // namespace tenon::tir
