// tenon-worker's command line.
#pragma once

#include <optional>

#include "worker/daemon.h"

namespace tenon {

struct WorkerCommand {
  WorkerOptions options;
  LogLevel log_level = LogLevel::kInfo;
  bool is_description = false;  // print describe_machine() and leave; tracker and key are not set
};

// The command, or the exit code when the command line asked for help or version (printed) or is
// wrong (printed; 2). Throws UserError for a key that cannot be used.
struct ParsedCommand {
  std::optional<WorkerCommand> command;
  int exit_code = 0;
};
ParsedCommand parse_worker_command(int argc, char** argv);

}  // namespace tenon
