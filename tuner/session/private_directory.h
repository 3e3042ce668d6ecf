// A directory that goes with the object: of a private fleet (socket, worker's files, log), of
// libraries that are compared. A process that is killed cannot remove its own, so the next one
// does: a directory is locked while its owner lives, and one whose lock is free has no owner.
#pragma once
#include <filesystem>
#include <string>

#include "compiler/support/descriptor.h"
#include "compiler/support/files.h"

namespace tenon {

class PrivateDirectory {
 public:
  // Makes a fresh 0700 directory in `parent` and removes abandoned ones of this user and this
  // prefix. IoError.
  PrivateDirectory(const std::string& prefix, const std::filesystem::path& parent);

  const std::filesystem::path& path() const { return directory_.path(); }

 private:
  TempDir directory_;
  Descriptor lock_;
};

}  // namespace tenon
