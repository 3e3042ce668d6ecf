// Results that the tracker has not acknowledged, on disk: one file each, synced before the result
// is sent, removed after RESULT_ACK. A worker that is killed finds them at its next start.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "rpc/wire/messages.h"

namespace tenon {

class Spool {
 public:
  // Makes the directory (0700). Throws IoError.
  explicit Spool(std::filesystem::path directory);

  // Everything that is there, in order of fence. A damaged file is set aside as NAME.damaged and
  // named in `damaged`.
  std::vector<rpc::Result> load(std::vector<std::string>* damaged);

  // Durable when it returns; the same fence again replaces. Throws IoError (full disk).
  void add(const rpc::Result& result);

  // Nothing happens when it is not there.
  void remove(const rpc::Fence& fence);

 private:
  std::filesystem::path path_of(const rpc::Fence& fence) const;

  std::filesystem::path directory_;
};

}  // namespace tenon
