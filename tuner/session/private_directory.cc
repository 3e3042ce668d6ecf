#include "tuner/session/private_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>

#include "compiler/support/error.h"

namespace tenon {
namespace {

constexpr const char* kLockName = "lock";

bool is_own_directory(const std::filesystem::path& path) {
  struct stat status{};
  return ::lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode) &&
         status.st_uid == ::geteuid();
}

// Without its lock file a directory is being made: it is left alone.
bool is_abandoned(const std::filesystem::path& path) {
  if (!is_own_directory(path)) return false;
  const Descriptor lock(::open((path / kLockName).c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  return lock.is_open() && ::flock(lock.get(), LOCK_EX | LOCK_NB) == 0;
}

void remove_abandoned(const std::string& prefix, const std::filesystem::path& parent) {
  // Others come and go in this directory meanwhile: what cannot be read or removed stays.
  std::error_code error;
  std::filesystem::directory_iterator entry(parent, error), end;
  for (; !error && entry != end; entry.increment(error)) {
    std::error_code ignored;
    const bool is_named_so = entry->path().filename().string().starts_with(prefix + ".");
    if (is_named_so && is_abandoned(entry->path()))
      std::filesystem::remove_all(entry->path(), ignored);
  }
}

// The file gets its name when it is locked already, so that nobody sees it free.
Descriptor lock_directory(const std::filesystem::path& directory) {
  const std::filesystem::path fresh = directory / "lock.new";
  Descriptor lock(::open(fresh.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!lock.is_open()) throw_io_error("make " + fresh.string(), errno);
  if (::flock(lock.get(), LOCK_EX) != 0) throw_io_error("lock " + fresh.string(), errno);
  const std::filesystem::path lasting = directory / kLockName;
  if (::rename(fresh.c_str(), lasting.c_str()) != 0)
    throw_io_error("make " + lasting.string(), errno);
  return lock;
}

}  // namespace

PrivateDirectory::PrivateDirectory(const std::string& prefix, const std::filesystem::path& parent)
    : directory_(prefix, parent), lock_(lock_directory(directory_.path())) {
  remove_abandoned(prefix, parent);
}

}  // namespace tenon
