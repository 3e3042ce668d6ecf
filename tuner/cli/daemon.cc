// tenon tracker, tenon worker: the daemons' own programs take over this process.
#include <unistd.h>

#include <cerrno>

#include "compiler/support/error.h"
#include "tuner/cli/commands.h"
#include "tuner/cli/places.h"

namespace tenon::cli {

int run_command(const DaemonArguments& arguments) {
  const std::string program = sibling_program(arguments.program);
  std::vector<char*> argv;
  argv.push_back(const_cast<char*>(program.c_str()));
  for (const std::string& argument : arguments.arguments) {
    argv.push_back(const_cast<char*>(argument.c_str()));
  }
  argv.push_back(nullptr);
  execv(program.c_str(), argv.data());
  throw_io_error("starting " + program, errno);
}

}  // namespace tenon::cli
