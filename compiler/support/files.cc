#include "compiler/support/files.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "compiler/support/descriptor.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"

namespace tenon {
namespace {

namespace fs = std::filesystem;

// Removes the file it names unless it was kept.
class Unlinker {
 public:
  explicit Unlinker(std::string path) : path_(std::move(path)) {}
  Unlinker(const Unlinker&) = delete;
  Unlinker& operator=(const Unlinker&) = delete;
  ~Unlinker() {
    if (!is_kept_) ::unlink(path_.c_str());
  }
  void keep() { is_kept_ = true; }

 private:
  std::string path_;
  bool is_kept_ = false;
};

void sync_directory(const fs::path& path) {
  Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.is_open()) throw_io_error("open directory " + path.string(), errno);
  // Some file systems cannot fsync a directory and say EINVAL; the rename is then as durable as
  // they make it.
  if (::fsync(directory.get()) != 0 && errno != EINVAL)
    throw_io_error("sync directory " + path.string(), errno);
}

fs::path xdg_directory(const char* variable, const char* below_home) {
  const char* value = std::getenv(variable);
  // The specification says that relative values are invalid and to be ignored.
  if (value != nullptr && value[0] == '/') return fs::path(value) / "tenon";
  const char* home = std::getenv("HOME");
  if (home == nullptr || home[0] == '\0') {
    const passwd* entry = ::getpwuid(::getuid());
    home = entry == nullptr ? nullptr : entry->pw_dir;
  }
  if (home == nullptr || home[0] == '\0') {
    throw UserError(str_cat("no home directory: neither ", variable, " nor HOME is set"));
  }
  return fs::path(home) / below_home / "tenon";
}

}  // namespace

std::string read_file(const fs::path& path, uint64_t limit_bytes) {
  std::string what = "read " + path.string();
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) throw_io_error(what, errno);
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) throw_io_error(what, errno);
  std::string bytes;
  size_t filled = 0;
  for (;;) {
    size_t expected = info.st_size > 0 ? static_cast<size_t>(info.st_size) + 1 : 0;
    bytes.resize(std::max(expected, filled + 65536));
    ssize_t got = ::read(file.get(), bytes.data() + filled, bytes.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_io_error(what, errno);
    if (got == 0) break;
    filled += static_cast<size_t>(got);
    if (filled > limit_bytes)
      throw IoError(str_cat(what, ": larger than the limit of ", format_bytes(limit_bytes)));
  }
  bytes.resize(filled);
  return bytes;
}

void write_file_atomically(const fs::path& path, std::string_view bytes, unsigned mode) {
  std::string what = "write " + path.string();
  fs::path directory = path.has_parent_path() ? path.parent_path() : fs::path(".");
  std::string beside = (directory / ("." + path.filename().string() + ".XXXXXX")).string();
  Descriptor file(::mkostemp(beside.data(), O_CLOEXEC));
  if (!file.is_open()) throw_io_error(what, errno);
  Unlinker unlinker(beside);
  mode_t mask = ::umask(0);
  ::umask(mask);
  if (::fchmod(file.get(), mode & ~mask) != 0) throw_io_error(what, errno);
  write_all(file.get(), bytes, path.string());
  if (::fsync(file.get()) != 0) throw_io_error(what, errno);
  // Network and quota-bound file systems report a full disk only here.
  if (::close(file.release()) != 0) throw_io_error(what, errno);
  if (::rename(beside.c_str(), path.c_str()) != 0) throw_io_error(what, errno);
  unlinker.keep();
  sync_directory(directory);
}

void make_directories(const fs::path& path, unsigned mode) {
  if (path.has_parent_path() && path.parent_path() != path && !fs::exists(path.parent_path())) {
    make_directories(path.parent_path(), mode);
  }
  if (path.empty() || ::mkdir(path.c_str(), mode) == 0) return;
  int error_number = errno;
  std::error_code ignored;
  if (error_number == EEXIST && fs::is_directory(path, ignored)) return;
  throw_io_error("make directory " + path.string(), error_number);
}

TempDir::TempDir(const std::string& name_prefix, const fs::path& parent) {
  const char* variable = std::getenv("TMPDIR");
  fs::path base = !parent.empty()                             ? parent
                  : variable != nullptr && variable[0] == '/' ? fs::path(variable)
                                                              : "/tmp";
  std::string pattern = (base / (name_prefix + ".XXXXXX")).string();
  if (::mkdtemp(pattern.data()) == nullptr)
    throw_io_error("make a directory in " + base.string(), errno);
  path_ = pattern;
}

TempDir::~TempDir() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

fs::path state_directory() { return xdg_directory("XDG_STATE_HOME", ".local/state"); }

fs::path cache_directory() { return xdg_directory("XDG_CACHE_HOME", ".cache"); }

fs::path runtime_parent_directory() {
  const char* value = std::getenv("XDG_RUNTIME_DIR");
  std::error_code ignored;
  if (value != nullptr && value[0] == '/' && fs::is_directory(value, ignored)) return value;
  return "/tmp";
}

fs::path program_path() {
  std::error_code error;
  fs::path path = fs::read_symlink("/proc/self/exe", error);
  if (error) throw IoError("read /proc/self/exe: " + error.message());
  return path;
}

}  // namespace tenon
