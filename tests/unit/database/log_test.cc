// Logs travel: the same bytes from the same measurements, bad lines named, merging without order.
#include "database/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "compiler/support/error.h"
#include "compiler/support/hash.h"
#include "compiler/support/rng.h"
#include "compiler/support/text.h"
#include "tests/unit/database/fixture.h"

namespace tenon::database {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Json = nlohmann::json;

std::string lines_of(const std::vector<LogRecord>& records) {
  std::string text;
  for (const LogRecord& record : records) text += print_log_line(record) + "\n";
  return text;
}

std::string export_text(const Store& store) {
  std::ostringstream out;
  export_log(store, out);
  return out.str();
}

std::vector<LogRecord> some_records(int count) {
  std::vector<LogRecord> records;
  for (int i = 0; i < count; ++i) {
    records.push_back(i % 5 == 4 ? make_failure(1 + i % 3, i, Outcome::kWrongResult, "off")
                                 : make_record(1 + i % 3, i, 500 + static_cast<unsigned>(i)));
  }
  return records;
}

// The line with one member changed and the digest made anew: a forger who knows the format.
std::string forge(const LogRecord& record, const std::function<void(Json&)>& change) {
  Json json = Json::parse(print_log_line(record));
  json.erase("sha256");
  change(json);
  json["sha256"] = sha256_hex(json.dump());
  return json.dump();
}

class LogTest : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(place_.file(name), std::ios::binary) << text;
    return place_.file(name);
  }
  static std::unique_ptr<Store> empty() { return Store::open(inline_options(":memory:")); }
  static LogReport import(Store& store, const std::string& path) {
    ImportOptions options;
    options.tool = "test";
    return import_log(path, store, options);
  }
  const Place place_;
};

TEST_F(LogTest, EveryRecordComesBackEqual) {
  std::vector<LogRecord> records = some_records(10);
  records[0].measurement.role = MeasurementRole::kExtra;
  records[1].environment.text.clear();
  records[1].measurement.environment.clear();
  records[2].measurement.error = "tab\t quote\" newline\n \xe2\x82\xac";
  records[4].device_class = {};
  records[4].measurement.device_class.clear();
  for (const LogRecord& record : records) {
    const ParsedLine parsed = parse_log_line(print_log_line(record));
    ASSERT_TRUE(parsed.record) << parsed.reason;
    EXPECT_EQ(*parsed.record, record);
  }
}

TEST_F(LogTest, AnyChangedByteIsNoticed) {
  const std::string line = print_log_line(make_record(1, 1, 500));
  for (std::size_t at = 0; at < line.size(); ++at) {
    std::string changed = line;
    changed[at] = changed[at] == '7' ? '8' : '7';
    EXPECT_FALSE(parse_log_line(changed).record) << "byte " << at;
  }
}

TEST_F(LogTest, ATornLineIsNoticedWhereverItIsTorn) {
  const std::string line = print_log_line(make_record(1, 1, 500));
  for (std::size_t size = 0; size < line.size(); ++size) {
    EXPECT_FALSE(parse_log_line(line.substr(0, size)).record) << size;
  }
}

TEST_F(LogTest, SpacingAndOrderOfMembersDoNotMatter) {
  const std::string pretty = Json::parse(print_log_line(make_record(1, 1, 500))).dump(1);
  EXPECT_TRUE(parse_log_line(replace_all(pretty, "\n", " ")).record);
}

TEST_F(LogTest, AForgedLineIsRefusedWithItsReason) {
  const LogRecord record = make_record(1, 1, 500);
  const auto reason = [&](const std::function<void(Json&)>& change) {
    return parse_log_line(forge(record, change)).reason;
  };
  EXPECT_EQ(reason([](Json&) {}), "");
  EXPECT_EQ(reason([](Json& j) { j["tenon_log"] = 2; }), "line version 2, this program reads 1");
  EXPECT_EQ(reason([](Json& j) { j.erase("tenon_log"); }), "no line of a tuning log");
  EXPECT_EQ(reason([](Json& j) { j["path"] = "/home"; }),
            "has members that version 1 does not know");
  EXPECT_EQ(reason([](Json& j) { j["versions"]["os"] = "x"; }),
            "has members that version 1 does not know");
  EXPECT_EQ(reason([](Json& j) { j.erase("trace"); }), "\"trace\" is missing");
  EXPECT_EQ(reason([](Json& j) { j["trace"] = 4; }), "\"trace\" is no text");
  EXPECT_EQ(reason([](Json& j) { j["trace"] = "[["; }), "trace is not JSON");
  EXPECT_EQ(reason([](Json& j) { j["threads"] = 0; }), "measured with 0 threads");
  EXPECT_EQ(reason([](Json& j) { j["threads"] = 1.5; }), "\"threads\" is no integer");
  EXPECT_EQ(reason([](Json& j) { j["workload"] = "x"; }), "\"workload\" is no object");
  EXPECT_EQ(reason([](Json& j) { j["workload"]["hash"] = "12"; }),
            "workload hash is not 64 hexadecimal digits");
  EXPECT_EQ(reason([](Json& j) { j["outcome"] = "fast"; }), "unknown outcome \"fast\"");
  EXPECT_EQ(reason([](Json& j) { j["role"] = "king"; }), "unknown role \"king\"");
  EXPECT_EQ(reason([](Json& j) { j["samples_ns"][0] = -5; }),
            "\"samples_ns\" holds something that is no count of nanoseconds");
  EXPECT_EQ(reason([](Json& j) { j["samples_ns"][0] = 0; }),
            "a sample is zero or longer than a century");
  EXPECT_EQ(reason([](Json& j) { j["samples_ns"] = Json::array(); }), "outcome ok without samples");
  EXPECT_EQ(reason([](Json& j) { j["device_class"] = Json(); }), "outcome ok without device class");
  EXPECT_EQ(reason([](Json& j) { j["artifact"] = "zz"; }),
            "artifact digest is not 64 hexadecimal digits");
  EXPECT_EQ(reason([](Json& j) { j["measured_ms"] = ~std::uint64_t{0}; }),
            "\"measured_ms\" is no integer");
  EXPECT_EQ(parse_log_line(std::string(100'000, '[')).reason, "nests deeper than 32");
  EXPECT_EQ(parse_log_line("[]").reason, "no line of a tuning log");
  EXPECT_EQ(parse_log_line("{\"tenon_log\":1}").reason, "no sha256");
}

TEST_F(LogTest, ExportingTwiceGivesTheSameBytes) {
  const auto store = empty();
  import(*store, write("a", lines_of(some_records(40))));
  const std::string first = export_text(*store);
  EXPECT_EQ(export_text(*store), first);
  EXPECT_EQ(export_log(*store, place_.file("out")), 40);
  EXPECT_EQ(read_file(place_.file("out")), first);
  EXPECT_EQ(std::count(first.begin(), first.end(), '\n'), 40);
}

TEST_F(LogTest, AnExportHoldsNothingOfThisMachineOrDatabase) {
  const auto store = Store::open(inline_options(place_.path));
  add_catalogue(*store);
  const AddedTasks added = add_job_with(*store, "net", {make_task(1, 1)});
  store->write_sync(make_result(added.first_task, store->epoch(), 1, make_record(1, 1, 500)));
  const std::string text = export_text(*store);
  EXPECT_EQ(text, lines_of({make_record(1, 1, 500)}));
  for (const char* local : {"dev-1", "worker-1", "tester", "net", "job"}) {
    EXPECT_THAT(text, testing::Not(HasSubstr(local)));
  }
}

TEST_F(LogTest, EqualMeasurementsOfTwoJobsAreOneLine) {
  const auto store = Store::open(inline_options(place_.path));
  add_catalogue(*store);
  const LogRecord failure = make_failure(1, 1, Outcome::kCompileError, "no such register");
  for (const char* name : {"one", "two"}) {
    const AddedTasks added = add_job_with(*store, name, {make_task(1, 1)});
    store->write_sync(make_result(added.first_task, store->epoch(), 1, failure));
  }
  MeasurementFilter all;
  all.only_ok = false;
  EXPECT_EQ(store->measurements(make_workload(1).hash, all).size(), 2u);
  EXPECT_EQ(export_text(*store), lines_of({failure}));
  EXPECT_EQ(audit_text(*store), "");
}

TEST_F(LogTest, AnExportReadIntoAnEmptyStoreExportsTheSame) {
  const auto store = empty();
  import(*store, write("a", lines_of(some_records(40))));
  const std::string text = export_text(*store);
  const auto other = empty();
  const LogReport report = import(*other, write("b", text));
  EXPECT_EQ(report.num_added, 40);
  EXPECT_EQ(export_text(*other), text);
  EXPECT_EQ(audit_text(*other), "");
}

TEST_F(LogTest, ImportingTwiceChangesNothing) {
  const auto store = empty();
  const std::string path = write("a", lines_of(some_records(20)));
  EXPECT_EQ(import(*store, path).num_added, 20);
  const std::string text = export_text(*store);
  const LogReport again = import(*store, path);
  EXPECT_EQ(again.num_added, 0);
  EXPECT_EQ(again.num_known, 20);
  EXPECT_EQ(export_text(*store), text);
  EXPECT_EQ(audit_text(*store), "");
}

TEST_F(LogTest, MergingInAnyOrderAndSplitGivesTheSame) {
  std::vector<LogRecord> records = some_records(30);
  const auto whole = empty();
  import(*whole, write("whole", lines_of(records)));
  const std::string expected = export_text(*whole);
  Rng rng(5);
  for (int round = 0; round < 4; ++round) {
    rng.shuffle(records);
    const std::size_t cut = rng.below(records.size());
    const std::size_t overlap = std::min(records.size(), cut + rng.below(10));
    const auto merged = empty();
    import(*merged,
           write("right", lines_of({records.begin() + static_cast<long>(cut), records.end()})));
    import(
        *merged,
        write("left", lines_of({records.begin(), records.begin() + static_cast<long>(overlap)})));
    EXPECT_EQ(export_text(*merged), expected);
    EXPECT_EQ(audit_text(*merged), "");
  }
}

TEST_F(LogTest, BadLinesAreNamedAndHurtNoOther) {
  const std::string good = lines_of({make_record(1, 1, 500)});
  const std::string other = lines_of({make_record(1, 2, 600)});
  std::string changed = lines_of({make_record(1, 3, 700)});
  changed.replace(changed.find("\"samples_ns\":[7"), 15, "\"samples_ns\":[1");
  const std::string torn = lines_of({make_record(1, 4, 800)}).substr(0, 200);
  const std::string path =
      write("bad", good + "rubbish\n\n" + changed + other.substr(0, other.size() - 1) + "\r\n" +
                       good + torn);
  const auto store = empty();
  const LogReport report = import(*store, path);
  EXPECT_EQ(describe(report),
            "6 lines: 2 added, 1 known, 3 rejected\n"
            "  line 2: no JSON: torn, or not a tuning log\n"
            "  line 4: sha256 does not match: the line was changed\n"
            "  line 7: torn at the end of the file: no JSON: torn, or not a tuning log");
  const LogContents contents = read_log(path);
  EXPECT_EQ(contents.report.rejects, report.rejects);
  EXPECT_THAT(contents.records, ElementsAre(make_record(1, 1, 500), make_record(1, 2, 600)));
}

TEST_F(LogTest, ALastLineWithoutNewlineThatIsWholeCounts) {
  const std::string text = lines_of({make_record(1, 1, 500)});
  EXPECT_EQ(read_log(write("a", text.substr(0, text.size() - 1))).records.size(), 1u);
  EXPECT_EQ(read_log(write("b", "")).report.num_lines, 0);
}

TEST_F(LogTest, TheCheckMayRefuseWhatItKnowsToBeFalse) {
  const std::string path = write("a", lines_of(some_records(6)));
  const RecordCheck check = [](const LogRecord& record) {
    return record.workload == make_workload(1) ? std::string() : "hash is not that of the text";
  };
  const LogContents contents = read_log(path, check);
  EXPECT_EQ(contents.records.size(), 2u);
  EXPECT_EQ(contents.report.num_rejected, 4);
  EXPECT_EQ(contents.report.rejects[0], (Reject{2, "hash is not that of the text"}));
  const auto store = empty();
  ImportOptions options;
  options.check = check;
  EXPECT_EQ(import_log(path, *store, options).num_added, 2);
}

TEST_F(LogTest, ManyRejectsAreCountedAndTheFirstListed) {
  std::string text;
  for (int i = 0; i < 1500; ++i) text += "rubbish\n";
  const LogReport report = read_log(write("a", text)).report;
  EXPECT_EQ(report.num_rejected, 1500);
  EXPECT_EQ(report.rejects.size(), kMaxListedRejects);
  EXPECT_THAT(describe(report), HasSubstr("\n  and 500 more"));
}

TEST_F(LogTest, BestRecordsAreThoseOfTheDatabase) {
  std::vector<LogRecord> records = some_records(30);
  LogRecord other_class = make_record(1, 50, 1);
  other_class.device_class = make_class("cpu-b");
  other_class.measurement.device_class = other_class.device_class.hash();
  LogRecord extra = make_record(1, 51, 2);
  extra.measurement.role = MeasurementRole::kExtra;
  records.push_back(other_class);
  records.push_back(extra);
  records.push_back(make_record(2, 52, 501));  // as fast as trace 1: the trace hash decides
  const auto store = empty();
  import(*store, write("a", lines_of(records)));
  std::vector<std::string> from_store;
  for (const Best& best : store->bests(make_target().hash(), make_class().hash())) {
    from_store.push_back(best.stored.measurement.identity());
  }
  std::vector<std::string> from_log;
  for (const LogRecord& record : best_records(records)) {
    if (record.device_class == make_class()) from_log.push_back(record.measurement.identity());
  }
  EXPECT_EQ(from_log, from_store);
  EXPECT_EQ(from_log.size(), 3u);
}

TEST_F(LogTest, AFailedExportLeavesTheOldFile) {
  const auto store = empty();
  import(*store, write("a", lines_of(some_records(3))));
  EXPECT_THROW(export_log(*store, place_.file("absent/out")), IoError);
  std::filesystem::create_directory(place_.file("out"));
  EXPECT_THROW(export_log(*store, place_.file("out")), IoError);
  for (const auto& entry : std::filesystem::directory_iterator(place_.directory.path())) {
    EXPECT_EQ(entry.path().string().find(".tmp"), std::string::npos) << entry.path();
  }
}

TEST_F(LogTest, AFileThatIsNotThereIsTheUsersError) {
  const auto store = empty();
  EXPECT_THROW(import(*store, place_.file("absent")), UserError);
  EXPECT_THROW(read_log(place_.file("absent")), UserError);
  EXPECT_THROW(read_log(place_.directory.path().string()), IoError);
}

TEST_F(LogTest, AThreadedStoreImportsTheSame) {
  StoreOptions options;
  options.path = place_.path;
  const auto store = Store::open(options);
  const std::vector<LogRecord> records = some_records(3000);
  EXPECT_EQ(import(*store, write("a", lines_of(records))).num_added, 3000);
  EXPECT_EQ(audit_text(*store), "");
}

}  // namespace
}  // namespace tenon::database
