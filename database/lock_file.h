// One writing process for one database: an flock on DATABASE.lock, whose text says who holds it.
// The kernel frees the lock when the process ends in any way.
#pragma once

#include <cstdint>
#include <string>

#include "compiler/support/descriptor.h"

namespace tenon::database {

class LockFile {
 public:
  // Throws UserError naming the holder (program and process id) when another has it, IoError when
  // the file cannot be made.
  explicit LockFile(const std::string& database_path);
  // Writes who holds it and in which epoch, for the message of the next who asks.
  void describe(std::int64_t epoch);

 private:
  std::string path_;
  Descriptor file_;
};

}  // namespace tenon::database
