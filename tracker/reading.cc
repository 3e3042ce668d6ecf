#include "tracker/reading.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "rpc/wire/codec.h"

namespace tenon::tracker {
namespace {

// A message stays well below the cap of its type.
constexpr std::size_t kPageBytes = rpc::kLargeBody / 2;
constexpr std::size_t kMaxPageItems = 256;

// Texts by hash, each read once.
class Texts {
 public:
  explicit Texts(const database::Store& store) : store_(store) {}
  const std::string& workload(const std::string& hash) {
    return get(workloads_, hash, store_.workload(hash));
  }
  const std::string& target(const std::string& hash) {
    return get(targets_, hash, store_.target(hash));
  }
  const std::string& device_class(const std::string& hash) {
    static const std::string kNone;
    return hash.empty() ? kNone : get(classes_, hash, store_.device_class(hash));
  }
  std::string trace(const std::string& hash) {
    const auto record = store_.trace(hash);
    if (!record) throw IoError(str_cat("the database has no trace ", hash));
    return record->text;
  }

 private:
  template <class Record>
  static const std::string& get(std::map<std::string, std::string>& known, const std::string& hash,
                                const std::optional<Record>& record) {
    const auto found = known.find(hash);
    if (found != known.end()) return found->second;
    if (!record) throw IoError(str_cat("the database has no row for hash ", hash));
    return known.emplace(hash, record->text).first->second;
  }

  const database::Store& store_;
  std::map<std::string, std::string> workloads_, targets_, classes_;
};

rpc::Hash hash_or_zero(const std::string& hex) {
  return hex.empty() ? rpc::Hash{} : rpc::hash_from_hex(hex);
}

rpc::CandidateResult to_result(const database::StoredMeasurement& stored, Texts& texts) {
  const database::Measurement& measurement = stored.measurement;
  rpc::CandidateResult result;
  result.rseq = static_cast<std::uint64_t>(stored.rseq);
  result.workload = rpc::hash_from_hex(measurement.workload);
  result.target = texts.target(measurement.target);
  result.threads = static_cast<std::uint32_t>(measurement.threads);
  result.outcome = static_cast<rpc::Outcome>(measurement.outcome);
  result.detail = measurement.error;
  result.artifact = hash_or_zero(measurement.artifact);
  result.toolchain = {static_cast<std::uint32_t>(measurement.versions.codegen),
                      measurement.versions.llvm, measurement.versions.tenon};
  result.device = stored.device_serial;
  result.device_class = texts.device_class(measurement.device_class);
  result.rank_ns = stored.q10_ns;
  const std::size_t num_samples =
      std::min<std::size_t>(measurement.samples_ns.size(), rpc::kMaxListItems);
  result.samples_ns.assign(measurement.samples_ns.begin(),
                           measurement.samples_ns.begin() + num_samples);
  return result;
}

std::size_t size_of(const rpc::CandidateResult& result) {
  return 512 + result.trace.size() + result.detail.size() + result.target.size() +
         result.device_class.size() + 8 * result.samples_ns.size();
}

// Text of the device class of a job's results, or "".
std::string class_of_results(const database::Store& store, std::int64_t job_id, Texts& texts) {
  constexpr std::size_t kEnough = 64;
  for (const auto& stored : store.job_results(job_id, 1, kEnough)) {
    if (!stored.measurement.device_class.empty())
      return texts.device_class(stored.measurement.device_class);
  }
  return "";
}

}  // namespace

Snapshot read_snapshot(const database::Store& store) {
  Snapshot snapshot;
  Texts texts(store);
  for (database::JobRecord& record : store.jobs()) {
    Snapshot::Job job;
    const auto status = store.job_status(record.id);
    if (status) job.num_tasks = status->num_tasks;
    job.device_class = class_of_results(store, record.id, texts);
    job.record = std::move(record);
    snapshot.jobs.push_back(std::move(job));
  }
  for (database::TaskRecord& record : store.open_tasks()) {
    Snapshot::Task task;
    task.workload_text = texts.workload(record.workload);
    task.target_text = texts.target(record.target);
    task.trace_text = texts.trace(record.trace);
    task.record = std::move(record);
    snapshot.tasks.push_back(std::move(task));
  }
  return snapshot;
}

std::vector<rpc::Events> read_results(const database::Store& store, const SendResults& wanted) {
  Texts texts(store);
  std::vector<rpc::Events> pages(1);
  pages.back().job = wanted.job;
  std::size_t page_bytes = 0;
  for (const auto& stored : store.job_results(
           wanted.job_id, static_cast<std::int64_t>(wanted.from_rseq), wanted.count)) {
    rpc::CandidateResult result = to_result(stored, texts);
    if (wanted.with_traces) result.trace = texts.trace(stored.measurement.trace);
    if (const auto task = store.task(stored.task_id)) {
      result.batch = static_cast<std::uint64_t>(task->batch_no);
      result.index = static_cast<std::uint32_t>(task->position);
    }
    if (page_bytes > 0 && page_bytes + size_of(result) > kPageBytes) {
      pages.emplace_back().job = wanted.job;
      page_bytes = 0;
    }
    page_bytes += size_of(result);
    pages.back().results.push_back(std::move(result));
  }
  return pages;
}

rpc::Measurements find_measurements(const database::Store& store,
                                    const rpc::FindMeasurements& request) {
  database::MeasurementFilter filter;
  filter.only_ok = false;
  if (!request.target.empty()) filter.target = database::TargetRecord{request.target}.hash();
  if (!request.device_class.empty())
    filter.device_class = database::DeviceClass{"", request.device_class}.hash();
  if (request.threads != 0) filter.threads = static_cast<int>(request.threads);
  rpc::Measurements page;
  page.workload = request.workload;
  Texts texts(store);
  std::size_t page_bytes = 0;
  const auto found = store.measurements(rpc::to_hex(request.workload), filter);
  for (std::size_t i = request.skip; i < found.size(); ++i) {
    rpc::CandidateResult result = to_result(found[i].stored, texts);
    result.rseq = 0;
    result.trace = found[i].trace_text;
    page_bytes += size_of(result);
    if (!page.results.empty() &&
        (page_bytes > kPageBytes || page.results.size() >= kMaxPageItems)) {
      page.is_last = false;
      return page;
    }
    page.results.push_back(std::move(result));
  }
  return page;
}

std::vector<database::TaskRecord> read_batch(const database::Store& store,
                                             const LoadBatch& wanted) {
  std::vector<database::TaskRecord> tasks = store.job_tasks(wanted.job_id);
  std::erase_if(tasks,
                [&](const database::TaskRecord& task) { return task.batch_no != wanted.batch; });
  return tasks;
}

}  // namespace tenon::tracker
