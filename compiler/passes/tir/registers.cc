#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "compiler/passes/tir/linear.h"
#include "compiler/passes/tir/passes.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/script/printer.h"
#include "compiler/tir/visit.h"

namespace tenon {

using namespace tir;

namespace {

bool is_register_buffer(const Buffer& buffer) { return node(buffer).scope == "local"; }

// The first element of an access and its lanes.
struct Place {
  std::int64_t first;
  int lanes;
};

std::optional<Place> constant_place(const Expr& index) {
  if (const auto* n = index.as<Ramp>()) {
    const auto base = as_int(n->base), lanes = as_int(n->lanes);
    if (!base || !lanes || !is_int(n->stride, 1)) return {};
    return Place{*base, static_cast<int>(*lanes)};
  }
  const auto value = as_int(index);
  if (!value) return {};
  return Place{*value, 1};
}

// How one tile is accessed.
struct Tile {
  Buffer buffer;
  std::set<int> lanes;
  bool is_aligned = true;  // every first element is a multiple of the lanes
};

class TileCollector {
 public:
  std::map<Buffer, Tile, IdLess> tiles;

  explicit TileCollector(const Stmt& body) {
    walk(body, {.expr =
                    [this](const Expr& e) {
                      if (const auto* n = e.as<Load>()) use(n->buffer, n->indices[0]);
                      return true;
                    },
                .stmt =
                    [this](const Stmt& s) {
                      if (const auto* n = s.as<AllocBuffer>(); n && is_register_buffer(n->buffer)) {
                        tiles[n->buffer].buffer = n->buffer;
                      }
                      if (const auto* n = s.as<Store>()) use(n->buffer, n->indices[0]);
                      return true;
                    }});
  }

 private:
  void use(const Buffer& buffer, const Expr& index) {
    if (!is_register_buffer(buffer)) return;
    const auto place = constant_place(index);
    if (!place) {
      std::string names;
      for (const Expr& v : vars_of(index)) names += (names.empty() ? "" : ", ") + var(v).name;
      throw UserError(str_cat(node(buffer).name, " is local, but index ", print(index),
                              " is not constant: unroll loop ", names));
    }
    Tile& tile = tiles[buffer];
    tile.buffer = buffer;
    tile.lanes.insert(place->lanes);
    tile.is_aligned = tile.is_aligned && place->first % place->lanes == 0;
  }
};

// Elements become vectors when every access has the same lanes.
std::optional<Buffer> with_vector_elements(const Tile& tile) {
  if (tile.lanes.size() != 1 || *tile.lanes.begin() == 1 || !tile.is_aligned) return {};
  const int lanes = *tile.lanes.begin();
  BufferNode n = node(tile.buffer);
  const auto size = as_int(n.shape[0]);
  if (!size || n.dtype.is_vector()) return {};
  n.dtype = n.dtype.with_lanes(lanes);
  n.shape = {i64((*size + lanes - 1) / lanes)};
  return Buffer(n);
}

class Retyper {
 public:
  explicit Retyper(const std::map<Buffer, Tile, IdLess>& tiles) {
    for (const auto& [buffer, tile] : tiles) {
      if (auto vectors = with_vector_elements(tile)) {
        renamed_[buffer] = *vectors;
        lanes_[*vectors] = *tile.lanes.begin();
      }
    }
  }

  Stmt run(const Stmt& body) const {
    if (renamed_.empty()) return body;
    return rewrite(body, {.expr = [this](const Expr& e) { return load(e); },
                          .stmt = [this](const Stmt& s) { return store(s); },
                          .buffer =
                              [this](const Buffer& b) {
                                const auto it = renamed_.find(b);
                                return it == renamed_.end() ? b : it->second;
                              }});
  }

 private:
  Expr load(const Expr& e) const {
    const auto* n = e.as<Load>();
    const auto it = n ? lanes_.find(n->buffer) : lanes_.end();
    if (it == lanes_.end()) return e;
    const Expr whole = Load{n->buffer, {element(n->indices[0], it->second)}, {}};
    return n->predicate ? select(n->predicate, whole, constant(dtype_of(whole), 0)) : whole;
  }

  Stmt store(const Stmt& s) const {
    const auto* n = s.as<Store>();
    const auto it = n ? lanes_.find(n->buffer) : lanes_.end();
    if (it == lanes_.end()) return s;
    const Expr at = element(n->indices[0], it->second);
    Expr value = n->value;
    if (n->predicate) value = select(n->predicate, value, Load{n->buffer, {at}, {}});
    return Store{n->buffer, {at}, value, {}};
  }

  static Expr element(const Expr& index, int lanes) {
    return i64(constant_place(index)->first / lanes);
  }

  BufferMap renamed_;
  std::map<Buffer, int, IdLess> lanes_;
};

}  // namespace

PrimFunc registers(const PrimFunc& func) {
  const TileCollector collector(func.body);
  return with_body(func, Retyper(collector.tiles).run(func.body));
}

}  // namespace tenon
