#include "tuner/search/task_search.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "compiler/support/error.h"
#include "tuner/search/generation.h"

namespace tenon {
namespace {

constexpr std::size_t kSeeds = 8;
constexpr std::size_t kGeneration = 512;  // points bred for one proposal
constexpr std::size_t kDraftKeeps = 128;  // of these, by the draft model
constexpr std::size_t kElites = 32;
constexpr std::size_t kStagnation = 16;      // results without a gain of 1 %: two batches
constexpr std::size_t kLongStagnation = 48;  // then the model's hopes do not count either
constexpr double kNoteworthy = 0.01;

std::uint64_t key_of(const TuningTask& task) { return hash_bytes(task.workload_hash); }

}  // namespace

TaskSearch::TaskSearch(const TaskSetup& setup)
    : seed_(setup.seed),
      key_(key_of(setup.task)),
      space_(setup.task.func, setup.target, setup.threads),
      index_(space_.points()),
      features_(workload_features(workload_facts(setup.task.func), setup.target, setup.threads)),
      is_seen_(space_.points().size(), 0),
      num_unseen_(space_.points().size()) {
  for (const SpacePoint& seed : space_.seeds(kSeeds)) {
    const auto point = index_.find(seed.sketch, seed.decisions);
    CHECK(point.has_value()) << "a seed that is no legal point";
    seeds_.push_back(*point);
  }
}

void TaskSearch::mark(std::size_t point) {
  if (is_seen_[point]) return;
  is_seen_[point] = 1;
  --num_unseen_;
}

std::vector<std::size_t> TaskSearch::take_seeds(std::size_t count) {
  std::vector<std::size_t> result;
  while (num_seeds_proposed_ < seeds_.size() && result.size() < count) {
    const std::size_t point = seeds_[num_seeds_proposed_++];
    if (!is_seen_[point]) result.push_back(point);
  }
  return result;
}

bool TaskSearch::is_stagnant() const { return num_since_gain_ >= kStagnation; }

std::vector<std::size_t> TaskSearch::unseen_neighbours() const {
  if (measured_.empty()) return {};
  std::vector<std::size_t> result = neighbours(space_, index_, measured_.front().point);
  std::erase_if(result, [&](std::size_t point) { return is_seen_[point] != 0; });
  return result;
}

bool TaskSearch::is_done() const {
  if (num_unseen_ == 0) return true;
  if (!has_seeded() || !is_stagnant()) return false;
  if (num_since_gain_ >= kLongStagnation) return true;
  return model_gain_ < kNoteworthy && unseen_neighbours().empty();
}

// Unseen points: all of a small space, else a generation bred from the elites, without repetition
// and in the order bred; the draft model keeps the better ones.
std::vector<std::size_t> TaskSearch::pool() {
  std::vector<std::size_t> result;
  if (num_unseen_ <= kGeneration) {
    for (std::size_t i = 0; i < is_seen_.size(); ++i) {
      if (!is_seen_[i]) result.push_back(i);
    }
    return result;
  }
  std::vector<std::size_t> elites;
  for (std::size_t i = 0; i < std::min(kElites, measured_.size()); ++i) {
    elites.push_back(measured_[i].point);
  }
  const Breeding parents{space_, index_, elites};
  std::set<std::size_t> known;
  for (std::size_t slot = 0; slot < kGeneration; ++slot) {
    Rng rng(seed_, key_, round_, slot);
    const auto point = breed(parents, rng);
    if (point && !is_seen_[*point] && known.insert(*point).second) result.push_back(*point);
  }
  // Points are in order of their draft estimate.
  if (result.empty()) {
    const auto first = std::find(is_seen_.begin(), is_seen_.end(), 0);
    result.push_back(static_cast<std::size_t>(first - is_seen_.begin()));
  }
  if (result.size() > kDraftKeeps) {
    std::sort(result.begin(), result.end());
    result.resize(kDraftKeeps);
  }
  return result;
}

std::vector<TaskSearch::Ranked> TaskSearch::rank(std::vector<std::size_t> points,
                                                 const CostModel& model) const {
  std::vector<FeatureRow> rows;
  std::vector<double> draft;
  for (const std::size_t index : points) {
    const SpacePoint& point = space_.points()[index];
    rows.push_back(
        candidate_features(*space_.sketches()[point.sketch], point.decisions, features_));
    draft.push_back(point.draft_seconds);
  }
  const std::vector<CostEstimate> estimates = model.estimate(rows, draft);
  std::vector<Ranked> ranked;
  for (std::size_t i = 0; i < points.size(); ++i) ranked.push_back({points[i], estimates[i]});
  std::stable_sort(ranked.begin(), ranked.end(), [](const Ranked& a, const Ranked& b) {
    return a.estimate.score() < b.estimate.score();
  });
  return ranked;
}

// The top, first one of each register tile; a tenth at random.
std::vector<std::size_t> TaskSearch::pick(const std::vector<Ranked>& ranked, std::size_t count) {
  count = std::min(count, ranked.size());
  const std::size_t num_random = ranked.size() > count ? (count + 5) / 10 : 0;
  std::vector<char> is_taken(ranked.size(), 0);
  std::vector<std::size_t> result;
  std::set<std::pair<std::size_t, Decisions>> tiles;
  for (const bool only_new_tiles : {true, false}) {
    for (std::size_t i = 0; i < ranked.size() && result.size() + num_random < count; ++i) {
      const SpacePoint& point = space_.points()[ranked[i].point];
      Decisions tile = point.decisions;
      tile.resize(std::min<std::size_t>(3, tile.size()));
      const bool is_new = tiles.emplace(point.sketch, std::move(tile)).second;
      if (is_taken[i] || (only_new_tiles && !is_new)) continue;
      is_taken[i] = 1;
      result.push_back(ranked[i].point);
    }
  }
  Rng rng(seed_, key_, round_, kGeneration);
  while (result.size() < count) {
    const std::size_t i = rng.below(ranked.size());
    if (is_taken[i]) continue;
    is_taken[i] = 1;
    result.push_back(ranked[i].point);
  }
  return result;
}

std::vector<std::size_t> TaskSearch::propose(std::size_t count, const CostModel& model) {
  if (count == 0 || is_done()) return {};
  std::vector<std::size_t> result = take_seeds(count);
  if (result.empty() && num_unseen_ > 0) {
    ++round_;
    const std::vector<Ranked> all = rank(pool(), model);
    if (!all.empty() && !measured_.empty()) {
      const auto fastest = std::min_element(all.begin(), all.end(), [](auto& a, auto& b) {
        return a.estimate.seconds < b.estimate.seconds;
      });
      model_gain_ = std::clamp(1 - fastest->estimate.seconds / best_seconds(), 0.0, 0.5);
    }
    if (is_stagnant()) {
      // Coordinate descent: what stands beside the best, before anything else.
      for (const Ranked& ranked : rank(unseen_neighbours(), model)) {
        if (result.size() < count) result.push_back(ranked.point);
      }
    }
    std::vector<Ranked> rest = all;
    std::erase_if(rest, [&](const Ranked& ranked) {
      return std::find(result.begin(), result.end(), ranked.point) != result.end();
    });
    for (const std::size_t point : pick(rest, count - result.size())) result.push_back(point);
  }
  for (const std::size_t point : result) mark(point);
  return result;
}

void TaskSearch::consume(std::size_t point, Verdict verdict, double seconds) {
  CHECK(point < is_seen_.size()) << "no point " << point;
  mark(point);
  ++num_since_gain_;
  if (verdict == Verdict::kValid) {
    const Measured measured{seconds, point};
    measured_.insert(std::upper_bound(measured_.begin(), measured_.end(), measured), measured);
    const double best = measured_.front().seconds;
    if (mark_seconds_ == 0 || best < mark_seconds_ * (1 - kNoteworthy)) {
      mark_seconds_ = best;
      num_since_gain_ = 0;
    }
  }
  best_after_.push_back(best_seconds());
}

double TaskSearch::best_seconds() const {
  if (!measured_.empty()) return measured_.front().seconds;
  return space_.points().empty() ? 0 : space_.points().front().draft_seconds;
}

std::optional<std::size_t> TaskSearch::best_point() const {
  if (measured_.empty()) return std::nullopt;
  return measured_.front().point;
}

// What the model promises and what the last two batches brought, in equal parts; never quite
// nothing while points are left, but less with every result that brings no gain.
double TaskSearch::expected_gain() const {
  if (is_done()) return 0;
  double recent = 0;
  if (measured_.size() > 1 && best_after_.size() > kStagnation) {
    recent = 1 - best_after_.back() / best_after_[best_after_.size() - 1 - kStagnation];
  }
  const double patience = 8.0 / (8.0 + static_cast<double>(num_since_gain_));
  const double hope = measured_.empty() ? 0.5 : 0.05;
  return std::max(0.5 * model_gain_ * patience + 0.5 * std::max(recent, 0.0), hope * patience);
}

std::optional<std::size_t> TaskSearch::find(const Trace& trace) const {
  Decisions values;
  for (const auto& [instruction, decision] : trace.decisions) {
    const auto* value = std::get_if<std::int64_t>(&decision.value);
    if (value == nullptr || *value < 0) return std::nullopt;
    values.push_back(static_cast<std::size_t>(*value));
  }
  const std::string text = to_json(trace);
  for (std::size_t sketch = 0; sketch < space_.sketches().size(); ++sketch) {
    Decisions decisions = values;
    if (decisions.size() < space_.sketches()[sketch]->knobs().size()) continue;
    decisions.resize(space_.sketches()[sketch]->knobs().size());
    const auto point = index_.find(sketch, decisions);
    if (point && to_json(space_.trace(space_.points()[*point])) == text) return point;
  }
  return std::nullopt;
}

CostSample TaskSearch::sample(std::size_t point, std::size_t task, double seconds) const {
  const SpacePoint& place = space_.points()[point];
  return {candidate_features(*space_.sketches()[place.sketch], place.decisions, features_), task,
          place.draft_seconds, seconds};
}

}  // namespace tenon
