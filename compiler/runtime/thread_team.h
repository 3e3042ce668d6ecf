// The worker threads behind a context's parallel_for: a fixed team, pinned when asked, that
// spins briefly between jobs (kernels follow each other within microseconds) and then sleeps.
#pragma once

#include <pthread.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "compiler/runtime/tenon_model.h"

namespace tenon {

// A team of num_workers: the calling thread is worker 0, the others are threads of the team.
// run() may be called from any thread; a call that finds the team busy, or that comes from
// inside a chunk, runs all its chunks on its own thread.
class ThreadTeam {
 public:
  // `cpus` pins worker i (from 1) to cpus[i % size]; empty leaves the threads unpinned. The
  // calling thread's own affinity is never changed.
  ThreadTeam(int num_workers, std::vector<int> cpus);
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  // Creates the threads. Returns 0, or the errno of pthread_create (the team is then unusable
  // but can be destroyed).
  int start();

  int num_workers() const { return num_workers_; }

  // Runs fn over chunks 0 .. num_chunks-1 and returns when all are done.
  void run(int64_t num_chunks, TenonChunkFn fn, void* closure);

 private:
  struct Seat {
    ThreadTeam* team = nullptr;
    int32_t worker_index = 0;
  };

  static void* thread_main(void* seat);
  void serve(int32_t worker_index);
  void work(int32_t worker_index);
  void await_workers();

  const int num_workers_;
  const std::vector<int> cpus_;
  std::vector<pthread_t> threads_;
  std::vector<Seat> seats_;
  std::mutex busy_;

  // The job: written by the caller before generation_ moves, read by workers after it moved.
  TenonChunkFn fn_ = nullptr;
  void* closure_ = nullptr;
  int64_t num_chunks_ = 0;
  std::atomic<int64_t> next_chunk_{0};
  std::atomic<uint32_t> generation_{0};
  std::atomic<uint32_t> num_running_{0};
  std::atomic<bool> is_stopping_{false};
};

// A started team. Throws IoError when a thread cannot be created.
std::unique_ptr<ThreadTeam> make_thread_team(int num_workers, std::vector<int> cpus = {});

}  // namespace tenon
