// tenon: the command line. One of the four borders where errors are caught.
#include <cerrno>
#include <csignal>
#include <exception>
#include <iostream>

#include "compiler/support/error.h"
#include "tuner/cli/commands.h"

int main(int argc, char** argv) {
  // A closed pipe ends the program quietly, as for any other command.
  std::signal(SIGPIPE, SIG_DFL);
  // A file over the size limit is an error of the write, with the file's name.
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    const auto read = tenon::cli::read_arguments(argc, argv);
    if (const int* code = std::get_if<int>(&read)) return *code;
    const int code =
        std::visit([](const auto& arguments) { return tenon::cli::run_command(arguments); },
                   std::get<tenon::cli::Arguments>(read));
    if (!std::cout.flush()) tenon::throw_io_error("write the standard output", errno);
    return code;
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
