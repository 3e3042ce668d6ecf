// Rates of the database: results committed one at a time and in groups, imports, look-ups, exports.
// tenon-bench-database [NUM_RESULTS] [DIRECTORY]; prints one line a figure, with the aim beside it.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "compiler/support/files.h"
#include "compiler/support/hash.h"
#include "compiler/support/text.h"
#include "database/audit.h"
#include "database/log.h"
#include "database/store.h"

namespace tenon::database {
namespace {

constexpr int kNumWorkloads = 20;
constexpr std::size_t kTasksPerBatch = 256;

double seconds_of(const auto& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void print_rate(const std::string& what, double count, double seconds, const std::string& aim) {
  std::cout << pad_right(what, 44) << pad_left(format_fixed(count / seconds, 0), 10) << " /s   aim "
            << aim << "\n";
}

TargetRecord target() { return {"llvm -mattr=+avx512f,+avx512vnni"}; }
DeviceClass device_class() { return {"bench", R"({"cpu":"bench"})"}; }
MeasuringProtocol protocol() { return {1, R"({"mode":"hot"})"}; }
Environment environment() { return {R"({"kernel":"6.1"})"}; }

WorkloadRecord workload(int number) {
  const std::string text = str_cat("# workload ", number, "\n", std::string(3000, 'w'));
  return {sha256_hex(text), text};
}

// As long as the trace of a tuned matrix product.
TraceRecord trace(int number) {
  return {str_cat("[[[\"GetSBlock\",[],[\"", std::string(2500, 't'), "\"],[\"b0\"]]],[[0,", number,
                  "]]]")};
}

LogRecord record(int number) {
  LogRecord made{workload(number % kNumWorkloads),
                 target(),
                 device_class(),
                 protocol(),
                 environment(),
                 trace(number),
                 {}};
  Measurement& measurement = made.measurement;
  measurement.workload = made.workload.hash;
  measurement.target = made.target.hash();
  measurement.trace = made.trace.hash();
  measurement.device_class = made.device_class.hash();
  measurement.protocol = made.protocol.hash();
  measurement.environment = made.environment.hash();
  measurement.artifact = sha256_hex(str_cat("artifact ", number));
  measurement.versions = {1, "19.1.7", "0.1.0"};
  measurement.measured_ms = number;
  for (unsigned i = 0; i < 20; ++i) {
    measurement.samples_ns.push_back(100'000 + static_cast<unsigned>(number * 7919 % 50'000) + i);
  }
  return made;
}

CommitResult result(std::int64_t task, std::int64_t epoch, const LogRecord& made) {
  CommitResult commit;
  commit.attempt = {task, epoch, 1, WorkRole::kRun, "worker", Outcome::kOk, "", 1, 2};
  commit.measurement = made.measurement;
  commit.device_serial = "dev";
  return commit;
}

// Catalogue, job and tasks; the tasks' ids follow the first.
std::int64_t add_tasks(Store& store, const std::string& job_name, int first, int count) {
  store.write_sync(target());
  store.write_sync(device_class());
  store.write_sync(DeviceRecord{"dev", device_class().hash(), "{}"});
  store.write_sync(protocol());
  store.write_sync(environment());
  for (int i = 0; i < kNumWorkloads; ++i) store.write_sync(workload(i));
  JobRecord job;
  job.key = sha256_hex(job_name);
  job.manifest = "{}";
  const std::int64_t job_id = store.write_sync(AddJob{job}).id;
  std::int64_t first_task = 0;
  AddTasks batch{job_id, 0, {}, 0};
  for (int i = 0; i < count; ++i) {
    batch.tasks.push_back({workload((first + i) % kNumWorkloads).hash, target().hash(),
                           trace(first + i), 1, protocol().hash()});
    if (batch.tasks.size() < kTasksPerBatch && i + 1 < count) continue;
    const std::int64_t id = store.write_sync(batch).id;
    if (first_task == 0) first_task = id;
    ++batch.batch_no;
    batch.tasks.clear();
  }
  return first_task;
}

void bench_results(Store& store, int num_results) {
  std::vector<LogRecord> records;
  for (int i = 0; i < num_results; ++i) records.push_back(record(i));
  const int num_single = std::min(num_results / 4, 1000);
  std::int64_t task = 0;
  const double adding =
      seconds_of([&] { task = add_tasks(store, "grouped", 0, num_results - num_single); });
  print_rate("tasks added, 256 a batch", num_results - num_single, adding, ">= 2000");
  const double grouped = seconds_of([&] {
    for (int i = 0; i < num_results - num_single; ++i) {
      store.write(result(task + i, store.epoch(), records[static_cast<std::size_t>(i)]), nullptr);
    }
    store.flush();
  });
  print_rate("results committed in groups", num_results - num_single, grouped, ">= 2000");
  const int first = num_results - num_single;
  const std::int64_t single_task = add_tasks(store, "single", first, num_single);
  std::vector<double> waits;
  const double single = seconds_of([&] {
    for (int i = 0; i < num_single; ++i) {
      const auto commit =
          result(single_task + i, store.epoch(), records[static_cast<std::size_t>(first + i)]);
      waits.push_back(seconds_of([&] { store.write_sync(commit); }));
    }
  });
  print_rate("results committed one by one", num_single, single, ">= 500");
  std::sort(waits.begin(), waits.end());
  std::cout << pad_right("  acknowledged after, p99", 44)
            << pad_left(format_seconds(waits[waits.size() * 99 / 100]), 10)
            << "      aim < 150 ms\n";
}

void bench_reads(const Store& store, int num_results) {
  const BestKey key{workload(3).hash, target().hash(), device_class().hash(), 1};
  constexpr int kNumLookUps = 2000;
  const double looking = seconds_of([&] {
    for (int i = 0; i < kNumLookUps; ++i) store.best(key);
  });
  print_rate("look-ups of best, with trace", kNumLookUps, looking, ">= 5000");
  const double training = seconds_of([&] { store.measurements(workload(3).hash, {}); });
  print_rate("measurements of one workload read", num_results / kNumWorkloads, training,
             ">= 400000");
}

void bench_logs(const Store& store, const std::filesystem::path& directory, int num_results) {
  const std::string log = (directory / "bench.jsonl").string();
  const double exporting = seconds_of([&] { export_log(store, log); });
  print_rate("records exported", num_results, exporting, ">= 5000");
  StoreOptions options;
  options.path = (directory / "imported.db").string();
  const auto other = Store::open(options);
  const double importing = seconds_of([&] { import_log(log, *other, {}); });
  print_rate("records imported", num_results, importing, ">= 2000");
  const double again = seconds_of([&] { import_log(log, *other, {}); });
  print_rate("records imported again", num_results, again, ">= 10000");
  const double auditing = seconds_of([&] {
    if (!audit(*other).empty()) std::cout << "the audit found something\n";
  });
  print_rate("measurements audited", num_results, auditing, ">= 10000");
}

int run(int argc, char** argv) {
  const int num_results = argc > 1 ? std::atoi(argv[1]) : 20'000;
  if (num_results < 100) {
    std::cerr << "usage: tenon-bench-database [NUM_RESULTS >= 100] [DIRECTORY]\n";
    return 2;
  }
  const TempDir directory("tenon-bench", argc > 2 ? argv[2] : "");
  StoreOptions options;
  options.path = (directory.path() / "tenon.db").string();
  {
    const auto store = Store::open(options);
    bench_results(*store, num_results);
    bench_reads(*store, num_results);
    bench_logs(*store, directory.path(), num_results);
  }
  const auto bytes = std::filesystem::file_size(options.path);
  std::cout << pad_right("bytes a result, with its trace of 2.6 kB", 44)
            << pad_left(str_cat(bytes / static_cast<std::uintmax_t>(num_results)), 10) << "\n";
  return 0;
}

}  // namespace
}  // namespace tenon::database

int main(int argc, char** argv) { return tenon::database::run(argc, argv); }
