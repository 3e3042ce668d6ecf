// The lines of a file, one at a time, in bounded memory. Internal to logs.
#pragma once

#include <cstdint>
#include <string>

#include "compiler/support/descriptor.h"

namespace tenon::database {

class LineReader {
 public:
  // Throws UserError when there is no such file, IoError when it cannot be opened.
  LineReader(const std::string& path, std::size_t max_line_bytes);

  // Moves to the next line; false at the end. Throws IoError.
  bool next();
  // Without "\n" or "\r\n". Empty if it is too long.
  const std::string& line() const { return line_; }
  std::int64_t number() const { return number_; }  // from 1
  bool is_too_long() const { return is_too_long_; }
  // Ended by the end of the file instead of a newline.
  bool is_torn() const { return is_torn_; }

 private:
  bool fill();
  void take(std::size_t end);

  std::string path_;
  std::size_t max_line_bytes_;
  Descriptor file_;
  std::string buffer_;
  std::size_t position_ = 0;
  std::string line_;
  std::int64_t number_ = 0;
  bool is_too_long_ = false;
  bool is_torn_ = false;
};

}  // namespace tenon::database
