// All legal candidates of a workload: the sketches that apply, their decision vectors scored by the
// draft model, and the seeds that stand in where nothing has been measured.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "compiler/compile.h"
#include "tuner/space/sketch.h"

namespace tenon {

// The version of the rules, knobs and constraints: part of a job's identity.
inline constexpr int kSpaceVersion = 2;

struct SpacePoint {
  std::size_t sketch = 0;
  Decisions decisions;
  double draft_seconds = 0;
  friend bool operator==(const SpacePoint& a, const SpacePoint& b) {
    return a.sketch == b.sketch && a.decisions == b.decisions;
  }
};

// Owns what the sketches refer to. Movable, not copyable. Safe to read from several threads.
class Space {
 public:
  Space(const tir::PrimFunc& func, const Target& target, int threads);

  const std::vector<std::unique_ptr<Sketch>>& sketches() const { return sketches_; }
  // Every legal vector, best draft first (ties by sketch, then decisions).
  const std::vector<SpacePoint>& points() const { return points_; }
  Trace trace(const SpacePoint& point) const;
  // How many vectors each constraint removed, for `tenon inspect --space`.
  const std::map<std::string, std::int64_t>& removed() const { return removed_; }
  // Analytic best points with different register tiles, at most `count`; never empty.
  std::vector<SpacePoint> seeds(std::size_t count) const;

 private:
  void enumerate(std::size_t sketch);

  std::unique_ptr<WorkloadFacts> facts_;
  std::vector<std::unique_ptr<Sketch>> sketches_;
  std::vector<SpacePoint> points_;
  std::map<std::string, std::int64_t> removed_;
};

// The default schedule: the first seed. A function without legal point gets an empty trace.
ScheduleChoice seed_schedule(const tir::PrimFunc& func, const Target& target, int threads);

}  // namespace tenon
