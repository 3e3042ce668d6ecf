#include "compiler/schedule/traced_schedule.h"

#include "compiler/support/error.h"
#include "compiler/support/text.h"

namespace tenon {

using namespace tir;

namespace {

char prefix_of(const Value& value) {
  if (std::holds_alternative<BlockRef>(value.value)) return 'b';
  return std::holds_alternative<LoopRef>(value.value) ? 'l' : 'v';
}

bool is_quoted(const std::string& text) {
  return text.size() >= 2 && text.front() == '"' && text.back() == '"';
}

}  // namespace

std::vector<std::string> TracedSchedule::apply(const std::string& kind,
                                               std::vector<AttrValue> inputs,
                                               std::vector<AttrValue> attrs,
                                               std::optional<AttrValue> decision, Rng* random) {
  Instruction instruction{kind, std::move(inputs), std::move(attrs), {}};
  PrimitiveAnswer answer = run(instruction, decision, random);
  for (const Value& output : answer.outputs) {
    instruction.outputs.push_back(str_cat(prefix_of(output), num_values_++));
  }
  std::vector<std::string> names = instruction.outputs;
  record(std::move(instruction), std::move(answer));
  return names;
}

void TracedSchedule::follow(const Instruction& instruction, std::optional<AttrValue> decision,
                            Rng* random) {
  PrimitiveAnswer answer = run(instruction, decision, random);
  if (answer.outputs.size() != instruction.outputs.size()) {
    throw UserError(str_cat(instruction.kind, " makes ", answer.outputs.size(),
                            " values here, the trace names ", instruction.outputs.size()));
  }
  num_values_ += instruction.outputs.size();
  record(instruction, std::move(answer));
}

PrimitiveAnswer TracedSchedule::run(const Instruction& instruction,
                                    const std::optional<AttrValue>& decision, Rng* random) const {
  const PrimitiveKind& kind = primitive_kind(instruction.kind);
  PrimitiveCall call;
  for (const AttrValue& input : instruction.inputs) call.inputs.push_back(resolve(input));
  call.attrs = instruction.attrs;
  call.decision = decision;
  call.random = random;
  return kind.apply(schedule_, call);
}

void TracedSchedule::record(Instruction instruction, PrimitiveAnswer answer) {
  schedule_ = std::move(answer.schedule);
  for (std::size_t i = 0; i < answer.outputs.size(); ++i) {
    values_[instruction.outputs[i]] = std::move(answer.outputs[i]);
  }
  if (answer.decision) trace_.decisions[trace_.instructions.size()] = *answer.decision;
  trace_.instructions.push_back(std::move(instruction));
}

const Value& TracedSchedule::value(const std::string& name) const {
  auto it = values_.find(name);
  if (it == values_.end()) throw UserError("no step of the trace made " + quote(name));
  return it->second;
}

BlockRef TracedSchedule::block(const std::string& name) const {
  if (const auto* b = std::get_if<BlockRef>(&value(name).value)) return *b;
  throw UserError(quote(name) + " is not a block");
}

LoopRef TracedSchedule::loop(const std::string& name) const {
  if (const auto* l = std::get_if<LoopRef>(&value(name).value)) return *l;
  throw UserError(quote(name) + " is not a loop");
}

Value TracedSchedule::resolve(const AttrValue& input) const {
  if (const auto* list = std::get_if<AttrValue::List>(&input.value)) {
    Value::List items;
    for (const AttrValue& item : *list) items.push_back(resolve(item));
    return {items};
  }
  if (const auto* map = std::get_if<AttrValue::Map>(&input.value)) {
    AttrValue::Map items;
    for (const auto& [key, item] : *map) {
      Value value = resolve(item);
      const auto* plain = std::get_if<AttrValue>(&value.value);
      if (!plain) throw UserError("a map among the inputs holds a list or reference");
      items[key] = *plain;
    }
    return {AttrValue{items}};
  }
  const auto* text = std::get_if<std::string>(&input.value);
  if (!text) return {input};
  if (*text == "None") return {AttrValue{}};
  if (is_quoted(*text)) return {parse_json_value(*text)};
  if (text->rfind("{", 0) == 0) return {input};  // an index map's graph
  return value(*text);
}

}  // namespace tenon
