// An ELF object with nothing but constants, written by hand: weights never pass through LLVM.
#include <elf.h>

#include <cstring>

#include "compiler/codegen/llvm/library.h"
#include "compiler/codegen/llvm/link.h"
#include "compiler/support/error.h"

namespace tenon {

std::vector<std::int64_t> constant_offsets(const std::vector<ConstantBytes>& constants) {
  std::vector<std::int64_t> offsets;
  std::int64_t next = 0;
  for (const ConstantBytes& bytes : constants) {
    offsets.push_back(next);
    next += (static_cast<std::int64_t>(bytes.size()) + 63) / 64 * 64;
  }
  return offsets;
}

namespace codegen {
namespace {

template <class T>
std::string_view bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof(T)};
}

// Section names: "\0.rodata\0.symtab\0.strtab\0.note.GNU-stack\0" and the symbol, in one table.
struct Names {
  std::string table = std::string(1, '\0');
  unsigned add(const std::string& name) {
    const unsigned at = static_cast<unsigned>(table.size());
    table += name + '\0';
    return at;
  }
};

constexpr std::size_t kNumSections = 5;
constexpr std::size_t kDataOffset = 64;  // right behind the file header, which has 64 bytes

struct Layout {
  std::uint64_t data_size, symbols_at, names_at, sections_at;
};

std::string tail_of(const Layout& at, const std::string& symbol) {
  Names names;
  Elf64_Sym symbols[2] = {};
  symbols[1].st_name = names.add(symbol);
  symbols[1].st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT);
  symbols[1].st_other = STV_HIDDEN;
  symbols[1].st_shndx = 1;
  symbols[1].st_size = at.data_size;
  Elf64_Shdr sections[kNumSections] = {};
  sections[1].sh_name = names.add(".rodata");
  sections[1].sh_type = SHT_PROGBITS;
  sections[1].sh_flags = SHF_ALLOC;
  sections[1].sh_offset = kDataOffset;
  sections[1].sh_size = at.data_size;
  sections[1].sh_addralign = 64;
  sections[2].sh_name = names.add(".symtab");
  sections[2].sh_type = SHT_SYMTAB;
  sections[2].sh_offset = at.symbols_at;
  sections[2].sh_size = sizeof(symbols);
  sections[2].sh_link = 3;
  sections[2].sh_info = 1;
  sections[2].sh_addralign = 8;
  sections[2].sh_entsize = sizeof(Elf64_Sym);
  sections[3].sh_name = names.add(".strtab");
  sections[3].sh_type = SHT_STRTAB;
  sections[3].sh_offset = at.names_at;
  sections[3].sh_addralign = 1;
  sections[4].sh_name = names.add(".note.GNU-stack");
  sections[4].sh_type = SHT_PROGBITS;
  sections[4].sh_offset = at.names_at;
  sections[4].sh_addralign = 1;
  sections[3].sh_size = names.table.size();
  CHECK(at.names_at + names.table.size() <= at.sections_at) << "constant symbol " << symbol;
  names.table.resize(at.sections_at - at.names_at, '\0');
  std::string tail;
  tail += bytes_of(symbols);
  tail += names.table;
  tail += bytes_of(sections);
  return tail;
}

std::string header_of(const Layout& at, const Target& target) {
  Elf64_Ehdr header = {};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_REL;
  header.e_machine = target.architecture == Architecture::kX86_64 ? EM_X86_64 : EM_AARCH64;
  header.e_version = EV_CURRENT;
  header.e_shoff = at.sections_at;
  header.e_ehsize = sizeof(Elf64_Ehdr);
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = kNumSections;
  header.e_shstrndx = 3;
  return std::string(bytes_of(header));
}

}  // namespace

ObjectParts constants_object(const std::vector<std::string_view>& constants, const Target& target,
                             const std::string& symbol, std::vector<std::string>& storage) {
  static constexpr char kZeros[64] = {};
  ObjectParts data;
  std::uint64_t size = 0;
  for (const std::string_view bytes : constants) {
    data.push_back(bytes);
    const std::size_t rest = (64 - bytes.size() % 64) % 64;
    if (rest != 0) data.emplace_back(kZeros, rest);
    size += bytes.size() + rest;
  }
  Layout at{};
  at.data_size = size;
  at.symbols_at = kDataOffset + size;
  at.names_at = at.symbols_at + 2 * sizeof(Elf64_Sym);
  at.sections_at = at.names_at + 256;
  storage.reserve(storage.size() + 2);
  storage.push_back(header_of(at, target));
  const std::string_view header = storage.back();
  storage.push_back(tail_of(at, symbol));
  ObjectParts parts = {header};
  parts.insert(parts.end(), data.begin(), data.end());
  parts.emplace_back(storage.back());
  return parts;
}

}  // namespace codegen
}  // namespace tenon
