// The codes of the wire and of the database are the same numbers, names and blames: the tracker
// turns one into the other by its number.
#include <gtest/gtest.h>

#include "database/records.h"
#include "rpc/wire/types.h"

namespace tenon::tracker {
namespace {

TEST(Outcomes, WireAndDatabaseAgreeOnEveryCode) {
  ASSERT_EQ(static_cast<int>(rpc::Outcome::kCount), database::kNumOutcomes);
  for (int code = 0; code < database::kNumOutcomes; ++code) {
    const auto wire = static_cast<rpc::Outcome>(code);
    const auto stored = static_cast<database::Outcome>(code);
    EXPECT_EQ(rpc::name_of(wire), database::outcome_name(stored)) << code;
    EXPECT_EQ(static_cast<int>(rpc::blame_of(wire)), static_cast<int>(database::blame_of(stored)))
        << rpc::name_of(wire);
    EXPECT_EQ(database::outcome_from_name(rpc::name_of(wire)), stored);
  }
}

TEST(Outcomes, NumbersOnTheWireAndOnDiskNeverChange) {
  EXPECT_EQ(static_cast<int>(rpc::Outcome::kOk), 0);
  EXPECT_EQ(static_cast<int>(rpc::Outcome::kWrongResult), 4);
  EXPECT_EQ(static_cast<int>(rpc::Outcome::kCandidateCrash), 5);
  EXPECT_EQ(static_cast<int>(rpc::Outcome::kRunTimeout), 7);
  EXPECT_EQ(static_cast<int>(rpc::Outcome::kNoisy), 11);
  EXPECT_EQ(static_cast<int>(rpc::Outcome::kInternal), 17);
  EXPECT_EQ(static_cast<int>(rpc::Outcome::kLost), 21);
}

}  // namespace
}  // namespace tenon::tracker
