// tenon_golden [--update] FILE...: runs golden files (golden.h). Exits 1 when a case differs, 2
// when a file is unreadable.
#include <iostream>

#include "compiler/support/error.h"
#include "compiler/support/files.h"
#include "compiler/support/text.h"
#include "tests/golden/commands.h"

namespace tenon::golden {
namespace {

// Returns whether all cases agree, or were updated.
bool run_file(const std::string& path, bool update) {
  std::string before = read_file(path);
  File file = parse(before);
  std::string report = compare(file, commands(), update);
  if (update && print(file) != before) {
    write_file_atomically(path, print(file));
    std::cout << path << ": updated\n";
  }
  if (!report.empty()) std::cout << path << ": differs\n" << report;
  return report.empty();
}

}  // namespace
}  // namespace tenon::golden

int main(int argc, char** argv) {
  std::vector<std::string> paths(argv + 1, argv + argc);
  bool update = std::erase(paths, "--update") > 0;
  if (paths.empty()) {
    std::cerr << "usage: tenon_golden [--update] FILE...\n";
    return 2;
  }
  int exit_code = 0;
  for (const std::string& path : paths) {
    try {
      if (!tenon::golden::run_file(path, update) && exit_code == 0) exit_code = 1;
    } catch (const tenon::Error& error) {
      std::cout << path << ": " << error.what() << "\n";
      exit_code = 2;
    }
  }
  if (exit_code == 1)
    std::cout << "If the new text is right: scripts/dev golden --update, then read the diff.\n";
  return exit_code;
}
