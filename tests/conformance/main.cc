// tenon-oracle [DIR] [--kind K] [--failures N]: how many recorded cases of each kind pass.
//
// DIR holds one folder a kind; without DIR it is ../shared/oracle. Prints `KIND passed/total` and
// up to N failing cases of each (default 0). The exit status is 0 unless something could not be
// run.
#include <cstdlib>
#include <iostream>

#include "compiler/support/error.h"
#include "tests/conformance/oracle.h"

namespace tenon {
namespace {

struct Kind {
  const char* name;
  const char* folder;  // from the oracle's
  std::vector<KindResult> (*run)(const std::filesystem::path& dir);
};
constexpr Kind kKinds[] = {
    {"arith", "arith", run_arith_oracle},
    {"primitives", "primitives", run_primitives_oracle},
    {"schedules", "../design/schedules", run_expert_schedules},
    {"tvmscript", "tvmscript", run_tvmscript_oracle},
};

int run(int argc, char** argv) {
  std::filesystem::path dir = "../shared/oracle";
  std::string only;
  int num_failures = 0;
  for (int i = 1; i < argc; ++i) {
    std::string arg = argv[i];
    if (arg == "--kind" && i + 1 < argc)
      only = argv[++i];
    else if (arg == "--failures" && i + 1 < argc)
      num_failures = std::atoi(argv[++i]);
    else
      dir = arg;
  }
  for (const Kind& kind : kKinds) {
    if (!only.empty() && only != kind.name) continue;
    if (!std::filesystem::exists(dir / kind.folder)) {
      std::cout << kind.name << " skipped: no folder " << (dir / kind.folder).string() << "\n";
      continue;
    }
    for (const KindResult& r : kind.run(dir / kind.folder)) {
      std::cout << r.kind << " " << r.passed << "/" << r.total << "\n";
      for (int i = 0; i < num_failures && i < static_cast<int>(r.failures.size()); ++i) {
        std::cout << "  " << r.failures[static_cast<std::size_t>(i)] << "\n";
      }
    }
  }
  return 0;
}

}  // namespace
}  // namespace tenon

int main(int argc, char** argv) {
  try {
    return tenon::run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
}
