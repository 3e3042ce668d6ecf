#include "compiler/frontends/onnx/tensor.h"

#include <array>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "compiler/support/error.h"

namespace tenon::onnx {
namespace {

namespace fs = std::filesystem;

constexpr std::array<DataType, 17> kTypes = {kVoidType,
                                             kFloat32,
                                             kUInt8,
                                             kInt8,
                                             DataType{TypeCode::kUInt, 16},
                                             DataType{TypeCode::kInt, 16},
                                             kInt32,
                                             kInt64,
                                             kVoidType /* string */,
                                             kBoolType,
                                             kFloat16,
                                             kFloat64,
                                             kUInt32,
                                             kUInt64,
                                             kVoidType /* complex64 */,
                                             kVoidType /* complex128 */,
                                             kBFloat16};

constexpr int kExternalLocation = 1;

// Types that ONNX has and this importer has not, for messages.
std::string name_of(int data_type) {
  switch (data_type) {
    case 8:
      return " (string)";
    case 14:
      return " (complex64)";
    case 15:
      return " (complex128)";
    case 17:
      return " (float8e4m3fn)";
    case 18:
      return " (float8e4m3fnuz)";
    case 19:
      return " (float8e5m2)";
    case 20:
      return " (float8e5m2fnuz)";
    case 21:
      return " (uint4)";
    case 22:
      return " (int4)";
    case 23:
      return " (float4e2m1)";
    case 24:
      return " (float8e8m0)";
    case 25:
      return " (uint2)";
    case 26:
      return " (int2)";
    default:
      return "";
  }
}

std::string title(const onnx_file::Tensor& tensor) { return "tensor \"" + tensor.name() + "\""; }

struct External {
  std::string location;
  std::uint64_t offset = 0;
  std::optional<std::uint64_t> length;
};

std::uint64_t number(const onnx_file::Tensor& tensor, const onnx_file::StringStringEntry& entry) {
  std::uint64_t value = 0;
  const std::string& text = entry.value();
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw UserError(title(tensor) + ": external data has " + entry.key() + " \"" + text +
                    "\"; a number is needed");
  }
  return value;
}

External read_external(const onnx_file::Tensor& tensor) {
  External external;
  for (const auto& entry : tensor.external_data()) {
    if (entry.key() == "location") external.location = entry.value();
    if (entry.key() == "offset") external.offset = number(tensor, entry);
    if (entry.key() == "length") external.length = number(tensor, entry);
  }
  if (external.location.empty() || external.location.find('\0') != std::string::npos) {
    throw UserError(title(tensor) + ": external data has no location, or one with a zero byte");
  }
  return external;
}

// The file inside the model's folder; links that lead outside are refused too.
fs::path confined_path(const onnx_file::Tensor& tensor, const std::string& location,
                       const std::string& folder) {
  std::error_code error;
  const fs::path root = fs::weakly_canonical(folder.empty() ? "." : folder, error);
  const fs::path full = fs::weakly_canonical(root / location, error);
  const fs::path inside = full.lexically_relative(root);
  if (fs::path(location).is_absolute() || inside.empty() || *inside.begin() == "..") {
    throw UserError(title(tensor) + ": external data \"" + location +
                    "\" is outside the model's folder; it must be inside");
  }
  return full;
}

// Where the bytes are; the file is regular and holds them all.
struct Extent {
  fs::path path;
  std::uint64_t offset;
};

Extent locate(const onnx_file::Tensor& tensor, const std::string& folder, std::size_t size) {
  const External external = read_external(tensor);
  if (external.length && *external.length != size) {
    throw UserError(title(tensor) + ": external data has " + std::to_string(*external.length) +
                    " bytes, its shape needs " + std::to_string(size));
  }
  const fs::path path = confined_path(tensor, external.location, folder);
  const std::string file = title(tensor) + ": external data file \"" + external.location + "\"";
  std::error_code error;
  if (!fs::is_regular_file(path, error)) throw UserError(file + " is missing, or no regular file");
  const std::uint64_t has = fs::file_size(path, error);
  if (error) throw UserError(file + " cannot be read: " + error.message());
  if (external.offset > has || size > has - external.offset) {
    throw UserError(file + " has " + std::to_string(has) + " bytes; offset " +
                    std::to_string(external.offset) + " and " + std::to_string(size) +
                    " bytes need more");
  }
  return {path, external.offset};
}

void read_extent(const onnx_file::Tensor& tensor, const Extent& extent, std::byte* to,
                 std::size_t size) {
  std::ifstream file(extent.path, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(extent.offset));
  file.read(reinterpret_cast<char*>(to), static_cast<std::streamsize>(size));
  if (!file || file.gcount() != static_cast<std::streamsize>(size)) {
    throw IoError(title(tensor) + ": external data file \"" + extent.path.string() +
                  "\" cannot be read");
  }
}

template <class To, class List>
void fill_typed(const onnx_file::Tensor& tensor, const List& list, std::byte* to,
                std::size_t count) {
  CHECK(static_cast<std::size_t>(list.size()) == count) << title(tensor) << " was not checked";
  for (std::size_t i = 0; i < count; ++i) {
    const To value = static_cast<To>(list[static_cast<int>(i)]);
    std::memcpy(to + i * sizeof(To), &value, sizeof value);
  }
}

void fill_fields(const onnx_file::Tensor& t, DataType type, std::byte* to, std::size_t count) {
  if (type == kFloat32) return fill_typed<float>(t, t.float_data(), to, count);
  if (type == kFloat64) return fill_typed<double>(t, t.double_data(), to, count);
  if (type == kInt64) return fill_typed<std::int64_t>(t, t.int64_data(), to, count);
  if (type == kUInt64) return fill_typed<std::uint64_t>(t, t.uint64_data(), to, count);
  if (type == kUInt32) return fill_typed<std::uint32_t>(t, t.uint64_data(), to, count);
  if (type == kInt32) return fill_typed<std::int32_t>(t, t.int32_data(), to, count);
  if (type.bits == 16) return fill_typed<std::uint16_t>(t, t.int32_data(), to, count);
  fill_typed<std::uint8_t>(t, t.int32_data(), to, count);
}

// How many values the typed field of that element type has.
int num_typed_values(const onnx_file::Tensor& t, DataType type) {
  if (type == kFloat32) return t.float_data_size();
  if (type == kFloat64) return t.double_data_size();
  if (type == kInt64) return t.int64_data_size();
  if (type == kUInt64 || type == kUInt32) return t.uint64_data_size();
  return t.int32_data_size();
}

// A shape alone must not make us allocate more than the file can hold.
void check_size(const onnx_file::Tensor& tensor, DataType type, std::size_t count) {
  const std::size_t size = count * static_cast<std::size_t>(type.size_bytes());
  if (tensor.has_raw_data()) {
    if (tensor.raw_data().size() == size) return;
    throw UserError(title(tensor) + ": has " + std::to_string(tensor.raw_data().size()) +
                    " bytes, its shape needs " + std::to_string(size));
  }
  const int has = num_typed_values(tensor, type);
  if (static_cast<std::size_t>(has) == count) return;
  throw UserError(title(tensor) + ": has " + std::to_string(has) + " values, its shape needs " +
                  std::to_string(count));
}

}  // namespace

DataType element_type(int data_type, const std::string& where) {
  if (data_type > 0 && data_type < static_cast<int>(kTypes.size())) {
    const DataType type = kTypes[static_cast<std::size_t>(data_type)];
    if (!type.is_void()) return type;
  }
  throw UserError(where + ": ONNX element type number " + std::to_string(data_type) +
                  name_of(data_type) + " is not supported");
}

relax::TensorRef read_tensor(const onnx_file::Tensor& tensor, const std::string& folder) {
  const DataType type = element_type(tensor.data_type(), title(tensor));
  std::vector<std::int64_t> shape(tensor.dims().begin(), tensor.dims().end());
  constexpr std::int64_t kMaxElements = std::int64_t{1} << 40;
  std::int64_t count = 1;
  for (const std::int64_t dim : shape) {
    if (dim < 0 || (dim > 0 && count > kMaxElements / dim)) {
      throw UserError(title(tensor) + ": dimension " + std::to_string(dim) + " is out of range");
    }
    count *= dim;
  }
  if (tensor.has_segment()) throw UserError(title(tensor) + ": segments are not supported");
  const auto elements = static_cast<std::size_t>(count);
  const std::size_t size = elements * static_cast<std::size_t>(type.size_bytes());
  if (tensor.data_location() == kExternalLocation) {
    const Extent extent = locate(tensor, folder, size);
    auto [result, bytes] = relax::make_tensor(type, std::move(shape));
    read_extent(tensor, extent, bytes, size);
    return result;
  }
  check_size(tensor, type, elements);
  auto [result, bytes] = relax::make_tensor(type, std::move(shape));
  if (!tensor.has_raw_data()) {
    fill_fields(tensor, type, bytes, elements);
  } else if (size > 0) {
    std::memcpy(bytes, tensor.raw_data().data(), size);
  }
  return result;
}

}  // namespace tenon::onnx
