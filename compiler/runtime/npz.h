// NumPy's .npy and .npz files: how tensors come from and go to the user's scripts.
// Reads format versions 1 to 3, little-endian numbers and bool, C or Fortran order.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compiler/runtime/nd_array.h"
#include "compiler/runtime/zip.h"

namespace tenon {

struct NamedArray {
  std::string name;
  NdArray array;
};

// One .npy file. `label` names it in errors (UserError for bytes that are no such file).
NdArray read_npy(std::string_view bytes, const std::string& label);
std::string write_npy(const NdArray& array);

// The arrays of an .npz in file order; names without ".npy".
std::vector<NamedArray> read_npz(std::string_view bytes, const std::string& label);
std::string write_npz(const std::vector<NamedArray>& arrays, ZipMethod method = ZipMethod::kStored);

// Whole files; IoError when the file cannot be read or written. Writing is atomic (written
// beside, synced, renamed).
std::vector<NamedArray> load_npz(const std::string& path);
void save_npz(const std::string& path, const std::vector<NamedArray>& arrays);

}  // namespace tenon
