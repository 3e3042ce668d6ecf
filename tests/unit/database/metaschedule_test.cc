// MetaSchedule's files: read as they are, written as they were, bad lines named.
#include "database/metaschedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "compiler/support/error.h"
#include "compiler/support/files.h"
#include "compiler/support/text.h"
#include "tests/unit/database/fixture.h"

namespace tenon::database {
namespace {

using testing::ElementsAre;

const char* const kTrace =
    R"([[["SampleCategorical",[],[[0,16],[0.5,0.25]],["v1"]],["Parallel",["l1"],[],[]]],[[0,1]]])";

std::string record_line(const std::string& run_secs) {
  return str_cat("[0,[", kTrace, ",", run_secs,
                 ",{\"kind\":\"llvm\"},[[\"TENSOR\",\"float32\",[8,8]]]]]");
}

class MetaScheduleTest : public testing::Test {
 protected:
  MetaScheduleFiles read(const std::string& workloads, const std::string& records) const {
    std::ofstream(place_.file("w.json")) << workloads;
    std::ofstream(place_.file("r.json")) << records;
    return read_metaschedule(place_.file("w.json"), place_.file("r.json"));
  }
  const Place place_;
};

TEST(JsonElements, SplitsOneArrayAndNothingElse) {
  using Parts = std::vector<std::string_view>;
  EXPECT_EQ(json_elements("[]"), Parts{});
  EXPECT_EQ(json_elements(" [1, [2,3] ,\"a,]\\\"\", {\"k\":[4]}] "),
            (Parts{"1", "[2,3]", "\"a,]\\\"\"", "{\"k\":[4]}"}));
  for (const char* bad :
       {"", "1", "[", "[1", "[1,]", "[,1]", "[1]]", "[1][2]", "[[1]", "[\"a]", "[1],"}) {
    EXPECT_EQ(json_elements(bad), std::nullopt) << bad;
  }
}

TEST_F(MetaScheduleTest, PartsAreKeptByteForByte) {
  const MetaScheduleFiles files = read(
      "[\"123\",\"AAA=\"]\n", record_line("[2.5e-05, 3e-05]") + "\n" + record_line("null") + "\n");
  EXPECT_THAT(files.workloads, ElementsAre(MetaScheduleWorkload{"123", "AAA="}));
  ASSERT_EQ(files.records.size(), 2u) << describe(files.record_report);
  EXPECT_EQ(files.records[0].trace, kTrace);
  EXPECT_THAT(files.records[0].run_secs, ElementsAre(2.5e-05, 3e-05));
  EXPECT_EQ(files.records[0].target, "{\"kind\":\"llvm\"}");
  EXPECT_EQ(files.records[0].args_info, "[[\"TENSOR\",\"float32\",[8,8]]]");
  EXPECT_TRUE(files.records[1].run_secs.empty());
}

TEST_F(MetaScheduleTest, BadLinesAreNamedAndHurtNoOther) {
  const std::string good = record_line("[1e-05]");
  const MetaScheduleFiles files =
      read("[\"1\",\"AAA=\"]\nrubbish\n",
           good + "\n" + good.substr(0, 60) + "\n" + "[5" + good.substr(2) + "\n" + "[1" +
               good.substr(2) + "\n" + "[-1" + good.substr(2) + "\n" + record_line("[-1]") + "\n" +
               record_line("\"fast\"") + "\n" + "[0,[[1,2],null,null,null]]\n[0,[1,2]]\n" + good);
  EXPECT_EQ(describe(files.workload_report),
            "2 lines: 1 added, 0 known, 1 rejected\n  line 2: no [\"hash\", \"module\"]");
  EXPECT_EQ(describe(files.record_report),
            "10 lines: 2 added, 0 known, 8 rejected\n"
            "  line 2: no [workload, record]: torn, or not a tuning record\n"
            "  line 3: workload 5 is not in the other file\n"
            "  line 4: workload 1 is not in the other file\n"
            "  line 5: workload index is no number\n"
            "  line 6: a run time is no positive number\n"
            "  line 7: run times are no list\n"
            "  line 8: trace is no [instructions, decisions]\n"
            "  line 9: record is no [trace, run times, target, arguments]");
  EXPECT_EQ(files.records.size(), 2u);
}

TEST_F(MetaScheduleTest, WhatIsWrittenReadsBackEqual) {
  const MetaScheduleFiles files =
      read("[\"123\",\"AAA=\"]\n",
           record_line("[2.5347889542579651314e-05,1e10]") + "\n" + record_line("null") + "\n");
  write_metaschedule(place_.file("w2.json"), place_.file("r2.json"), files.workloads,
                     files.records);
  const MetaScheduleFiles again = read_metaschedule(place_.file("w2.json"), place_.file("r2.json"));
  EXPECT_EQ(again.workloads, files.workloads);
  EXPECT_EQ(again.records, files.records);
  EXPECT_EQ(read_file(place_.file("w2.json")), "[\"123\",\"AAA=\"]\n");
}

TEST_F(MetaScheduleTest, BecomesARecordThatCanBeImported) {
  const MetaScheduleContext context{make_workload(1), make_target(), make_class(), 4, 7};
  MetaScheduleRecord record{0, kTrace, {3e-05, 2.5e-05}, "", ""};
  const LogRecord ok = *from_metaschedule(record, context);
  EXPECT_THAT(ok.measurement.samples_ns, ElementsAre(30'000u, 25'000u));
  EXPECT_EQ(ok.measurement.threads, 4);
  record.run_secs = {1e10};
  const LogRecord failed = *from_metaschedule(record, context);
  EXPECT_EQ(failed.measurement.outcome, Outcome::kInternal);
  record.run_secs.clear();
  EXPECT_FALSE(from_metaschedule(record, context));

  const auto store = Store::open(inline_options(":memory:"));
  const std::int64_t origin =
      store->write_sync(AddOrigin{hash_named("files"), "metaschedule", 1, 1}).id;
  store->write_sync(ImportMeasurement{origin, ok, 1});
  store->write_sync(ImportMeasurement{origin, failed, 1});
  const auto best =
      store->best({make_workload(1).hash, make_target().hash(), make_class().hash(), 4});
  ASSERT_TRUE(best);
  EXPECT_EQ(best->trace_text, kTrace);
  EXPECT_EQ(audit_text(*store), "");
  // Back again, with the value that ranks.
  const MetaScheduleRecord back = to_metaschedule(ok, 3, "{\"kind\":\"llvm\"}", "[]");
  EXPECT_EQ(print_metaschedule_record(back),
            str_cat("[3,[", kTrace, ",[2.5e-05],{\"kind\":\"llvm\"},[]]]"));
  EXPECT_TRUE(to_metaschedule(failed, 0, "", "").has_failed());
}

// Files that the program itself wrote.
TEST(MetaScheduleOracle, EveryLineIsReadAndPrintsBackToTheSameTrace) {
  const std::filesystem::path folder =
      std::filesystem::path(TENON_SOURCE_DIR) / "../shared/oracle/tasks";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no " << folder;
  int num_records = 0;
  for (const auto& task : std::filesystem::directory_iterator(folder)) {
    const std::string workloads = (task.path() / "database_workload.json").string();
    const std::string records = (task.path() / "database_tuning_record.json").string();
    if (!std::filesystem::exists(records)) continue;
    const MetaScheduleFiles files = read_metaschedule(workloads, records);
    EXPECT_EQ(files.record_report.num_rejected, 0) << describe(files.record_report);
    EXPECT_EQ(files.workload_report.num_rejected, 0) << describe(files.workload_report);
    const auto lines = split_lines(read_file(records));
    ASSERT_EQ(lines.size(), files.records.size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
      EXPECT_NE(lines[i].find(files.records[i].trace), std::string::npos);
      EXPECT_FALSE(files.records[i].run_secs.empty());
      ++num_records;
    }
  }
  EXPECT_GT(num_records, 0);
}

}  // namespace
}  // namespace tenon::database
