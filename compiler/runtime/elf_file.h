// Whether a library file is all there. The loader maps what the program headers name and does not
// look whether the file has it: a file that was cut short ends the process with SIGBUS.
#pragma once

#include <string>

namespace tenon {

// "" when every segment of the ELF file lies inside it, or when this is no 64-bit ELF file (which
// the loader refuses by itself); else what is missing.
std::string check_elf_file(const std::string& path);

}  // namespace tenon
