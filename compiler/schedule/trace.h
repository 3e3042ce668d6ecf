// A trace: the instructions that made a schedule and the decisions of its sampling steps, in the
// JSON form of MetaSchedule, read and written exactly:
//
//   [[[kind, inputs, attributes, outputs], ...], [[index of instruction, decision], ...]]
//
// Values keep the form they have in that text: inputs are names of earlier outputs ("b0", "l1",
// "v2"), numbers, "None", quoted strings, index maps as serialised graphs, or lists of these.
#pragma once
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/schedule/schedule.h"

namespace tenon {

struct Instruction {
  std::string kind;
  std::vector<tir::AttrValue> inputs;
  std::vector<tir::AttrValue> attrs;
  std::vector<std::string> outputs;
};

// A value.
struct Trace {
  std::vector<Instruction> instructions;
  std::map<std::size_t, tir::AttrValue> decisions;  // by index of the instruction
};

// Throws UserError naming the instruction and what is wrong with it: unknown kind, wrong number of
// inputs or attributes, a name used before it is made or made twice.
Trace parse_trace(std::string_view json);
// One line without spaces; parse_trace() of it gives the same trace.
std::string to_json(const Trace& trace);

// Without the pure instructions whose outputs nothing uses (one backward pass). With
// `remove_postproc`, cut at EnterPostproc.
Trace simplified(const Trace& trace, bool remove_postproc);
Trace without_postproc(const Trace& trace);

// The module after all instructions, sampling steps taking their recorded decision. Throws
// the refusing primitive's UserError, or one that says that a decision is missing.
tir::TirModule replay(const tir::TirModule& module, const Trace& trace);

// JSON text <-> value. Throws UserError on malformed text or numbers outside int64.
tir::AttrValue parse_json_value(std::string_view json);
std::string to_json(const tir::AttrValue& value);
bool same_value(const tir::AttrValue& a, const tir::AttrValue& b);

}  // namespace tenon
