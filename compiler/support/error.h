// The three families of errors and the one macro.
//
// UserError: the user asked for something impossible. Bug: CHECK failed, this program is wrong.
// IoError: a file, socket, database or peer did not do its part. Expected outcomes are values, not
// errors. Errors are caught at four borders only: the command line's main, the tracker loop, the
// worker loop and the tuner's try of one candidate.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace tenon {

// Base of the three families. what() is the whole message: one or more lines, no trailing newline.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What was asked, what was found, what is needed, where; `hint` becomes a last line "hint: ...".
class UserError : public Error {
 public:
  explicit UserError(const std::string& message, const std::string& hint = "")
      : Error(hint.empty() ? message : message + "\nhint: " + hint) {}
};

// Thrown by CHECK. The message starts with file:line and the condition.
class Bug : public Error {
 public:
  using Error::Error;
};

// The message names the file or peer and says what the system answered.
class IoError : public Error {
 public:
  using Error::Error;
};

// IoError "ACTION: text of error_number".
[[noreturn]] void throw_io_error(const std::string& action, int error_number);

// The known name with the smallest edit distance to `asked`, or "" when none is near (more than a
// third of it wrong).
std::string nearest_name(std::string_view asked, const std::vector<std::string>& known);

// "did you mean X?" with the nearest name, or "" when none is near. Made to be UserError's hint.
std::string did_you_mean(std::string_view asked, const std::vector<std::string>& known);

namespace detail {

class CheckText {
 public:
  template <typename T>
  CheckText& operator<<(const T& value) {
    stream_ << value;
    return *this;
  }
  std::string text() const { return stream_.str(); }

 private:
  std::ostringstream stream_;
};

struct CheckFailure {
  const char* file;
  int line;
  const char* condition;
  [[noreturn]] void operator&(const CheckText& text) const;
};

}  // namespace detail
}  // namespace tenon

// CHECK(condition) << "what must hold and what was found"; throws Bug. Evaluated in every build.
#define CHECK(condition)      \
  if (condition) [[likely]] { \
  } else /* NOLINT */         \
    ::tenon::detail::CheckFailure{__FILE__, __LINE__, #condition} & ::tenon::detail::CheckText()
