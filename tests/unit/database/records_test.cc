#include "database/records.h"

#include <gtest/gtest.h>

#include <set>

#include "compiler/support/rng.h"
#include "database/text_check.h"
#include "database/writes.h"
#include "tests/unit/database/fixture.h"

namespace tenon::database {
namespace {

TEST(Outcomes, EveryNumberHasItsOwnNameThatReadsBack) {
  std::set<std::string_view> names;
  for (int number = 0; number < kNumOutcomes; ++number) {
    const auto outcome = static_cast<Outcome>(number);
    EXPECT_EQ(outcome_from_name(outcome_name(outcome)), outcome) << number;
    names.insert(outcome_name(outcome));
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(kNumOutcomes));
  EXPECT_EQ(outcome_name(static_cast<Outcome>(kNumOutcomes)), "unknown");
  EXPECT_EQ(outcome_from_name("unknown"), std::nullopt);
}

// Numbers are on disk and on the wire: a change here breaks stored databases.
TEST(Outcomes, NumbersAndBlameStay) {
  EXPECT_EQ(static_cast<int>(Outcome::kRunTimeout), 7);
  EXPECT_EQ(static_cast<int>(Outcome::kForeignLoad), 12);
  EXPECT_EQ(static_cast<int>(Outcome::kInternal), 17);
  EXPECT_EQ(static_cast<int>(Outcome::kLost), 21);
  EXPECT_EQ(blame_of(Outcome::kOk), Blame::kNobody);
  EXPECT_EQ(blame_of(Outcome::kCandidateCrash), Blame::kCandidate);
  EXPECT_EQ(blame_of(Outcome::kNoisy), Blame::kDevice);
  EXPECT_EQ(blame_of(Outcome::kDiskFull), Blame::kWorker);
  EXPECT_EQ(blame_of(Outcome::kRevoked), Blame::kNobody);
}

TEST(States, NumbersAndFinality) {
  EXPECT_FALSE(is_final(TaskState::kBackoff));
  EXPECT_TRUE(is_final(TaskState::kDone));
  EXPECT_EQ(static_cast<int>(TaskState::kPoison), 9);
  EXPECT_FALSE(is_final(JobState::kPaused));
  EXPECT_TRUE(is_final(JobState::kCancelled));
  EXPECT_EQ(task_state_name(TaskState::kCandidateFailed), "candidate_failed");
  EXPECT_EQ(job_state_name(JobState::kDraining), "draining");
  EXPECT_EQ(disposition_name(Disposition::kDuplicate), "duplicate");
}

TEST(Statistics, NearestRanks) {
  EXPECT_EQ(statistics({}), (SampleStatistics{0, 0, 0}));
  EXPECT_EQ(statistics({7}), (SampleStatistics{7, 7, 0}));
  EXPECT_EQ(statistics({30, 10, 20}), (SampleStatistics{10, 20, 10}));
  std::vector<std::uint64_t> values;
  for (std::uint64_t i = 23; i >= 1; --i) values.push_back(i);
  // ceil(23 / 10) = 3rd smallest; 12th of 23; distances from 12: the 12th smallest of 0 1 1 2 2 ...
  EXPECT_EQ(statistics(values), (SampleStatistics{3, 12, 6}));
}

TEST(Samples, EveryListComesBack) {
  Rng rng(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::uint64_t> samples(rng.below(40));
    for (auto& sample : samples) sample = rng.next() >> rng.below(64);
    EXPECT_EQ(decode_samples(encode_samples(samples)), samples);
  }
  const std::vector<std::uint64_t> extremes = {0, ~std::uint64_t{0}, 0, std::uint64_t{1} << 63};
  EXPECT_EQ(decode_samples(encode_samples(extremes)), extremes);
}

TEST(Samples, NearEqualTimesTakeAboutTwoBytes) {
  EXPECT_LE(encode_samples(make_record(1, 1, 183'450).measurement.samples_ns).size(), 14u);
}

TEST(Samples, DamagedBytesGiveNothing) {
  const std::string good = encode_samples({100, 101, 99});
  EXPECT_EQ(decode_samples(""), std::nullopt);
  EXPECT_EQ(decode_samples(good + "x"), std::nullopt);
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(decode_samples(good.substr(0, size)), std::nullopt) << size;
  }
  // A count that promises more than there is must not allocate.
  EXPECT_EQ(decode_samples("\xff\xff\xff\xff\x7f"), std::nullopt);
  EXPECT_EQ(decode_samples("\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), std::nullopt);
}

TEST(Identity, EveryFieldButTheRoleCounts) {
  const Measurement base = make_record(1, 1, 1000).measurement;
  std::set<std::string> identities = {base.identity()};
  EXPECT_EQ(base.identity().size(), 32u);
  const auto changed = [&](auto&& change) {
    Measurement other = base;
    change(other);
    return identities.insert(other.identity()).second;
  };
  EXPECT_TRUE(changed([](Measurement& m) { m.workload = hash_named("x"); }));
  EXPECT_TRUE(changed([](Measurement& m) { m.target = hash_named("x"); }));
  EXPECT_TRUE(changed([](Measurement& m) { m.trace = hash_named("x"); }));
  EXPECT_TRUE(changed([](Measurement& m) { m.threads = 2; }));
  EXPECT_TRUE(changed([](Measurement& m) { m.device_class = hash_named("x"); }));
  EXPECT_TRUE(changed([](Measurement& m) { m.protocol = hash_named("x"); }));
  EXPECT_TRUE(changed([](Measurement& m) { m.environment = hash_named("x"); }));
  EXPECT_TRUE(changed([](Measurement& m) { m.artifact = hash_named("x"); }));
  EXPECT_TRUE(changed([](Measurement& m) { m.versions.codegen = 2; }));
  EXPECT_TRUE(changed([](Measurement& m) { m.versions.llvm = "20"; }));
  EXPECT_TRUE(changed([](Measurement& m) { m.versions.tenon = "2"; }));
  EXPECT_TRUE(changed([](Measurement& m) { m.outcome = Outcome::kNoisy; }));
  EXPECT_TRUE(changed([](Measurement& m) { m.error = "x"; }));
  EXPECT_TRUE(changed([](Measurement& m) { m.samples_ns[0] += 1; }));
  EXPECT_TRUE(changed([](Measurement& m) { m.canary_ppm += 1; }));
  EXPECT_TRUE(changed([](Measurement& m) { m.measured_ms += 1; }));
  EXPECT_FALSE(changed([](Measurement& m) { m.role = MeasurementRole::kExtra; }));
  // Free text cannot run over into its neighbour.
  Measurement left = base;
  left.versions = {1, "a\n1:b", "c"};
  Measurement right = base;
  right.versions = {1, "a", "b\n1:c"};
  EXPECT_NE(left.identity(), right.identity());
}

TEST(Hashes, AreOfContentAlone) {
  DeviceClass relabelled = make_class();
  relabelled.label = "another label";
  EXPECT_EQ(relabelled.hash(), make_class().hash());
  MeasuringProtocol renumbered = make_protocol();
  renumbered.version = 2;
  EXPECT_NE(renumbered.hash(), make_protocol().hash());
  EXPECT_TRUE(is_hash(make_trace(1).hash()));
  EXPECT_FALSE(is_hash("abc"));
  EXPECT_FALSE(is_hash(std::string(63, 'a') + "A"));
}

TEST(Text, OnlyWellFormedUtf8IsKept) {
  EXPECT_TRUE(is_utf8("grün \xe2\x82\xac \xf0\x9f\x98\x80"));
  for (const char* bad : {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"}) {
    EXPECT_FALSE(is_utf8(bad));
  }
  EXPECT_EQ(clean_text(std::string("a\0b\xff", 4), 100), "a?b?");
  EXPECT_EQ(clean_text("ab\xe2\x82\xac", 4), "ab");
  EXPECT_TRUE(is_utf8(clean_text("\xe2\x82\xe2\x82\xac", 100)));
}

TEST(Text, RefusalsSayWhatAndWhy) {
  EXPECT_EQ(refuse_text("label", "fine"), std::nullopt);
  EXPECT_EQ(refuse_text("label", "\xff"), "label is not UTF-8");
  EXPECT_EQ(refuse_text("label", std::string_view("a\0", 2)), "label contains a NUL byte");
  EXPECT_EQ(refuse_text("label", std::string(kMaxTextBytes + 1, 'a')),
            "label has 4194305 bytes, at most 4194304 are stored");
  EXPECT_EQ(refuse_json("manifest", "{\"a\":[1]}"), std::nullopt);
  EXPECT_EQ(refuse_json("manifest", "{a}"), "manifest is not JSON");
  EXPECT_EQ(refuse_json("manifest", std::string(33, '[') + std::string(33, ']')),
            "manifest nests deeper than 32");
  EXPECT_TRUE(json_depth_within(R"(["[[[[", "\"[[["])", 1));
}

}  // namespace
}  // namespace tenon::database
