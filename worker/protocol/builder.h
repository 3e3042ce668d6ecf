// What a worker daemon and its builder child say to each other over the inherited socket
// (rpc/wire/pipe.h). The builder is long-lived: it says kReady once and then answers one request
// after the other. Numbers never change; members are appended.
//
//   daemon                         builder
//             ◄───────────────────  kReady           what it builds with
//   kBuild    ───────────────────►
//             ◄───────────────────  kBuilt, kLibraryBytes ...   or kRefused
#pragma once

#include <cstdint>
#include <string>
#include <tuple>

#include "rpc/wire/types.h"

namespace tenon {

enum class BuilderFrame : uint16_t {
  kReady = 1,
  kBuild = 2,  // rpc::BuildSpec
  kBuilt = 3,
  kLibraryBytes = 4,
  kRefused = 5,
};

inline constexpr int kBuilderControlFd = 3;
inline constexpr uint32_t kMaxBuilderBody = 4 * 1024 * 1024;
inline constexpr uint32_t kLibraryChunkBytes = 1024 * 1024;

// builder -> daemon.
struct BuilderReady {
  rpc::Toolchain toolchain;
  static constexpr auto fields() { return std::tuple{&BuilderReady::toolchain}; }
};

// builder -> daemon: size_bytes of kLibraryBytes follow.
struct BuiltReport {
  uint64_t size_bytes = 0;
  std::string metadata;  // worker/protocol/metadata.h
  uint32_t build_ms = 0;
  uint32_t link_ms = 0;
  uint64_t resident_bytes = 0;  // of the builder, for replacing one that grows
  static constexpr auto fields() {
    return std::tuple{&BuiltReport::size_bytes, &BuiltReport::metadata, &BuiltReport::build_ms,
                      &BuiltReport::link_ms, &BuiltReport::resident_bytes};
  }
};

// builder -> daemon: an outcome with the candidate's blame, and why.
struct BuildRefusedReport {
  rpc::Outcome outcome = rpc::Outcome::kCompileError;
  std::string text;
  static constexpr auto fields() {
    return std::tuple{&BuildRefusedReport::outcome, &BuildRefusedReport::text};
  }
};

}  // namespace tenon
