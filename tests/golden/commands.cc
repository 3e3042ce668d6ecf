#include "tests/golden/commands.h"

namespace tenon::golden {

const std::vector<Command>& commands() {
  static const std::vector<Command> kCommands = {
      {"asm_loops", asm_loops},
      {"caret", caret},
      {"lower", lower_pass},
      {"lower_refuses", lower_refuses},
      {"nearest", nearest},
      {"relax_print", relax_print},
      {"relax_verify", relax_verify},
      {"schedule", schedule},
      {"sha256", sha256},
      {"split_constants", split_constants},
      {"tir_print", tir_print},
      {"tir_run", tir_run},
      {"tir_verify", tir_verify},
      {"tir_workload", tir_workload},
  };
  return kCommands;
}

}  // namespace tenon::golden
