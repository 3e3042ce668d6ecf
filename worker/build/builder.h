// The builder child's side of the conversation with its daemon. What building means is passed in,
// so that this file, and its tests, need no compiler.
#pragma once

#include <functional>
#include <string>
#include <variant>

#include "worker/protocol/builder.h"

namespace tenon {

struct BuiltLibrary {
  std::string bytes;
  std::string metadata;  // worker/protocol/metadata.h
  uint32_t build_ms = 0;
  uint32_t link_ms = 0;
};

struct BuildRefusal {
  rpc::Outcome outcome = rpc::Outcome::kCompileError;
  std::string text;
};

using BuildResult = std::variant<BuiltLibrary, BuildRefusal>;
using BuildFunction = std::function<BuildResult(const rpc::BuildSpec&)>;

// Serves until the daemon closes the socket. Returns the exit code: 0 then, 1 when the daemon says
// something that is no request.
int serve_builds(int control_fd, const rpc::Toolchain& toolchain, const BuildFunction& build);

// Resident memory of this process in bytes.
uint64_t resident_bytes();

}  // namespace tenon
