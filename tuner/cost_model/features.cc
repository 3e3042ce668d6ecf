#include "tuner/cost_model/features.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "compiler/support/error.h"
#include "compiler/support/text.h"

namespace tenon {
namespace {

constexpr float kNothing = std::numeric_limits<float>::quiet_NaN();
constexpr std::size_t kExtents = 8;  // leading iteration extents that have a column each

const std::vector<std::string> kSketches = {"conv2d_direct", "matmul_packed", "window_reduction",
                                            "each_block"};
const std::vector<std::string> kTerms = {"fma",  "tile",    "weight", "image", "far",
                                         "loop", "combine", "points", "call"};
const std::vector<std::string> kKnobs = {"rows",  "columns", "vectors",       "channels",
                                         "chunk", "unroll",  "unroll_steps", "unroll_window"};

float log2_of(double value) { return static_cast<float>(std::log2(std::max(value, 1e-12))); }

std::vector<std::string> workload_names() {
  std::vector<std::string> names = {
      "spatial",     "reduction",     "num_spatial",     "num_reduction", "num_loads",
      "num_blocks",  "is_reduction",  "has_padding",     "has_epilogue",  "is_symbolic",
      "layout_free", "load_elements", "result_elements", "intensity",     "last_is_power_of_two"};
  for (std::size_t i = 0; i < kExtents; ++i) names.push_back(str_cat("extent_", i));
  for (const char* name :
       {"lanes", "registers", "has_masks", "has_fma", "l1", "l2", "l3", "cores", "threads"}) {
    names.push_back(name);
  }
  return names;
}

std::vector<std::string> all_names() {
  std::vector<std::string> names = {"draft"};
  for (const std::string& term : kTerms) {
    names.push_back(term + "_ns");
    names.push_back(term + "_share");
  }
  names.push_back("other_share");
  for (const std::string& knob : kKnobs) {
    names.push_back(knob);
    names.push_back(knob + "_place");
    names.push_back(knob + "_of_largest");
  }
  for (const char* name : {"tile_points", "tile_registers", "register_share", "loads_per_fma"}) {
    names.push_back(name);
  }
  for (const std::string& sketch : kSketches) names.push_back("is_" + sketch);
  const auto workload = workload_names();
  names.insert(names.end(), workload.begin(), workload.end());
  return names;
}

double elements_of(const AccessFacts& access) {
  double count = 1;
  for (const tir::Expr& extent : tir::node(access.buffer).shape) {
    count *= static_cast<double>(tir::as_int(extent).value_or(1));
  }
  return count;
}

void add_terms(FeatureRow& row, const std::vector<DraftTerm>& terms) {
  double total = 0, known = 0;
  for (const DraftTerm& term : terms) total += term.seconds;
  row.push_back(log2_of(total * 1e9));
  for (const std::string& name : kTerms) {
    const auto found = std::find_if(terms.begin(), terms.end(),
                                    [&](const DraftTerm& term) { return term.name == name; });
    if (found == terms.end()) {
      row.insert(row.end(), {kNothing, kNothing});
      continue;
    }
    known += found->seconds;
    row.push_back(log2_of(found->seconds * 1e9 + 1));
    row.push_back(static_cast<float>(found->seconds / std::max(total, 1e-12)));
  }
  row.push_back(static_cast<float>((total - known) / std::max(total, 1e-12)));
}

void add_knobs(FeatureRow& row, const Sketch& sketch, const Decisions& decisions) {
  for (const std::string& name : kKnobs) {
    const auto& knobs = sketch.knobs();
    const auto found = std::find_if(knobs.begin(), knobs.end(),
                                    [&](const Knob& knob) { return knob.name == name; });
    if (found == knobs.end()) {
      row.insert(row.end(), {kNothing, kNothing, kNothing});
      continue;
    }
    const std::size_t index = decisions[static_cast<std::size_t>(found - knobs.begin())];
    const auto value = static_cast<double>(found->values[index]);
    const auto last = static_cast<float>(found->values.size() - 1);
    row.push_back(log2_of(value + 1));
    row.push_back(last == 0 ? 0 : static_cast<float>(index) / last);
    row.push_back(
        static_cast<float>(value / std::max<double>(1, static_cast<double>(found->values.back()))));
  }
}

// The value of a knob, 1 when the sketch has none of that name.
double knob_value(const Sketch& sketch, const Decisions& decisions, const std::string& name) {
  for (std::size_t k = 0; k < decisions.size(); ++k) {
    if (sketch.knobs()[k].name == name) return static_cast<double>(sketch.value(decisions, k));
  }
  return 1;
}

void add_tile(FeatureRow& row, const Sketch& sketch, const Decisions& decisions, float registers) {
  const double points =
      knob_value(sketch, decisions, "rows") * knob_value(sketch, decisions, "columns");
  const double vectors = knob_value(sketch, decisions, "vectors");
  const double used = points * vectors + vectors + 1;
  row.push_back(static_cast<float>(points));
  row.push_back(static_cast<float>(used));
  row.push_back(static_cast<float>(used) / std::max(registers, 1.0f));
  row.push_back(static_cast<float>((points + vectors) / (points * vectors)));
}

}  // namespace

const std::vector<std::string>& feature_names() {
  static const std::vector<std::string> names = all_names();
  return names;
}

FeatureRow workload_features(const WorkloadFacts& facts, const Target& target, int threads) {
  const BlockFacts& anchor = facts.blocks[facts.anchor];
  double spatial = 1, reduction = 1, loads = 0;
  bool is_symbolic = false, is_layout_free = false;
  for (std::size_t i = 0; i < anchor.extents.size(); ++i) {
    is_symbolic |= anchor.extents[i] == 0;
    (i < anchor.num_spatial ? spatial : reduction) *=
        static_cast<double>(std::max<std::int64_t>(anchor.extents[i], 1));
  }
  for (const AccessFacts& load : anchor.loads) {
    loads += elements_of(load);
    is_layout_free |= load.is_layout_free;
  }
  const double stored = elements_of(anchor.store);
  const std::int64_t last =
      anchor.extents.empty() ? 1
                             : anchor.extents[anchor.num_spatial > 0 ? anchor.num_spatial - 1 : 0];
  FeatureRow row = {log2_of(spatial),
                    log2_of(reduction),
                    static_cast<float>(anchor.num_spatial),
                    static_cast<float>(anchor.num_reduce()),
                    static_cast<float>(anchor.loads.size()),
                    static_cast<float>(facts.blocks.size()),
                    static_cast<float>(anchor.is_reduction),
                    static_cast<float>(facts.padding.has_value()),
                    static_cast<float>(facts.epilogue.has_value()),
                    static_cast<float>(is_symbolic),
                    static_cast<float>(is_layout_free),
                    log2_of(loads),
                    log2_of(stored),
                    log2_of(spatial * reduction / std::max(loads + stored, 1.0)),
                    static_cast<float>(last > 0 && (last & (last - 1)) == 0)};
  for (std::size_t i = 0; i < kExtents; ++i) {
    row.push_back(i < anchor.extents.size() ? log2_of(static_cast<double>(anchor.extents[i]) + 1)
                                            : kNothing);
  }
  for (const double value :
       {static_cast<double>(target.vector_lanes(32)),
        static_cast<double>(target.num_vector_registers()),
        static_cast<double>(target.has_mask_registers()), static_cast<double>(target.has_fma()),
        std::log2(static_cast<double>(target.caches.l1d_bytes) + 1),
        std::log2(static_cast<double>(target.caches.l2_bytes) + 1),
        std::log2(static_cast<double>(target.caches.l3_bytes) + 1),
        static_cast<double>(target.num_cores), static_cast<double>(threads)}) {
    row.push_back(static_cast<float>(value));
  }
  CHECK(row.size() == workload_names().size()) << row.size() << " columns of a workload";
  return row;
}

FeatureRow candidate_features(const Sketch& sketch, const Decisions& decisions,
                              const FeatureRow& workload) {
  FeatureRow row;
  row.reserve(feature_names().size());
  add_terms(row, sketch.draft(decisions));
  add_knobs(row, sketch, decisions);
  add_tile(row, sketch, decisions, workload[workload.size() - 8]);
  for (const std::string& name : kSketches) row.push_back(sketch.name() == name);
  row.insert(row.end(), workload.begin(), workload.end());
  CHECK(row.size() == feature_names().size()) << row.size() << " columns of a candidate";
  return row;
}

}  // namespace tenon
