// The daemon as a process: a real tracker, a real worker with its runner, and a builder that hands
// out hand-written candidates.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <thread>

#include "compiler/support/descriptor.h"
#include "compiler/support/files.h"
#include "compiler/support/subprocess.h"
#include "compiler/support/text.h"
#include "rpc/net/client.h"

namespace tenon {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kResultPatienceMs = 60'000;

std::string program(const std::string& name) { return std::string(TENON_BINARY_DIR) + "/" + name; }

// Live processes whose command line has `word` in it.
std::set<pid_t> processes_with(const std::string& word) {
  std::set<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::optional<int64_t> pid = parse_int(entry.path().filename().string());
    if (!pid) continue;
    FILE* file = std::fopen((entry.path() / "cmdline").c_str(), "re");
    if (file == nullptr) continue;
    char text[4096];
    const size_t size = std::fread(text, 1, sizeof text, file);
    std::fclose(file);
    if (std::string(text, size).find(word) != std::string::npos) {
      found.insert(static_cast<pid_t>(*pid));
    }
  }
  return found;
}

// Waits until `is_done` or the time is over; the condition is about other processes.
template <class Condition>
bool eventually(Condition is_done, int limit_ms = 10'000) {
  const Clock::time_point end = Clock::now() + std::chrono::milliseconds(limit_ms);
  while (!is_done()) {
    if (Clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

class WorkerDaemon : public testing::Test {
 protected:
  void SetUp() override {
    keys_.server = rpc::make_key_pair();
    for (const auto& [name, roles] : std::map<std::string, std::vector<rpc::Role>>{
             {"board", {rpc::Role::kBuild, rpc::Role::kRun}},
             {"client", {rpc::Role::kSubmitter}}}) {
      pairs_[name] = rpc::make_key_pair();
      keys_.authorized.push_back({name, pairs_[name].public_key, roles});
    }
    start_tracker();
  }

  rpc::PeerKey key(const std::string& name) { return {pairs_[name], keys_.server.public_key}; }

  // A descriptor to read `text` from.
  static Descriptor reader_of(const std::string& text) {
    Pipe pipe = make_pipe();
    write_all(pipe.write_end.get(), text, "a pipe");
    return std::move(pipe.read_end);
  }

  void start_tracker() {
    const Descriptor keys = reader_of(rpc::format_tracker_keys(keys_));
    Pipe ready = make_pipe();
    SpawnOptions options;
    options.argv = {program("tenon-tracker"),
                    "--listen",
                    url(),
                    "--db",
                    (dir_.path() / "t.db").string(),
                    "--blobs",
                    (dir_.path() / "blobs").string(),
                    "--keys-fd",
                    "3",
                    "--ready-fd",
                    "4"};
    options.passed_fds = {keys.get(), ready.write_end.get()};
    tracker_.emplace(Subprocess::spawn(options));
    ready.write_end.reset();
    ASSERT_TRUE(read_exactly(ready.read_end.get(), 1, "the tracker").has_value());
  }

  void start_worker(const std::string& key_name = "board") {
    const Descriptor key_file = reader_of(rpc::format_peer_key(key(key_name)));
    Pipe lifeline = make_pipe();
    SpawnOptions options;
    options.argv = {program("tenon-worker"),
                    "--tracker",
                    url(),
                    "--key-fd",
                    "3",
                    "--lifeline-fd",
                    "4",
                    "--name",
                    "board",
                    "--skip-sandbox",
                    "seccomp",
                    "--state",
                    (dir_.path() / "state").string(),
                    "--cache",
                    (dir_.path() / "cache").string(),
                    "--builder",
                    program("tests/fake-builder")};
    options.passed_fds = {key_file.get(), lifeline.read_end.get()};
    worker_.emplace(Subprocess::spawn(options));
    lifeline_ = std::move(lifeline.write_end);
  }

  std::unique_ptr<rpc::Client> make_client() {
    rpc::ClientOptions options;
    options.url = url();
    options.key = key("client");
    options.name = "client";
    return std::make_unique<rpc::Client>(options);
  }

  // Submits candidates by name and returns their outcomes by name.
  std::map<std::string, rpc::CandidateResult> measure(rpc::Client& client,
                                                      const std::vector<std::string>& traces) {
    submit(client, traces);
    return collect(client, traces);
  }

  void submit(rpc::Client& client, const std::vector<std::string>& traces) {
    rpc::Submit job;
    job.job = rpc::sha256("job");
    job.manifest = "{}";
    job.seeds = {1, 2};
    job.protocol.warmup_ms = 1;
    job.protocol.budget_ms = 20;
    client.submit(job);
    rpc::Add add;
    add.job = job.job;
    add.batch = ++batch_;
    add.workloads.push_back({rpc::sha256("w"), "w", "test", 1});
    for (const std::string& trace : traces) {
      add.candidates.push_back({0, "[\"" + trace + "\"]", 0});
    }
    client.add(add);
    client.subscribe(job.job, next_rseq_);
  }

  std::map<std::string, rpc::CandidateResult> collect(rpc::Client& client,
                                                      const std::vector<std::string>& traces) {
    std::map<std::string, rpc::CandidateResult> results;
    while (results.size() < traces.size()) {
      const auto result = client.next_result(kResultPatienceMs);
      if (!result) {
        ADD_FAILURE() << "only " << results.size() << " of " << traces.size() << " results";
        break;
      }
      EXPECT_EQ(result->rseq, next_rseq_);
      next_rseq_ = result->rseq + 1;
      EXPECT_TRUE(results.emplace(traces.at(result->index), *result).second);
    }
    return results;
  }

  std::string url() const { return "ipc://" + (dir_.path() / "s").string(); }

  TempDir dir_{"tenon-worker-test"};
  rpc::TrackerKeys keys_;
  std::map<std::string, rpc::KeyPair> pairs_;
  std::optional<Subprocess> tracker_;
  std::optional<Subprocess> worker_;
  Descriptor lifeline_;
  uint64_t batch_ = 0;
  uint64_t next_rseq_ = 1;
};

std::string text_of(const rpc::CandidateResult& result) {
  return str_cat(rpc::name_of(result.outcome), ": ", result.detail);
}

TEST_F(WorkerDaemon, every_kind_of_candidate_gets_its_outcome_and_the_job_goes_on) {
  start_worker();
  const auto client = make_client();
  const std::vector<std::string> traces = {"candidate behave",
                                           "candidate give_wrong_numbers",
                                           "candidate segfault",
                                           "candidate leave",
                                           "refuse",
                                           "crash",
                                           "candidate take_long"};
  const auto results = measure(*client, traces);
  const auto outcome = [&](const std::string& name) { return results.at(name).outcome; };
  ASSERT_EQ(results.size(), traces.size());
  EXPECT_EQ(outcome("candidate give_wrong_numbers"), rpc::Outcome::kWrongResult);
  EXPECT_EQ(outcome("candidate segfault"), rpc::Outcome::kCandidateCrash);
  EXPECT_EQ(outcome("candidate leave"), rpc::Outcome::kCandidateCrash);
  EXPECT_EQ(outcome("refuse"), rpc::Outcome::kInvalidSchedule);
  EXPECT_EQ(outcome("crash"), rpc::Outcome::kCompileError);
  for (const char* good : {"candidate behave", "candidate take_long"}) {
    const rpc::CandidateResult& result = results.at(good);
    if (result.outcome == rpc::Outcome::kNoisy) continue;
    EXPECT_EQ(result.outcome, rpc::Outcome::kOk) << text_of(result);
    EXPECT_FALSE(result.samples_ns.empty());
    EXPECT_GT(result.rank_ns, 0u);
  }
}

TEST_F(WorkerDaemon, killed_worker_comes_back_and_no_result_is_lost_or_doubled) {
  start_worker();
  const auto client = make_client();
  std::vector<std::string> traces;
  // Distinct candidates: the builder ignores what follows the name.
  for (int i = 0; i < 12; ++i) {
    const std::string name = i % 2 == 0 ? "give_wrong_numbers" : "segfault";
    traces.push_back(str_cat("candidate ", name, " ", i));
  }
  submit(*client, traces);
  ASSERT_TRUE(client->next_result(kResultPatienceMs).has_value());
  next_rseq_ = 2;
  worker_->kill_group(SIGKILL);
  worker_->wait();
  start_worker();
  size_t num_results = 1;
  std::set<uint32_t> indexes;
  while (num_results < traces.size()) {
    const auto result = client->next_result(kResultPatienceMs);
    ASSERT_TRUE(result.has_value()) << num_results;
    EXPECT_EQ(result->rseq, ++num_results);
    EXPECT_TRUE(indexes.insert(result->index).second);
  }
}

TEST_F(WorkerDaemon, killed_children_are_replaced) {
  start_worker();
  const auto client = make_client();
  const std::string worker_id = std::to_string(worker_->pid());
  ASSERT_EQ(measure(*client, {"candidate give_wrong_numbers"}).size(), 1u);
  for (const pid_t pid : processes_with("fake-builder")) {
    if (processes_with(worker_id).contains(pid) && pid != worker_->pid()) kill(pid, SIGKILL);
  }
  const auto results = measure(*client, {"candidate segfault"});
  ASSERT_EQ(results.size(), 1u);
  const rpc::CandidateResult& result = results.at("candidate segfault");
  EXPECT_TRUE(result.outcome == rpc::Outcome::kCandidateCrash) << text_of(result);
}

TEST_F(WorkerDaemon, end_of_the_lifeline_ends_the_worker_and_its_children) {
  start_worker();
  const auto client = make_client();
  submit(*client, {"candidate spin"});
  const std::string worker_id = std::to_string(worker_->pid());
  const auto children = [&] {
    std::set<pid_t> pids;
    for (const std::string& name : {std::string("tenon-runner"), std::string("fake-builder")}) {
      for (const pid_t pid : processes_with(name)) {
        if (processes_with(worker_id).contains(pid) && pid != worker_->pid()) pids.insert(pid);
      }
    }
    return pids;
  };
  // The candidate and its two descendants have the runner's command line.
  ASSERT_TRUE(eventually([&] { return children().size() >= 4; }, 30'000));
  lifeline_.reset();
  const std::optional<ExitStatus> status = worker_->wait(5);
  ASSERT_TRUE(status.has_value());
  EXPECT_TRUE(status->is_success()) << status->describe();
  EXPECT_TRUE(eventually([&] { return children().empty(); }, 2000));
}

// A candidate may fork when there is no seccomp; what left its group has nobody who kills it when
// the worker itself is killed, but for the end of its process namespace.
TEST_F(WorkerDaemon, killed_worker_leaves_nothing_that_a_candidate_started) {
  const CommandResult machine = run_command({program("tenon-worker"), "--describe"});
  if (machine.output.find("sandbox processes: done") == std::string::npos) {
    GTEST_SKIP() << "no process namespaces here: " << machine.output;
  }
  start_worker();
  const auto client = make_client();
  submit(*client, {"candidate spin"});
  const std::string worker_id = std::to_string(worker_->pid());
  // The builder, the runner's three processes and the candidate's two.
  ASSERT_TRUE(eventually([&] { return processes_with(worker_id).size() >= 6; }, 30'000));
  kill(worker_->pid(), SIGKILL);  // the process alone, not its group
  worker_->wait();
  EXPECT_TRUE(eventually([&] { return processes_with(worker_id).empty(); }, 5000));
}

TEST_F(WorkerDaemon, killed_worker_leaves_no_builder_and_no_runner) {
  start_worker();
  const auto client = make_client();
  const std::string worker_id = std::to_string(worker_->pid());
  ASSERT_EQ(measure(*client, {"candidate segfault"}).size(), 1u);
  kill(worker_->pid(), SIGKILL);  // the process alone, not its group
  worker_->wait();
  EXPECT_TRUE(eventually([&] { return processes_with(worker_id).empty(); }, 5000));
}

TEST_F(WorkerDaemon, unknown_key_is_refused_with_exit_code_2) {
  pairs_["stranger"] = rpc::make_key_pair();
  start_worker("stranger");
  const std::optional<ExitStatus> status = worker_->wait(20);
  ASSERT_TRUE(status.has_value());
  EXPECT_EQ(status->exit_code, 2);
}

TEST_F(WorkerDaemon, second_worker_of_a_state_directory_is_refused) {
  start_worker();
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(dir_.path() / "state/lock"); }));
  const auto client = make_client();
  ASSERT_TRUE(eventually([&] { return client->fleet().workers.size() == 1; }));
  std::optional<Subprocess> first = std::move(worker_);
  const Descriptor first_lifeline = std::move(lifeline_);
  start_worker();
  const std::optional<ExitStatus> status = worker_->wait(10);
  ASSERT_TRUE(status.has_value());
  EXPECT_EQ(status->exit_code, 2);
}

}  // namespace
}  // namespace tenon
