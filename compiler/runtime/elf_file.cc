#include "compiler/runtime/elf_file.h"

#include <elf.h>

#include <cstring>
#include <fstream>

namespace tenon {
namespace {

template <class T>
bool read_at(std::ifstream& file, uint64_t offset, T* value) {
  file.seekg(static_cast<std::streamoff>(offset));
  file.read(reinterpret_cast<char*>(value), sizeof *value);
  return file.gcount() == static_cast<std::streamsize>(sizeof *value);
}

std::string cut_short(uint64_t found, uint64_t needed) {
  return "the file is cut short: it has " + std::to_string(found) +
         " bytes, its headers name at least " + std::to_string(needed);
}

}  // namespace

std::string check_elf_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return "";
  const uint64_t size = static_cast<uint64_t>(file.tellg());
  Elf64_Ehdr header;
  if (!read_at(file, 0, &header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
      header.e_ident[EI_CLASS] != ELFCLASS64) {
    return "";
  }
  for (uint64_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    const uint64_t offset = header.e_phoff + i * sizeof segment;
    if (!read_at(file, offset, &segment)) return cut_short(size, offset + sizeof segment);
    if (segment.p_type != PT_LOAD) continue;
    if (segment.p_offset > size || segment.p_filesz > size - segment.p_offset) {
      return cut_short(size, segment.p_offset + segment.p_filesz);
    }
  }
  return "";
}

}  // namespace tenon
