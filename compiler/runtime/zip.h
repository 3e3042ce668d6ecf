// The part of the ZIP format that .npz files use: members stored or deflated, with CRC-32, the
// 64-bit sizes that NumPy writes, and no encryption. Reads and writes whole files in memory.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tenon {

struct ZipMember {
  std::string name;
  std::string bytes;
};

enum class ZipMethod { kStored, kDeflated };

// Members in the order of the central directory. Throws UserError naming `label` for a file
// that is no ZIP, is truncated, has a wrong CRC, or uses another method.
std::vector<ZipMember> read_zip(std::string_view file, const std::string& label);

// The bytes of a ZIP file. Throws UserError when a size or the count does not fit 32 / 16 bits.
std::string write_zip(const std::vector<ZipMember>& members, ZipMethod method);

}  // namespace tenon
