// The run-time state of the interpreter and the closures that a function is compiled to.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compiler/tir/interpret.h"

namespace tenon::tir::interpreter {

using Lanes = std::vector<Scalar>;

// Memory that views look at: the caller's tensor or an allocation of its own.
struct Storage {
  std::byte* data = nullptr;
  std::int64_t size_bytes = 0;
  std::shared_ptr<std::vector<std::byte>> owned = nullptr;
};

// A buffer as it is now: where its first element is, and its shape and strides in elements.
struct View {
  Storage storage;
  std::int64_t offset = 0;
  std::vector<std::int64_t> shape, strides;
  bool is_bound = false;
};

struct Frame {
  std::vector<Scalar> scalars;
  std::vector<Lanes> vectors;
  std::vector<Storage> storages;
  std::vector<View> views;
  std::optional<Scalar> result;
};

enum class Flow : unsigned char { kNext, kBreak, kContinue, kReturn };

using ScalarFn = std::function<Scalar(Frame&)>;
using VectorFn = std::function<Lanes(Frame&)>;
using StmtFn = std::function<Flow(Frame&)>;
using ActionFn = std::function<void(Frame&)>;

Scalar read_element(const std::byte* at, DataType element);
void write_element(std::byte* at, DataType element, Scalar value);
// Bytes of one element of a buffer, all its lanes.
std::int64_t element_bytes(DataType dtype);
// Row-major strides of a shape.
std::vector<std::int64_t> compact_strides(const std::vector<std::int64_t>& shape);

}  // namespace tenon::tir::interpreter
