#include "database/lock_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "compiler/support/error.h"
#include "compiler/support/files.h"
#include "compiler/support/text.h"

namespace tenon::database {
namespace {

constexpr std::uint64_t kMaxLockTextBytes = 4096;

}  // namespace

LockFile::LockFile(const std::string& database_path) : path_(database_path + ".lock") {
  file_ = Descriptor(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file_.is_open()) throw_io_error("open lock file " + path_, errno);
  while (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) throw_io_error("lock " + path_, errno);
    const std::string text = read_file(path_, kMaxLockTextBytes);
    const std::string holder(trim(text));
    throw UserError(str_cat("database ", database_path, " is in use by ",
                            holder.empty() ? "a process that is just starting" : holder),
                    "one process writes at a time: wait for it, stop it, or name another database");
  }
  describe(0);
}

void LockFile::describe(std::int64_t epoch) {
  const std::string text = str_cat(program_path().filename().string(), " (process ", ::getpid(),
                                   epoch > 0 ? str_cat(", epoch ", epoch) : "", ")\n");
  if (::ftruncate(file_.get(), 0) != 0) throw_io_error("truncate " + path_, errno);
  if (::lseek(file_.get(), 0, SEEK_SET) < 0) throw_io_error("seek in " + path_, errno);
  write_all(file_.get(), text, path_);
}

}  // namespace tenon::database
