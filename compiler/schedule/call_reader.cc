#include "compiler/schedule/call_reader.h"

#include "compiler/schedule/index_map_json.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"

namespace tenon {

using namespace tir;

namespace {

[[noreturn]] void bad_input(std::size_t index, const char* needed) {
  throw UserError(str_cat("input ", index, " must be ", needed));
}
[[noreturn]] void bad_attr(std::size_t index, const char* needed) {
  throw UserError(str_cat("attribute ", index, " must be ", needed));
}

const Value& input(const PrimitiveCall& call, std::size_t index) {
  if (index >= call.inputs.size()) bad_input(index, "given");
  return call.inputs[index];
}
const AttrValue& attr(const PrimitiveCall& call, std::size_t index) {
  if (index >= call.attrs.size()) bad_attr(index, "given");
  return call.attrs[index];
}

std::optional<std::int64_t> int_of(const AttrValue& value) {
  if (const auto* i = std::get_if<std::int64_t>(&value.value)) return *i;
  if (const auto* b = std::get_if<bool>(&value.value)) return *b ? 1 : 0;
  if (const auto* e = std::get_if<Expr>(&value.value)) return as_int(*e);
  return std::nullopt;
}

AttrValue plain(const Value& value, std::size_t index) {
  if (const auto* a = std::get_if<AttrValue>(&value.value)) return *a;
  const auto* list = std::get_if<Value::List>(&value.value);
  if (!list) bad_input(index, "a plain value, not a block or loop");
  AttrValue::List items;
  for (const Value& item : *list) items.push_back(plain(item, index));
  return {items};
}

}  // namespace

BlockRef block_input(const PrimitiveCall& call, std::size_t index) {
  if (const auto* b = std::get_if<BlockRef>(&input(call, index).value)) return *b;
  bad_input(index, "a block");
}

LoopRef loop_input(const PrimitiveCall& call, std::size_t index) {
  if (const auto* l = std::get_if<LoopRef>(&input(call, index).value)) return *l;
  bad_input(index, "a loop");
}

bool is_block_input(const PrimitiveCall& call, std::size_t index) {
  return std::holds_alternative<BlockRef>(input(call, index).value);
}

Expr expr_input(const PrimitiveCall& call, std::size_t index) {
  const auto* a = std::get_if<AttrValue>(&input(call, index).value);
  if (!a) bad_input(index, "an integer or None");
  if (std::holds_alternative<std::monostate>(a->value)) return {};
  if (const auto* e = std::get_if<Expr>(&a->value)) return *e;
  auto value = int_of(*a);
  if (!value) bad_input(index, "an integer or None");
  return i32(*value);
}

std::vector<BlockRef> block_list_input(const PrimitiveCall& call, std::size_t index) {
  const auto* list = std::get_if<Value::List>(&input(call, index).value);
  if (!list) bad_input(index, "a list of blocks");
  std::vector<BlockRef> blocks;
  for (const Value& item : *list) {
    const auto* b = std::get_if<BlockRef>(&item.value);
    if (!b) bad_input(index, "a list of blocks");
    blocks.push_back(*b);
  }
  return blocks;
}

std::vector<LoopRef> loop_inputs(const PrimitiveCall& call) {
  std::vector<LoopRef> loops;
  for (std::size_t i = 0; i < call.inputs.size(); ++i) loops.push_back(loop_input(call, i));
  return loops;
}

IndexMap index_map_input(const PrimitiveCall& call, std::size_t index) {
  return parse_index_map(text_input(call, index));
}

AttrValue plain_input(const PrimitiveCall& call, std::size_t index) {
  return plain(input(call, index), index);
}

std::string text_input(const PrimitiveCall& call, std::size_t index) {
  AttrValue value = plain(input(call, index), index);
  const auto* text = std::get_if<std::string>(&value.value);
  if (!text) bad_input(index, "text");
  return *text;
}

std::vector<std::int64_t> int_list_input(const PrimitiveCall& call, std::size_t index) {
  return to_int_list(plain(input(call, index), index));
}

std::int64_t int_attr(const PrimitiveCall& call, std::size_t index) {
  auto value = int_of(attr(call, index));
  if (!value) bad_attr(index, "an integer");
  return *value;
}

bool bool_attr(const PrimitiveCall& call, std::size_t index) {
  auto value = int_of(attr(call, index));
  if (!value || (*value != 0 && *value != 1)) bad_attr(index, "true or false");
  return *value == 1;
}

std::string text_attr(const PrimitiveCall& call, std::size_t index) {
  const auto* text = std::get_if<std::string>(&attr(call, index).value);
  if (!text) bad_attr(index, "text");
  return *text;
}

std::vector<std::int64_t> int_list_attr(const PrimitiveCall& call, std::size_t index) {
  return to_int_list(attr(call, index));
}

std::vector<double> real_list_attr(const PrimitiveCall& call, std::size_t index) {
  const auto* list = std::get_if<AttrValue::List>(&attr(call, index).value);
  if (!list) bad_attr(index, "a list of numbers");
  std::vector<double> numbers;
  for (const AttrValue& item : *list) {
    if (const auto* real = std::get_if<double>(&item.value)) {
      numbers.push_back(*real);
    } else {
      auto whole = int_of(item);
      if (!whole) bad_attr(index, "a list of numbers");
      numbers.push_back(static_cast<double>(*whole));
    }
  }
  return numbers;
}

bool is_none_attr(const PrimitiveCall& call, std::size_t index) {
  return std::holds_alternative<std::monostate>(attr(call, index).value);
}

std::int64_t to_int(const AttrValue& value) {
  auto number = int_of(value);
  if (!number) throw UserError("an integer is needed");
  return *number;
}

std::vector<std::int64_t> to_int_list(const AttrValue& value) {
  const auto* list = std::get_if<AttrValue::List>(&value.value);
  if (!list) throw UserError("a list of integers is needed");
  std::vector<std::int64_t> numbers;
  for (const AttrValue& item : *list) numbers.push_back(to_int(item));
  return numbers;
}

AttrValue from_int_list(const std::vector<std::int64_t>& items) {
  AttrValue::List list;
  for (std::int64_t item : items) list.push_back({item});
  return {list};
}

Value value_of(const BlockRef& block) { return {block}; }
Value value_of(const LoopRef& loop) { return {loop}; }
Value value_of(std::int64_t number) { return {AttrValue{number}}; }

std::vector<Value> values_of(const std::vector<BlockRef>& blocks) {
  std::vector<Value> values;
  for (const BlockRef& b : blocks) values.push_back({b});
  return values;
}

std::vector<Value> values_of(const std::vector<LoopRef>& loops) {
  std::vector<Value> values;
  for (const LoopRef& l : loops) values.push_back({l});
  return values;
}

}  // namespace tenon
