// A real tracker on real sockets with a scripted worker and the real client: from SUBMIT to EVENTS,
// across a restart.
#include "tracker/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "compiler/support/error.h"
#include "compiler/support/files.h"
#include "rpc/net/client.h"
#include "rpc/net/link.h"

namespace tenon::tracker {
namespace {

using ::testing::HasSubstr;

constexpr int kPatienceMs = 20000;

// The key of one peer, as its file would hold it.
struct Peer {
  std::string name;
  std::vector<rpc::Role> roles;
  rpc::KeyPair pair = rpc::make_key_pair();
};

// A tracker in a thread; stop() and start() keep database, blobs, keys and address.
class Farm {
 public:
  explicit Farm(std::vector<Peer> peers) : peers_(std::move(peers)) {
    for (const Peer& peer : peers_)
      keys_.authorized.push_back({peer.name, peer.pair.public_key, peer.roles});
    start();
  }
  ~Farm() { stop(); }

  void start() {
    ServerOptions options;
    options.url = url_;
    options.database_path = (dir_.path() / "db").string();
    options.keys = keys_;
    options.blobs.directory = dir_.path() / "blobs";
    stop_ = false;
    server_ = std::make_unique<TrackerServer>(std::move(options), log_, clock_);
    thread_ = std::thread([this] { server_->run(stop_); });
  }
  void stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
    server_.reset();
  }

  std::string url() const { return url_; }
  rpc::PeerKey key(const std::string& name) const {
    for (const Peer& peer : peers_) {
      if (peer.name == name) return {peer.pair, keys_.server.public_key};
    }
    return {rpc::make_key_pair(), keys_.server.public_key};
  }
  rpc::ClientOptions client(const std::string& name,
                            std::vector<rpc::Role> roles = {rpc::Role::kSubmitter}) const {
    rpc::ClientOptions options;
    options.url = url_;
    options.key = key(name);
    options.name = "test";
    options.roles = std::move(roles);
    options.give_up_ms = kPatienceMs;
    return options;
  }

 private:
  TempDir dir_{"tenon-farm"};
  std::string url_ = "ipc://" + (dir_.path() / "socket").string();
  SystemClock clock_;
  Log log_{"tracker", LogLevel::kWarning, clock_};
  std::vector<Peer> peers_;
  rpc::TrackerKeys keys_{rpc::make_key_pair(), {}};
  std::atomic<bool> stop_ = false;
  std::unique_ptr<TrackerServer> server_;
  std::thread thread_;
};

// Builds by storing the trace as the artifact; runs by the rule: a trace "bad" is a wrong result,
// others take 1000 ns times their length. Keeps unacknowledged results and sends them again, as a
// spool does.
class ScriptedWorker {
 public:
  explicit ScriptedWorker(const Farm& farm)
      : blobs_(farm.client("worker", {})), link_(options(farm)), thread_([this] { run(); }) {}
  ~ScriptedWorker() {
    stop_ = true;
    thread_.join();
  }
  int num_runs() const { return num_runs_; }

 private:
  rpc::LinkOptions options(const Farm& farm) {
    rpc::LinkOptions result;
    result.url = farm.url();
    result.key = farm.key("worker");
    result.hello.name = "w";
    result.hello.roles = {rpc::Role::kBuild, rpc::Role::kRun};
    result.before_hello = [this](rpc::Hello& hello) {
      const std::lock_guard lock(mutex_);
      for (const auto& [fence, message] : spool_) hello.spooled.push_back(fence);
    };
    return result;
  }

  void run() {
    while (!stop_) {
      const std::optional<rpc::LinkEvent> event = link_.next(20);
      if (!event) continue;
      if (std::holds_alternative<rpc::LinkUp>(*event)) {
        rpc::Describe describe;
        describe.devices = {{"serial-1", R"({"cpu":"test"})", "cpu", 4, "test cpu"}};
        describe.labels = {"x86_64"};
        link_.send(describe);
        link_.send(rpc::Ready{2, 1});
        const std::lock_guard lock(mutex_);
        for (const auto& [fence, message] : spool_) link_.send(message);
      } else if (const auto* message = std::get_if<rpc::LinkMessage>(&*event)) {
        if (const auto* lease = std::get_if<rpc::Lease>(&message->message)) {
          for (const rpc::LeasedTask& task : lease->tasks) work(task);
        } else if (const auto* ack = std::get_if<rpc::ResultAck>(&message->message)) {
          const std::lock_guard lock(mutex_);
          spool_.erase(ack->fence);
        }
      }
    }
  }

  void work(const rpc::LeasedTask& task) {
    rpc::Result result;
    result.fence = task.fence;
    if (task.build) {
      const std::string bytes = task.build->is_reference ? "reference" : task.build->trace;
      result.build.emplace().artifact = {
          blobs_.put_blob(bytes), R"({"note":1})", {7, "19.1", "0.1"}};
    } else {
      const std::string bytes = blobs_.get_blob(task.run->artifact.digest).value();
      EXPECT_EQ(blobs_.get_blob(task.run->reference.digest), "reference");
      EXPECT_EQ(task.run->artifact.metadata, R"({"note":1})");
      ++num_runs_;
      result.device = task.run->device;
      result.outcome = bytes == "[\"bad\"]" ? rpc::Outcome::kWrongResult : rpc::Outcome::kOk;
      result.detail = bytes == "[\"bad\"]" ? "differs" : "";
      rpc::RunReport& report = result.run.emplace();
      report.artifact = task.run->artifact;
      report.samples_ns = {1000 * bytes.size(), 1000 * bytes.size() + 1, 1000 * bytes.size() + 2};
      report.environment = R"({"kernel":"test"})";
    }
    const std::lock_guard lock(mutex_);
    spool_[task.fence] = result;
    link_.send(result);
  }

  std::mutex mutex_;
  std::map<rpc::Fence, rpc::Result> spool_;
  std::atomic<bool> stop_ = false;
  std::atomic<int> num_runs_ = 0;
  rpc::Client blobs_;
  rpc::Link link_;
  std::thread thread_;
};

rpc::Submit job() {
  rpc::Submit submit;
  submit.job = rpc::sha256("job");
  submit.label = "test";
  submit.manifest = "{}";
  submit.needs = {"x86_64"};
  submit.seeds = {1, 2};
  return submit;
}

rpc::Add batch(std::uint64_t number, const std::vector<std::string>& traces) {
  rpc::Add add;
  add.job = job().job;
  add.batch = number;
  add.workloads = {{rpc::sha256("w"), "def main(): pass", "llvm -mcpu=native", 1}};
  for (const std::string& trace : traces) add.candidates.push_back({0, trace, 0});
  return add;
}

std::vector<rpc::CandidateResult> take(rpc::Client& client, std::size_t count) {
  std::vector<rpc::CandidateResult> results;
  while (results.size() < count) {
    auto result = client.next_result(kPatienceMs);
    if (!result) break;
    results.push_back(std::move(*result));
  }
  return results;
}

std::vector<Peer> peers() {
  return {{"worker", {rpc::Role::kBuild, rpc::Role::kRun}},
          {"tune", {rpc::Role::kSubmitter}},
          {"other", {rpc::Role::kSubmitter}},
          {"eye", {rpc::Role::kViewer}}};
}

TEST(TrackerServer, CandidatesAreBuiltMeasuredStoredAndReported) {
  Farm farm(peers());
  ScriptedWorker worker(farm);
  rpc::Client client(farm.client("tune"));
  const rpc::Accepted accepted = client.submit(job());
  EXPECT_FALSE(accepted.is_existing);
  EXPECT_FALSE(client.add(batch(0, {"[1]", "[\"bad\"]", "[12]"})).is_existing);
  EXPECT_TRUE(client.add(batch(0, {"[1]", "[\"bad\"]", "[12]"})).is_existing);
  client.subscribe(job().job, 1, true);
  const auto results = take(client, 3);
  ASSERT_EQ(results.size(), 3u);
  for (std::size_t i = 0; i < results.size(); ++i) EXPECT_EQ(results[i].rseq, i + 1);
  for (const rpc::CandidateResult& result : results) {
    EXPECT_EQ(result.outcome, result.index == 1 ? rpc::Outcome::kWrongResult : rpc::Outcome::kOk);
    EXPECT_EQ(result.device, "serial-1");
    EXPECT_EQ(result.device_class, R"({"cpu":"test"})");
    if (result.index == 2) {
      EXPECT_EQ(result.rank_ns, 4000u);
      EXPECT_EQ(result.samples_ns, (std::vector<std::uint64_t>{4000, 4001, 4002}));
      EXPECT_EQ(result.trace, "[12]");
      EXPECT_EQ(result.artifact, rpc::sha256("[12]"));
      EXPECT_EQ(result.toolchain, (rpc::Toolchain{7, "19.1", "0.1"}));
    }
  }
  EXPECT_EQ(worker.num_runs(), 3);
  rpc::FindMeasurements find;
  find.workload = rpc::sha256("w");
  const auto measured = client.find_measurements(find);
  ASSERT_EQ(measured.size(), 3u);
  EXPECT_EQ(measured[0].trace, "[1]");
  EXPECT_EQ(measured[0].rank_ns, 3000u);
  EXPECT_EQ(measured[2].outcome, rpc::Outcome::kWrongResult);
}

TEST(TrackerServer, ARestartLosesNothingAndRepeatsNothing) {
  Farm farm(peers());
  rpc::Client client(farm.client("tune"));
  client.submit(job());
  client.subscribe(job().job, 1);
  auto worker = std::make_unique<ScriptedWorker>(farm);
  client.add(batch(0, {"[1]", "[2]"}));
  EXPECT_EQ(take(client, 2).size(), 2u);
  worker.reset();
  client.add(batch(1, {"[3]", "[4]", "[5]"}));
  farm.stop();
  farm.start();
  worker = std::make_unique<ScriptedWorker>(farm);
  client.add(batch(2, {"[6]"}));
  const auto results = take(client, 4);
  ASSERT_EQ(results.size(), 4u);
  for (std::size_t i = 0; i < results.size(); ++i) EXPECT_EQ(results[i].rseq, i + 3);
  EXPECT_EQ(worker->num_runs(), 4);
  const rpc::Accepted again = client.submit(job());
  EXPECT_TRUE(again.is_existing);
  EXPECT_EQ(again.num_candidates, 6u);
  EXPECT_EQ(again.next_batch, 3u);
  EXPECT_EQ(again.last_rseq, 6u);
}

TEST(TrackerServer, TheRoleComesFromTheKey) {
  Farm farm(peers());
  rpc::Client eye(farm.client("eye", {rpc::Role::kViewer}));
  EXPECT_EQ(eye.fleet().workers.size(), 0u);
  try {
    eye.submit(job());
    FAIL() << "a viewer submitted";
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("key eye (viewer) may not send SUBMIT"));
  }
  rpc::Client liar(farm.client("tune", {rpc::Role::kRun}));
  try {
    liar.wait_until_up();
    FAIL() << "a submitter became a worker";
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("key tune has the roles submitter, not run"));
  }
}

TEST(TrackerServer, AnotherKeysJobIsNotFound) {
  Farm farm(peers());
  rpc::Client client(farm.client("tune"));
  client.submit(job());
  rpc::Client other(farm.client("other"));
  EXPECT_THROW(other.add(batch(0, {"[1]"})), UserError);
  try {
    other.cancel(job().job);
    FAIL() << "another key cancelled the job";
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("no such job"));
  }
}

TEST(TrackerServer, TheSameIdWithAnotherManifestIsAConflict) {
  Farm farm(peers());
  rpc::Client client(farm.client("tune"));
  client.submit(job());
  rpc::Submit changed = job();
  changed.manifest = R"({"model":2})";
  try {
    client.submit(changed);
    FAIL();
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("is known with another manifest"));
  }
}

TEST(TrackerServer, ACancelledJobIsOpenedAgainByTheSameCommand) {
  Farm farm(peers());
  rpc::Client client(farm.client("tune"));
  client.submit(job());
  client.add(batch(0, {"[1]", "[2]"}));
  EXPECT_EQ(client.cancel(job().job).num_dropped, 2u);
  ScriptedWorker worker(farm);
  EXPECT_TRUE(client.submit(job()).is_existing);
  EXPECT_TRUE(client.add(batch(0, {"[1]", "[2]"})).is_existing);
  client.subscribe(job().job, 1);
  EXPECT_EQ(take(client, 2).size(), 2u);
}

TEST(TrackerServer, LargeBlobsGoBothWaysInChunks) {
  Farm farm(peers());
  rpc::Client client(farm.client("worker", {}));
  std::string bytes(3 * rpc::kChunkBytes + 17, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 7 + i / 251);
  const rpc::Digest digest = rpc::digest_of(bytes);
  EXPECT_EQ(client.find_missing({digest}).size(), 1u);
  EXPECT_EQ(client.get_blob(digest), std::nullopt);
  EXPECT_EQ(client.put_blob(bytes), digest);
  EXPECT_EQ(client.find_missing({digest}).size(), 0u);
  EXPECT_EQ(client.get_blob(digest), bytes);
  EXPECT_EQ(client.get_blob(client.put_blob("")), "");
  rpc::Client reader(farm.client("tune"));
  EXPECT_EQ(reader.get_blob(digest), bytes);
  EXPECT_THROW(reader.put_blob("x"), UserError);
}

TEST(TrackerServer, AnUnknownKeyIsToldSo) {
  Farm farm(peers());
  rpc::Client stranger(farm.client("nobody"));
  try {
    stranger.wait_until_up();
    FAIL();
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("refuses this key"));
  }
}

TEST(TrackerServer, NoTrackerIsAnErrorAfterTheWait) {
  rpc::ClientOptions options;
  options.url = "ipc:///tmp/tenon-no-such-socket";
  options.key = {rpc::make_key_pair(), rpc::make_key_pair().public_key};
  options.give_up_ms = 100;
  rpc::Client client(options);
  EXPECT_THROW(client.fleet(), IoError);
}

}  // namespace
}  // namespace tenon::tracker
