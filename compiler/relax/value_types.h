// Values against types: taking the values of symbols from a value, and checking it.
#pragma once
#include <string>

#include "compiler/relax/symbols.h"
#include "compiler/relax/values.h"

namespace tenon::relax {

// Defines the symbols of `type` that its dimensions give (SymbolValues::solve). `place` names the
// value in messages: "dimension 0 of PLACE". Parts that do not fit are left to check_type.
void bind_symbols(const Type& type, const Value& value, const std::string& place,
                  SymbolValues& symbols);
// UserError unless the value has the type: kind, element type, rank, every dimension.
void check_type(const Type& type, const Value& value, const std::string& place,
                const SymbolValues& symbols);

}  // namespace tenon::relax
