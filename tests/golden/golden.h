// Golden tests: text in, text out. A file tests/golden/AREA/NAME.test holds several cases:
//
//   Free text at the top says what the file is about.
//
//   ==== COMMAND argument ...  # what must hold
//   the input, any number of lines
//   ----
//   the exact output
//
//   ==== COMMAND argument ...  # a refusal
//   another input
//   ---- error
//   the exact message
//
// Blank lines at the end of an input or output do not count. A command is a function in a file of
// its own, listed in commands.cc. `tenon_golden --update FILE` writes what the commands give now;
// the review is the diff.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::golden {

struct Case {
  int line_number = 0;             // of the ==== line, from 1
  std::string header;              // what follows "==== ", comment included
  std::vector<std::string> words;  // command and arguments
  std::string input;               // "" or ends with a newline
  bool expects_error = false;
  std::string expected;  // "" or ends with a newline
};

struct File {
  std::string preamble;  // all before the first case
  std::vector<Case> cases;
};

struct Request {
  std::vector<std::string> arguments;  // without the command
  std::string input;
};

// What a command gives; it refuses by throwing UserError or IoError. A Bug is never an expected
// result.
using Handler = std::function<std::string(const Request&)>;

struct Command {
  std::string_view name;
  Handler handler;
};

struct Result {
  bool is_error = false;
  std::string text;  // "" or ends with a newline
};

// Throws UserError with the line for text that is not a file of cases, and for a file without any
// case.
File parse(std::string_view text);

// The text that parse() reads as the same file.
std::string print(const File& file);

// Runs one case. Throws UserError for an unknown command; lets a Bug pass.
Result run(const Case& test, const std::vector<Command>& commands);

// Runs all cases and describes each that differs; "" when all agree. With `update`, `file` takes
// the results instead.
std::string compare(File& file, const std::vector<Command>& commands, bool update);

}  // namespace tenon::golden
