#include "compiler/schedule/auto_copy.h"

#include <algorithm>

#include "compiler/schedule/analysis/block_info.h"
#include "compiler/schedule/analysis/touched.h"
#include "compiler/schedule/cache_stage.h"
#include "compiler/schedule/rewrite.h"
#include "compiler/schedule/scopes.h"
#include "compiler/support/text.h"

namespace tenon {

using namespace tir;

namespace {

bool has_buffer(const std::vector<BufferRegion>& regions, const Buffer& buffer) {
  return std::any_of(regions.begin(), regions.end(),
                     [&](const BufferRegion& r) { return r.buffer.same_as(buffer); });
}

// Which of the loop's statements touch the buffer, and what they touch in one iteration.
struct Touched {
  std::vector<std::size_t> reading, writing;
  std::vector<IntSet> region;  // empty: nothing
};

void widen(std::vector<IntSet>& region, const std::vector<IntSet>& other, Analyzer& analyzer) {
  if (region.empty()) {
    region = other;
    return;
  }
  for (std::size_t i = 0; i < region.size(); ++i) {
    region[i] = union_of({region[i], other[i]}, analyzer);
  }
}

Touched touched_below(const Site& loop, const std::vector<Stmt>& stmts, const Buffer& source,
                      const Buffer& copy, BufferUse use, Analyzer& analyzer) {
  Touched touched;
  for (std::size_t i = 0; i < stmts.size(); ++i) {
    bool reads = false, writes = false;
    for (const Stmt& stmt : is_block(stmts[i]) ? std::vector{stmts[i]} : child_blocks(stmts[i])) {
      Site site = child_site(loop, stmt);
      reads |= has_buffer(site.block().reads, source);
      writes |= has_buffer(site.block().writes, source);
      for (const BufferRegion& r :
           use == BufferUse::kRead ? unbound_reads(site.block()) : unbound_writes(site.block())) {
        if (!r.buffer.same_as(source)) continue;
        widen(touched.region,
              relaxed_region(r.region, relaxed_loops(site, loop.path.size() - 1, copy), analyzer),
              analyzer);
      }
    }
    if (reads) touched.reading.push_back(i);
    if (writes) touched.writing.push_back(i);
  }
  return touched;
}

// The copy block: its iters are the loops around that the region depends on.
Block copy_block(const Schedule& schedule, const Site& loop, const Buffer& from, const Buffer& to,
                 Region region, const std::string& what) {
  Block block;
  block.id = new_block_id();
  block.predicate = bool_imm(true);
  VarMap known;
  for (Range& range : region) {
    std::vector<Expr> used;
    Visitor in_order;
    in_order.expr = [&](const Expr& e) {
      if (e.as<Var>() && !known.count(e)) used.push_back(e);
      return true;
    };
    walk(range.min, in_order);
    walk(range.extent, in_order);
    for (const Expr& v : used) {
      if (known.count(v)) continue;
      auto at = std::find_if(loop.path.begin(), loop.path.end(), [&](const Stmt& s) {
        const auto* f = s.as<For>();
        return f && f->var.same_as(v);
      });
      // Loops above an enclosing block, and symbols, are out of reach of a copy block's iters.
      bool is_near = at != loop.path.end() &&
                     std::none_of(at, loop.path.end(), [](const Stmt& s) { return is_block(s); });
      if (!is_near) {
        schedule_error(schedule, loop,
                       what + ": what is touched depends on " + var(v).name +
                           ", which is no loop around the copy");
      }
      const For& f = at->get<For>();
      IterVar iter;
      iter.var = make_var(str_cat("v", block.iter_vars.size()), dtype_of(v));
      iter.domain = {f.min, f.extent};
      iter.binding = v;
      block.iter_vars.push_back(iter);
      known[v] = iter.var;
    }
    range = {substitute(range.min, known), substitute(range.extent, known)};
  }
  std::vector<Expr> vars, extents, indices;
  for (std::size_t i = 0; i < region.size(); ++i) {
    vars.push_back(make_var(str_cat("ax", i), kInt32));
    extents.push_back(region[i].extent);
    indices.push_back(add(region[i].min, vars.back()));
  }
  block.reads = {{from, region}};
  block.writes = {{to, region}};
  block.annotations["auto_copy"] = {true};
  block.body = serial_loops(vars, extents, store(to, indices, load(from, indices)));
  return block;
}

std::vector<Stmt> statements_of(const Stmt& body) {
  if (const auto* sequence = body.as<Seq>()) return sequence->body;
  return {body};
}

// Where the copy goes, and which statements use it from then on: [first, last).
struct Place {
  std::size_t at, first, last;
};

Place find_place(const Schedule& schedule, const Site& loop, const Touched& touched,
                 std::size_t num_stmts, const Buffer& buffer, BufferUse use,
                 const std::string& what) {
  const std::string name = node(buffer).name;
  bool is_read = use == BufferUse::kRead;
  if ((is_read ? touched.reading : touched.writing).empty()) {
    schedule_error(
        schedule, loop,
        what + ": no block below the loop " + (is_read ? "reads" : "writes") + " buffer " + name);
  }
  if (is_read) {
    std::size_t first = touched.reading.front();
    if (!touched.writing.empty() && touched.writing.back() >= first) {
      schedule_error(schedule, loop,
                     what + ": buffer " + name + " is written below the loop after its first read");
    }
    return {first, first, num_stmts};
  }
  std::size_t last = touched.writing.back();
  if (!touched.reading.empty() && touched.reading.back() > last) {
    schedule_error(schedule, loop,
                   what + ": buffer " + name + " is read below the loop after its last write");
  }
  return {last + 1, 0, last + 1};
}

}  // namespace

Changed<BlockRef> copy_at(const Schedule& schedule, const CopyAtArgs& args, BufferUse use,
                          const std::string& what) {
  bool is_read = use == BufferUse::kRead;
  Site block = site_of(schedule, args.block);
  Site loop = site_of(schedule, args.loop);
  check_scope(schedule, block, args.scope, what);
  Buffer source = is_read ? read_buffer(schedule, block, args.buffer_index, what)
                          : written_buffer(schedule, block, args.buffer_index, what);
  Site scope = cut(loop, scope_index(schedule, loop, what));
  check_stage_pipeline(schedule, scope, what);
  const std::string name = node(source).name + "_" + args.scope;
  Buffer copy = renamed_buffer(source, name, args.scope);

  Analyzer analyzer;  // knows no bounds: a loop that runs once stays in the region
  std::vector<Stmt> stmts = statements_of(loop.loop().body);
  Touched touched = touched_below(loop, stmts, source, copy, use, analyzer);
  Place place = find_place(schedule, loop, touched, stmts.size(), source, use, what);
  Region region;
  for (const IntSet& set : touched.region) {
    if (!set.is_bounded()) {
      schedule_error(schedule, loop, what + ": what the blocks below the loop touch has no limits");
    }
    Expr low = analyzer.simplify(set.min);
    region.push_back({low, analyzer.simplify(set.max + int_imm(dtype_of(set.max), 1) - low)});
  }
  Block made =
      copy_block(schedule, loop, is_read ? source : copy, is_read ? copy : source, region, what);
  made.name = name;
  for (std::size_t i = place.first; i < place.last; ++i) {
    stmts[i] = redirect_buffer(stmts[i], source, copy);
  }
  stmts.insert(stmts.begin() + static_cast<std::ptrdiff_t>(place.at), Stmt(made));
  Stmt body = replace_stmts(scope.stmt(),
                            {{loop.stmt(), with_loop_body(loop.stmt(), seq(std::move(stmts)))}});
  body = edit_block(body, [&](Block& b) { b.alloc_buffers.push_back(copy); });
  return {replace(schedule, scope, body), {made.id}};
}

}  // namespace tenon
