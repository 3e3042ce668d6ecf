#include "tuner/session/local_fleet.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "compiler/support/descriptor.h"
#include "compiler/support/error.h"
#include "compiler/support/files.h"
#include "compiler/support/subprocess.h"
#include "compiler/support/text.h"
#include "tuner/session/private_directory.h"

namespace tenon {
namespace {

constexpr std::size_t kLongestSocketPath = 99;
constexpr std::size_t kTailLines = 12;
constexpr int kMostRestarts = 50;
constexpr std::size_t kMostWarnings = 100;
constexpr int kWatchMs = 100;
constexpr double kWorkerGraceSeconds = 5, kTrackerGraceSeconds = 3;

// A fresh directory whose sockets have short enough paths.
std::filesystem::path socket_parent() {
  const std::filesystem::path parent = runtime_parent_directory();
  return parent.string().size() + 40 > kLongestSocketPath ? "/tmp" : parent;
}

// A descriptor to read `text` from, which must fit a pipe.
Descriptor reader_of(const std::string& text) {
  Pipe pipe = make_pipe();
  write_all(pipe.write_end.get(), text, "a pipe");
  return std::move(pipe.read_end);
}

cpu_set_t affinity() {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  if (sched_getaffinity(0, sizeof cpus, &cpus) != 0) throw_io_error("sched_getaffinity", errno);
  return cpus;
}

void set_affinity(const cpu_set_t& cpus) {
  if (sched_setaffinity(0, sizeof cpus, &cpus) != 0) throw_io_error("sched_setaffinity", errno);
}

// Without the last `count` cores, which the worker measures on; nullopt when that leaves none.
std::optional<cpu_set_t> without_last(cpu_set_t cpus, std::uint32_t count) {
  for (int cpu = CPU_SETSIZE - 1; cpu >= 0 && count > 0; --cpu) {
    if (!CPU_ISSET(cpu, &cpus)) continue;
    CPU_CLR(cpu, &cpus);
    --count;
  }
  if (CPU_COUNT(&cpus) == 0) return std::nullopt;
  return cpus;
}

}  // namespace

struct LocalFleet::State {
  LocalFleetOptions options;
  PrivateDirectory directory{"tenon-tune", socket_parent()};
  std::string url, quiet_lock;
  std::filesystem::path log_path;
  Descriptor log;
  rpc::TrackerKeys keys;
  rpc::PeerKey client_key, worker_key;
  Pipe lifeline = make_pipe();
  cpu_set_t all_cpus = affinity();
  std::optional<cpu_set_t> own_cpus;          // nullopt: measuring takes turns with everything else
  std::optional<Subprocess> tracker, worker;  // the watcher's while it runs
  int num_restarts = 0;
  std::atomic<bool> is_ending = false;
  std::mutex mutex;
  std::vector<std::string> notes;  // under mutex
  std::future<void> watcher;

  ~State();

  std::string program(const std::string& name) const {
    const std::filesystem::path folder = options.program_directory.empty()
                                             ? program_path().parent_path()
                                             : std::filesystem::path(options.program_directory);
    const std::filesystem::path path = folder / name;
    if (!std::filesystem::exists(path)) {
      throw UserError(name + " is not beside this program: " + path.string());
    }
    return path.string();
  }

  std::string in_directory(const std::string& name) const {
    return (directory.path() / name).string();
  }

  void make_keys();
  void start_tracker();
  void start_worker();
  void watch();
  void restart_if_dead(std::optional<Subprocess>& child, const std::string& name,
                       void (State::*start)());
  std::string tail() const;
  void add_warnings(std::vector<std::string>* lines);

  std::streamoff log_read = 0;  // bytes of the log that add_warnings has seen
  std::set<std::string> warned;
};

LocalFleet::State::~State() {
  is_ending = true;
  if (watcher.valid()) watcher.wait();
  lifeline.write_end.reset();
  if (worker) worker->wait(kWorkerGraceSeconds);
  if (tracker) {
    tracker->kill_group(SIGTERM);
    tracker->wait(kTrackerGraceSeconds);
  }
  sched_setaffinity(0, sizeof all_cpus, &all_cpus);
}

void LocalFleet::State::make_keys() {
  keys.server = rpc::make_key_pair();
  const auto add = [&](const std::string& name, std::vector<rpc::Role> roles) {
    const rpc::KeyPair pair = rpc::make_key_pair();
    keys.authorized.push_back({name, pair.public_key, std::move(roles)});
    return rpc::PeerKey{pair, keys.server.public_key};
  };
  // Jobs belong to the key's name: it must be the same for every session of this database.
  client_key = add("client", {rpc::Role::kSubmitter});
  worker_key = add("local", {rpc::Role::kBuild, rpc::Role::kRun});
}

void LocalFleet::State::start_tracker() {
  const Descriptor key_file = reader_of(rpc::format_tracker_keys(keys));
  Pipe ready = make_pipe();
  SpawnOptions spawn;
  spawn.argv = {program("tenon-tracker"),
                "--listen",
                url,
                "--db",
                options.database,
                "--keys-fd",
                "3",
                "--lifeline-fd",
                "4",
                "--ready-fd",
                "5"};
  spawn.stdout_fd = spawn.stderr_fd = log.get();
  spawn.passed_fds = {key_file.get(), lifeline.read_end.get(), ready.write_end.get()};
  tracker.emplace(Subprocess::spawn(spawn));
  ready.write_end.reset();
  if (read_exactly(ready.read_end.get(), 1, "the tracker's answer")) return;
  const auto status = tracker->wait(1);
  const std::string said = tail();
  constexpr std::string_view kError = "error: ";
  const std::string text =
      str_cat("the private tracker did not start (", status ? status->describe() : "still running",
              "):\n", said.starts_with(kError) ? said.substr(kError.size()) : said);
  // It leaves with 2 when it refuses its database.
  if (status && status->signal == 0 && status->exit_code == 2) throw UserError(text);
  throw IoError(text);
}

void LocalFleet::State::start_worker() {
  const Descriptor key_file = reader_of(rpc::format_peer_key(worker_key));
  SpawnOptions spawn;
  spawn.argv = {program("tenon-worker"),
                "--tracker",
                url,
                "--key-fd",
                "3",
                "--lifeline-fd",
                "4",
                "--role",
                "build,run",
                "--name",
                "local",
                "--threads",
                std::to_string(options.threads),
                "--state",
                in_directory("worker"),
                "--cache",
                in_directory("cache"),
                "--cache-mib",
                "256"};
  if (!quiet_lock.empty()) spawn.argv.insert(spawn.argv.end(), {"--quiet-lock", quiet_lock});
  spawn.stdout_fd = spawn.stderr_fd = log.get();
  spawn.passed_fds = {key_file.get(), lifeline.read_end.get()};
  // The worker divides all cores between measuring and building by itself.
  set_affinity(all_cpus);
  worker.reset();
  worker.emplace(Subprocess::spawn(spawn));
  if (own_cpus) set_affinity(*own_cpus);
}

// A call to the tracker waits until there is one again, so this cannot be left to the caller's
// thread.
void LocalFleet::State::watch() {
  while (!is_ending) {
    pollfd ends[] = {{tracker->pidfd(), POLLIN, 0}, {worker->pidfd(), POLLIN, 0}};
    if (::poll(ends, 2, kWatchMs) <= 0 || is_ending) continue;
    restart_if_dead(tracker, "tracker", &State::start_tracker);
    restart_if_dead(worker, "worker", &State::start_worker);
  }
}

void LocalFleet::State::restart_if_dead(std::optional<Subprocess>& child, const std::string& name,
                                        void (State::*start)()) {
  const auto status = child->wait(0);
  if (!status) return;
  if (++num_restarts > kMostRestarts) {
    throw IoError(str_cat("the private ", name, " ends again and again (", status->describe(),
                          "):\n", tail()));
  }
  (this->*start)();
  const std::lock_guard lock(mutex);
  notes.push_back(
      str_cat("the private ", name, " ended with ", status->describe(), "; started again"));
}

std::string LocalFleet::State::tail() const {
  const std::vector<std::string> lines = split_lines(read_file(log_path));
  const std::size_t start = lines.size() > kTailLines ? lines.size() - kTailLines : 0;
  return join(
      std::vector<std::string>(lines.begin() + static_cast<std::ptrdiff_t>(start), lines.end()),
      "\n");
}

// "TIME LEVEL NAME: TEXT" -> "NAME: TEXT" for warnings and errors, at most kMostWarnings.
void LocalFleet::State::add_warnings(std::vector<std::string>* lines) {
  std::ifstream file(log_path);
  file.seekg(log_read);
  std::string line;
  while (std::getline(file, line) && !file.eof()) {
    log_read += static_cast<std::streamoff>(line.size()) + 1;
    const std::vector<std::string> words = split(line, ' ');
    if (words.size() < 3 || (words[1] != "warning" && words[1] != "error")) continue;
    const std::string text = line.substr(words[0].size() + words[1].size() + 2);
    if (warned.size() < kMostWarnings && warned.insert(text).second) lines->push_back(text);
  }
}

LocalFleet::LocalFleet(const LocalFleetOptions& options) : state_(std::make_unique<State>()) {
  State& state = *state_;
  state.options = options;
  state.url = "ipc://" + state.in_directory("t");
  if (state.in_directory("t").size() > kLongestSocketPath) {
    throw UserError("the private socket's path is too long: " + state.in_directory("t"));
  }
  state.log_path = options.log_file.empty() ? state.in_directory("log") : options.log_file;
  state.log =
      Descriptor(::open(state.log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!state.log.is_open()) throw_io_error("open " + state.log_path.string(), errno);
  state.log_read = static_cast<std::streamoff>(std::filesystem::file_size(state.log_path));
  state.make_keys();
  state.own_cpus = without_last(state.all_cpus, options.threads);
  if (state.own_cpus) {
    set_affinity(*state.own_cpus);
  } else {
    state.quiet_lock = state.in_directory("quiet");
  }
  state.start_tracker();
  state.start_worker();
  state.watcher = std::async(std::launch::async, [&state] { state.watch(); });
}

LocalFleet::~LocalFleet() = default;

const std::string& LocalFleet::url() const { return state_->url; }
const rpc::PeerKey& LocalFleet::client_key() const { return state_->client_key; }
const std::string& LocalFleet::quiet_lock() const { return state_->quiet_lock; }
std::string LocalFleet::log_tail() const { return state_->tail(); }

std::string LocalFleet::news() {
  const bool has_ended =
      state_->watcher.valid() &&
      state_->watcher.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  if (has_ended) state_->watcher.get();
  std::vector<std::string> lines;
  {
    const std::lock_guard lock(state_->mutex);
    lines.swap(state_->notes);
  }
  state_->add_warnings(&lines);
  return join(lines, "\n");
}

}  // namespace tenon
