#include "compiler/runtime/npz.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "compiler/runtime/generate.h"
#include "compiler/support/error.h"
#include "compiler/support/files.h"

namespace tenon {
namespace {

std::vector<NamedArray> sample_arrays() {
  std::vector<NamedArray> arrays;
  const std::vector<std::vector<int64_t>> shapes = {{2, 3, 4}, {5}, {}, {0, 3}};
  uint64_t index = 0;
  for (const DLDataType dtype : {kDlFloat32, kDlFloat64, kDlFloat16, kDlInt64, kDlInt32, kDlInt16,
                                 kDlInt8, kDlUint8, kDlUint64, kDlBool}) {
    NdArray array = NdArray::zeros(dtype, shapes[index % shapes.size()]);
    fill_generated(&array, {.seed = 5, .tensor_index = index});
    arrays.push_back({dtype_name(dtype) + "/" + std::to_string(index++), std::move(array)});
  }
  return arrays;
}

void expect_same(const std::vector<NamedArray>& expected, const std::vector<NamedArray>& found) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(found[i].name, expected[i].name);
    EXPECT_TRUE(same_dtype(found[i].array.dtype(), expected[i].array.dtype()));
    EXPECT_EQ(found[i].array.shape(), expected[i].array.shape());
    const auto want = expected[i].array.bytes();
    const auto have = found[i].array.bytes();
    EXPECT_TRUE(std::equal(want.begin(), want.end(), have.begin(), have.end()));
  }
}

std::string refusal(std::string bytes) {
  try {
    read_npz(bytes, "x.npz");
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

// A .npy file with the given header dictionary and payload, as NumPy lays it out.
std::string npy_file(const std::string& header, const std::string& payload, char version = 1) {
  std::string file = std::string("\x93NUMPY", 6) + version + '\0';
  file += static_cast<char>(header.size());
  file += '\0';
  if (version > 1) file.append(2, '\0');
  return file + header + payload;
}

std::string npy_refusal(const std::string& bytes) {
  try {
    read_npy(bytes, "x.npy");
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

TEST(Npz, round_trips_stored_and_deflated) {
  const std::vector<NamedArray> arrays = sample_arrays();
  for (const ZipMethod method : {ZipMethod::kStored, ZipMethod::kDeflated}) {
    expect_same(arrays, read_npz(write_npz(arrays, method), "x.npz"));
  }
}

TEST(Npz, reads_what_python_zips_and_python_reads_ours) {
  const TempDir dir;
  save_npz((dir.path() / "ours.npz").string(), sample_arrays());
  const std::string script = std::string("python3 ") + TENON_SOURCE_DIR +
                             "/tests/unit/runtime/npz_peer.py " + dir.path().string();
  ASSERT_EQ(std::system(script.c_str()), 0) << script;
  expect_same(sample_arrays(), load_npz((dir.path() / "theirs_stored.npz").string()));
  expect_same(sample_arrays(), load_npz((dir.path() / "theirs_deflated.npz").string()));
}

TEST(Npz, reads_stored_fixtures_written_by_numpy) {
  const std::filesystem::path file =
      std::string(TENON_SOURCE_DIR) + "/../shared/fixtures/onnx/mlp/inputs.npz";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "no file " << file;
  const std::vector<NamedArray> arrays = load_npz(file.string());
  ASSERT_FALSE(arrays.empty());
  EXPECT_TRUE(same_dtype(arrays[0].array.dtype(), kDlFloat32));
}

TEST(Npz, every_truncation_is_refused) {
  const std::string file = write_npz(sample_arrays(), ZipMethod::kDeflated);
  for (size_t size = 0; size < file.size(); size += 7) {
    EXPECT_NE(refusal(file.substr(0, size)), "") << size;
  }
}

TEST(Npz, changed_byte_of_data_is_a_wrong_crc) {
  std::vector<NamedArray> arrays;
  arrays.push_back({"x", NdArray::zeros(kDlFloat32, {100})});
  std::string file = write_npz(arrays);
  file[250] = static_cast<char>(file[250] ^ 1);
  EXPECT_EQ(refusal(file), "cannot read 'x.npz' as ZIP: member 'x.npy' has a wrong CRC-32");
}

TEST(Npz, size_that_cannot_be_is_refused_before_it_is_allocated) {
  std::vector<NamedArray> arrays;
  arrays.push_back({"x", NdArray::zeros(kDlFloat32, {100})});
  std::string file = write_npz(arrays, ZipMethod::kDeflated);
  const size_t central = file.find("PK\x01\x02");
  ASSERT_NE(central, std::string::npos);
  std::memset(file.data() + central + 24, 0x7f, 4);  // plain size: 2 GB
  EXPECT_EQ(refusal(file),
            "cannot read 'x.npz' as ZIP: member 'x.npy' claims more bytes than it can hold");
}

TEST(Npy, fortran_order_is_transposed) {
  const std::string header = "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }\n";
  const NdArray array = read_npy(npy_file(header, "adbecf"), "x.npy");
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(array.data()), 6), "abcdef");
}

TEST(Npy, later_header_versions_are_read) {
  const std::string header = "{'descr': '<i2', 'fortran_order': False, 'shape': (1,), }\n";
  EXPECT_EQ(read_npy(npy_file(header, std::string("\x07\x00", 2), 2), "x").as<int16_t>()[0], 7);
}

TEST(Npy, bad_headers_are_refused_by_name) {
  EXPECT_NE(npy_refusal("PK").find("does not start with"), std::string::npos);
  EXPECT_NE(npy_refusal(npy_file("{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", ""))
                .find("element type '>f4'"),
            std::string::npos);
  EXPECT_NE(npy_refusal(npy_file("{'descr': '<f4', 'shape': (1,), }", "")).find("lacks"),
            std::string::npos);
  const std::string nine = "{'descr': '<f4', 'fortran_order': False, 'shape': (9,), }";
  EXPECT_NE(npy_refusal(npy_file(nine, "abc")).find("float32[9] needs 36 bytes, the file has 3"),
            std::string::npos);
  EXPECT_NE(npy_refusal(npy_file("{'descr': '<f4', 'fortran_order': False, "
                                 "'shape': (9999999999, 9999999999), }",
                                 ""))
                .find("larger than"),
            std::string::npos);
  EXPECT_NE(npy_refusal(npy_file("{'descr': '<f4", "")), "");
}

}  // namespace
}  // namespace tenon
