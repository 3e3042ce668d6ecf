// The core's rules, one behaviour a case.
#include "tracker/core.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/support/text.h"
#include "rpc/wire/frame.h"
#include "tests/unit/tracker/bench.h"

namespace tenon::tracker {
namespace {

using rpc::Outcome;
using rpc::Role;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class Core : public ::testing::Test {
 protected:
  ~Core() override { EXPECT_EQ(bench_.inconsistency, ""); }

  std::vector<rpc::LeasedTask> run_leases(int count, std::uint32_t runs = 8) {
    return bench_.run_leases(count, runs);
  }

  Bench bench_;
};

// Every message that a peer may send, by the roles that may send it; all others are refused.
TEST_F(Core, TheRoleTableIsThis) {
  const std::map<std::string, std::string> expected = {
      {"HELLO", "viewer submitter operator admin build run"},
      {"GOODBYE", "viewer submitter operator admin build run"},
      {"PING", "viewer submitter operator admin build run"},
      {"DESCRIBE", "build run"},
      {"READY", "build run"},
      {"BEAT", "build run"},
      {"RESULT", "build run"},
      {"SUBMIT", "submitter operator admin"},
      {"ADD", "submitter operator admin"},
      {"CANCEL", "submitter operator admin"},
      {"SUBSCRIBE", "viewer submitter operator admin"},
      {"EVENT_ACK", "viewer submitter operator admin"},
      {"FLEET", "viewer submitter operator admin"},
      {"FIND_MEASUREMENTS", "viewer submitter operator admin"},
      {"FIND_MISSING", "submitter operator admin build run"},
      {"GET_CHUNK", "submitter operator admin build run"},
      {"PUT_CHUNK", "build"}};
  const auto check = [&](const rpc::Message& message, int role_index) {
    const Role role = static_cast<Role>(role_index);
    Bench bench;
    bench.keys["peer"] = {"key", {role}};
    rpc::Hello hello;
    hello.roles = {role};
    bench.arrive("peer", hello);
    bool is_refused = false;
    for (const auto& error : of<rpc::ErrorMessage>(bench.arrive("peer", message))) {
      const bool is_role_error = error.text.find("may not send") != std::string::npos;
      is_refused = is_refused || (error.code == rpc::ErrorCode::kForbidden && is_role_error);
    }
    const auto allowed = expected.find(std::string(rpc::name_of(message)));
    const auto names =
        allowed == expected.end() ? std::vector<std::string>{} : split(allowed->second, ' ');
    const bool is_allowed =
        std::find(names.begin(), names.end(), rpc::name_of(role)) != names.end();
    EXPECT_EQ(!is_refused, is_allowed) << rpc::name_of(message) << " by " << rpc::name_of(role);
  };
  const auto check_all = [&]<std::size_t... I>(std::index_sequence<I...>) {
    for (int role = 0; role < static_cast<int>(Role::kCount); ++role) {
      (check(std::variant_alternative_t<I, rpc::Message>{}, role), ...);
    }
  };
  check_all(std::make_index_sequence<std::variant_size_v<rpc::Message>>{});
}

TEST_F(Core, NothingIsDoneBeforeHello) {
  bench_.keys["peer"] = {"key", {Role::kSubmitter}};
  const auto errors = of<rpc::ErrorMessage>(bench_.arrive("peer", rpc::Submit{}));
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_EQ(errors[0].code, rpc::ErrorCode::kNoSession);
}

TEST_F(Core, APeerOfAnotherMajorIsToldWhatIsSpoken) {
  bench_.keys["peer"] = {"key", {Role::kSubmitter}};
  rpc::Hello hello;
  hello.min_major = 5;
  hello.max_major = 7;
  const auto errors = of<rpc::ErrorMessage>(bench_.arrive("peer", hello));
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_EQ(errors[0].code, rpc::ErrorCode::kVersion);
  EXPECT_EQ(errors[0].text, "protocols 5 to 7 are spoken there, 1 to 1 here");
}

TEST_F(Core, ANewerProcessOfAWorkerClosesTheOlder) {
  bench_.keys["old"] = {"w", {Role::kBuild, Role::kRun}};
  bench_.keys["new"] = {"w", {Role::kBuild, Role::kRun}};
  bench_.worker("old", 1, 1, 10);
  EXPECT_THAT(of<rpc::Goodbye>(bench_.worker("new", 1, 1, 11), "old"), SizeIs(1));
  EXPECT_THAT(of<rpc::Goodbye>(bench_.worker("old", 1, 1, 10), "old"), SizeIs(1));
  EXPECT_EQ(bench_.state.workers.at("w/w").peer, "new");
}

TEST_F(Core, LeasesKeepWithinCreditsAndGoFirstInFirstOut) {
  bench_.client(5);
  const auto tasks = leased(bench_.worker("w", 3, 0));
  ASSERT_THAT(tasks, SizeIs(3));
  EXPECT_TRUE(tasks[0].build->is_reference);
  EXPECT_EQ(tasks[1].build->trace, "[0]");
  EXPECT_EQ(tasks[2].build->trace, "[1]");
  const auto more = leased(bench_.arrive("w", built(tasks[1])));
  ASSERT_THAT(more, SizeIs(1));
  EXPECT_EQ(more[0].build->trace, "[2]");
}

TEST_F(Core, ARunWaitsForItsReference) {
  bench_.client(1);
  const auto tasks = leased(bench_.worker("w", 2, 1));
  EXPECT_THAT(leased(bench_.arrive("w", built(tasks.at(1)))), SizeIs(0));
  const auto runs = leased(bench_.arrive("w", built(tasks.at(0))));
  ASSERT_THAT(runs, SizeIs(1));
  EXPECT_EQ(runs[0].run->artifact.digest, rpc::digest_of("[0]"));
  EXPECT_EQ(runs[0].run->reference.digest, rpc::digest_of(""));
  EXPECT_EQ(runs[0].run->device, "device-w");
}

TEST_F(Core, AReferenceThatCannotBeBuiltEndsItsCandidatesAsItDid) {
  bench_.client(2);
  const auto tasks = leased(bench_.worker("w", 1, 1));
  rpc::Result result = failed(tasks.at(0), Outcome::kCompileError);
  result.detail = "no such op";
  bench_.arrive("w", result);
  const auto results = bench_.results();
  ASSERT_THAT(results, SizeIs(2));
  EXPECT_EQ(results[0].outcome, Outcome::kCompileError);
  EXPECT_EQ(results[0].detail, "the reference of this workload could not be built: no such op");
}

TEST_F(Core, AReferenceIsTriedAgainWhenAWorkerIsToBlame) {
  bench_.client(1);
  const auto tasks = leased(bench_.worker("w", 1, 1));
  bench_.arrive("w", failed(tasks.at(0), Outcome::kDiskFull));
  for (int i = 0; i < 20; ++i) {
    const auto again = leased(bench_.wait(1000));
    bench_.arrive("w", rpc::Ping{});
    for (const rpc::LeasedTask& task : again) {
      if (!task.build->is_reference) continue;
      EXPECT_GT(task.fence.attempt, 1u);
      return;
    }
  }
  FAIL() << "the reference was not leased again";
}

TEST_F(Core, ResultsAreNumberedAndSentToTheSubscriberWithinItsWindow) {
  const auto runs = run_leases(3);
  ASSERT_THAT(runs, SizeIs(3));
  bench_.arrive("client", rpc::Subscribe{rpc::sha256("job"), 1, 2, true});
  std::vector<rpc::CandidateResult> got;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto sent = bench_.arrive("w", measured(runs[i], 100 + i));
    EXPECT_EQ(of<rpc::ResultAck>(sent, "w").at(0).disposition, rpc::Disposition::kAccepted);
    for (const rpc::Events& events : of<rpc::Events>(sent, "client")) {
      got.insert(got.end(), events.results.begin(), events.results.end());
    }
  }
  ASSERT_THAT(got, SizeIs(2));
  EXPECT_EQ(got[1].rseq, 2u);
  EXPECT_EQ(got[1].trace, "[1]");
  const auto rest =
      of<rpc::Events>(bench_.arrive("client", rpc::EventAck{rpc::sha256("job"), 1}), "client");
  ASSERT_THAT(rest, SizeIs(1));
  EXPECT_EQ(rest[0].results.at(0).rseq, 3u);
}

TEST_F(Core, ARepeatedResultIsStaleAndStoredOnce) {
  const auto runs = run_leases(1);
  bench_.arrive("w", measured(runs.at(0)));
  const auto acks = of<rpc::ResultAck>(bench_.arrive("w", measured(runs.at(0))));
  ASSERT_THAT(acks, SizeIs(1));
  EXPECT_EQ(acks[0].disposition, rpc::Disposition::kStale);
  EXPECT_THAT(bench_.results(), SizeIs(1));
}

TEST_F(Core, UnbelievableResultsAreRejected) {
  for (const auto& [change, why] :
       std::vector<std::pair<std::function<void(rpc::Result&)>, std::string>>{
           {[](rpc::Result& r) { r.run->samples_ns = {0}; }, "a sample of 0 ns"},
           {[](rpc::Result& r) { r.run->samples_ns.clear(); }, "no samples"},
           {[](rpc::Result& r) { r.run->samples_ns = {3600000000000}; }, "in a lease of 0 ms"},
           {[](rpc::Result& r) { r.run->artifact = {}; }, "another artifact than the lease's"},
           {[](rpc::Result& r) { r.run.reset(); }, "ok without a report"},
           {[](rpc::Result& r) { r.build.emplace(); }, "both a build and a run"},
           {[](rpc::Result& r) { r.outcome = Outcome::kLost; }, "only the tracker says lost"},
           {[](rpc::Result& r) { r.fence.attempt = 77; }, "never leased to this worker"},
           {[](rpc::Result& r) { r.fence.epoch = 77; }, "never leased to this worker"}}) {
    Bench bench;
    const auto runs = bench.run_leases(1, 8);
    rpc::Result result = measured(runs.at(0));
    change(result);
    const auto acks = of<rpc::ResultAck>(bench.arrive("w", result));
    ASSERT_THAT(acks, SizeIs(1)) << why;
    EXPECT_EQ(acks[0].disposition, rpc::Disposition::kRejected) << why;
    EXPECT_THAT(acks[0].why, HasSubstr(why));
    EXPECT_THAT(bench.results(), SizeIs(0)) << why;
  }
}

TEST_F(Core, AnotherWorkersLeaseCannotBeAnswered) {
  const auto runs = run_leases(1);
  bench_.worker("thief", 0, 0);
  const auto acks = of<rpc::ResultAck>(bench_.arrive("thief", measured(runs.at(0))));
  ASSERT_THAT(acks, SizeIs(1));
  EXPECT_EQ(acks[0].disposition, rpc::Disposition::kRejected);
}

TEST_F(Core, ASilentWorkerLosesItsLeasesAndAnotherGoesFirst) {
  const auto runs = run_leases(1);
  rpc::Beat beat;
  beat.leases = {{runs.at(0).fence, rpc::Phase::kMeasuring, false}};
  bench_.arrive("w", beat);
  bench_.worker("other", 8, 8);
  std::vector<rpc::LeasedTask> again;
  for (int i = 0; i < 40 && again.empty(); ++i) {
    bench_.arrive("other", rpc::Ping{});
    again = leased(bench_.wait(500), "other");
  }
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_EQ(again[0].fence.task, runs.at(0).fence.task);
  EXPECT_EQ(again[0].fence.attempt, runs.at(0).fence.attempt + 1);
}

TEST_F(Core, ALateResultCountsWhileNobodyElseHasFinishedAndTheTwinIsRevoked) {
  const auto runs = run_leases(1);
  bench_.worker("other", 8, 8);
  std::vector<rpc::LeasedTask> twin;
  for (int i = 0; i < 60 && twin.empty(); ++i) {
    bench_.arrive("other", rpc::Ping{});
    twin = leased(bench_.wait(500), "other");
  }
  ASSERT_THAT(twin, SizeIs(1));
  bench_.worker("w", 0, 0);
  const auto sent = bench_.arrive("w", measured(runs.at(0), 123));
  EXPECT_EQ(of<rpc::ResultAck>(sent, "w").at(0).disposition, rpc::Disposition::kAccepted);
  const auto revoked = of<rpc::BeatAck>(sent, "other");
  ASSERT_THAT(revoked, SizeIs(1));
  EXPECT_EQ(revoked[0].revoked.at(0), twin[0].fence);
  EXPECT_EQ(of<rpc::ResultAck>(bench_.arrive("other", measured(twin[0]))).at(0).disposition,
            rpc::Disposition::kStale);
  EXPECT_EQ(bench_.results().at(0).samples_ns, std::vector<std::uint64_t>{123});
}

TEST_F(Core, FourFailuresOfDevicesOrWorkersMakePoison) {
  auto runs = run_leases(1);
  for (int i = 0; i < 4; ++i) {
    ASSERT_THAT(runs, SizeIs(1)) << i;
    EXPECT_THAT(bench_.results(), SizeIs(0));
    bench_.arrive("w", failed(runs[0], Outcome::kNoisy));
    runs.clear();
    for (int tick = 0; tick < 60 && runs.empty(); ++tick) {
      bench_.arrive("w", rpc::Ping{});
      runs = leased(bench_.wait(500));
    }
  }
  ASSERT_THAT(bench_.results(), SizeIs(1));
  EXPECT_EQ(bench_.results()[0].outcome, Outcome::kNoisy);
}

TEST_F(Core, TwoWorkersThatDieExecutingItMakePoison) {
  auto runs = run_leases(1);
  std::string holder = "w";
  for (int i = 0; i < 2; ++i) {
    ASSERT_THAT(runs, SizeIs(1)) << i;
    rpc::Beat beat;
    beat.leases = {{runs[0].fence, rpc::Phase::kMeasuring, false}};
    bench_.arrive(holder, beat);
    bench_.worker(holder, 0, 0, 100);  // started again, without the lease
    holder = "second";
    runs = leased(bench_.worker(holder, 8, 8));
    for (int tick = 0; tick < 10 && runs.empty(); ++tick) {
      bench_.arrive(holder, rpc::Ping{});
      runs = leased(bench_.wait(200));
    }
  }
  ASSERT_THAT(bench_.results(), SizeIs(1));
  EXPECT_EQ(bench_.results()[0].outcome, Outcome::kLost);
}

TEST_F(Core, AMissingArtifactIsBuiltAgain) {
  const auto runs = run_leases(1);
  auto builds = leased(bench_.arrive("w", failed(runs.at(0), Outcome::kArtifactMissing)));
  for (int tick = 0; tick < 10 && builds.size() < 2; ++tick) {
    bench_.arrive("w", rpc::Ping{});
    for (rpc::LeasedTask& task : leased(bench_.wait(200))) builds.push_back(std::move(task));
  }
  ASSERT_THAT(builds, SizeIs(2));
  EXPECT_TRUE(builds[0].build.value().is_reference);
  EXPECT_EQ(builds[1].build.value().trace, "[0]");
}

TEST_F(Core, ABuildWhoseArtifactWasNotUploadedIsTriedAgain) {
  bench_.client(1);
  const auto tasks = leased(bench_.worker("w", 2, 1));
  bench_.is_artifact_stored = false;
  bench_.arrive("w", built(tasks.at(1)));
  EXPECT_EQ(bench_.state.tasks.begin()->second.artifact, std::nullopt);
  EXPECT_EQ(bench_.state.tasks.begin()->second.num_failures, 1);
}

TEST_F(Core, JobsWaitForAWorkerThatHasTheLabelsTheClassAndTheThreads) {
  rpc::Submit submit;
  submit.needs = {"avx512f"};
  bench_.client(1, submit);
  auto todo = leased(bench_.worker("w", 8, 8));
  for (const rpc::LeasedTask& task : todo) bench_.arrive("w", built(task));
  EXPECT_THAT(bench_.state.run_queue, SizeIs(1));
  rpc::Describe describe;
  describe.labels = {"x86_64", "avx512f"};
  describe.devices = {{"small", R"({"cpu":"x"})", "cpu", 1, "x"}};
  EXPECT_THAT(leased(bench_.arrive("w", describe)), SizeIs(0));
  describe.devices[0].max_threads = 2;
  EXPECT_THAT(leased(bench_.arrive("w", describe)), SizeIs(1));
}

TEST_F(Core, AJobKeepsTheDeviceClassOfItsFirstRun) {
  run_leases(1);
  EXPECT_EQ(bench_.state.jobs.at(1).settings.device_class, R"({"cpu":"x"})");
}

TEST_F(Core, NothingIsAcknowledgedThatTheDiskRefused) {
  const auto runs = run_leases(1);
  bench_.is_disk_full = true;
  EXPECT_THAT(of<rpc::ResultAck>(bench_.arrive("w", measured(runs.at(0)))), SizeIs(0));
  rpc::Add add;
  add.job = rpc::sha256("job");
  add.batch = 1;
  add.workloads = {{rpc::sha256("w"), "text", "llvm", 2}};
  add.candidates = {{0, "[9]", 0}};
  EXPECT_EQ(of<rpc::ErrorMessage>(bench_.arrive("client", add)).at(0).code, rpc::ErrorCode::kStore);
  bench_.is_disk_full = false;
  EXPECT_EQ(of<rpc::ResultAck>(bench_.arrive("w", measured(runs.at(0)))).at(0).disposition,
            rpc::Disposition::kAccepted);
  EXPECT_THAT(bench_.results(), SizeIs(1));
}

TEST_F(Core, CancellingStopsWhatRuns) {
  const auto runs = run_leases(2, 1);
  const auto sent = bench_.arrive("client", rpc::Cancel{rpc::sha256("job")});
  EXPECT_EQ(of<rpc::Cancelled>(sent, "client").at(0).num_dropped, 2u);
  EXPECT_EQ(of<rpc::BeatAck>(sent, "w").at(0).revoked.at(0), runs.at(0).fence);
  EXPECT_TRUE(bench_.state.tasks.empty());
}

TEST_F(Core, ALeaseThatNoBeatNamesIsGivenToAnother) {
  const auto runs = run_leases(1);
  bench_.arrive("w", rpc::Beat{});
  EXPECT_THAT(bench_.state.leases, SizeIs(1));
  bench_.arrive("w", rpc::Beat{});
  EXPECT_THAT(bench_.state.leases, SizeIs(0));
}

TEST_F(Core, ABeatOfALeaseThatIsGoneIsAnsweredWithItsEnd) {
  const auto runs = run_leases(1);
  bench_.arrive("client", rpc::Cancel{rpc::sha256("job")});
  rpc::Beat beat;
  beat.number = 3;
  beat.leases = {{runs.at(0).fence, rpc::Phase::kMeasuring, false}};
  const auto acks = of<rpc::BeatAck>(bench_.arrive("w", beat));
  ASSERT_THAT(acks, SizeIs(1));
  EXPECT_EQ(acks[0].number, 3u);
  EXPECT_EQ(acks[0].revoked.at(0), runs.at(0).fence);
}

TEST(SettingsText, SurvivesTheDatabase) {
  JobSettings settings;
  settings.device_class = "{\"cpu\":\"x\ny\"}";
  settings.needs = {"a", "b"};
  settings.seeds = {1, 2};
  settings.protocol.max_samples = 77;
  EXPECT_EQ(settings_from_selector(selector_text(settings)), settings);
  EXPECT_EQ(
      protocol_text(settings),
      R"({"budget_ms":200,"cache":"hot","max_samples":77,"min_sample_us":500,"min_samples":5,)"
      R"("quantile_permille":100,"seeds":[1,2],"version":1,"warmup_ms":10})");
}

}  // namespace
}  // namespace tenon::tracker
