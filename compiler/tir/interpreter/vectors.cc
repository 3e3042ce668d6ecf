// Vector expressions of the interpreter: lists of lanes.
#include <algorithm>
#include <cstring>

#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/interpreter/compiler.h"
#include "compiler/tir/script/printer.h"
#include "compiler/tir/small_float.h"

namespace tenon::tir::interpreter {
namespace {

Scalar lane(const Lanes& lanes, std::size_t i) { return lanes.size() == 1 ? lanes[0] : lanes[i]; }

std::size_t common_lanes(const Lanes& a, const Lanes& b) { return std::max(a.size(), b.size()); }

bool contains_any(const std::string& name, std::initializer_list<std::string_view> parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [&](std::string_view part) { return name.find(part) != std::string::npos; });
}

}  // namespace

VectorFn Compiler::vector(const Expr& e) {
  const DataType type = dtype_of(e);
  const bool is_node = e.as<Ramp>() || e.as<Broadcast>() || e.as<Shuffle>();
  if (!type.is_vector() && !is_node) {
    return [value = scalar(e)](Frame& f) { return Lanes{value(f)}; };
  }
  return match(
      e,
      [&](const Var&) -> VectorFn {
        const std::size_t slot = vectors_.try_emplace(e.id(), vectors_.size()).first->second;
        return [slot](Frame& f) { return f.vectors[slot]; };
      },
      [&](const Cast& n) -> VectorFn {
        return [from = dtype_of(n.value).element(), to = n.dtype.element(),
                value = vector(n.value)](Frame& f) {
          Lanes lanes = value(f);
          for (Scalar& s : lanes) s = apply_cast(from, to, s);
          return lanes;
        };
      },
      [&](const Binary& n) { return vector_binary(n); },
      [&](const Not& n) -> VectorFn {
        return [value = vector(n.a)](Frame& f) {
          Lanes lanes = value(f);
          for (Scalar& s : lanes) s.i = s.i == 0;
          return lanes;
        };
      },
      [&](const Select& n) -> VectorFn {
        return [c = vector(n.condition), a = vector(n.true_value),
                b = vector(n.false_value)](Frame& f) {
          const Lanes condition = c(f), x = a(f), y = b(f);
          Lanes lanes(common_lanes(x, y));
          for (std::size_t i = 0; i < lanes.size(); ++i) {
            lanes[i] = lane(condition, i).i ? lane(x, i) : lane(y, i);
          }
          return lanes;
        };
      },
      [&](const Load& n) { return vector_load(n); }, [&](const Ramp& n) { return ramp_lanes(n); },
      [&](const Broadcast& n) { return broadcast_lanes(n); },
      [&](const Shuffle& n) { return shuffle_lanes(n); },
      [&](const Let& n) -> VectorFn {
        return [bind = bind_variable(n.var, n.value), body = vector(n.body)](Frame& f) {
          bind(f);
          return body(f);
        };
      },
      [&](const Call& n) { return vector_call(n); },
      [&](const auto&) -> VectorFn {
        CHECK(false) << "a constant node has lanes";
        return {};
      });
}

VectorFn Compiler::ramp_lanes(const Ramp& n) {
  return [type = dtype_of(n.base), base = scalar(n.base), stride = scalar(n.stride),
          count = scalar(n.lanes)](Frame& f) {
    Lanes lanes(static_cast<std::size_t>(count(f).i));
    const std::int64_t first = base(f).i, step = stride(f).i;
    for (std::size_t i = 0; i < lanes.size(); ++i) {
      lanes[i].i = wrap(type, first + static_cast<std::int64_t>(i) * step);
    }
    return lanes;
  };
}

VectorFn Compiler::broadcast_lanes(const Broadcast& n) {
  return [value = vector(n.value), count = scalar(n.lanes)](Frame& f) {
    const Lanes one = value(f);
    Lanes lanes;
    for (std::int64_t i = count(f).i; i > 0; --i) lanes.insert(lanes.end(), one.begin(), one.end());
    return lanes;
  };
}

VectorFn Compiler::shuffle_lanes(const Shuffle& n) {
  std::vector<VectorFn> vectors;
  std::vector<ScalarFn> indices;
  for (const Expr& v : n.vectors) vectors.push_back(vector(v));
  for (const Expr& i : n.indices) indices.push_back(scalar(i));
  return [vectors, indices](Frame& f) {
    Lanes all, lanes;
    for (const VectorFn& v : vectors) {
      const Lanes part = v(f);
      all.insert(all.end(), part.begin(), part.end());
    }
    for (const ScalarFn& i : indices) {
      const std::int64_t at = i(f).i;
      if (at < 0 || at >= static_cast<std::int64_t>(all.size())) {
        throw UserError(str_cat("lane ", at, " of a shuffle of ", all.size(), " lanes"));
      }
      lanes.push_back(all[static_cast<std::size_t>(at)]);
    }
    return lanes;
  };
}

VectorFn Compiler::vector_binary(const Binary& n) {
  if (const auto c = contraction_of(n)) {
    return [type = n.dtype.element(), a = vector(c->a), b = vector(c->b),
            addend = vector(c->addend)](Frame& f) {
      const Lanes x = a(f), y = b(f), z = addend(f);
      Lanes lanes(std::max(common_lanes(x, y), z.size()));
      for (std::size_t i = 0; i < lanes.size(); ++i) {
        lanes[i].f = fused_multiply_add(type, lane(x, i).f, lane(y, i).f, lane(z, i).f);
      }
      return lanes;
    };
  }
  return [op = n.op, type = dtype_of(n.a).element(), a = vector(n.a), b = vector(n.b)](Frame& f) {
    const Lanes x = a(f), y = b(f);
    Lanes lanes(common_lanes(x, y));
    for (std::size_t i = 0; i < lanes.size(); ++i) {
      lanes[i] = apply_binary(op, type, lane(x, i), lane(y, i));
    }
    return lanes;
  };
}

Compiler::LaneAccess Compiler::lane_access(const Buffer& buffer, const std::vector<Expr>& indices,
                                           const Expr& predicate) {
  const BufferNode& n = node(buffer);
  LaneAccess access{view_slot(buffer), n.dtype, n.name, {}, {}};
  for (const Expr& i : indices) access.indices.push_back(vector(i));
  if (predicate) access.predicate = vector(predicate);
  return access;
}

namespace {

// The places in memory of each lane; null for lanes that the predicate leaves out. A vector index
// may run past the end of its dimension as long as it stays in the buffer's memory.
std::vector<std::byte*> lane_places(Frame& f, std::size_t view, DataType dtype,
                                    const std::string& name, const std::vector<VectorFn>& indices,
                                    const VectorFn& predicate) {
  if (!f.views[view].is_bound)
    throw UserError("buffer " + name + " is used where it has no memory");
  std::vector<Lanes> at;
  std::size_t count = 1;
  for (const VectorFn& i : indices) {
    at.push_back(i(f));
    count = std::max(count, at.back().size());
  }
  const Lanes mask = predicate ? predicate(f) : Lanes{};
  const View& v = f.views[view];
  const std::int64_t bytes = element_bytes(dtype);
  std::vector<std::byte*> places;
  for (std::size_t i = 0; i < count; ++i) {
    if (!mask.empty() && !lane(mask, i).i) {
      places.push_back(nullptr);
      continue;
    }
    std::int64_t position = v.offset;
    for (std::size_t d = 0; d < at.size(); ++d) {
      const std::int64_t index = lane(at[d], i).i;
      if (at[d].size() == 1 && (index < 0 || index >= v.shape[d])) {
        throw UserError(str_cat("index ", index, " of dimension ", d, " of buffer ", name,
                                " is outside [0, ", v.shape[d], ")"));
      }
      position += index * v.strides[d];
    }
    if (position < 0 || (position + 1) * bytes > v.storage.size_bytes) {
      throw UserError(
          str_cat("lane ", i, " of an access of buffer ", name, " lies outside its memory"));
    }
    places.push_back(v.storage.data + position * bytes);
  }
  return places;
}

}  // namespace

VectorFn Compiler::vector_load(const Load& n) {
  return [access = lane_access(n.buffer, n.indices, n.predicate)](Frame& f) {
    Lanes lanes;
    const DataType element = access.dtype.element();
    for (const std::byte* at :
         lane_places(f, access.view, access.dtype, access.name, access.indices, access.predicate)) {
      for (int i = 0; i < access.dtype.lanes; ++i) {
        lanes.push_back(at ? read_element(at + i * element.size_bytes(), element) : Scalar{});
      }
    }
    return lanes;
  };
}

StmtFn Compiler::store(const Store& n) {
  const BufferNode& b = node(n.buffer);
  const bool is_vector = n.predicate || b.dtype.is_vector() || dtype_of(n.value).is_vector();
  if (!is_vector) {
    std::vector<ScalarFn> indices;
    for (const Expr& i : n.indices) indices.push_back(scalar(i));
    return [view = view_slot(n.buffer), type = b.dtype, bytes = element_bytes(b.dtype),
            name = b.name, indices, value = scalar(n.value)](Frame& f) {
      const Scalar v = value(f);
      const std::int64_t position = element_position(f, view, name, indices);
      const Storage& storage = f.views[view].storage;
      if (position < 0 || (position + 1) * bytes > storage.size_bytes) {
        throw UserError("a write to buffer " + name + " lies outside its memory");
      }
      write_element(storage.data + position * bytes, type, v);
      return Flow::kNext;
    };
  }
  return [access = lane_access(n.buffer, n.indices, n.predicate),
          value = vector(n.value)](Frame& f) {
    const Lanes lanes = value(f);
    const DataType element = access.dtype.element();
    std::size_t next = 0;
    for (std::byte* at :
         lane_places(f, access.view, access.dtype, access.name, access.indices, access.predicate)) {
      for (int i = 0; i < access.dtype.lanes; ++i, ++next) {
        if (at) write_element(at + i * element.size_bytes(), element, lane(lanes, next));
      }
    }
    return Flow::kNext;
  };
}

// The same bytes seen as another type.
VectorFn Compiler::reinterpret(const Call& n) {
  return [from = dtype_of(n.args[0]).element(), to = n.dtype.element(),
          value = vector(n.args[0])](Frame& f) {
    const Lanes lanes = value(f);
    const auto from_bytes = static_cast<std::size_t>(from.size_bytes());
    const auto to_bytes = static_cast<std::size_t>(to.size_bytes());
    std::vector<std::byte> bytes(lanes.size() * from_bytes);
    for (std::size_t i = 0; i < lanes.size(); ++i)
      write_element(&bytes[i * from_bytes], from, lanes[i]);
    if (bytes.size() % to_bytes != 0) throw UserError("T.reinterpret needs types of the same size");
    Lanes result(bytes.size() / to_bytes);
    for (std::size_t i = 0; i < result.size(); ++i)
      result[i] = read_element(&bytes[i * to_bytes], to);
    return result;
  };
}

// The 4-way integer dot products of x86 (vpdpbusd) and AArch64 (sdot, udot): lane i of the
// accumulator plus the products of bytes 4i .. 4i + 3, wrapped.
VectorFn Compiler::dot_product(const Call& n, std::size_t acc, std::size_t a, std::size_t b) {
  const std::string name = n.args[0].get<StringImm>().value;
  const bool is_x86 = contains_any(name, {"vpdpbusd"});
  const bool first_unsigned = is_x86 || contains_any(name, {"udot", "usdot"});
  const bool second_unsigned = contains_any(name, {"udot"});
  const auto as_bytes = [&](const Expr& e, bool is_unsigned) {
    Call bytes{Intrinsic::kReinterpret, is_unsigned ? kUInt8 : kInt8, {e}, {}};
    return reinterpret(bytes);
  };
  return
      [type = n.dtype.element(), sum = vector(n.args[acc]), x = as_bytes(n.args[a], first_unsigned),
       y = as_bytes(n.args[b], second_unsigned)](Frame& f) {
        Lanes lanes = sum(f);
        const Lanes left = x(f), right = y(f);
        for (std::size_t i = 0; i < lanes.size(); ++i) {
          for (std::size_t k = 4 * i; k < 4 * i + 4; ++k)
            lanes[i].i += left.at(k).i * right.at(k).i;
          lanes[i].i = wrap(type, lanes[i].i);
        }
        return lanes;
      };
}

namespace {

// The places of elements that a masked access names by flat index; null where the mask is off.
std::vector<std::byte*> masked_places(Frame& f, std::size_t storage, std::int64_t bytes,
                                      const Lanes& indices, const Lanes& mask) {
  const Storage& s = f.storages[storage];
  std::vector<std::byte*> places;
  for (std::size_t i = 0; i < indices.size(); ++i) {
    const std::int64_t at = indices[i].i * bytes;
    const bool is_on = lane(mask, i).i != 0;
    if (is_on && (at < 0 || at + bytes > s.size_bytes)) {
      throw UserError(str_cat("lane ", i, " of a masked access lies outside its memory"));
    }
    places.push_back(is_on ? s.data + at : nullptr);
  }
  return places;
}

}  // namespace

// T.masked_load(type, buffer, indices, mask): lanes that are off are 0.
VectorFn Compiler::masked_load(const Call& n) {
  return [storage = storage_slot(n.args.at(0)), type = n.dtype.element(),
          indices = vector(n.args.at(1)), mask = vector(n.args.at(2))](Frame& f) {
    Lanes lanes;
    for (const std::byte* at : masked_places(f, storage, type.size_bytes(), indices(f), mask(f))) {
      lanes.push_back(at ? read_element(at, type) : Scalar{});
    }
    return lanes;
  };
}

// T.masked_store(buffer, value, indices, mask)
StmtFn Compiler::masked_store(const Call& n) {
  return [storage = storage_slot(n.args.at(0)), type = dtype_of(n.args.at(1)).element(),
          value = vector(n.args.at(1)), indices = vector(n.args.at(2)),
          mask = vector(n.args.at(3))](Frame& f) {
    const Lanes lanes = value(f);
    std::size_t i = 0;
    for (std::byte* at : masked_places(f, storage, type.size_bytes(), indices(f), mask(f))) {
      if (at) write_element(at, type, lane(lanes, i));
      ++i;
    }
    return Flow::kNext;
  };
}

VectorFn Compiler::vector_call(const Call& n) {
  switch (n.op) {
    case Intrinsic::kReinterpret:
      return reinterpret(n);
    case Intrinsic::kMaskedLoad:
      return masked_load(n);
    case Intrinsic::kIfThenElse:
      return [c = scalar(n.args[0]), a = vector(n.args[1]), b = vector(n.args[2])](Frame& f) {
        return c(f).i ? a(f) : b(f);
      };
    case Intrinsic::kFma: {
      const Binary product{BinaryOp::kMul, n.args[0], n.args[1], n.dtype};
      return vector_binary({BinaryOp::kAdd, n.args[2], product, n.dtype});
    }
    case Intrinsic::kVectorLow:
    case Intrinsic::kVectorHigh:
      return [high = n.op == Intrinsic::kVectorHigh, value = vector(n.args[0])](Frame& f) {
        const Lanes lanes = value(f);
        const auto middle = lanes.begin() + static_cast<std::ptrdiff_t>(lanes.size() / 2);
        return high ? Lanes(middle, lanes.end()) : Lanes(lanes.begin(), middle);
      };
    case Intrinsic::kVectorCombine:
      return [a = vector(n.args[0]), b = vector(n.args[1])](Frame& f) {
        Lanes lanes = a(f);
        const Lanes upper = b(f);
        lanes.insert(lanes.end(), upper.begin(), upper.end());
        return lanes;
      };
    case Intrinsic::kGetActiveLaneMask:
      return
          [count = n.dtype.lanes, base = scalar(n.args[0]), limit = scalar(n.args[1])](Frame& f) {
            Lanes lanes(count);
            for (std::size_t i = 0; i < lanes.size(); ++i) {
              lanes[i].i = base(f).i + static_cast<std::int64_t>(i) < limit(f).i;
            }
            return lanes;
          };
    case Intrinsic::kCallLlvmPureIntrin:
      return llvm_call(n);
    default:
      return elementwise_call(n);
  }
}

// The sums of neighbouring products of x86: pmaddubs (bytes, the first unsigned; saturates) and
// pmaddw (16-bit words).
VectorFn Compiler::pair_sums(const Call& n) {
  return [to = n.dtype.element(), a = vector(n.args[1]), b = vector(n.args[2]),
          is_words = dtype_of(n.args[1]).bits == 16](Frame& f) {
    const Lanes x = a(f), y = b(f);
    Lanes lanes(x.size() / 2);
    for (std::size_t i = 0; i < lanes.size(); ++i) {
      std::int64_t sum = 0;
      for (std::size_t k = 2 * i; k < 2 * i + 2; ++k) {
        sum += (is_words ? x[k].i : wrap(kUInt8, x[k].i)) * y.at(k).i;
      }
      const std::int64_t low = -(std::int64_t{1} << 15), high = -low - 1;
      lanes[i].i = is_words ? wrap(to, sum) : std::clamp(sum, low, high);
    }
    return lanes;
  };
}

// The few LLVM intrinsics that tensor intrinsics are written with.
VectorFn Compiler::llvm_call(const Call& n) {
  const std::string name = n.args.at(0).get<StringImm>().value;
  const bool is_dot = contains_any(name, {"vpdpbusd", "neon.sdot", "neon.udot", "neon.usdot"});
  if (is_dot && n.args.size() == 4) return dot_product(n, 1, 2, 3);
  if (contains_any(name, {"pmaddubs.w", "pmaddw.d"}) && n.args.size() == 3) return pair_sums(n);
  if (name == "llvm.fma" && n.args.size() == 4) {
    return vector_call({Intrinsic::kFma, n.dtype, {n.args[1], n.args[2], n.args[3]}, {}});
  }
  if (name == "llvm.sqrt") return vector_call({Intrinsic::kSqrt, n.dtype, {n.args.back()}, {}});
  throw UserError("the interpreter cannot run " + print(Expr(n)));
}

VectorFn Compiler::elementwise_call(const Call& n) {
  const bool is_plain = is_elementwise(n.op) && (n.args.size() == 1 || n.args.size() == 2);
  if (!is_plain) throw UserError("the interpreter cannot run " + print(Expr(n)));
  return [op = n.op, type = dtype_of(n.args[0]).element(), a = vector(n.args[0]),
          b = n.args.size() == 2 ? vector(n.args[1]) : VectorFn{}](Frame& f) {
    const Lanes x = a(f), y = b ? b(f) : Lanes{Scalar{}};
    Lanes lanes(common_lanes(x, y));
    for (std::size_t i = 0; i < lanes.size(); ++i) {
      const auto value = apply_intrinsic(op, type, lane(x, i), lane(y, i));
      if (!value) {
        throw UserError(
            str_cat("T.", intrinsic_info(op).name, " is not defined on ", to_string(type)));
      }
      lanes[i] = *value;
    }
    return lanes;
  };
}

}  // namespace tenon::tir::interpreter
