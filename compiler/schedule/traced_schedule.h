// A schedule that remembers how it was made: every step goes through the catalogue and is appended
// to a trace. Sketch rules build design spaces with it; replay uses it to follow a trace.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compiler/schedule/catalogue.h"
#include "compiler/schedule/trace.h"

namespace tenon {

// Copies are cheap and independent: a search forks by copying. Not for sharing between threads
// while it changes.
class TracedSchedule {
 public:
  explicit TracedSchedule(tir::TirModule module) : schedule_{std::move(module)} {}

  // Applies one step and gives the names of its outputs ("b0", "l1", "v2", numbered over the whole
  // trace). Inputs are given as a trace writes them. Sampling steps take `decision`, else draw from
  // `random`. A refused step throws UserError and changes nothing.
  std::vector<std::string> apply(const std::string& kind, std::vector<tir::AttrValue> inputs = {},
                                 std::vector<tir::AttrValue> attrs = {},
                                 std::optional<tir::AttrValue> decision = {},
                                 Rng* random = nullptr);
  // Applies a step under the output names it has in a trace.
  void follow(const Instruction& instruction, std::optional<tir::AttrValue> decision,
              Rng* random = nullptr);

  const Schedule& schedule() const { return schedule_; }
  const Trace& trace() const { return trace_; }
  // What a name stands for; throws UserError when no step made it.
  const Value& value(const std::string& name) const;
  BlockRef block(const std::string& name) const;
  LoopRef loop(const std::string& name) const;

 private:
  PrimitiveAnswer run(const Instruction& instruction, const std::optional<tir::AttrValue>& decision,
                      Rng* random) const;
  void record(Instruction instruction, PrimitiveAnswer answer);
  Value resolve(const tir::AttrValue& input) const;

  Schedule schedule_;
  Trace trace_;
  std::map<std::string, Value> values_;
  std::size_t num_values_ = 0;
};

}  // namespace tenon
