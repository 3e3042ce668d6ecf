#include "compiler/runtime/npz.h"

#include <cctype>
#include <cstring>
#include <optional>

#include "compiler/support/error.h"
#include "compiler/support/files.h"
#include "compiler/support/text.h"

namespace tenon {
namespace {

constexpr std::string_view kMagic{"\x93NUMPY", 6};
constexpr size_t kMaxRank = 32;
constexpr size_t kHeaderAlignment = 64;

struct NumpyType {
  std::string_view text;  // without the byte order
  DLDataType dtype;
};

constexpr NumpyType kNumpyTypes[] = {
    {"f4", kDlFloat32}, {"f8", kDlFloat64}, {"f2", kDlFloat16}, {"i1", kDlInt8},
    {"i2", kDlInt16},   {"i4", kDlInt32},   {"i8", kDlInt64},   {"u1", kDlUint8},
    {"u2", kDlUint16},  {"u4", kDlUint32},  {"u8", kDlUint64},  {"b1", kDlBool},
};

struct NpyHeader {
  DLDataType dtype{};
  bool is_fortran = false;
  std::vector<int64_t> shape;
};

[[noreturn]] void refuse(const std::string& label, const std::string& why) {
  throw UserError("cannot read '" + label + "' as .npy: " + why);
}

// Reads the header's Python dictionary: three known keys in any order.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& label) : text_(text), label_(label) {}

  NpyHeader parse() {
    NpyHeader header;
    int num_keys = 0;
    expect('{');
    while (!accept('}')) {
      const std::string key = quoted();
      expect(':');
      if (key == "descr") {
        header.dtype = dtype();
      } else if (key == "fortran_order") {
        header.is_fortran = boolean();
      } else if (key == "shape") {
        header.shape = shape();
      } else {
        refuse(label_, "unknown header key '" + key + "'");
      }
      ++num_keys;
      accept(',');
    }
    if (num_keys != 3) refuse(label_, "the header lacks descr, fortran_order or shape");
    return header;
  }

 private:
  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }
  bool accept(char wanted) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  void expect(char wanted) {
    if (!accept(wanted)) refuse(label_, std::string("the header lacks '") + wanted + "'");
  }
  std::string quoted() {
    const char quote_mark = accept('"') ? '"' : '\'';
    if (quote_mark == '\'') expect('\'');
    const size_t end = text_.find(quote_mark, at_);
    if (end == std::string_view::npos) refuse(label_, "a string in the header does not end");
    const std::string value(text_.substr(at_, end - at_));
    at_ = end + 1;
    return value;
  }
  bool boolean() {
    skip_space();
    for (const std::string_view word : {"True", "False"}) {
      if (text_.substr(at_, word.size()) != word) continue;
      at_ += word.size();
      return word == "True";
    }
    refuse(label_, "fortran_order is neither True nor False");
  }
  DLDataType dtype() {
    skip_space();
    if (at_ < text_.size() && text_[at_] == '[') {
      refuse(label_, "structured arrays are not supported");
    }
    const std::string descr = quoted();
    const char order = descr.empty() ? '>' : descr[0];
    const bool is_native = order == '<' || order == '|' || order == '=';
    for (const NumpyType& entry : kNumpyTypes) {
      if (is_native && entry.text == descr.substr(1)) return entry.dtype;
    }
    refuse(label_, "element type '" + descr +
                       "'; known are little-endian f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 and b1");
  }
  int64_t number() {
    skip_space();
    const size_t begin = at_;
    while (at_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_]))) ++at_;
    const std::optional<int64_t> value = parse_int(text_.substr(begin, at_ - begin));
    if (!value) refuse(label_, "the shape is not a tuple of sizes");
    return *value;
  }
  std::vector<int64_t> shape() {
    std::vector<int64_t> dims;
    expect('(');
    while (!accept(')')) {
      if (dims.size() == kMaxRank) refuse(label_, "more than 32 dimensions");
      dims.push_back(number());
      accept(',');
    }
    return dims;
  }

  std::string_view text_;
  const std::string& label_;
  size_t at_ = 0;
};

// Column-major elements to row-major: walks the target in order and steps through the source.
NdArray from_fortran(const NpyHeader& header, std::string_view payload) {
  NdArray array = NdArray::zeros(header.dtype, header.shape);
  const size_t rank = header.shape.size();
  const size_t element = static_cast<size_t>(dtype_bytes(header.dtype));
  std::vector<int64_t> source_strides(rank, 1);
  for (size_t i = 1; i < rank; ++i) source_strides[i] = source_strides[i - 1] * header.shape[i - 1];
  std::vector<int64_t> index(rank, 0);
  int64_t source = 0;
  for (int64_t target = 0; target < array.num_elements(); ++target) {
    std::memcpy(array.data() + target * static_cast<int64_t>(element),
                payload.data() + source * static_cast<int64_t>(element), element);
    for (size_t axis = rank; axis-- > 0;) {
      source += source_strides[axis];
      if (++index[axis] < header.shape[axis]) break;
      source -= source_strides[axis] * header.shape[axis];
      index[axis] = 0;
    }
  }
  return array;
}

size_t little_endian(std::string_view bytes) {
  size_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

std::string_view numpy_type(DLDataType dtype) {
  for (const NumpyType& entry : kNumpyTypes) {
    if (same_dtype(entry.dtype, dtype)) return entry.text;
  }
  throw UserError("NumPy files have no element type " + dtype_name(dtype));
}

}  // namespace

NdArray read_npy(std::string_view bytes, const std::string& label) {
  if (bytes.substr(0, kMagic.size()) != kMagic) refuse(label, "it does not start with \\x93NUMPY");
  if (bytes.size() < 12) refuse(label, "the file is truncated");
  const int version = static_cast<uint8_t>(bytes[6]);
  if (version < 1 || version > 3) refuse(label, "format version " + std::to_string(version));
  const size_t length_bytes = version == 1 ? 2 : 4;
  const size_t header_at = 8 + length_bytes;
  const size_t header_bytes = little_endian(bytes.substr(8, length_bytes));
  if (header_bytes > bytes.size() - header_at) refuse(label, "the file is truncated");
  const NpyHeader header = HeaderParser(bytes.substr(header_at, header_bytes), label).parse();
  const std::string_view payload = bytes.substr(header_at + header_bytes);
  const int64_t needed = count_elements(header.dtype, header.shape) * dtype_bytes(header.dtype);
  if (static_cast<int64_t>(payload.size()) < needed) {
    refuse(label, describe_tensor(header.dtype, header.shape) + " needs " + std::to_string(needed) +
                      " bytes, the file has " + std::to_string(payload.size()));
  }
  if (header.is_fortran && header.shape.size() > 1) return from_fortran(header, payload);
  NdArray array = NdArray::zeros(header.dtype, header.shape);
  if (needed > 0) std::memcpy(array.data(), payload.data(), static_cast<size_t>(needed));
  return array;
}

std::string write_npy(const NdArray& array) {
  const bool is_byte = dtype_bytes(array.dtype()) == 1;
  std::string header = "{'descr': '" + std::string(is_byte ? "|" : "<") +
                       std::string(numpy_type(array.dtype())) +
                       "', 'fortran_order': False, 'shape': (" + join(array.shape(), ", ") +
                       (array.shape().size() == 1 ? ",), }" : "), }");
  const size_t prefix_bytes = kMagic.size() + 4;
  const size_t unpadded = prefix_bytes + header.size() + 1;
  header.append((kHeaderAlignment - unpadded % kHeaderAlignment) % kHeaderAlignment, ' ');
  header.push_back('\n');
  CHECK(header.size() <= 0xffff) << "rank is at most " << kMaxRank;
  std::string file(kMagic);
  file.append({'\x01', '\x00', static_cast<char>(header.size() & 0xff),
               static_cast<char>(header.size() >> 8)});
  file += header;
  file.append(reinterpret_cast<const char*>(array.data()), static_cast<size_t>(array.size_bytes()));
  return file;
}

std::vector<NamedArray> read_npz(std::string_view bytes, const std::string& label) {
  std::vector<NamedArray> arrays;
  for (ZipMember& member : read_zip(bytes, label)) {
    constexpr std::string_view kSuffix = ".npy";
    NdArray array = read_npy(member.bytes, label + ":" + member.name);
    if (member.name.ends_with(kSuffix)) member.name.resize(member.name.size() - kSuffix.size());
    arrays.push_back({std::move(member.name), std::move(array)});
  }
  return arrays;
}

std::string write_npz(const std::vector<NamedArray>& arrays, ZipMethod method) {
  std::vector<ZipMember> members;
  for (const NamedArray& entry : arrays) {
    members.push_back({entry.name + ".npy", write_npy(entry.array)});
  }
  return write_zip(members, method);
}

std::vector<NamedArray> load_npz(const std::string& path) {
  return read_npz(read_file(path), path);
}

void save_npz(const std::string& path, const std::vector<NamedArray>& arrays) {
  write_file_atomically(path, write_npz(arrays));
}

}  // namespace tenon
