#include "worker/daemon.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <memory>
#include <optional>

#include "compiler/support/error.h"
#include "compiler/support/files.h"
#include "compiler/support/text.h"
#include "rpc/net/link.h"
#include "rpc/net/wakeup.h"
#include "worker/device.h"
#include "worker/lanes.h"
#include "worker/lease_book.h"
#include "worker/sandbox_report.h"
#include "worker/spool.h"

namespace tenon {
namespace {

constexpr int64_t kMaxWaitMs = 1000;
constexpr uint32_t kCreditsPerBuilder = 3;
constexpr uint32_t kRunCredits = 4;
constexpr int kBlobGiveUpMs = 2000;  // then the lanes look whether they are to stop
constexpr int kLinkEventsPerTurn = 64;

int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

bool has_role(const WorkerOptions& options, rpc::Role role) {
  return std::find(options.roles.begin(), options.roles.end(), role) != options.roles.end();
}

// Stops that arrive as signals, readable through a descriptor. Blocked in every thread that is
// made later; children start with nothing blocked.
Descriptor open_stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  if (pthread_sigmask(SIG_BLOCK, &signals, nullptr) != 0) throw_io_error("block signals", errno);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  Descriptor fd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd.is_open()) throw_io_error("open a signal descriptor", errno);
  return fd;
}

// One process per state directory; the lock goes with the process.
Descriptor lock_state(const std::filesystem::path& directory) {
  make_directories(directory, 0700);
  const std::string path = (directory / "lock").string();
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file.is_open()) throw_io_error("open " + path, errno);
  if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return file;
  throw UserError("another worker uses " + directory.string(),
                  "give this one another --name or --state");
}

class Daemon {
 public:
  Daemon(const WorkerOptions& options, Log& log);
  ~Daemon();
  int serve();

 private:
  WorkerIdentity make_identity();
  void add_lanes(std::unique_ptr<BuildExecutor> first_builder);
  std::unique_ptr<BuildExecutor> make_builder();
  void make_link();
  std::vector<rpc::Result> load_spool();

  void wait();
  void take_link_event(const rpc::LinkEvent& event);
  void take_reports();
  void apply(LeaseEffects effects);
  void apply_one(const LeaseEffect& effect);
  void spool(const rpc::Result& result);
  void retry_spooling();
  void publish_hello();
  std::optional<std::string> stop_reason();

  const WorkerOptions& options_;
  Log& log_;
  Descriptor stop_signals_;
  Descriptor state_lock_;
  std::vector<int> cpus_;
  CorePlan cores_;
  ChildTable children_;
  Spool spool_;
  rpc::Client blob_client_;
  ArtifactCache artifacts_;
  rpc::Device device_;
  std::unique_ptr<Lanes> lanes_;
  std::unique_ptr<LeaseBook> book_;
  std::vector<rpc::Result> unspooled_;  // waiting for room on the disk
  Mailbox<LaneReport> reports_;
  rpc::Wakeup wakeup_;
  std::mutex hello_mutex_;
  std::vector<rpc::HeldLease> hello_held_;
  std::vector<rpc::Fence> hello_spooled_;
  std::unique_ptr<rpc::Link> link_;
  std::string refusal_;
};

rpc::ClientOptions blob_client_options(const WorkerOptions& options) {
  rpc::ClientOptions client;
  client.url = options.tracker_url;
  client.key = options.key;
  client.name = options.name + "/blobs";
  client.build = "worker";
  client.roles = {};
  client.give_up_ms = kBlobGiveUpMs;
  return client;
}

Daemon::Daemon(const WorkerOptions& options, Log& log)
    : options_(options),
      log_(log),
      stop_signals_(open_stop_signals()),
      state_lock_(lock_state(options.state_directory)),
      cpus_(affinity_cpus()),
      cores_(reserve_cores(cpus_, options.run_threads)),
      spool_(options.state_directory / "spool"),
      blob_client_(blob_client_options(options)),
      artifacts_({.directory = options.cache_directory, .max_bytes = options.cache_bytes},
                 blob_client_),
      device_(describe_processor(options.name, static_cast<uint32_t>(cpus_.size()))) {
  become_subreaper();
  std::unique_ptr<BuildExecutor> builder =
      has_role(options, rpc::Role::kBuild) ? make_builder() : nullptr;
  WorkerIdentity identity = make_identity();
  if (builder != nullptr) {
    const BuildOutput started = builder->start();
    if (started.outcome != rpc::Outcome::kOk) throw IoError(started.detail);
    identity.describe.toolchain = started.toolchain;
  }
  book_ = std::make_unique<LeaseBook>(std::move(identity), load_spool());
  publish_hello();
  add_lanes(std::move(builder));
  make_link();
}

Daemon::~Daemon() {
  link_.reset();
  children_.close();
  // Descendants that left their group may hold a socket that a lane waits for.
  children_.kill_strays();
  lanes_.reset();
  children_.kill_strays();
}

WorkerIdentity Daemon::make_identity() {
  WorkerIdentity identity;
  identity.can_build = has_role(options_, rpc::Role::kBuild);
  identity.can_run = has_role(options_, rpc::Role::kRun);
  identity.describe.labels = processor_labels();
  identity.describe.environment = environment_text();
  if (identity.can_build) {
    identity.credits.build_credits = kCreditsPerBuilder * options_.num_builders;
  }
  if (identity.can_run) {
    identity.credits.run_credits = kRunCredits;
    identity.describe.devices = {device_};
    const SandboxReport report = probe_sandbox(children_, options_.runner_program);
    require_steps(report, options_.required_steps);
    identity.describe.sandbox = format_sandbox(report);
    log_.info("sandbox: " + identity.describe.sandbox);
  }
  return identity;
}

std::unique_ptr<BuildExecutor> Daemon::make_builder() {
  BuildSettings settings;
  settings.builder_program = options_.builder_program;
  settings.cpus = cores_.build;
  return std::make_unique<BuildExecutor>(children_, settings);
}

void Daemon::add_lanes(std::unique_ptr<BuildExecutor> first_builder) {
  LaneSettings settings{.cpus = cpus_,
                        .build_cpus = first_builder ? cores_.build : std::vector<int>{},
                        .device = device_.serial,
                        .quiet_lock = options_.quiet_lock};
  lanes_ = std::make_unique<Lanes>(std::move(settings), children_, artifacts_, log_,
                                   [this](LaneReport report) {
                                     reports_.put(std::move(report));
                                     wakeup_.set();
                                   });
  if (first_builder != nullptr) {
    lanes_->add_builder(std::move(first_builder));
    for (uint32_t i = 1; i < options_.num_builders; ++i) lanes_->add_builder(make_builder());
  }
  if (has_role(options_, rpc::Role::kRun)) {
    RunSettings run;
    run.runner_program = options_.runner_program;
    run.skipped_steps = options_.skipped_steps;
    lanes_->set_runner(std::make_unique<RunExecutor>(children_, run));
  }
  lanes_->start();
}

void Daemon::make_link() {
  rpc::LinkOptions link;
  link.url = options_.tracker_url;
  link.key = options_.key;
  link.hello.roles = options_.roles;
  link.hello.name = options_.name;
  link.hello.build = "worker";
  link.before_hello = [this](rpc::Hello& hello) {
    const std::lock_guard lock(hello_mutex_);
    hello.held = hello_held_;
    hello.spooled = hello_spooled_;
  };
  link_ = std::make_unique<rpc::Link>(std::move(link));
}

std::vector<rpc::Result> Daemon::load_spool() {
  std::vector<std::string> damaged;
  std::vector<rpc::Result> results = spool_.load(&damaged);
  for (const std::string& path : damaged) log_.error("set aside a damaged result: " + path);
  if (!results.empty()) log_.info(str_cat(results.size(), " results wait in the spool"));
  return results;
}

// The link's thread reads what this copies.
void Daemon::publish_hello() {
  const std::lock_guard lock(hello_mutex_);
  hello_held_ = book_->held();
  hello_spooled_ = book_->unacknowledged();
}

void Daemon::spool(const rpc::Result& result) {
  try {
    spool_.add(result);
  } catch (const IoError& error) {
    log_.error(str_cat(error.what(), "; the result is kept in memory and tried again"));
    unspooled_.push_back(result);
    return;
  }
  apply(book_->on_spooled(result, now_ms()));
}

void Daemon::retry_spooling() {
  const std::vector<rpc::Result> waiting = std::exchange(unspooled_, {});
  for (const rpc::Result& result : waiting) spool(result);
}

void Daemon::apply_one(const LeaseEffect& effect) {
  if (const auto* send = std::get_if<SendMessage>(&effect)) {
    link_->send(send->message);
  } else if (const auto* start = std::get_if<StartTask>(&effect)) {
    lanes_->put(start->task);
  } else if (const auto* abort = std::get_if<AbortTask>(&effect)) {
    lanes_->abort(abort->fence);
  } else if (const auto* spooled = std::get_if<SpoolResult>(&effect)) {
    spool(spooled->result);
  } else {
    spool_.remove(std::get<UnspoolResult>(effect).fence);
  }
}

void Daemon::apply(LeaseEffects effects) {
  for (const LeaseEffect& effect : effects) apply_one(effect);
  publish_hello();
}

void Daemon::take_link_event(const rpc::LinkEvent& event) {
  if (const auto* up = std::get_if<rpc::LinkUp>(&event)) {
    log_.info(str_cat("connected to ", options_.tracker_url, ", epoch ", up->welcome.epoch));
    apply(book_->on_up(up->welcome, now_ms()));
  } else if (const auto* down = std::get_if<rpc::LinkDown>(&event)) {
    log_.warning("no connection: " + down->why);
    book_->on_down();
  } else if (const auto* refused = std::get_if<rpc::LinkRefused>(&event)) {
    refusal_ = refused->why;
  } else {
    const rpc::Message& message = std::get<rpc::LinkMessage>(event).message;
    if (const auto* error = std::get_if<rpc::ErrorMessage>(&message)) {
      log_.warning("the tracker refused a message: " + error->text);
    }
    apply(book_->on_message(message, now_ms()));
  }
}

void Daemon::take_reports() {
  for (LaneReport& report : reports_.take_all()) {
    if (const auto* change = std::get_if<PhaseChange>(&report)) {
      book_->on_phase(change->fence, change->phase);
    } else {
      apply(book_->on_finished(std::get<rpc::Result>(std::move(report))));
    }
  }
}

void Daemon::wait() {
  const int64_t until = std::min(book_->next_tick_ms(), now_ms() + kMaxWaitMs);
  const int timeout = static_cast<int>(std::max<int64_t>(until - now_ms(), 0));
  pollfd entries[] = {{link_->ready_fd(), POLLIN, 0},
                      {wakeup_.fd(), POLLIN, 0},
                      {stop_signals_.get(), POLLIN, 0},
                      {options_.lifeline_fd, POLLIN, 0}};
  if (::poll(entries, 4, timeout) < 0 && errno != EINTR) throw_io_error("poll", errno);
  wakeup_.clear();
}

std::optional<std::string> Daemon::stop_reason() {
  signalfd_siginfo info;
  if (::read(stop_signals_.get(), &info, sizeof info) == sizeof info) {
    return str_cat("signal ", info.ssi_signo);
  }
  if (options_.lifeline_fd < 0) return std::nullopt;
  pollfd entry{options_.lifeline_fd, POLLIN, 0};
  if (::poll(&entry, 1, 0) <= 0) return std::nullopt;
  return "the end of the lifeline";
}

int Daemon::serve() {
  while (true) {
    wait();
    if (const auto reason = stop_reason()) {
      log_.info("stopping after " + *reason);
      return 0;
    }
    for (int i = 0; i < kLinkEventsPerTurn; ++i) {
      const std::optional<rpc::LinkEvent> event = link_->next(0);
      if (!event) break;
      take_link_event(*event);
    }
    if (!refusal_.empty()) {
      log_.error("the tracker at " + options_.tracker_url + " refuses this worker: " + refusal_);
      return 2;
    }
    take_reports();
    if (now_ms() >= book_->next_tick_ms()) {
      book_->set_host_state(load_permille(), free_bytes(options_.state_directory));
      retry_spooling();
      apply(book_->on_tick(now_ms()));
    }
  }
}

}  // namespace

int serve_worker(const WorkerOptions& options, Log& log) { return Daemon(options, log).serve(); }

std::string describe_machine(const WorkerOptions& options) {
  const rpc::Device device =
      describe_processor(options.name, static_cast<uint32_t>(affinity_cpus().size()));
  std::string text = str_cat("serial: ", device.serial, "\nclass: ", device.device_class,
                             "\nlabel: ", device.class_label, "\nthreads: ", device.max_threads,
                             "\nlabels: ", join(processor_labels(), " "),
                             "\nenvironment: ", environment_text(), "\n");
  ChildTable children;
  for (const SandboxStep& step : probe_sandbox(children, options.runner_program).steps) {
    text += str_cat("sandbox ", step.name, ": ", step.state, "\n");
  }
  return text;
}

}  // namespace tenon
