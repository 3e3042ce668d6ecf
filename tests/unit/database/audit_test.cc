// The audit finds what it says it finds: each case damages a good database in one way.
#include "database/audit.h"

#include <gtest/gtest.h>

#include <set>

#include "database/sqlite/connection.h"
#include "tests/unit/database/fixture.h"

namespace tenon::database {
namespace {

struct Damage {
  const char* name;
  const char* rule;  // the first that must be found
  const char* sql;
};

class AuditTest : public testing::TestWithParam<Damage> {};

void fill(const std::string& path) {
  const auto store = Store::open(inline_options(path));
  add_catalogue(*store);
  store->write_sync(make_class("cpu-b"));
  const AddedTasks added = add_job_with(
      *store, "net", {make_task(1, 1), make_task(1, 2), make_task(2, 1), make_task(2, 2)});
  const auto commit = [&](std::int64_t index, std::int64_t attempt, const LogRecord& record) {
    store->write_sync(make_result(added.first_task + index, store->epoch(), attempt, record));
  };
  commit(0, 1, make_record(1, 1, 500));
  commit(1, 1, make_record(1, 2, 400));
  commit(1, 2, make_record(1, 2, 401));
  commit(2, 1, make_failure(2, 1, Outcome::kCandidateCrash, "signal 11"));
}

TEST_P(AuditTest, FindsTheDamage) {
  const Place place;
  fill(place.path);
  {
    const auto connection = Connection::open(place.path, OpenMode::kReadWrite);
    connection->script(GetParam().sql);
    connection->throw_if_failed();
  }
  const auto store = Store::open(inline_options(place.path));
  std::set<std::string> rules;
  for (const Finding& finding : audit(*store)) rules.insert(finding.rule);
  EXPECT_TRUE(rules.contains(GetParam().rule)) << audit_text(*store);
}

const Damage kDamages[] = {
    {"lost_measurement", "task_result", "DELETE FROM measurement WHERE task_id = 1"},
    {"lost_measurement_event", "events", "DELETE FROM measurement WHERE task_id = 1"},
    {"doubled_measurement", "once",
     "DROP INDEX meas_once; DROP INDEX meas_event; CREATE TEMP TABLE twin AS SELECT * FROM "
     "measurement WHERE id = 1; UPDATE twin SET id = 99; INSERT INTO measurement SELECT * FROM "
     "twin"},
    {"two_trials", "once", "UPDATE measurement SET role = 0 WHERE id = 3"},
    {"trial_of_open_task", "task_result", "UPDATE task SET state = 0 WHERE id = 1"},
    {"done_without_success", "task_result", "UPDATE task SET state = 5 WHERE id = 3"},
    {"wrong_candidate", "task_result", "UPDATE task SET threads = 2 WHERE id = 1"},
    {"lost_attempt", "attempts", "DELETE FROM attempt WHERE task_id = 1"},
    {"attempt_of_the_future", "attempts", "UPDATE attempt SET epoch = 9 WHERE task_id = 1"},
    {"wrong_attempt_count", "attempts", "UPDATE task SET num_attempts = 7 WHERE id = 4"},
    {"gap_of_events", "events", "UPDATE measurement SET rseq = 9 WHERE id = 2"},
    {"numbered_extra", "events", "UPDATE measurement SET rseq = 9 WHERE id = 3"},
    {"wrong_next_event", "events", "UPDATE job SET next_rseq = 3"},
    {"wrong_budget", "budget", "UPDATE job SET used_trials = 2"},
    {"changed_trace", "hashes", "UPDATE trace SET text = '[[],[]]' WHERE id = 1"},
    {"changed_class", "hashes", "UPDATE devclass SET text = '{}' WHERE id = 1"},
    {"changed_protocol", "hashes", "UPDATE mproto SET version = 2"},
    {"damaged_samples", "samples", "UPDATE measurement SET samples = x'ff' WHERE id = 1"},
    {"changed_rank", "samples", "UPDATE measurement SET q10_ns = 1 WHERE id = 1"},
    {"changed_identity", "samples", "UPDATE measurement SET measured_ms = 5 WHERE id = 1"},
    {"wrong_best", "best", "UPDATE best SET measurement_id = 1"},
    {"lost_best", "best", "DELETE FROM best"},
    {"best_of_another_class", "best", "UPDATE best SET devclass_id = 2"},
    {"dangling_reference", "integrity", "DELETE FROM env"},
};

INSTANTIATE_TEST_SUITE_P(Each, AuditTest, testing::ValuesIn(kDamages),
                         [](const auto& damage) { return std::string(damage.param.name); });

TEST(Audit, AGoodDatabaseHasNoFinding) {
  const Place place;
  fill(place.path);
  EXPECT_EQ(audit_text(*Store::open(inline_options(place.path))), "");
}

TEST(Audit, FindingsOfARuleAreLimited) {
  const Place place;
  {
    const auto store = Store::open(inline_options(place.path));
    add_catalogue(*store);
    std::vector<NewTask> tasks;
    for (int i = 0; i < 50; ++i) tasks.push_back(make_task(1, i));
    add_job_with(*store, "net", tasks);
  }
  {
    const auto connection = Connection::open(place.path, OpenMode::kReadWrite);
    connection->script("UPDATE task SET num_attempts = 3");
    connection->throw_if_failed();
  }
  const auto findings = audit(*Store::open(inline_options(place.path)));
  EXPECT_EQ(findings.size(), static_cast<std::size_t>(kMaxFindings));
}

}  // namespace
}  // namespace tenon::database
