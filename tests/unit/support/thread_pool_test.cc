#include "compiler/support/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <numeric>

#include "compiler/support/error.h"

namespace tenon {
namespace {

TEST(ThreadPool, ParallelForVisitsEachIndexOnce) {
  ThreadPool pool(3);
  for (size_t count : {0u, 1u, 2u, 7u, 1000u}) {
    std::vector<std::atomic<int>> visits(count);
    pool.parallel_for(count, [&](size_t i) { ++visits[i]; });
    for (const std::atomic<int>& number : visits) EXPECT_EQ(number, 1);
  }
}

TEST(ThreadPool, ParallelForMayNest) {
  ThreadPool pool(2);
  std::atomic<int> total{0};
  pool.parallel_for(8, [&](size_t) { pool.parallel_for(8, [&](size_t) { ++total; }); });
  EXPECT_EQ(total, 64);
}

TEST(ThreadPool, ExceptionsComeOutAndThePoolLivesOn) {
  ThreadPool pool(2);
  for (int repeat = 0; repeat < 50; ++repeat) {
    EXPECT_THROW(pool.parallel_for(16,
                                   [](size_t i) {
                                     if (i == 5) throw UserError("five");
                                   }),
                 UserError);
  }
  EXPECT_THROW(pool.submit([] { throw IoError("disk"); }).get(), IoError);
  std::atomic<int> total{0};
  pool.parallel_for(4, [&](size_t) { ++total; });
  EXPECT_EQ(total, 4);
}

TEST(ThreadPool, TheDestructorFinishesWhatWasSubmitted) {
  std::atomic<int> total{0};
  {
    ThreadPool pool(2);
    for (int i = 0; i < 100; ++i) pool.submit([&] { ++total; });
  }
  EXPECT_EQ(total, 100);
}

TEST(ThreadPool, NeedsAThread) { EXPECT_THROW(ThreadPool(0), Bug); }

}  // namespace
}  // namespace tenon
