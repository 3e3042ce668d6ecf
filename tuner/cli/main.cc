// tenon: the command line. One of the four borders where errors are caught.
#include <csignal>
#include <exception>
#include <iostream>

#include "compiler/support/error.h"
#include "tuner/cli/commands.h"

int main(int argc, char** argv) {
  // A closed pipe ends the program quietly, as for any other command.
  std::signal(SIGPIPE, SIG_DFL);
  try {
    const auto read = tenon::cli::read_arguments(argc, argv);
    if (const int* code = std::get_if<int>(&read)) return *code;
    return std::visit([](const auto& arguments) { return tenon::cli::run_command(arguments); },
                      std::get<tenon::cli::Arguments>(read));
  } catch (const tenon::UserError& error) {
    std::cerr << "error: " << error.what() << "\n";
    return tenon::cli::kRefused;
  } catch (const tenon::IoError& error) {
    std::cerr << "error: " << error.what() << "\n";
    return tenon::cli::kRefused;
  } catch (const std::exception& error) {
    std::cerr << "error: this is a defect of tenon: " << error.what() << "\n";
    return tenon::cli::kWorkFailed;
  }
}
