#include "worker/build/builder.h"

#include <unistd.h>

#include <fstream>

#include "rpc/wire/pipe.h"

namespace tenon {
namespace {

constexpr int kSendTimeoutMs = 60'000;

template <class T>
bool send(int fd, BuilderFrame type, const T& message) {
  return rpc::write_message(fd, static_cast<uint16_t>(type), message, kSendTimeoutMs);
}

bool send_library(int fd, const BuiltLibrary& library) {
  const BuiltReport report{.size_bytes = library.bytes.size(),
                           .metadata = library.metadata,
                           .build_ms = library.build_ms,
                           .link_ms = library.link_ms,
                           .resident_bytes = resident_bytes()};
  if (!send(fd, BuilderFrame::kBuilt, report)) return false;
  std::string_view rest = library.bytes;
  while (!rest.empty()) {
    const std::string_view chunk = rest.substr(0, kLibraryChunkBytes);
    const auto type = static_cast<uint16_t>(BuilderFrame::kLibraryBytes);
    if (!rpc::write_frame(fd, type, chunk, kSendTimeoutMs)) return false;
    rest.remove_prefix(chunk.size());
  }
  return true;
}

bool send_result(int fd, const BuildResult& result) {
  if (const auto* library = std::get_if<BuiltLibrary>(&result)) return send_library(fd, *library);
  const BuildRefusal& refusal = std::get<BuildRefusal>(result);
  return send(fd, BuilderFrame::kRefused, BuildRefusedReport{refusal.outcome, refusal.text});
}

}  // namespace

uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  uint64_t total_pages = 0;
  uint64_t resident_pages = 0;
  statm >> total_pages >> resident_pages;
  return resident_pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

int serve_builds(int control_fd, const rpc::Toolchain& toolchain, const BuildFunction& build) {
  if (!send(control_fd, BuilderFrame::kReady, BuilderReady{toolchain})) return 0;
  while (true) {
    const auto received = rpc::read_frame(control_fd, -1, kMaxBuilderBody);
    if (const auto* failure = std::get_if<rpc::PipeFailure>(&received)) {
      return failure->end == rpc::PipeEnd::kClosed ? 0 : 1;
    }
    const rpc::PipeFrame& frame = std::get<rpc::PipeFrame>(received);
    if (frame.type != static_cast<uint16_t>(BuilderFrame::kBuild)) return 1;
    const auto spec = rpc::decode<rpc::BuildSpec>(frame.body);
    if (!std::holds_alternative<rpc::BuildSpec>(spec)) return 1;
    if (!send_result(control_fd, build(std::get<rpc::BuildSpec>(spec)))) return 0;
  }
}

}  // namespace tenon
