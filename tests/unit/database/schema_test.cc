// The schema and its history do not change by accident: tests/golden/schema holds both. After a
// new migration, run with TENON_UPDATE_GOLDEN=1 and read the difference: lines of old migrations
// must stay.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "compiler/support/files.h"
#include "compiler/support/hash.h"
#include "compiler/support/text.h"
#include "database/log.h"
#include "database/migrations.h"
#include "database/sqlite/open.h"
#include "tests/unit/database/fixture.h"

namespace tenon::database {
namespace {

void expect_golden(const std::string& name, const std::string& found) {
  const std::string path = str_cat(TENON_SOURCE_DIR, "/tests/golden/schema/", name);
  if (std::getenv("TENON_UPDATE_GOLDEN")) std::ofstream(path) << found;
  std::ostringstream golden;
  golden << std::ifstream(path).rdbuf();
  EXPECT_EQ(found, golden.str()) << path;
}

TEST(Schema, IsTheGoldenOne) {
  const auto connection = open_writer(":memory:");
  std::string text = str_cat("application_id ", *connection->integer("PRAGMA application_id"),
                             "\nuser_version ", *connection->integer("PRAGMA user_version"), "\n");
  auto rows = connection->query(
      "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type DESC, name");
  while (rows->next()) text += "\n" + rows->text(0) + ";\n";
  expect_golden("schema.sql", text);
}

TEST(Schema, ReleasedMigrationsNeverChange) {
  std::string text;
  for (const Migration& step : migrations()) {
    text += str_cat(step.name, " ", sha256_hex(step.sql), "\n");
  }
  expect_golden("migrations.txt", text);
}

TEST(Schema, EveryTableIsStrict) {
  const auto connection = open_writer(":memory:");
  auto rows = connection->query(
      "SELECT name FROM pragma_table_list WHERE schema = 'main' AND strict = 0 AND "
      "name NOT LIKE 'sqlite_%'");
  while (rows->next()) ADD_FAILURE() << rows->text(0) << " is not STRICT";
}

// A log written by the first version reads for ever, and today's line for the same record is the
// same bytes.
TEST(Schema, LogLinesAreTheGoldenOnes) {
  const std::string text =
      print_log_line(make_record(1, 1, 183'450)) + "\n" +
      print_log_line(make_failure(2, 3, Outcome::kCandidateCrash, "signal 11 at \"k0\"")) + "\n";
  expect_golden("log_v1.jsonl", text);
  const LogContents contents =
      read_log(str_cat(TENON_SOURCE_DIR, "/tests/golden/schema/log_v1.jsonl"));
  ASSERT_EQ(contents.records.size(), 2u) << describe(contents.report);
  EXPECT_EQ(contents.records[0], make_record(1, 1, 183'450));
}

// The hot statements must use their indexes: a plan that scans a table is a defect.
TEST(Schema, HotStatementsUseTheirIndexes) {
  const auto connection = open_writer(":memory:");
  const char* statements[] = {
      "SELECT id FROM measurement WHERE task_id = 1 AND epoch = 1 AND attempt = 1",
      "SELECT id FROM measurement WHERE identity = x'00'",
      "SELECT id FROM measurement WHERE job_id = 1 AND rseq IS NOT NULL AND rseq >= 5 ORDER BY "
      "rseq",
      "SELECT measurement_id FROM best WHERE workload_id = 1 AND target_id = 1 AND devclass_id = 1 "
      "AND threads = 1",
      "SELECT id FROM measurement INDEXED BY meas_rank WHERE workload_id = 1 AND role = 0 AND "
      "outcome = 0 AND target_id = 1 AND devclass_id = 1 AND threads = 1 ORDER BY q10_ns LIMIT 1",
      "SELECT id FROM task WHERE job_id = 1 AND batch_no = 2",
      "SELECT id FROM job INDEXED BY job_open WHERE state < 5 ORDER BY id",
  };
  for (const char* statement : statements) {
    auto rows = connection->query(str_cat("EXPLAIN QUERY PLAN ", statement));
    std::string plan;
    while (rows->next()) plan += rows->text(3) + "; ";
    EXPECT_NE(plan.find("INDEX"), plan.find("PRIMARY KEY")) << statement << "\n" << plan;
    EXPECT_EQ(plan.find("TEMP B-TREE"), std::string::npos) << statement << "\n" << plan;
  }
}

}  // namespace
}  // namespace tenon::database
