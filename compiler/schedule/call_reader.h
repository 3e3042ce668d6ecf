// Reads the inputs and attributes of one instruction with messages that name it.
#pragma once
#include <string>
#include <vector>

#include "compiler/arith/index_map.h"
#include "compiler/schedule/catalogue.h"

namespace tenon {

BlockRef block_input(const PrimitiveCall& call, std::size_t index);
LoopRef loop_input(const PrimitiveCall& call, std::size_t index);
bool is_block_input(const PrimitiveCall& call, std::size_t index);
// A constant or symbolic integer; null for None.
tir::Expr expr_input(const PrimitiveCall& call, std::size_t index);
std::vector<BlockRef> block_list_input(const PrimitiveCall& call, std::size_t index);
std::vector<LoopRef> loop_inputs(const PrimitiveCall& call);
IndexMap index_map_input(const PrimitiveCall& call, std::size_t index);
// An annotation's value.
tir::AttrValue plain_input(const PrimitiveCall& call, std::size_t index);
std::string text_input(const PrimitiveCall& call, std::size_t index);
std::vector<std::int64_t> int_list_input(const PrimitiveCall& call, std::size_t index);

std::int64_t int_attr(const PrimitiveCall& call, std::size_t index);
bool bool_attr(const PrimitiveCall& call, std::size_t index);  // also 0 and 1
std::string text_attr(const PrimitiveCall& call, std::size_t index);
std::vector<std::int64_t> int_list_attr(const PrimitiveCall& call, std::size_t index);
std::vector<double> real_list_attr(const PrimitiveCall& call, std::size_t index);
bool is_none_attr(const PrimitiveCall& call, std::size_t index);

std::int64_t to_int(const tir::AttrValue& value);
std::vector<std::int64_t> to_int_list(const tir::AttrValue& value);
tir::AttrValue from_int_list(const std::vector<std::int64_t>& items);

Value value_of(const BlockRef& block);
Value value_of(const LoopRef& loop);
Value value_of(std::int64_t number);
std::vector<Value> values_of(const std::vector<BlockRef>& blocks);
std::vector<Value> values_of(const std::vector<LoopRef>& loops);

}  // namespace tenon
