#include "tests/golden/golden.h"

#include <algorithm>

#include "compiler/support/error.h"
#include "compiler/support/text.h"

namespace tenon::golden {
namespace {

constexpr std::string_view kHeader = "==== ";
constexpr std::string_view kDivider = "----";
constexpr std::string_view kErrorDivider = "---- error";

bool is_divider(std::string_view line) { return line == kDivider || line == kErrorDivider; }

// Ends with exactly one newline, unless it is empty.
std::string normalized(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  return text.empty() ? "" : std::string(text) + "\n";
}

std::vector<std::string> words_of(std::string_view header) {
  std::vector<std::string> words;
  for (std::string& word : split(header.substr(0, header.find(" #")), ' ')) {
    if (!word.empty()) words.push_back(std::move(word));
  }
  return words;
}

void finish(File& file, std::string& section, bool is_in_output) {
  if (file.cases.empty()) {
    file.preamble = normalized(section);
  } else if (is_in_output) {
    file.cases.back().expected = normalized(section);
  } else {
    throw UserError(str_cat("line ", file.cases.back().line_number, ": the case has no ---- line"));
  }
  section.clear();
}

// "line 3: expected ..., got ..." of the first line that differs.
std::string first_difference(const std::string& expected, const std::string& actual) {
  std::vector<std::string> before = split_lines(expected);
  std::vector<std::string> after = split_lines(actual);
  size_t i = 0;
  while (i < before.size() && i < after.size() && before[i] == after[i]) ++i;
  std::string_view end = "(the end)";
  return str_cat("  first difference in line ", i + 1,
                 "\n    expected: ", i < before.size() ? before[i] : end,
                 "\n    actual:   ", i < after.size() ? after[i] : end, "\n");
}

}  // namespace

File parse(std::string_view text) {
  File file;
  std::string section;
  bool is_in_output = false;
  int line_number = 0;
  for (const std::string& line : split_lines(text)) {
    ++line_number;
    if (line.starts_with(kHeader)) {
      finish(file, section, is_in_output);
      is_in_output = false;
      Case test;
      test.line_number = line_number;
      test.header = line.substr(kHeader.size());
      test.words = words_of(test.header);
      if (test.words.empty())
        throw UserError(str_cat("line ", line_number, ": ==== without a command"));
      file.cases.push_back(test);
    } else if (!file.cases.empty() && !is_in_output && is_divider(line)) {
      file.cases.back().input = normalized(section);
      file.cases.back().expects_error = line == kErrorDivider;
      section.clear();
      is_in_output = true;
    } else {
      section += line + "\n";
    }
  }
  finish(file, section, is_in_output);
  if (file.cases.empty()) throw UserError("no case: a case starts with a line \"==== COMMAND\"");
  return file;
}

std::string print(const File& file) {
  std::string text = file.preamble.empty() ? "" : file.preamble + "\n";
  for (const Case& test : file.cases) {
    if (&test != &file.cases.front()) text += "\n";
    text += str_cat(kHeader, test.header, "\n", test.input,
                    test.expects_error ? kErrorDivider : kDivider, "\n", test.expected);
  }
  return text;
}

Result run(const Case& test, const std::vector<Command>& commands) {
  auto command = std::find_if(commands.begin(), commands.end(),
                              [&](const Command& known) { return known.name == test.words[0]; });
  if (command == commands.end()) {
    std::vector<std::string> names;
    for (const Command& known : commands) names.emplace_back(known.name);
    throw UserError(str_cat("line ", test.line_number, ": unknown command ", test.words[0]),
                    did_you_mean(test.words[0], names));
  }
  Request request{{test.words.begin() + 1, test.words.end()}, test.input};
  try {
    return {false, normalized(command->handler(request))};
  } catch (const UserError& error) {
    return {true, normalized(error.what())};
  } catch (const IoError& error) {
    return {true, normalized(error.what())};
  }
}

std::string compare(File& file, const std::vector<Command>& commands, bool update) {
  std::string report;
  for (Case& test : file.cases) {
    Result result = run(test, commands);
    if (update) {
      test.expects_error = result.is_error;
      test.expected = result.text;
    } else if (result.is_error != test.expects_error || result.text != test.expected) {
      std::string kind = result.is_error == test.expects_error ? ""
                         : result.is_error                     ? " (an error)"
                                                               : " (no error)";
      report += str_cat("line ", test.line_number, ": ", test.header, "\n",
                        first_difference(test.expected, result.text), "  whole result", kind, ":\n",
                        result.text);
    }
  }
  return report;
}

}  // namespace tenon::golden
