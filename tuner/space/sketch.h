// A sketch is one way to schedule a class of workloads: named knobs with candidate values, integer
// constraints on them, a closed-form estimate of the time, and the trace for one decision vector.
// Nothing here needs IR: constraints and estimate are arithmetic on the knob values.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "compiler/schedule/trace.h"
#include "compiler/target/target.h"
#include "tuner/space/facts.h"

namespace tenon {

struct Knob {
  std::string name;
  std::vector<std::int64_t> values;  // ascending
};
// One index into each knob's values.
using Decisions = std::vector<std::size_t>;

struct SketchContext {
  const WorkloadFacts& facts;
  const Target& target;
  int threads = 1;
};

// Terms of the draft model, one a name; the estimate is their sum. Seconds.
struct DraftTerm {
  std::string name;
  double seconds = 0;
};

// An interface without state of its own: implementations hold what they read from the workload.
class Sketch {
 public:
  virtual ~Sketch() = default;
  virtual std::string name() const = 0;
  virtual const std::vector<Knob>& knobs() const = 0;
  // The first constraint that a full vector breaks; "" when it is legal.
  virtual std::string broken_constraint(const Decisions& decisions) const = 0;
  virtual std::vector<DraftTerm> draft(const Decisions& decisions) const = 0;
  virtual Trace emit(const Decisions& decisions) const = 0;

  std::int64_t value(const Decisions& decisions, std::size_t knob) const {
    return knobs()[knob].values[decisions[knob]];
  }
};

// The sketches that apply to a workload on a target, in the order of the list in rules.cc; never
// empty. Only float32 workloads have sketches with vectors.
std::vector<std::unique_ptr<Sketch>> sketches_for(const WorkloadFacts& facts, const Target& target,
                                                  int threads);

double draft_seconds(const Sketch& sketch, const Decisions& decisions);

}  // namespace tenon
