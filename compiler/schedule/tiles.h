// Small number theory for sampling tile factors.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "compiler/schedule/schedule.h"

namespace tenon {

std::vector<std::int64_t> divisors(std::int64_t n);       // ascending; needs n >= 1
std::vector<std::int64_t> prime_factors(std::int64_t n);  // ascending, repeated; needs n >= 1
std::optional<std::int64_t> constant_extent(const Schedule& schedule, const LoopRef& loop);

}  // namespace tenon
