// What the store keeps and gives back: catalogue, jobs, tasks, attempts, results.
#include "database/store.h"

#include <gtest/gtest.h>

#include "compiler/support/error.h"
#include "tests/unit/database/fixture.h"

namespace tenon::database {
namespace {

// The error text of a write that must be rejected.
std::string rejection(Store& store, Write write) {
  std::string error = "not rejected";
  store.write(std::move(write), [&error](const Written& written) {
    if (written.disposition == Disposition::kRejected) error = written.error;
  });
  return error;
}

class StoreTest : public testing::Test {
 protected:
  StoreTest() : store_(Store::open(inline_options(":memory:"))) { add_catalogue(*store_); }
  ~StoreTest() override { EXPECT_EQ(audit_text(*store_), ""); }

  CommitResult result(std::int64_t task, std::int64_t attempt, const LogRecord& record) {
    return make_result(task, store_->epoch(), attempt, record);
  }

  std::unique_ptr<Store> store_;
};

TEST_F(StoreTest, EveryRecordComesBackEqual) {
  EXPECT_EQ(store_->workload(make_workload(1).hash), make_workload(1));
  EXPECT_EQ(store_->target(make_target().hash()), make_target());
  EXPECT_EQ(store_->device_class(make_class().hash()), make_class());
  EXPECT_EQ(store_->protocol(make_protocol().hash()), make_protocol());
  EXPECT_EQ(store_->environment(make_environment().hash()), make_environment());
  EXPECT_EQ(store_->device("dev-1"),
            (DeviceRecord{"dev-1", make_class().hash(), R"({"arch":"x86_64"})"}));
  EXPECT_EQ(store_->device_classes(), std::vector<DeviceClass>{make_class()});
  EXPECT_EQ(store_->workload(hash_named("none")), std::nullopt);
  EXPECT_EQ(store_->workload("no hash at all"), std::nullopt);
  EXPECT_EQ(store_->trace(make_trace(1).hash()), std::nullopt);
}

TEST_F(StoreTest, TheSameRecordTwiceIsOneRow) {
  const Written first = store_->write_sync(make_workload(9));
  const Written second = store_->write_sync(make_workload(9));
  EXPECT_EQ(first.disposition, Disposition::kAccepted);
  EXPECT_EQ(second.disposition, Disposition::kExisting);
  EXPECT_EQ(first.id, second.id);
  // Another text under a known hash never overwrites.
  store_->write_sync(WorkloadRecord{make_workload(9).hash, "other names"});
  EXPECT_EQ(store_->workload(make_workload(9).hash), make_workload(9));
}

TEST_F(StoreTest, RecordsThatAreNoneAreRejected) {
  EXPECT_EQ(rejection(*store_, WorkloadRecord{"12", "text"}),
            "workload hash is not 64 hexadecimal digits");
  EXPECT_EQ(rejection(*store_, WorkloadRecord{hash_named("a"), ""}), "workload text is empty");
  EXPECT_EQ(rejection(*store_, TargetRecord{"\xff"}), "target text is not UTF-8");
  EXPECT_EQ(rejection(*store_, DeviceClass{"label", "{"}), "device class is not JSON");
  EXPECT_EQ(rejection(*store_, DeviceRecord{"dev-2", hash_named("x"), "{}"}),
            "device dev-2: unknown device class " + hash_named("x"));
  EXPECT_EQ(rejection(*store_, Environment{""}), "environment is not JSON");
}

TEST_F(StoreTest, ADeviceMayMoveToAnotherClass) {
  store_->write_sync(make_class("cpu-b"));
  store_->write_sync(DeviceRecord{"dev-1", make_class("cpu-b").hash(), "{}"});
  EXPECT_EQ(store_->device("dev-1")->device_class, make_class("cpu-b").hash());
}

TEST_F(StoreTest, TheSameJobIsTheSameRow) {
  const Written first = store_->write_sync(AddJob{make_job("net", 100)});
  const Written again = store_->write_sync(AddJob{make_job("net", 60)});
  EXPECT_EQ(again.disposition, Disposition::kExisting);
  EXPECT_EQ(again.id, first.id);
  EXPECT_EQ(store_->job(first.id)->max_trials, 100);
  store_->write_sync(AddJob{make_job("net", 300)});
  const auto job = store_->job_by_key(make_job("net").key);
  ASSERT_TRUE(job);
  EXPECT_EQ(job->max_trials, 300);
  EXPECT_EQ(job->label, "net");
  EXPECT_EQ(job->owner, "tester");
  EXPECT_EQ(store_->open_jobs().size(), 1u);
}

TEST_F(StoreTest, AnotherManifestUnderTheSameKeyIsRejected) {
  store_->write_sync(AddJob{make_job("net")});
  JobRecord other = make_job("net");
  other.manifest = R"({"model":"other"})";
  EXPECT_EQ(rejection(*store_, AddJob{other}),
            "job " + other.key + " is known with another manifest");
  other.key = "short";
  EXPECT_EQ(rejection(*store_, AddJob{other}), "job key is not 64 hexadecimal digits");
  other = make_job("net");
  other.priority = 101;
  EXPECT_EQ(rejection(*store_, AddJob{other}), "job priority 101 is outside -100 .. 100");
}

TEST_F(StoreTest, ABatchIsAddedOnce) {
  const std::vector<NewTask> tasks = {make_task(1, 1), make_task(1, 2), make_task(2, 1)};
  const AddedTasks added = add_job_with(*store_, "net", tasks);
  const Written again = store_->write_sync(AddTasks{added.job_id, 0, tasks, 99});
  EXPECT_EQ(again.disposition, Disposition::kExisting);
  EXPECT_EQ(again.id, added.first_task);
  const auto rows = store_->job_tasks(added.job_id);
  ASSERT_EQ(rows.size(), 3u);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].id, added.first_task + static_cast<std::int64_t>(i));
    EXPECT_EQ(rows[i].position, static_cast<std::int64_t>(i));
    EXPECT_EQ(rows[i].trace, tasks[i].trace.hash());
    EXPECT_EQ(rows[i].state, TaskState::kQueued);
  }
  EXPECT_EQ(store_->batch_tasks(added.job_id, 0), rows);
  EXPECT_TRUE(store_->batch_tasks(added.job_id, 1).empty());
  EXPECT_EQ(store_->trace(make_trace(2).hash()), make_trace(2));
  EXPECT_EQ(store_->job_status(added.job_id)->next_batch_no, 1);
}

TEST_F(StoreTest, ABatchThatDoesNotFitIsRejectedWhole) {
  const AddedTasks added = add_job_with(*store_, "net", {make_task(1, 1)});
  EXPECT_EQ(rejection(*store_, AddTasks{added.job_id, 0, {make_task(1, 2)}, 0}),
            "batch 0 of job 1 is known with other tasks");
  EXPECT_EQ(rejection(*store_, AddTasks{99, 0, {make_task(1, 2)}, 0}),
            "batch 0 for unknown job 99");
  EXPECT_EQ(rejection(*store_, AddTasks{added.job_id, 1, {}, 0}),
            "a batch has 1 to 4096 tasks, this one 0");
  NewTask unknown = make_task(1, 3);
  unknown.workload = hash_named("nothing");
  EXPECT_EQ(rejection(*store_, AddTasks{added.job_id, 1, {make_task(1, 2), unknown}, 0}),
            "task of unknown workload " + unknown.workload);
  EXPECT_EQ(store_->job_tasks(added.job_id).size(), 1u);
  EXPECT_EQ(store_->trace(make_trace(2).hash()), std::nullopt);
}

TEST_F(StoreTest, ClosingAJobEndsItsTasksAndTheSameCommandsResumeIt) {
  const std::vector<NewTask> tasks = {make_task(1, 1), make_task(1, 2)};
  const AddedTasks added = add_job_with(*store_, "net", tasks);
  store_->write_sync(result(added.first_task, 1, make_record(1, 1, 500)));
  store_->write_sync(SetJobState{added.job_id, JobState::kCancelled, 77});
  EXPECT_EQ(store_->job(added.job_id)->closed_ms, 77);
  EXPECT_EQ(store_->task(added.first_task)->state, TaskState::kDone);
  EXPECT_EQ(store_->task(added.first_task + 1)->state, TaskState::kCancelled);
  EXPECT_TRUE(store_->open_jobs().empty());
  EXPECT_TRUE(store_->open_tasks().empty());
  EXPECT_EQ(rejection(*store_, AddTasks{added.job_id, 1, {make_task(1, 3)}, 0}),
            "job 1 is closed: cancelled");

  store_->write_sync(AddJob{make_job("net")});
  EXPECT_EQ(store_->job(added.job_id)->state, JobState::kOpen);
  store_->write_sync(AddTasks{added.job_id, 0, tasks, 0});
  ASSERT_EQ(store_->open_tasks().size(), 1u);
  EXPECT_EQ(store_->open_tasks()[0].id, added.first_task + 1);
}

TEST_F(StoreTest, AResultEndsItsTaskOnce) {
  const AddedTasks added = add_job_with(*store_, "net", {make_task(1, 1)});
  const LogRecord record = make_record(1, 1, 500);
  const Written first = store_->write_sync(result(added.first_task, 1, record));
  EXPECT_EQ(first.disposition, Disposition::kAccepted);
  EXPECT_EQ(first.rseq, 1);
  const Written again = store_->write_sync(result(added.first_task, 1, record));
  EXPECT_EQ(again.disposition, Disposition::kDuplicate);
  EXPECT_EQ(again.id, first.id);
  const auto results = store_->job_results(added.job_id, 1, 10);
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].measurement, record.measurement);
  EXPECT_EQ(results[0].q10_ns, 500u);
  EXPECT_EQ(results[0].device_serial, "dev-1");
  EXPECT_EQ(store_->job(added.job_id)->used_trials, 1);
  const TaskRecord task = *store_->task(added.first_task);
  EXPECT_EQ(task.state, TaskState::kDone);
  EXPECT_EQ(task.num_attempts, 1);
}

TEST_F(StoreTest, ASecondAttemptsResultIsKeptAsExtra) {
  const AddedTasks added = add_job_with(*store_, "net", {make_task(1, 1)});
  store_->write_sync(result(added.first_task, 1, make_record(1, 1, 500)));
  const Written second = store_->write_sync(result(added.first_task, 2, make_record(1, 1, 400)));
  EXPECT_EQ(second.disposition, Disposition::kExtra);
  EXPECT_EQ(second.rseq, 0);
  EXPECT_EQ(store_->job(added.job_id)->used_trials, 1);
  EXPECT_EQ(store_->job_results(added.job_id, 1, 10).size(), 1u);
  const Hash workload = make_workload(1).hash;
  EXPECT_EQ(store_->measurements(workload, {}).size(), 1u);
  MeasurementFilter with_extra;
  with_extra.with_extra = true;
  EXPECT_EQ(store_->measurements(workload, with_extra).size(), 2u);
  EXPECT_EQ(store_->bests(make_target().hash(), make_class().hash())[0].stored.q10_ns, 500u);
}

TEST_F(StoreTest, ALateResultOfALostLeaseStillCounts) {
  const AddedTasks added = add_job_with(*store_, "net", {make_task(1, 1)});
  EndAttempt lost;
  lost.attempt = result(added.first_task, 1, make_record(1, 1, 500)).attempt;
  lost.attempt.outcome = Outcome::kLost;
  lost.next = TaskState::kBackoff;
  lost.executing_child_died = true;
  EXPECT_EQ(store_->write_sync(lost).disposition, Disposition::kAccepted);
  EXPECT_EQ(store_->write_sync(lost).disposition, Disposition::kDuplicate);
  EXPECT_EQ(store_->task(added.first_task)->state, TaskState::kBackoff);
  EXPECT_EQ(store_->task(added.first_task)->num_deaths, 1);
  EXPECT_EQ(store_->write_sync(result(added.first_task, 1, make_record(1, 1, 500))).disposition,
            Disposition::kAccepted);
  const auto attempts = store_->attempts(added.first_task);
  ASSERT_EQ(attempts.size(), 1u);
  EXPECT_EQ(attempts[0].outcome, Outcome::kOk);
  EXPECT_EQ(store_->task(added.first_task)->num_attempts, 1);
  // What comes for this attempt afterwards changes nothing.
  EXPECT_EQ(store_->write_sync(lost).disposition, Disposition::kDuplicate);
  EXPECT_EQ(store_->task(added.first_task)->state, TaskState::kDone);
}

TEST_F(StoreTest, ResultsThatCannotBeAreRejected) {
  const AddedTasks added = add_job_with(*store_, "net", {make_task(1, 1)});
  const LogRecord good = make_record(1, 1, 500);
  CommitResult commit = result(added.first_task, 1, good);
  commit.attempt.epoch = store_->epoch() + 1;
  EXPECT_EQ(rejection(*store_, commit), "attempt 1 of epoch 2 never was: the epoch is 1");
  EXPECT_EQ(rejection(*store_, result(99, 1, good)), "task 99 is unknown or is another candidate");
  EXPECT_EQ(rejection(*store_, result(added.first_task, 1, make_record(2, 1, 500))),
            "task 1 is unknown or is another candidate");
  commit = result(added.first_task, 1, good);
  commit.attempt.outcome = Outcome::kNoisy;
  EXPECT_EQ(rejection(*store_, commit), "attempt and measurement disagree on the outcome");
  commit = result(added.first_task, 1, good);
  commit.final_state = TaskState::kCandidateFailed;
  EXPECT_EQ(rejection(*store_, commit), "outcome ok cannot end a task as candidate_failed");
  commit = result(added.first_task, 1, good);
  commit.measurement.samples_ns.clear();
  EXPECT_EQ(rejection(*store_, commit), "outcome ok without samples");
  commit = result(added.first_task, 1, good);
  commit.measurement.samples_ns[3] = 0;
  EXPECT_EQ(rejection(*store_, commit), "a sample is zero or longer than a century");
  commit = result(added.first_task, 1, good);
  commit.device_serial = "dev-9";
  EXPECT_EQ(rejection(*store_, commit), "measurement from unknown device dev-9");
  EXPECT_EQ(store_->job(added.job_id)->used_trials, 0);
  EXPECT_EQ(store_->task(added.first_task)->state, TaskState::kQueued);
}

TEST_F(StoreTest, FailuresAreResultsToo) {
  const AddedTasks added = add_job_with(
      *store_, "net", {make_task(1, 1), make_task(1, 2), make_task(2, 1), make_task(2, 2)});
  store_->write_sync(result(added.first_task, 1, make_record(1, 1, 500)));
  store_->write_sync(result(added.first_task + 1, 1,
                            make_failure(1, 2, Outcome::kCandidateCrash, "signal 11 \xff")));
  LogRecord never_built = make_failure(2, 1, Outcome::kCompileError, "no such register");
  never_built.measurement.device_class.clear();
  CommitResult commit = result(added.first_task + 2, 1, never_built);
  commit.device_serial.clear();
  store_->write_sync(commit);

  const JobStatus status = *store_->job_status(added.job_id);
  EXPECT_EQ(status.num_tasks, 4);
  EXPECT_EQ(status.num_open, 1);
  EXPECT_EQ(status.outcomes,
            (std::map<Outcome, std::int64_t>{
                {Outcome::kOk, 1}, {Outcome::kCompileError, 1}, {Outcome::kCandidateCrash, 1}}));
  EXPECT_EQ(store_->job_results(added.job_id, 2, 1)[0].measurement.error, "signal 11 ?");
  EXPECT_EQ(store_->task(added.first_task + 1)->state, TaskState::kCandidateFailed);
  EXPECT_EQ(store_->measured_traces(added.job_id).size(), 3u);
  MeasurementFilter all;
  all.only_ok = false;
  const auto found = store_->measurements(make_workload(1).hash, all);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].trace_text, make_trace(1).text);
  EXPECT_EQ(found[1].stored.measurement.outcome, Outcome::kCandidateCrash);
}

TEST_F(StoreTest, AnArtifactIsRememberedWhileItsTaskIsOpen) {
  const AddedTasks added = add_job_with(*store_, "net", {make_task(1, 1)});
  store_->write_sync(SetArtifact{added.first_task, hash_named("so"), 4096});
  EXPECT_EQ(store_->open_tasks()[0].artifact, hash_named("so"));
  EXPECT_EQ(store_->open_tasks()[0].artifact_bytes, 4096);
  store_->write_sync(result(added.first_task, 1, make_record(1, 1, 500)));
  EXPECT_EQ(rejection(*store_, SetArtifact{added.first_task, hash_named("so"), 1}),
            "task 1 is unknown or has ended");
}

TEST_F(StoreTest, AnAttemptCannotEndATaskWithoutResult) {
  const AddedTasks added = add_job_with(*store_, "net", {make_task(1, 1)});
  EndAttempt end;
  end.attempt = result(added.first_task, 1, make_record(1, 1, 500)).attempt;
  end.next = TaskState::kDone;
  EXPECT_EQ(rejection(*store_, end), "a task ends as done with a result only");
  end.next = TaskState::kQueued;
  end.attempt.epoch = 0;
  EXPECT_EQ(rejection(*store_, end), "attempt 1 of epoch 0 never was: the epoch is 1");
}

TEST_F(StoreTest, EventsAreNumberedWithoutGapAndResumeAnywhere) {
  std::vector<NewTask> tasks;
  for (int i = 0; i < 20; ++i) tasks.push_back(make_task(1 + i % 3, i));
  const AddedTasks added = add_job_with(*store_, "net", tasks);
  for (int i = 19; i >= 0; --i) {
    store_->write_sync(result(added.first_task + i, 1, make_record(1 + i % 3, i, 1000)));
  }
  const auto tail = store_->job_results(added.job_id, 15, 4);
  ASSERT_EQ(tail.size(), 4u);
  for (std::size_t i = 0; i < tail.size(); ++i) {
    EXPECT_EQ(tail[i].rseq, 15 + static_cast<std::int64_t>(i));
  }
  EXPECT_EQ(store_->job(added.job_id)->next_rseq, 21);
}

}  // namespace
}  // namespace tenon::database
