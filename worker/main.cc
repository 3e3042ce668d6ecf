// tenon-worker: the daemon that builds and measures for a tracker.
#include <exception>
#include <iostream>

#include "compiler/support/error.h"
#include "worker/daemon.h"
#include "worker/options.h"

int main(int argc, char** argv) {
  const tenon::SystemClock clock;
  try {
    const tenon::ParsedCommand parsed = tenon::parse_worker_command(argc, argv);
    if (!parsed.command) return parsed.exit_code;
    if (parsed.command->is_description) {
      std::cout << tenon::describe_machine(parsed.command->options);
      return 0;
    }
    tenon::Log log("worker " + parsed.command->options.name, parsed.command->log_level, clock);
    return tenon::serve_worker(parsed.command->options, log);
  } catch (const tenon::UserError& error) {
    std::cerr << "error: " << error.what() << "\n";
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
}
