// The legal points of a space by their decisions: a point is its place in Space::points().
#pragma once
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "compiler/support/hash.h"
#include "tuner/space/space.h"

namespace tenon {

class PointIndex {
 public:
  explicit PointIndex(const std::vector<SpacePoint>& points) : points_(points) {
    places_.reserve(points.size());
    for (std::size_t i = 0; i < points.size(); ++i) places_.emplace(key_of(points[i]), i);
  }

  // nullopt when the vector is not legal.
  std::optional<std::size_t> find(std::size_t sketch, const Decisions& decisions) const {
    const SpacePoint wanted{sketch, decisions, 0};
    const auto [begin, end] = places_.equal_range(key_of(wanted));
    for (auto place = begin; place != end; ++place) {
      if (points_[place->second] == wanted) return place->second;
    }
    return std::nullopt;
  }

 private:
  static std::uint64_t key_of(const SpacePoint& point) {
    std::uint64_t key = hash_combine(0, point.sketch);
    for (const std::size_t decision : point.decisions) key = hash_combine(key, decision);
    return key;
  }

  const std::vector<SpacePoint>& points_;
  std::unordered_multimap<std::uint64_t, std::size_t> places_;
};

}  // namespace tenon
