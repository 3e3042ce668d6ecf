#include "tests/golden/commands.h"

namespace tenon::golden {

const std::vector<Command>& commands() {
  static const std::vector<Command> kCommands = {
      {"caret", caret},
      {"nearest", nearest},
      {"sha256", sha256},
  };
  return kCommands;
}

}  // namespace tenon::golden
