// tenon tune: search for fast schedules of a model's workloads, then write the library.
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <iomanip>
#include <iostream>
#include <memory>
#include <random>
#include <sstream>

#include "compiler/support/clock.h"
#include "compiler/support/error.h"
#include "compiler/support/files.h"
#include "compiler/support/hash.h"
#include "compiler/support/json_text.h"
#include "compiler/support/text.h"
#include "rpc/net/client.h"
#include "tuner/cli/commands.h"
#include "tuner/cli/evidence.h"
#include "tuner/cli/places.h"
#include "tuner/cli/progress.h"
#include "tuner/cli/schedules.h"
#include "tuner/cli/worker_time.h"
#include "tuner/session/local_fleet.h"
#include "tuner/session/private_directory.h"
#include "tuner/session/session.h"
#include "tuner/space/space.h"

namespace tenon::cli {
namespace {

std::atomic<bool> stop_flag{false};
std::atomic<int> stop_signal{0};

// The first signal asks to stop; the second ends the program at once.
extern "C" void on_signal(int signal) {
  if (stop_signal.exchange(signal) != 0) _exit(128 + signal);
  stop_flag = true;
}

void watch_signals() {
  struct sigaction action = {};
  action.sa_handler = on_signal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

// Where measurements come from: the tracker that was named, or a private one.
struct Fleet {
  std::unique_ptr<LocalFleet> local;
  std::unique_ptr<rpc::Client> client;
};

Fleet open_fleet(const TuneArguments& a) {
  if (a.tracker.empty() != a.key.empty()) {
    throw UserError("--tracker and --key belong together: a tracker lets only known keys in");
  }
  Fleet fleet;
  rpc::ClientOptions options;
  options.name = "tune";
  options.build = std::string("tenon ") + TENON_VERSION;
  if (a.tracker.empty()) {
    LocalFleetOptions local;
    local.database = database_path(a.db);
    local.threads = static_cast<std::uint32_t>(a.threads);
    fleet.local = std::make_unique<LocalFleet>(local);
    options.url = fleet.local->url();
    options.key = fleet.local->client_key();
  } else {
    options.url = a.tracker;
    options.key = rpc::read_peer_key(a.key);
  }
  fleet.client = std::make_unique<rpc::Client>(options);
  fleet.client->wait_until_up();
  return fleet;
}

SessionOptions session_options(const TuneArguments& a, const Target& target,
                               std::vector<TuningTask> tasks, const Fleet& fleet) {
  SessionOptions options;
  options.tasks = std::move(tasks);
  options.target = target;
  options.threads = static_cast<std::uint32_t>(a.threads);
  options.trials = static_cast<std::uint64_t>(a.trials);
  options.time_limit_s = a.time_limit_s;
  options.seed = a.seed;
  options.label = std::filesystem::path(a.model).filename().string();
  options.model_hash = sha256_hex(read_file(a.model));
  if (a.fresh) options.identity = "fresh-" + std::to_string(std::random_device{}());
  if (fleet.local) options.quiet_lock = fleet.local->quiet_lock();
  return options;
}

// Best traces found, else seeds.
Schedules found_schedules(const SessionResult& result, const Target& target, int threads) {
  BestRecords found;
  for (const TaskProgress& task : result.progress.tasks) {
    if (task.best_trace.empty()) continue;
    found.by_workload[task.workload_hash] = {task.best_trace, task.best_ns, false};
  }
  return schedules_from(std::move(found), target, threads);
}

CompileResult compile_with(const relax::Module& module, const Target& target,
                           const Schedules& schedules, int threads) {
  CompileOptions options;
  options.threads = threads;
  return compile(module, target, schedules, options);
}

void move_into_place(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0) throw_io_error("write " + to, errno);
}

// The tuned library goes to its place only after it was right: until then it, and what it is
// compared with, are in a folder beside, on the same disk.
Evidence compare_and_write(const TuneArguments& a, const relax::Module& module,
                           const Target& target, const SessionResult& result) {
  const CompileResult tuned =
      compile_with(module, target, found_schedules(result, target, a.threads), a.threads);
  const std::filesystem::path output = std::filesystem::absolute(a.output);
  const PrivateDirectory folder(".tenon-compare", output.parent_path());
  const auto place = [&](const std::string& name, const std::string& library) {
    const auto path = folder.path() / name;
    write_file_atomically(path, library, 0755);
    return path.string();
  };
  const auto write = [&](const std::string& name, const Schedules& schedules, int threads) {
    return place(name, compile_with(module, target, schedules, threads).library);
  };
  EvidencePaths paths;
  paths.tuned = place("tuned.so", tuned.library);
  paths.untuned = write(
      "untuned.so",
      [&](const std::string&, const tir::PrimFunc& func) {
        return seed_schedule(func, target, a.threads);
      },
      a.threads);
  paths.reference = write(
      "reference.so",
      [](const std::string&, const tir::PrimFunc&) { return ScheduleChoice{Trace{}, "plain"}; }, 1);
  const Evidence evidence = gather_evidence(paths, a.threads);
  if (!evidence.is_right) return evidence;
  move_into_place(paths.tuned, output.string());
  write_file_atomically(std::filesystem::path(output).replace_extension(".h"), tuned.header);
  return evidence;
}

// Where the time went. What the workers did is known where their database is.
void print_time(const SessionProgress& p, const std::optional<WorkerTime>& workers) {
  std::ostream& out = std::cout;
  const std::uint64_t own = p.num_trials - p.num_resumed;
  out << "time      " << duration_text(p.elapsed_s);
  if (own > 0) {
    out << ", " << std::setprecision(3) << p.elapsed_s / static_cast<double>(own) << " s a trial";
  }
  out << std::setprecision(1) << ": search " << p.phases.search << " s, learn " << p.phases.learn
      << " s, send " << p.phases.send << " s, wait " << p.phases.wait << " s";
  if (workers) {
    out << "; meanwhile build " << workers->build << " s, run " << workers->run << " s";
  }
  out << "\n";
}

void print_summary(const TuneArguments& a, const SessionResult& result, const Evidence& e,
                   const std::optional<WorkerTime>& workers) {
  const SessionProgress& p = result.progress;
  std::ostream& out = std::cout;
  out << std::fixed << std::setprecision(3);
  out << "latency   " << e.untuned_ms << " ms untuned, " << e.tuned_ms
      << " ms tuned: " << std::setprecision(2) << e.ratio << "x faster (quartiles " << e.ratio_low
      << " to " << e.ratio_high << ")\n";
  out << "outputs   " << (e.is_right ? "right" : "WRONG") << ", max |error| " << std::scientific
      << e.max_error << " against plain loops, max |expected| " << e.max_expected << std::fixed
      << "\n";
  out << "trials    " << p.num_trials << " (" << p.num_resumed << " from before)";
  for (const auto& [outcome, count] : p.outcomes) out << ", " << outcome << " " << count;
  out << "; stopped: " << name_of(result.reason) << "\n";
  print_time(p, workers);
  out << "kernels   of one call of the model, slowest first\n";
  for (const KernelTime& kernel : e.kernels) {
    out << "  " << std::setw(10) << std::setprecision(1) << kernel.us << " us  " << kernel.name
        << "\n";
  }
  if (!e.is_right) return;
  out << "library   " << a.output << "\n"
      << "next      tenon run " << a.output << " --bench\n";
}

void print_json(const TuneArguments& a, const SessionResult& result, const Evidence& e,
                const std::optional<WorkerTime>& workers) {
  const SessionProgress& p = result.progress;
  std::cout << "{\"tenon_tune\":1,\"event\":\"summary\",\"library\":" << json_text(a.output)
            << ",\"untuned_ms\":" << e.untuned_ms << ",\"tuned_ms\":" << e.tuned_ms
            << ",\"speedup\":" << e.ratio << ",\"speedup_quartiles\":[" << e.ratio_low << ","
            << e.ratio_high << "],\"right\":" << (e.is_right ? "true" : "false")
            << ",\"max_error\":" << e.max_error << ",\"trials\":" << p.num_trials
            << ",\"resumed\":" << p.num_resumed << ",\"elapsed_s\":" << p.elapsed_s
            << ",\"stopped\":" << json_text(std::string(name_of(result.reason)))
            << ",\"seconds\":{\"search\":" << p.phases.search << ",\"learn\":" << p.phases.learn
            << ",\"send\":" << p.phases.send << ",\"wait\":" << p.phases.wait;
  if (workers) std::cout << ",\"build\":" << workers->build << ",\"run\":" << workers->run;
  std::cout << "},\"outcomes\":{";
  const char* separator = "";
  for (const auto& [outcome, count] : p.outcomes) {
    std::cout << separator << json_text(outcome) << ":" << count;
    separator = ",";
  }
  std::cout << "}}\n";
}

bool has_valid(const SessionResult& result) {
  for (const TaskProgress& task : result.progress.tasks) {
    if (task.best_ns > 0) return true;
  }
  return false;
}

}  // namespace

int run_command(const TuneArguments& a) {
  const Target target = parse_target(a.target);
  const relax::Module module = load_model(a.model);
  std::vector<TuningTask> tasks = extract_tasks(module, target);
  watch_signals();
  Fleet fleet = open_fleet(a);
  TrackerMeasurer measurer(*fleet.client);
  const SystemClock clock;
  Session session(session_options(a, target, std::move(tasks), fleet), measurer, clock);
  ProgressView view(a.json);
  const std::int64_t started_ms = clock.wall_ms();
  const SessionResult result = session.run(stop_flag, [&](const SessionProgress& progress) {
    if (fleet.local) {
      const std::string news = fleet.local->news();
      if (!news.empty()) std::cerr << "tune: " << replace_all(news, "\n", "\ntune: ") << "\n";
    }
    view.update(progress);
  });
  view.finish(result.progress);
  fleet.client.reset();
  fleet.local.reset();
  if (!has_valid(result) && result.progress.num_trials > 0 && stop_signal == 0) {
    std::cerr << "error: none of " << result.progress.num_trials
              << " candidates was valid; the last one: " << result.progress.last_failure << "\n";
    return kWorkFailed;
  }
  const Evidence evidence = compare_and_write(a, module, target, result);
  std::optional<WorkerTime> workers;
  if (a.tracker.empty()) workers = worker_time(database_path(a.db), result.job, started_ms);
  a.json ? print_json(a, result, evidence, workers) : print_summary(a, result, evidence, workers);
  if (!evidence.is_right) {
    std::cerr << "error: the tuned library's outputs differ from plain loops; " << a.output
              << " was not written\n";
    return kWorkFailed;
  }
  return stop_signal != 0 ? 128 + stop_signal : kDone;
}

}  // namespace tenon::cli
