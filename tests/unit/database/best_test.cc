// Who is best: never by accident, never of another device class, whatever the order of arrival.
#include <gtest/gtest.h>

#include <algorithm>

#include "compiler/support/rng.h"
#include "tests/unit/database/fixture.h"

namespace tenon::database {
namespace {

std::int64_t add_origin(Store& store, const std::string& name, int trust) {
  return store.write_sync(AddOrigin{hash_named(name), "test", trust, 1}).id;
}

Disposition import(Store& store, std::int64_t origin, const LogRecord& record) {
  return store.write_sync(ImportMeasurement{origin, record, 1}).disposition;
}

BestKey key_of(const LogRecord& record) {
  return {record.measurement.workload, record.measurement.target, record.measurement.device_class,
          record.measurement.threads};
}

LogRecord in_class(LogRecord record, const std::string& cpu) {
  record.device_class = make_class(cpu);
  record.measurement.device_class = record.device_class.hash();
  return record;
}

class BestTest : public testing::Test {
 protected:
  BestTest() : store_(Store::open(inline_options(":memory:"))) {
    origin_ = add_origin(*store_, "log", 1);
  }
  ~BestTest() override { EXPECT_EQ(audit_text(*store_), ""); }
  std::unique_ptr<Store> store_;
  std::int64_t origin_ = 0;
};

TEST_F(BestTest, TheLowestQuantileWins) {
  EXPECT_FALSE(store_->best(key_of(make_record(1, 1, 900))));
  import(*store_, origin_, make_record(1, 1, 900));
  import(*store_, origin_, make_record(1, 2, 700));
  import(*store_, origin_, make_record(1, 3, 800));
  const Best best = *store_->best(key_of(make_record(1, 1, 900)));
  EXPECT_EQ(best.stored.q10_ns, 700u);
  EXPECT_EQ(best.trace_text, make_trace(2).text);
  EXPECT_EQ(best.stored.measurement, make_record(1, 2, 700).measurement);
}

TEST_F(BestTest, AMeanThatIsLowerDoesNotWin) {
  LogRecord spread = make_record(1, 1, 700);
  for (std::size_t i = 1; i < spread.measurement.samples_ns.size(); ++i) {
    spread.measurement.samples_ns[i] = 5000;
  }
  import(*store_, origin_, make_record(1, 2, 800));
  import(*store_, origin_, spread);
  EXPECT_EQ(store_->best(key_of(spread))->stored.q10_ns, 700u);
}

TEST_F(BestTest, ARecordOfAnotherClassTargetOrThreadCountNeverWins) {
  const LogRecord mine = make_record(1, 1, 900);
  LogRecord other_target = make_record(1, 3, 10);
  other_target.target = make_target("avx512f");
  other_target.measurement.target = other_target.target.hash();
  LogRecord other_threads = make_record(1, 4, 10);
  other_threads.measurement.threads = 2;
  import(*store_, origin_, in_class(make_record(1, 2, 10), "cpu-b"));
  import(*store_, origin_, other_target);
  import(*store_, origin_, other_threads);
  EXPECT_FALSE(store_->best(key_of(mine)));
  import(*store_, origin_, mine);
  EXPECT_EQ(store_->best(key_of(mine))->stored.q10_ns, 900u);
  EXPECT_EQ(store_->best(key_of(in_class(mine, "cpu-b")))->stored.q10_ns, 10u);
  EXPECT_EQ(store_->bests(make_target().hash(), make_class().hash()).size(), 2u);
  std::vector<Hash> classes = {make_class().hash(), make_class("cpu-b").hash()};
  std::sort(classes.begin(), classes.end());
  EXPECT_EQ(store_->best_classes(make_target().hash()), classes);
}

TEST_F(BestTest, FailuresAndExtrasNeverWin) {
  LogRecord extra = make_record(1, 2, 10);
  extra.measurement.role = MeasurementRole::kExtra;
  import(*store_, origin_, extra);
  import(*store_, origin_, make_failure(1, 3, Outcome::kWrongResult, "off by 2"));
  EXPECT_FALSE(store_->best(key_of(extra)));
}

TEST_F(BestTest, AnUntrustedImportSeedsButIsNotBest) {
  const std::int64_t untrusted = add_origin(*store_, "rumour", 0);
  import(*store_, untrusted, make_record(1, 1, 10));
  EXPECT_FALSE(store_->best(key_of(make_record(1, 1, 10))));
  EXPECT_EQ(store_->measurements(make_workload(1).hash, {}).size(), 1u);
  import(*store_, origin_, make_record(1, 2, 500));
  EXPECT_EQ(store_->best(key_of(make_record(1, 1, 10)))->stored.q10_ns, 500u);
}

TEST_F(BestTest, ForgettingAnImportBringsTheNextBestBack) {
  const std::int64_t bad_board = add_origin(*store_, "bad board", 1);
  import(*store_, origin_, make_record(1, 1, 900));
  import(*store_, bad_board, make_record(1, 2, 10));
  import(*store_, bad_board, make_record(2, 1, 10));
  const Written gone = store_->write_sync(ForgetOrigin{hash_named("bad board"), 2});
  EXPECT_EQ(gone.id, 2);
  EXPECT_EQ(store_->best(key_of(make_record(1, 1, 900)))->stored.q10_ns, 900u);
  EXPECT_FALSE(store_->best(key_of(make_record(2, 1, 10))));
  // It may come again.
  EXPECT_EQ(import(*store_, add_origin(*store_, "bad board", 1), make_record(2, 1, 10)),
            Disposition::kAccepted);
}

TEST_F(BestTest, EqualTimesAreDecidedByTraceNotByArrival) {
  const LogRecord first = make_record(1, 1, 500);
  const LogRecord second = make_record(1, 2, 500);
  const Hash expected = std::min(first.measurement.trace, second.measurement.trace);
  for (const bool swap : {false, true}) {
    const auto store = Store::open(inline_options(":memory:"));
    const std::int64_t origin = add_origin(*store, "log", 1);
    import(*store, origin, swap ? second : first);
    import(*store, origin, swap ? first : second);
    EXPECT_EQ(store->best(key_of(first))->stored.measurement.trace, expected);
  }
}

TEST_F(BestTest, EveryOrderOfArrivalGivesTheSameBest) {
  std::vector<LogRecord> records;
  for (int i = 0; i < 30; ++i) records.push_back(make_record(1 + i % 2, i, 500 + (i * 13) % 7));
  Rng rng(3);
  std::vector<std::string> seen;
  for (int round = 0; round < 5; ++round) {
    rng.shuffle(records);
    const auto store = Store::open(inline_options(":memory:"));
    const std::int64_t origin = add_origin(*store, "log", 1);
    std::string bests;
    for (const LogRecord& record : records) import(*store, origin, record);
    for (const Best& best : store->bests(make_target().hash(), make_class().hash())) {
      bests += best.stored.measurement.identity() + " ";
    }
    seen.push_back(bests);
    EXPECT_EQ(seen.back(), seen.front());
    EXPECT_EQ(audit_text(*store), "");
  }
}

}  // namespace
}  // namespace tenon::database
