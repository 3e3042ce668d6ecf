#include "compiler/runtime/thread_team.h"

#include <gtest/gtest.h>

#include <atomic>
#include <numeric>
#include <thread>
#include <vector>

namespace tenon {
namespace {

struct Counts {
  std::vector<std::atomic<int>> chunks;
  std::vector<std::atomic<int>> inside;
  std::atomic<bool> has_overlap{false};
  Counts(size_t num_chunks, size_t num_workers) : chunks(num_chunks), inside(num_workers) {}
};

void count_chunk(void* closure, int64_t begin, int64_t end, int32_t worker) {
  Counts* counts = static_cast<Counts*>(closure);
  std::atomic<int>& inside = counts->inside[static_cast<size_t>(worker)];
  if (inside.fetch_add(1) != 0) counts->has_overlap = true;
  for (int64_t i = begin; i < end; ++i) counts->chunks[static_cast<size_t>(i)].fetch_add(1);
  inside.fetch_sub(1);
}

TEST(ThreadTeam, runs_every_chunk_once_over_many_jobs) {
  for (const int num_workers : {1, 2, 3}) {
    const auto team = make_thread_team(num_workers);
    EXPECT_EQ(team->num_workers(), num_workers);
    for (const int64_t num_chunks : {0, 1, 2, 7, 100}) {
      for (int round = 0; round < 50; ++round) {
        Counts counts(static_cast<size_t>(num_chunks), static_cast<size_t>(num_workers));
        team->run(num_chunks, count_chunk, &counts);
        for (const auto& chunk : counts.chunks) ASSERT_EQ(chunk.load(), 1);
        ASSERT_FALSE(counts.has_overlap);
      }
    }
  }
}

TEST(ThreadTeam, simultaneous_callers_each_get_all_their_chunks) {
  const auto team = make_thread_team(3);
  const auto call = [&] {
    for (int round = 0; round < 200; ++round) {
      Counts counts(20, 3);
      team->run(20, count_chunk, &counts);
      for (const auto& chunk : counts.chunks) ASSERT_EQ(chunk.load(), 1);
      ASSERT_FALSE(counts.has_overlap);
    }
  };
  std::thread other(call);
  call();
  other.join();
}

struct Nested {
  ThreadTeam* team;
  std::atomic<int> total{0};
};

TEST(ThreadTeam, nested_call_runs_on_its_own_thread) {
  const auto team = make_thread_team(2);
  Nested nested{team.get()};
  const TenonChunkFn inner = [](void* closure, int64_t begin, int64_t end, int32_t) {
    static_cast<Nested*>(closure)->total += static_cast<int>(end - begin);
  };
  struct Both {
    Nested* nested;
    TenonChunkFn inner;
  } both{&nested, inner};
  team->run(
      4,
      [](void* closure, int64_t begin, int64_t end, int32_t) {
        Both* both_in = static_cast<Both*>(closure);
        for (int64_t i = begin; i < end; ++i) {
          both_in->nested->team->run(5, both_in->inner, both_in->nested);
        }
      },
      &both);
  EXPECT_EQ(nested.total.load(), 20);
}

}  // namespace
}  // namespace tenon
