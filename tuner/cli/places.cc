#include "tuner/cli/places.h"

#include <filesystem>

#include "compiler/support/error.h"
#include "compiler/support/files.h"

namespace tenon::cli {

std::string database_path(const std::string& given) {
  if (!given.empty()) return given;
  const std::filesystem::path folder = state_directory();
  make_directories(folder, 0700);
  return (folder / "tenon.db").string();
}

std::string sibling_program(const std::string& name) {
  const std::filesystem::path path = program_path().parent_path() / name;
  if (!std::filesystem::exists(path)) {
    throw UserError("program " + name + " is not beside tenon (" + path.string() + ")");
  }
  return path.string();
}

}  // namespace tenon::cli
