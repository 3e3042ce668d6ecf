#include <map>
#include <optional>

#include "compiler/arith/analyzer.h"
#include "compiler/arith/int_set.h"
#include "compiler/passes/tir/linear.h"
#include "compiler/passes/tir/passes.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/visit.h"

namespace tenon {

using namespace tir;

namespace {

struct Access {
  std::vector<Expr> indices;
  std::size_t num_loops;  // loops around it, counted from the outermost of the function
};

// What is known of one allocated buffer.
struct Usage {
  Buffer buffer;
  std::size_t num_loops = 0;                 // loops around the allocation
  std::vector<std::vector<IntSet>> touched;  // one box an access
  bool is_opaque = false;                    // its pointer is used: keep it whole
  std::vector<AttrValue> dim_align;
};

// Walks with the loops around, and collects boxes relative to each buffer's allocation.
class Collector {
 public:
  explicit Collector(Analyzer& analyzer) : analyzer_(analyzer) {}

  void visit(const Stmt& s) {
    if (const auto* n = s.as<AllocBuffer>()) {
      Usage usage;
      usage.buffer = n->buffer;
      usage.num_loops = loops_.size();
      usages[n->buffer] = std::move(usage);
    }
    if (const auto* n = s.as<Block>()) note_alignment(*n);
    const auto* loop = s.as<For>();
    if (loop) {
      analyzer_.bind(loop->var, Range{loop->min, loop->extent});
      loops_.push_back(s);
    }
    const Expr outer_predicate = predicate_;
    if (const auto* n = s.as<Block>(); n && n->predicate) {
      predicate_ = binary(BinaryOp::kAnd, predicate_, n->predicate);
    }
    visit_children(s, Children{*this});
    if (const auto* n = s.as<Store>()) use(n->buffer, n->indices);
    predicate_ = outer_predicate;
    if (loop) loops_.pop_back();
  }

  std::map<Buffer, Usage, IdLess> usages;

 private:
  struct Children {
    Collector& self;
    void operator()(const Stmt& s) {
      if (s) self.visit(s);
    }
    void operator()(const Expr& e) {
      if (e) self.expression(e);
    }
    void operator()(const BufferRegion&) {}
  };

  void expression(const Expr& e) {
    walk(e, {.expr = [this](const Expr& x) {
           if (const auto* n = x.as<Load>()) use(n->buffer, n->indices);
           if (x.as<Var>()) {
             for (auto& [buffer, usage] : usages) {
               usage.is_opaque = usage.is_opaque || node(buffer).data.same_as(x);
             }
           }
           const auto* called = x.as<Call>();
           if (called && called->op == Intrinsic::kAddressOf) {
             const auto* n = called->args[0].as<Load>();
             const auto it = n ? usages.find(n->buffer) : usages.end();
             if (it != usages.end()) it->second.is_opaque = true;
           }
           return true;
         }});
  }

  // buffer_dim_align = [[index of the write, axis, factor, offset], ...]
  void note_alignment(const Block& n) {
    const auto it = n.annotations.find("buffer_dim_align");
    if (it == n.annotations.end()) return;
    const auto* rows = std::get_if<AttrValue::List>(&it->second.value);
    if (!rows) return;
    for (const AttrValue& row : *rows) {
      const auto* numbers = std::get_if<AttrValue::List>(&row.value);
      const auto* at = numbers && numbers->size() == 4
                           ? std::get_if<std::int64_t>(&(*numbers)[0].value)
                           : nullptr;
      if (!at || *at < 0 || *at >= static_cast<std::int64_t>(n.writes.size())) continue;
      const auto usage = usages.find(n.writes[static_cast<std::size_t>(*at)].buffer);
      if (usage != usages.end()) usage->second.dim_align.push_back(row);
    }
  }

  void use(const Buffer& buffer, const std::vector<Expr>& indices) {
    const auto it = usages.find(buffer);
    if (it == usages.end()) return;
    Usage& usage = it->second;
    DomainMap domains;
    for (std::size_t i = usage.num_loops; i < loops_.size(); ++i) {
      const For& loop = loops_[i].get<For>();
      domains[loop.var] = eval_domain(loop, domains);
    }
    std::vector<IntSet> box;
    for (const Expr& index : indices) {
      box.push_back(eval_int_set(analyzer_.simplify(index), domains, analyzer_));
    }
    if (usage.num_loops == 0 && !as_int(predicate_)) keep_allowed(box, indices, domains);
    usage.touched.push_back(std::move(box));
  }

  // Cuts the box of an access of the whole function to where the blocks' predicates hold.
  void keep_allowed(std::vector<IntSet>& box, const std::vector<Expr>& indices,
                    const DomainMap& domains) {
    RangeMap ranges;
    for (const Stmt& s : loops_) {
      const For& loop = s.get<For>();
      if (!as_int(loop.min) || !as_int(loop.extent)) return;
      ranges[loop.var] = Range{loop.min, loop.extent};
    }
    Region region;
    for (const Expr& index : indices) region.push_back({index, int_imm(dtype_of(index), 1)});
    const std::vector<IntSet> allowed =
        estimate_region_upper_bound(region, ranges, predicate_, analyzer_);
    for (std::size_t d = 0; d < box.size(); ++d) {
      if (!box[d].is_bounded()) continue;
      if (allowed[d].is_bounded()) box[d] = intersection_of({box[d], allowed[d]}, analyzer_);
      box[d].max = analyzer_.simplify(lowest_max(box[d].max, indices[d], predicate_, domains));
    }
  }

  // For a condition a < b, index <= index + r * (b - 1 - a) with any r >= 0: the r that cancels a
  // variable of the index may give a lower limit than `max`.
  Expr lowest_max(Expr max, const Expr& index, const Expr& condition, const DomainMap& domains) {
    const auto* n = condition.as<Binary>();
    if (!n) return max;
    if (n->op == BinaryOp::kAnd) {
      return lowest_max(lowest_max(max, index, n->a, domains), index, n->b, domains);
    }
    if (n->op != BinaryOp::kLt) return max;
    const LinearSum sum = linear_sum(analyzer_.simplify(index));
    const LinearSum left = linear_sum(analyzer_.simplify(n->a));
    for (const LinearSum::Term& term : sum.terms) {
      for (const LinearSum::Term& other : left.terms) {
        const std::int64_t ratio = term.coefficient / other.coefficient;
        const bool cancels = term.atom.same_as(other.atom) && ratio > 0 &&
                             ratio * other.coefficient == term.coefficient;
        if (!cancels) continue;
        const DataType type = dtype_of(index);
        const Expr slack = cast(type, n->b - n->a) - int_imm(type, 1);
        const Expr bound = analyzer_.simplify(index + slack * int_imm(type, ratio));
        const IntSet set = eval_int_set(bound, domains, analyzer_);
        if (set.is_bounded()) max = min(max, set.max);
      }
    }
    return max;
  }

  IntSet eval_domain(const For& loop, const DomainMap& outer) {
    const IntSet range = IntSet::from_range(Range{loop.min, loop.extent}, analyzer_);
    const IntSet low = eval_int_set(range.min, outer, analyzer_);
    const IntSet high = eval_int_set(range.max, outer, analyzer_);
    return {low.min, high.max, false};
  }

  Analyzer& analyzer_;
  std::vector<Stmt> loops_;
  Expr predicate_ = bool_imm(true);  // of the blocks around
};

// Where a buffer's region begins and the smaller buffer that holds it.
struct Compacted {
  Buffer buffer;
  std::vector<Expr> mins;
};

std::int64_t number(const AttrValue& row, std::size_t at) {
  const auto& numbers = std::get<AttrValue::List>(row.value);
  const auto* value = std::get_if<std::int64_t>(&numbers[at].value);
  if (!value) throw UserError("buffer_dim_align: [write, axis, factor, offset] are whole numbers");
  return *value;
}

// Strides for dimensions that must start at k * factor + offset elements.
std::vector<Expr> aligned_strides(const std::vector<Expr>& shape,
                                  const std::vector<AttrValue>& dim_align) {
  if (dim_align.empty()) return {};
  std::vector<Expr> strides(shape.size());
  Expr stride = i32(1);
  for (std::size_t i = shape.size(); i-- > 0;) {
    for (const AttrValue& row : dim_align) {
      const std::int64_t rank = static_cast<std::int64_t>(shape.size());
      const std::int64_t axis = number(row, 1) < 0 ? number(row, 1) + rank : number(row, 1);
      const std::int64_t factor = number(row, 2), offset = number(row, 3);
      if (axis != static_cast<std::int64_t>(i) || factor <= 0) continue;
      const Expr rest =
          floor_mod(i32(factor + offset) - floor_mod(stride, i32(factor)), i32(factor));
      stride = stride + rest;
    }
    strides[i] = stride;
    stride = stride * shape[i];
  }
  return strides;
}

class Compactor {
 public:
  explicit Compactor(Analyzer& analyzer) : analyzer_(analyzer) {}

  // Nothing when the buffer stays as it is.
  std::optional<Compacted> compact(const Usage& usage) {
    const BufferNode& n = node(usage.buffer);
    if (usage.is_opaque || usage.touched.empty()) return {};
    BufferNode result = n;
    std::vector<Expr> mins;
    for (std::size_t d = 0; d < n.shape.size(); ++d) {
      const Range range = touched_range(usage, d);
      mins.push_back(range.min);
      result.shape[d] = range.extent;
    }
    result.strides = aligned_strides(result.shape, usage.dim_align);
    for (Expr& stride : result.strides) stride = analyzer_.simplify(stride);
    result.elem_offset = {};
    return Compacted{Buffer(result), std::move(mins)};
  }

 private:
  Range touched_range(const Usage& usage, std::size_t dim) {
    const Expr full = node(usage.buffer).shape[dim];
    const Range whole{int_imm(dtype_of(full), 0), full};
    std::vector<IntSet> sets;
    for (const std::vector<IntSet>& box : usage.touched) sets.push_back(box[dim]);
    const IntSet all = union_of(sets, analyzer_);
    if (!all.is_bounded()) return whole;
    Range range{analyzer_.simplify(all.min), {}};
    range.extent = analyzer_.simplify(all.max - all.min + i32(1));
    if (as_int(range.extent)) return range;
    const ConstIntBound bound = analyzer_.const_int_bound(range.extent);
    if (bound.max != ConstIntBound::kPosInf) {
      range.extent = int_imm(dtype_of(full), bound.max);
      const auto limit = as_int(full);
      return limit && bound.max >= *limit ? whole : range;
    }
    return usage.num_loops == 0 ? whole : range;
  }

  Analyzer& analyzer_;
};

}  // namespace

PrimFunc compact_buffers(const PrimFunc& func) {
  Analyzer analyzer;
  Collector collector(analyzer);
  collector.visit(func.body);
  Compactor compactor(analyzer);
  std::map<Buffer, Compacted, IdLess> compacted;
  BufferMap renamed;
  for (const auto& [buffer, usage] : collector.usages) {
    if (auto result = compactor.compact(usage)) {
      renamed[buffer] = result->buffer;
      compacted[result->buffer] = *result;
    }
  }
  if (renamed.empty()) return func;
  const auto relative = [&](const Buffer& buffer, std::vector<Expr> indices) {
    const auto it = compacted.find(buffer);
    if (it == compacted.end()) return indices;
    for (std::size_t i = 0; i < indices.size(); ++i) {
      indices[i] = analyzer.simplify(indices[i] - it->second.mins[i]);
    }
    return indices;
  };
  const Stmt body =
      rewrite(func.body, {.expr = [&](const Expr& e) -> Expr {
                            const auto* n = e.as<Load>();
                            if (!n || !compacted.count(n->buffer)) return e;
                            return Load{n->buffer, relative(n->buffer, n->indices), n->predicate};
                          },
                          .stmt = [&](const Stmt& s) -> Stmt {
                            if (const auto* n = s.as<Store>(); n && compacted.count(n->buffer)) {
                              return Store{n->buffer, relative(n->buffer, n->indices), n->value,
                                           n->predicate};
                            }
                            const auto* block = s.as<Block>();
                            if (!block) return s;
                            Block copy = *block;
                            for (auto* regions : {&copy.reads, &copy.writes}) {
                              for (BufferRegion& region : *regions) {
                                const auto it = compacted.find(region.buffer);
                                if (it == compacted.end()) continue;
                                for (std::size_t i = 0; i < region.region.size(); ++i) {
                                  Range& range = region.region[i];
                                  range.min = analyzer.simplify(range.min - it->second.mins[i]);
                                }
                              }
                            }
                            return copy;
                          },
                          .buffer =
                              [&](const Buffer& b) {
                                const auto it = renamed.find(b);
                                return it == renamed.end() ? b : it->second;
                              }});
  return with_body(func, body);
}

}  // namespace tenon
