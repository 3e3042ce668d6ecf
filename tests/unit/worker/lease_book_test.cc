#include "worker/lease_book.h"

#include <gtest/gtest.h>

namespace tenon {
namespace {

template <class T>
std::vector<T> sent(const LeaseEffects& effects) {
  std::vector<T> messages;
  for (const LeaseEffect& effect : effects) {
    const auto* send = std::get_if<SendMessage>(&effect);
    if (send == nullptr) continue;
    if (const auto* message = std::get_if<T>(&send->message)) messages.push_back(*message);
  }
  return messages;
}

template <class T>
size_t count(const LeaseEffects& effects) {
  size_t number = 0;
  for (const LeaseEffect& effect : effects) number += std::holds_alternative<T>(effect) ? 1 : 0;
  return number;
}

rpc::Fence fence(uint64_t task) { return {.task = task, .epoch = 1, .attempt = 1}; }

rpc::Lease lease(uint64_t task, bool is_build) {
  rpc::LeasedTask leased;
  leased.fence = fence(task);
  if (is_build) {
    leased.build.emplace();
  } else {
    leased.run.emplace();
  }
  return {{leased}};
}

rpc::Result result(uint64_t task) {
  rpc::Result made;
  made.fence = fence(task);
  return made;
}

class LeaseBookTest : public testing::Test {
 protected:
  LeaseBookTest() : book_(identity(), {}) { up(); }

  static WorkerIdentity identity() {
    WorkerIdentity made;
    made.can_build = true;
    made.can_run = true;
    made.credits = {3, 4};
    return made;
  }
  LeaseEffects up() {
    rpc::Welcome welcome;
    welcome.beat_ms = 1000;
    welcome.drop = drop_;
    return book_.on_up(welcome, now_);
  }
  // Lease, finish and spool in one go.
  LeaseEffects complete(uint64_t task) {
    book_.on_message(lease(task, true), now_);
    const LeaseEffects effects = book_.on_finished(result(task));
    EXPECT_EQ(count<SpoolResult>(effects), 1u);
    return book_.on_spooled(result(task), now_);
  }

  int64_t now_ = 100'000;
  std::vector<rpc::Fence> drop_;
  LeaseBook book_;
};

TEST_F(LeaseBookTest, says_what_it_is_and_its_credits_in_every_session) {
  book_.on_down();
  const LeaseEffects effects = up();
  EXPECT_EQ(sent<rpc::Describe>(effects).size(), 1u);
  ASSERT_EQ(sent<rpc::Ready>(effects).size(), 1u);
  EXPECT_EQ(sent<rpc::Ready>(effects)[0].build_credits, 3u);
  EXPECT_EQ(sent<rpc::Ready>(effects)[0].run_credits, 4u);
}

TEST_F(LeaseBookTest, lease_starts_once_however_often_it_is_repeated) {
  EXPECT_EQ(count<StartTask>(book_.on_message(lease(1, true), now_)), 1u);
  EXPECT_EQ(count<StartTask>(book_.on_message(lease(1, true), now_)), 0u);
  ASSERT_EQ(book_.held().size(), 1u);
  EXPECT_TRUE(book_.held()[0].is_build);
}

TEST_F(LeaseBookTest, beats_name_what_is_held_with_its_phase) {
  book_.on_message(lease(1, false), now_);
  book_.on_phase(fence(1), rpc::Phase::kMeasuring);
  EXPECT_TRUE(book_.on_tick(now_ + 999).empty());
  const auto beats = sent<rpc::Beat>(book_.on_tick(now_ + 1000));
  ASSERT_EQ(beats.size(), 1u);
  ASSERT_EQ(beats[0].leases.size(), 1u);
  EXPECT_EQ(beats[0].leases[0].phase, rpc::Phase::kMeasuring);
  EXPECT_EQ(book_.next_tick_ms(), now_ + 2000);
}

TEST_F(LeaseBookTest, result_is_sent_only_after_it_is_spooled) {
  book_.on_message(lease(1, true), now_);
  const LeaseEffects finished = book_.on_finished(result(1));
  EXPECT_EQ(count<SpoolResult>(finished), 1u);
  EXPECT_EQ(sent<rpc::Result>(finished).size(), 0u);
  EXPECT_EQ(sent<rpc::Result>(book_.on_spooled(result(1), now_)).size(), 1u);
  EXPECT_TRUE(book_.held().empty());
  EXPECT_EQ(book_.unacknowledged(), std::vector{fence(1)});
}

TEST_F(LeaseBookTest, unacknowledged_result_is_sent_again_with_growing_pauses) {
  complete(1);
  EXPECT_EQ(sent<rpc::Result>(book_.on_tick(now_ + 1999)).size(), 0u);
  EXPECT_EQ(sent<rpc::Result>(book_.on_tick(now_ + 2000)).size(), 1u);
  EXPECT_EQ(sent<rpc::Result>(book_.on_tick(now_ + 5999)).size(), 0u);
  EXPECT_EQ(sent<rpc::Result>(book_.on_tick(now_ + 6000)).size(), 1u);
  int64_t at = now_ + 6000;
  for (int i = 0; i < 20; ++i) book_.on_tick(at += 60'000);
  EXPECT_EQ(sent<rpc::Result>(book_.on_tick(at + 59'999)).size(), 0u);
  EXPECT_EQ(sent<rpc::Result>(book_.on_tick(at + 60'000)).size(), 1u);
}

TEST_F(LeaseBookTest, acknowledged_result_leaves_the_spool_once) {
  complete(1);
  const rpc::ResultAck ack{fence(1), rpc::Disposition::kDuplicate, ""};
  EXPECT_EQ(count<UnspoolResult>(book_.on_message(ack, now_)), 1u);
  EXPECT_EQ(count<UnspoolResult>(book_.on_message(ack, now_)), 0u);
  EXPECT_TRUE(book_.is_idle());
  EXPECT_EQ(sent<rpc::Result>(book_.on_tick(now_ + 100'000)).size(), 0u);
}

TEST_F(LeaseBookTest, reconnection_sends_every_unacknowledged_result_at_once) {
  complete(1);
  complete(2);
  book_.on_down();
  EXPECT_TRUE(book_.on_tick(now_ + 100'000).empty());
  EXPECT_EQ(sent<rpc::Result>(up()).size(), 2u);
}

TEST_F(LeaseBookTest, results_of_an_earlier_process_are_sent_too) {
  LeaseBook later(identity(), {result(7)});
  EXPECT_EQ(later.unacknowledged(), std::vector{fence(7)});
  EXPECT_EQ(sent<rpc::Result>(later.on_up({}, now_)).size(), 1u);
  EXPECT_EQ(count<StartTask>(later.on_message(lease(7, true), now_)), 0u);
}

TEST_F(LeaseBookTest, revoked_lease_is_aborted_and_its_end_is_silent) {
  book_.on_message(lease(1, false), now_);
  rpc::BeatAck ack;
  ack.revoked = {fence(1), fence(9)};
  EXPECT_EQ(count<AbortTask>(book_.on_message(ack, now_)), 1u);
  EXPECT_TRUE(book_.held().empty());
  EXPECT_TRUE(book_.on_finished(result(1)).empty());
}

TEST_F(LeaseBookTest, lease_dropped_at_welcome_is_aborted) {
  book_.on_message(lease(1, false), now_);
  book_.on_down();
  drop_ = {fence(1)};
  EXPECT_EQ(count<AbortTask>(up()), 1u);
  EXPECT_TRUE(book_.held().empty());
}

TEST_F(LeaseBookTest, lease_survives_a_lost_connection) {
  book_.on_message(lease(1, false), now_);
  book_.on_down();
  EXPECT_EQ(count<SpoolResult>(book_.on_finished(result(1))), 1u);
  EXPECT_TRUE(book_.on_spooled(result(1), now_).empty());
  EXPECT_EQ(sent<rpc::Result>(up()).size(), 1u);
}

TEST_F(LeaseBookTest, result_is_finished_once) {
  book_.on_message(lease(1, true), now_);
  EXPECT_EQ(book_.on_finished(result(1)).size(), 1u);
  EXPECT_EQ(book_.on_finished(result(1)).size(), 0u);
}

TEST_F(LeaseBookTest, drain_takes_credits_back_and_ends) {
  rpc::BeatAck ack;
  ack.drain = true;
  const auto ready = sent<rpc::Ready>(book_.on_message(ack, now_));
  ASSERT_EQ(ready.size(), 1u);
  EXPECT_EQ(ready[0].build_credits + ready[0].run_credits, 0u);
  EXPECT_TRUE(book_.on_message(ack, now_).empty());
  ack.drain = false;
  EXPECT_EQ(sent<rpc::Ready>(book_.on_message(ack, now_))[0].run_credits, 4u);
}

TEST_F(LeaseBookTest, work_of_another_kind_is_answered_at_once) {
  WorkerIdentity run_only = identity();
  run_only.can_build = false;
  LeaseBook book(run_only, {});
  const LeaseEffects effects = book.on_message(lease(1, true), now_);
  ASSERT_EQ(count<SpoolResult>(effects), 1u);
  EXPECT_EQ(std::get<SpoolResult>(effects[0]).result.outcome, rpc::Outcome::kInternal);
  EXPECT_EQ(count<StartTask>(effects), 0u);
}

TEST_F(LeaseBookTest, number_of_held_leases_is_bounded) {
  for (uint64_t task = 1; task <= kMaxHeldLeases + 10; ++task) {
    book_.on_message(lease(task, true), now_);
  }
  EXPECT_EQ(book_.held().size(), kMaxHeldLeases);
}

}  // namespace
}  // namespace tenon
