#include "compiler/schedule/trace.h"

#include <set>

#include "compiler/schedule/traced_schedule.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"

namespace tenon {

using namespace tir;

namespace {

const AttrValue::List& list_of(const AttrValue& value, const std::string& what) {
  const auto* list = std::get_if<AttrValue::List>(&value.value);
  if (!list) throw UserError(what + " must be a list");
  return *list;
}

std::string text_of(const AttrValue& value, const std::string& what) {
  const auto* text = std::get_if<std::string>(&value.value);
  if (!text) throw UserError(what + " must be text");
  return *text;
}

void check_arity(const Instruction& instruction, const std::string& what) {
  const PrimitiveKind& kind = primitive_kind(instruction.kind);
  auto num_inputs = static_cast<int>(instruction.inputs.size());
  auto num_attrs = static_cast<int>(instruction.attrs.size());
  if (kind.num_inputs == kAnyNumber ? num_inputs == 0 : num_inputs != kind.num_inputs) {
    throw UserError(str_cat(what, ", ", instruction.kind, ": ", num_inputs, " inputs, needed ",
                            kind.num_inputs == kAnyNumber ? 1 : kind.num_inputs));
  }
  if (kind.num_attrs != kAnyNumber && num_attrs != kind.num_attrs) {
    throw UserError(str_cat(what, ", ", instruction.kind, ": ", num_attrs, " attributes, needed ",
                            kind.num_attrs));
  }
}

Instruction parse_instruction(const AttrValue& value, const std::string& what) {
  const AttrValue::List& parts = list_of(value, what);
  if (parts.size() != 4) {
    throw UserError(what + " must be [kind, inputs, attributes, outputs]");
  }
  Instruction instruction;
  instruction.kind = text_of(parts[0], what + ": the kind");
  instruction.inputs = list_of(parts[1], what + ": the inputs");
  instruction.attrs = list_of(parts[2], what + ": the attributes");
  for (const AttrValue& output : list_of(parts[3], what + ": the outputs")) {
    instruction.outputs.push_back(text_of(output, what + ": an output"));
  }
  check_arity(instruction, what);
  return instruction;
}

// The names that an input uses, index maps left out.
void collect_names(const AttrValue& input, std::set<std::string>& names) {
  if (const auto* list = std::get_if<AttrValue::List>(&input.value)) {
    for (const AttrValue& item : *list) collect_names(item, names);
  } else if (const auto* map = std::get_if<AttrValue::Map>(&input.value)) {
    for (const auto& [key, item] : *map) collect_names(item, names);
  } else if (const auto* text = std::get_if<std::string>(&input.value)) {
    if (*text == "None" || text->rfind("\"", 0) == 0 || text->rfind("{", 0) == 0) return;
    names.insert(*text);
  }
}

std::set<std::string> names_used(const Instruction& instruction) {
  std::set<std::string> names;
  for (const AttrValue& input : instruction.inputs) collect_names(input, names);
  return names;
}

void check_names(const Trace& trace) {
  std::set<std::string> known;
  for (std::size_t i = 0; i < trace.instructions.size(); ++i) {
    const Instruction& instruction = trace.instructions[i];
    for (const std::string& name : names_used(instruction)) {
      if (known.count(name)) continue;
      throw UserError(str_cat("instruction ", i, ", ", instruction.kind, ": no earlier step made ",
                              quote(name)));
    }
    for (const std::string& name : instruction.outputs) {
      if (known.insert(name).second) continue;
      throw UserError(str_cat("instruction ", i, ", ", instruction.kind, ": ", quote(name),
                              " was made before"));
    }
  }
}

AttrValue as_value(const Instruction& instruction) {
  AttrValue::List outputs;
  for (const std::string& name : instruction.outputs) outputs.push_back({name});
  return {
      AttrValue::List{{instruction.kind}, {instruction.inputs}, {instruction.attrs}, {outputs}}};
}

}  // namespace

Trace parse_trace(std::string_view json) {
  AttrValue value = parse_json_value(json);
  const AttrValue::List& parts = list_of(value, "a trace");
  if (parts.size() != 2) throw UserError("a trace must be [instructions, decisions]");
  Trace trace;
  for (const AttrValue& item : list_of(parts[0], "the instructions")) {
    const std::string what = str_cat("instruction ", trace.instructions.size());
    trace.instructions.push_back(parse_instruction(item, what));
  }
  for (const AttrValue& item : list_of(parts[1], "the decisions")) {
    const AttrValue::List& pair = list_of(item, "a decision");
    const auto* index = pair.size() == 2 ? std::get_if<std::int64_t>(&pair[0].value) : nullptr;
    if (!index || *index < 0 || *index >= static_cast<std::int64_t>(trace.instructions.size())) {
      throw UserError("a decision must be [index of an instruction, value]");
    }
    trace.decisions[static_cast<std::size_t>(*index)] = pair[1];
  }
  check_names(trace);
  return trace;
}

std::string to_json(const Trace& trace) {
  AttrValue::List instructions, decisions;
  for (const Instruction& instruction : trace.instructions) {
    instructions.push_back(as_value(instruction));
  }
  for (const auto& [index, decision] : trace.decisions) {
    decisions.push_back({AttrValue::List{{static_cast<std::int64_t>(index)}, decision}});
  }
  return to_json(AttrValue{AttrValue::List{{instructions}, {decisions}}});
}

Trace without_postproc(const Trace& trace) {
  Trace result;
  for (std::size_t i = 0; i < trace.instructions.size(); ++i) {
    if (trace.instructions[i].kind == "EnterPostproc") break;
    result.instructions.push_back(trace.instructions[i]);
    if (auto it = trace.decisions.find(i); it != trace.decisions.end())
      result.decisions.insert(*it);
  }
  return result;
}

Trace simplified(const Trace& trace, bool remove_postproc) {
  Trace source = remove_postproc ? without_postproc(trace) : trace;
  std::set<std::string> used;
  std::vector<bool> kept(source.instructions.size());
  for (std::size_t i = source.instructions.size(); i-- > 0;) {
    const Instruction& instruction = source.instructions[i];
    bool needed = !primitive_kind(instruction.kind).is_pure;
    for (const std::string& name : instruction.outputs) needed |= used.count(name) > 0;
    kept[i] = needed;
    if (needed) used.merge(names_used(instruction));
  }
  Trace result;
  for (std::size_t i = 0; i < source.instructions.size(); ++i) {
    if (!kept[i]) continue;
    if (auto it = source.decisions.find(i); it != source.decisions.end()) {
      result.decisions[result.instructions.size()] = it->second;
    }
    result.instructions.push_back(source.instructions[i]);
  }
  return result;
}

TirModule replay(const TirModule& module, const Trace& trace) {
  TracedSchedule schedule(module);
  for (std::size_t i = 0; i < trace.instructions.size(); ++i) {
    auto decision = trace.decisions.find(i);
    schedule.follow(trace.instructions[i], decision == trace.decisions.end()
                                               ? std::optional<AttrValue>{}
                                               : std::optional<AttrValue>{decision->second});
  }
  return schedule.schedule().module;
}

}  // namespace tenon
