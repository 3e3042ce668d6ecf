#include "worker/child.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <thread>

#include "compiler/support/error.h"

namespace tenon {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kStrayLimit = std::chrono::seconds(5);
constexpr auto kStrayPause = std::chrono::milliseconds(1);
constexpr size_t kMaxOutputBytes = 64 * 1024;

// The parent of a process, or 0 when it is gone.
pid_t parent_of(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  std::FILE* file = std::fopen(path.c_str(), "re");
  if (file == nullptr) return 0;
  char text[512];
  const size_t size = std::fread(text, 1, sizeof text - 1, file);
  std::fclose(file);
  text[size] = '\0';
  // "PID (NAME) STATE PPID ...": the name may hold anything, also ')'.
  const std::string_view view(text, size);
  const size_t end = view.rfind(')');
  if (end == std::string_view::npos || end + 4 >= size) return 0;
  return static_cast<pid_t>(std::atoi(text + end + 4));
}

// Affinity of the calling thread for the time of a spawn: a child inherits it from its first
// instruction, which sched_setaffinity from outside could not promise.
class ScopedAffinity {
 public:
  explicit ScopedAffinity(const std::vector<int>& cpus) {
    if (cpus.empty() || sched_getaffinity(0, sizeof old_, &old_) != 0) return;
    cpu_set_t set;
    CPU_ZERO(&set);
    for (const int cpu : cpus) CPU_SET(static_cast<size_t>(cpu), &set);
    is_changed_ = sched_setaffinity(0, sizeof set, &set) == 0;
  }
  ~ScopedAffinity() {
    if (is_changed_) sched_setaffinity(0, sizeof old_, &old_);
  }
  ScopedAffinity(const ScopedAffinity&) = delete;
  ScopedAffinity& operator=(const ScopedAffinity&) = delete;

 private:
  cpu_set_t old_;
  bool is_changed_ = false;
};

}  // namespace

void become_subreaper() {
  if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) throw_io_error("become a child subreaper", errno);
}

Subprocess ChildTable::spawn(const SpawnOptions& options) {
  const std::lock_guard lock(mutex_);
  if (is_closed_) throw IoError("no child is started: this process is ending");
  Subprocess process = Subprocess::spawn(options);
  known_.insert(process.pid());
  return process;
}

void ChildTable::remove(pid_t pid) {
  const std::lock_guard lock(mutex_);
  known_.erase(pid);
}

// Called with the mutex held, so that no child is between its start and its entry.
std::vector<pid_t> ChildTable::list_strays() {
  std::vector<pid_t> strays;
  DIR* processes = opendir("/proc");
  if (processes == nullptr) throw_io_error("list /proc", errno);
  while (const dirent* entry = readdir(processes)) {
    const pid_t pid = static_cast<pid_t>(std::atoi(entry->d_name));
    if (pid > 0 && !known_.contains(pid) && parent_of(pid) == getpid()) strays.push_back(pid);
  }
  closedir(processes);
  return strays;
}

int ChildTable::kill_strays() {
  const auto limit = Clock::now() + kStrayLimit;
  int count = 0;
  while (true) {
    {
      const std::lock_guard lock(mutex_);
      const std::vector<pid_t> strays = list_strays();
      if (strays.empty()) return count;
      for (const pid_t pid : strays) {
        ::kill(-pid, SIGKILL);  // its group, if it leads one
        ::kill(pid, SIGKILL);
        if (waitpid(pid, nullptr, WNOHANG) == pid) ++count;
      }
    }
    if (Clock::now() > limit) return -1;
    std::this_thread::sleep_for(kStrayPause);
  }
}

void ChildTable::close() {
  const std::lock_guard lock(mutex_);
  is_closed_ = true;
  for (const pid_t pid : known_) ::kill(-pid, SIGKILL);
}

Child::Child(ChildTable& table, const ChildOptions& options) : table_(table) {
  const rpc::SocketPair pair = rpc::make_socket_pair();
  control_ = Descriptor(pair.parent);
  const Descriptor child_end(pair.child);
  Pipe output = make_pipe();
  // Neither side ever blocks on this pipe: what does not fit is lost, and that is the cap.
  fcntl(output.write_end.get(), F_SETFL, O_NONBLOCK);
  fcntl(output.read_end.get(), F_SETFL, O_NONBLOCK);
  SpawnOptions spawn;
  spawn.argv = options.argv;
  spawn.stdout_fd = output.write_end.get();
  spawn.stderr_fd = output.write_end.get();
  spawn.passed_fds = {child_end.get()};
  if (options.extra_fd >= 0) spawn.passed_fds.push_back(options.extra_fd);
  const ScopedAffinity affinity(options.cpus);
  process_.emplace(table.spawn(spawn));
  output_ = std::move(output.read_end);
}

Child::~Child() { finish(0); }

std::variant<rpc::PipeFrame, rpc::PipeFailure> Child::receive(int timeout_ms,
                                                              uint32_t max_body_bytes) {
  pollfd entries[] = {{control_.get(), POLLIN, 0}, {process_->pidfd(), POLLIN, 0}};
  const int num_ready = ::poll(entries, 2, timeout_ms);
  if (num_ready == 0) return rpc::PipeFailure{rpc::PipeEnd::kTimeout, "no frame in time"};
  const bool has_data = num_ready > 0 && entries[0].revents != 0;
  const bool is_over = num_ready > 0 && entries[1].revents != 0;
  if (is_over && !has_data) return rpc::PipeFailure{rpc::PipeEnd::kClosed, "the child has ended"};
  // What an ended child wrote is there already.
  return rpc::read_frame(control_.get(), is_over ? 0 : timeout_ms, max_body_bytes);
}

bool Child::has_ended() { return ends_within(0); }

bool Child::ends_within(int timeout_ms) {
  pollfd entry{process_->pidfd(), POLLIN, 0};
  int num_ready;
  do {
    num_ready = ::poll(&entry, 1, timeout_ms);
  } while (num_ready < 0 && errno == EINTR);
  return num_ready > 0;
}

void Child::kill() {
  const std::lock_guard lock(mutex_);
  if (process_ && !status_) process_->kill_group(SIGKILL);
}

ExitStatus Child::finish(int grace_ms) {
  if (status_) return *status_;
  control_.reset();
  if (!ends_within(grace_ms)) {
    kill();
    ends_within(-1);
  }
  {
    // From here on the number may be another process's: kill() must see that this one is over.
    const std::lock_guard lock(mutex_);
    status_ = process_->wait();
  }
  table_.remove(process_->pid());
  table_.kill_strays();
  return *status_;
}

std::string Child::output() {
  std::string text(kMaxOutputBytes, '\0');
  size_t size = 0;
  while (size < text.size()) {
    const ssize_t count = ::read(output_.get(), text.data() + size, text.size() - size);
    if (count <= 0) break;
    size += static_cast<size_t>(count);
  }
  text.resize(size);
  return text;
}

}  // namespace tenon
