// Writes a trace instruction by instruction, without any IR: names are numbered as MetaSchedule
// numbers them, knobs become SampleCategorical steps with their decision.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "compiler/schedule/trace.h"

namespace tenon {

// One axis permutation or blocking of a layout map: a final index as initial / div % mod.
struct LayoutTerm {
  int initial = 0;       // which initial index
  std::int64_t div = 1;  // floor-divided by this
  std::int64_t mod = 0;  // then taken modulo this; 0: not
};

class TraceBuilder {
 public:
  using Names = std::vector<std::string>;

  // A categorical knob: candidates ascending, decision is an index. Gives the value's name.
  std::string sample(const std::vector<std::int64_t>& candidates, std::size_t decision);

  std::string get_sblock(const std::string& name);
  Names get_loops(const std::string& block, std::size_t count);
  // Factors are literals, names of values, or "None" for the one that is inferred.
  struct Split {
    bool preserve_unit_iters = true;
    bool disable_predication = false;
  };
  Names split(const std::string& loop, const Names& factors, Split how);
  Names split(const std::string& loop, const Names& factors) { return split(loop, factors, {}); }
  std::string fuse(const Names& loops);
  void reorder(const Names& loops);
  void parallel(const std::string& loop);
  void vectorize(const std::string& loop);
  void unroll(const std::string& loop);
  // A literal number, or the name of a value.
  void annotate(const std::string& target, const std::string& key, std::int64_t value);
  std::string cache_read(const std::string& block, int buffer_index, const std::string& scope);
  std::string cache_write(const std::string& block, int buffer_index, const std::string& scope);
  void set_scope(const std::string& block, int buffer_index, const std::string& scope);
  // Repacks buffer `buffer_index` that the block reads. `rank` is that of the buffer; `pads` adds
  // the pad value 0 for maps that do not divide the shape.
  struct Layout {
    int rank = 4;
    std::vector<LayoutTerm> terms;
    bool pads = false;
    std::string dtype = "int64";
  };
  void transform_layout(const std::string& block, int buffer_index, const Layout& layout);
  void compute_at(const std::string& block, const std::string& loop);
  void reverse_compute_at(const std::string& block, const std::string& loop);
  void compute_inline(const std::string& block);
  std::string decompose_reduction(const std::string& block, const std::string& loop);
  std::string rfactor(const std::string& loop, int factor_axis);

  const Trace& trace() const { return trace_; }

 private:
  std::string fresh(char prefix) { return prefix + std::to_string(counter_++); }
  void add(const std::string& kind, std::vector<tir::AttrValue> inputs,
           std::vector<tir::AttrValue> attrs, Names outputs);
  static tir::AttrValue value(const std::string& text);

  Trace trace_;
  int counter_ = 0;
};

}  // namespace tenon
