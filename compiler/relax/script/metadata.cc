#include "compiler/relax/script/metadata.h"

#include <cstring>
#include <nlohmann/json.hpp>

#include "compiler/support/error.h"
#include "compiler/support/text.h"

namespace tenon::relax {
namespace {

using json = nlohmann::ordered_json;

// The head of a tensor's bytes: magic, 0, device (type, id), rank, dtype, shape, size, data.
constexpr std::uint64_t kMagic = 0xDD5E40F096B4A13F;
constexpr std::int32_t kCpu = 1;
constexpr std::int32_t kMaxRank = 64;
constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

[[noreturn]] void fail(const std::string& text) { throw UserError("the metadata section " + text); }

std::string decode_base64(std::string_view text) {
  std::string bytes;
  std::uint32_t bits = 0;
  int num_bits = 0;
  for (const char c : text) {
    if (c == '=' || c == '\n') continue;
    const std::size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos) fail(str_cat("has a tensor that is no base64: '", c, "'"));
    bits = (bits << 6) | static_cast<std::uint32_t>(digit);
    num_bits += 6;
    if (num_bits < 8) continue;
    num_bits -= 8;
    bytes += static_cast<char>((bits >> num_bits) & 0xFF);
  }
  return bytes;
}

std::string encode_base64(std::string_view bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      bits = (bits << 8) | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      text += k <= count ? kDigits[(bits >> (18 - 6 * k)) & 63] : '=';
    }
  }
  return text;
}

// DLPack's codes.
struct Code {
  TypeCode code;
  std::uint8_t number;
};
constexpr Code kCodes[] = {{TypeCode::kInt, 0},
                           {TypeCode::kUInt, 1},
                           {TypeCode::kFloat, 2},
                           {TypeCode::kBFloat, 4},
                           {TypeCode::kBool, 6},
                           {TypeCode::kFloat8E3M4, 7},
                           {TypeCode::kFloat8E4M3, 8},
                           {TypeCode::kFloat8E4M3B11FNUZ, 9},
                           {TypeCode::kFloat8E4M3FN, 10},
                           {TypeCode::kFloat8E4M3FNUZ, 11},
                           {TypeCode::kFloat8E5M2, 12},
                           {TypeCode::kFloat8E5M2FNUZ, 13},
                           {TypeCode::kFloat8E8M0FNU, 14},
                           {TypeCode::kFloat6E2M3FN, 15},
                           {TypeCode::kFloat6E3M2FN, 16},
                           {TypeCode::kFloat4E2M1FN, 17}};

// Reads plain values off the front of bytes.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  template <class T>
  T take() {
    T value;
    if (bytes_.size() < sizeof value) fail("has a tensor that ends early");
    std::memcpy(&value, bytes_.data(), sizeof value);
    bytes_.remove_prefix(sizeof value);
    return value;
  }
  std::string_view rest() const { return bytes_; }

 private:
  std::string_view bytes_;
};

DataType take_dtype(Reader& in) {
  const auto number = in.take<std::uint8_t>();
  const auto bits = in.take<std::uint8_t>();
  const auto lanes = in.take<std::uint16_t>();
  for (const Code& c : kCodes) {
    if (c.number == number && bits > 0 && lanes == 1) return {c.code, bits, 1, false};
  }
  fail(str_cat("has a tensor of unknown element type (code ", int{number}, ", ", int{bits},
               " bits, ", lanes, " lanes)"));
}

TensorRef read_tensor(std::string_view text) {
  const std::string bytes = decode_base64(text);
  Reader in(bytes);
  if (in.take<std::uint64_t>() != kMagic) fail("has a tensor that does not start as one");
  in.take<std::uint64_t>();
  in.take<std::int32_t>();  // the device it was on
  in.take<std::int32_t>();
  const auto rank = in.take<std::int32_t>();
  if (rank < 0 || rank > kMaxRank) fail(str_cat("has a tensor of rank ", rank));
  const DataType dtype = take_dtype(in);
  std::vector<std::int64_t> shape;
  std::int64_t limit = static_cast<std::int64_t>(bytes.size());
  for (std::int32_t i = 0; i < rank; ++i) {
    const auto dim = in.take<std::int64_t>();
    if (dim < 0 || dim > limit) fail(str_cat("has a tensor with extent ", dim));
    if (dim > 0) limit /= dim;
    shape.push_back(dim);
  }
  const auto size = in.take<std::int64_t>();
  auto [tensor, data] = make_tensor(dtype, std::move(shape));
  if (size != static_cast<std::int64_t>(tensor->size_bytes) ||
      in.rest().size() < tensor->size_bytes) {
    fail(str_cat("has a tensor of ", size, " bytes; its type needs ", tensor->size_bytes));
  }
  std::memcpy(data, in.rest().data(), tensor->size_bytes);
  return tensor;
}

std::string tensor_bytes(const TensorData& data) {
  std::string out;
  const auto put = [&](auto value) {
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
  };
  put(kMagic);
  put(std::uint64_t{0});
  put(kCpu);
  put(std::int32_t{0});
  put(static_cast<std::int32_t>(data.shape.size()));
  std::uint8_t number = 0;
  for (const Code& c : kCodes) {
    if (c.code == data.dtype.code) number = c.number;
  }
  put(number);
  put(data.dtype.bits);
  put(data.dtype.lanes);
  for (const std::int64_t dim : data.shape) put(dim);
  put(static_cast<std::int64_t>(data.size_bytes));
  out.append(reinterpret_cast<const char*>(data.bytes), data.size_bytes);
  return out;
}

// The node that a reference of the graph names; null when there is none.
const json* node_at(const json& graph, const json& index) {
  const auto nodes = graph.find("nodes");
  if (nodes == graph.end() || !nodes->is_array() || !index.is_number_unsigned()) return nullptr;
  const std::size_t i = index.get<std::size_t>();
  return i < nodes->size() && (*nodes)[i].is_object() ? &(*nodes)[i] : nullptr;
}

const json& data_of(const json& graph, const json& index, std::string_view type) {
  const json* node = node_at(graph, index);
  const auto name = node ? node->find("type") : json::const_iterator{};
  if (!node || name == node->end() || *name != type || !node->contains("data")) {
    fail(str_cat("has no node of type ", type, " where one is needed"));
  }
  return (*node)["data"];
}

const json& member(const json& object, const char* name) {
  if (!object.is_object() || !object.contains(name)) fail(str_cat("lacks the field ", name));
  return object[name];
}

// Collects the nodes of the graph in order.
class Graph {
 public:
  std::size_t add(const std::string& type, json data) {
    nodes_.push_back({{"type", type}, {"data", std::move(data)}});
    return nodes_.size() - 1;
  }
  std::size_t none() {
    if (none_ == 0) {
      nodes_.push_back({{"type", "None"}});
      none_ = nodes_.size() - 1;
    }
    return none_;
  }
  std::size_t prim_type(DataType dtype) {
    const std::size_t span = none();
    return add("ir.PrimType", {{"span", span}, {"dtype", to_string(dtype)}});
  }
  std::size_t constant(const TensorData& data) {
    const std::size_t span = none();
    const std::size_t index_type = prim_type(kInt64);
    json dims = json::array();
    for (const std::int64_t dim : data.shape) {
      const std::size_t number = add("int", dim);
      dims.push_back(add("ir.IntImm", {{"span", span}, {"ty", index_type}, {"value", number}}));
    }
    const std::size_t rank = data.shape.size();
    const std::size_t values = add("ffi.Array", std::move(dims));
    const std::size_t shape_type =
        add("relax.ShapeType", {{"span", span}, {"values", values}, {"ndim", rank}});
    const std::size_t shape =
        add("relax.expr.ShapeExpr", {{"span", span}, {"ty", shape_type}, {"values", values}});
    const std::size_t dtype = prim_type(data.dtype);
    const std::size_t type = add(
        "relax.TensorType",
        {{"span", span}, {"shape", shape}, {"dtype", dtype}, {"vdevice", span}, {"ndim", rank}});
    const std::size_t tensor = add("ffi.Tensor", encode_base64(tensor_bytes(data)));
    return add("ir.GenericConst", {{"span", span}, {"ty", type}, {"value", tensor}});
  }
  json finish(std::size_t root) { return {{"root_index", root}, {"nodes", std::move(nodes_)}}; }

 private:
  json nodes_ = json::array();
  std::size_t none_ = 0;
};

}  // namespace

std::vector<TensorRef> read_metadata(const std::string& text) {
  const json graph = json::parse(text, nullptr, false);
  if (graph.is_discarded() || !graph.is_object()) fail("is no JSON object");
  const json& root = data_of(graph, member(graph, "root_index"), "ffi.Map");
  std::vector<TensorRef> constants;
  for (std::size_t i = 0; root.is_array() && i + 1 < root.size(); i += 2) {
    if (data_of(graph, root[i], "ffi.String") != kConstantKind) continue;
    for (const json& item : data_of(graph, root[i + 1], "ffi.Array")) {
      const json& value = member(data_of(graph, item, kConstantKind), "value");
      const json& tensor = data_of(graph, value, "ffi.Tensor");
      if (!tensor.is_string()) fail("has a tensor that is no text");
      constants.push_back(read_tensor(tensor.get_ref<const std::string&>()));
    }
  }
  return constants;
}

std::string write_metadata(const std::vector<TensorRef>& constants) {
  Graph graph;
  const std::size_t name = graph.add("ffi.String", std::string(kConstantKind));
  json list = json::array();
  for (const TensorRef& tensor : constants) list.push_back(graph.constant(*tensor));
  const std::size_t array = graph.add("ffi.Array", std::move(list));
  const std::size_t root = graph.add("ffi.Map", json::array({name, array}));
  return "metadata = tvm.ir.load_json(\"\"\"" +
         replace_all(graph.finish(root).dump(2), "\"", "\\\"") + "\"\"\")\n";
}

}  // namespace tenon::relax
