// Files: whole-file reads, writes that are there completely or not at all, temporary directories,
// and where things live.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>

namespace tenon {

inline constexpr uint64_t kNoSizeLimit = std::numeric_limits<uint64_t>::max();

// All bytes of a regular file or pipe. Throws IoError with the path and the reason; a file over
// `limit_bytes` is refused.
std::string read_file(const std::filesystem::path& path, uint64_t limit_bytes = kNoSizeLimit);

// Replaces `path` by a file with these bytes: written beside it, fsynced, renamed, and the
// directory fsynced. When it throws IoError (full disk, no permission), `path` is as it was and
// nothing is left beside it.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes,
                           unsigned mode = 0644);

// Makes `path` and its missing parents with `mode` (less the umask). Throws IoError.
void make_directories(const std::filesystem::path& path, unsigned mode = 0755);

// A fresh 0700 directory, removed with all it holds when destroyed.
class TempDir {
 public:
  // Made in `parent`, or in $TMPDIR (else /tmp) when that is empty. Throws IoError.
  explicit TempDir(const std::string& name_prefix = "tenon",
                   const std::filesystem::path& parent = {});
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir();

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// ${XDG_STATE_HOME:-~/.local/state}/tenon and ${XDG_CACHE_HOME:-~/.cache}/tenon. Not created.
// UserError without a home.
std::filesystem::path state_directory();
std::filesystem::path cache_directory();

// Where private sockets go: $XDG_RUNTIME_DIR if it is set and a directory, else /tmp. Short,
// because a local socket's whole path must stay below 100 bytes.
std::filesystem::path runtime_parent_directory();

// The running program's own file, links resolved.
std::filesystem::path program_path();

}  // namespace tenon
