// The command line as values: one struct a command. Reading them is in arguments.cc, the only file
// that knows the parser.
#pragma once
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace tenon::cli {

struct TuneArguments {
  std::string model, output, target = "native", db, tracker, key;
  int trials = 0;           // 0: no limit
  double time_limit_s = 0;  // 0: no limit
  int threads = 1;
  std::uint64_t seed = 0;
  bool fresh = false, json = false;
};
struct CompileArguments {
  std::string model, output, target = "native", db, log;
  int threads = 1;
  std::string emit;  // tir, llvm or asm; empty: none
  bool verify = false, verbose = false, json = false;
};
struct RunArguments {
  std::string library, input, test_data, expect;
  double rtol = 1e-3, atol = -1;  // atol < 0: 1e-4 times the largest expected magnitude
  bool bench = false, json = false;
  int threads = 1;
  std::uint64_t seed = 0;
};
struct InspectArguments {
  std::string path, target = "native";
  bool space = false;
  int threads = 1;
};
struct BestArguments {
  std::string model, db, target = "native";
  int threads = 1;
  bool json = false;
};
struct ExportArguments {
  std::string db, output;
};
struct ImportArguments {
  std::string log, db;
};
struct KeygenArguments {
  std::string directory, name, role;
};
struct DoctorArguments {
  std::string db;
  bool json = false;
};
// tracker and worker: the arguments go to the daemon's own program as they are.
struct DaemonArguments {
  std::string program;
  std::vector<std::string> arguments;
};

using Arguments = std::variant<TuneArguments, CompileArguments, RunArguments, InspectArguments,
                               BestArguments, ExportArguments, ImportArguments, KeygenArguments,
                               DoctorArguments, DaemonArguments>;

// What to do, or the exit code after --help, --version or a usage error was printed.
std::variant<Arguments, int> read_arguments(int argc, char** argv);

// "90", "90s", "10m", "1h" -> seconds; UserError otherwise.
double parse_duration(const std::string& text);

}  // namespace tenon::cli
