#include "compiler/runtime/thread_team.h"

#include <sched.h>

#include "compiler/support/error.h"

namespace tenon {
namespace {

// About 50 us at 3 GHz: longer than the gap between two kernels, shorter than a time slice.
constexpr int kSpinRounds = 2000;

// The team and worker index of the chunk that this thread is inside, if any.
thread_local bool is_inside_chunk = false;
thread_local int32_t current_worker = 0;

void relax_cpu() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield" ::: "memory");
#endif
}

// Returns once value differs from `old`: spins, then sleeps.
uint32_t await_change(const std::atomic<uint32_t>& value, uint32_t old) {
  for (int i = 0; i < kSpinRounds; ++i) {
    const uint32_t now = value.load(std::memory_order_acquire);
    if (now != old) return now;
    relax_cpu();
  }
  value.wait(old, std::memory_order_acquire);
  return value.load(std::memory_order_acquire);
}

void pin_thread(pthread_t thread, int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<size_t>(cpu), &set);
  // A CPU outside the process's cpuset cannot be used; the thread then stays where it may run.
  pthread_setaffinity_np(thread, sizeof set, &set);
}

}  // namespace

ThreadTeam::ThreadTeam(int num_workers, std::vector<int> cpus)
    : num_workers_(num_workers > 1 ? num_workers : 1), cpus_(std::move(cpus)) {
  seats_.resize(static_cast<size_t>(num_workers_));
  for (int i = 0; i < num_workers_; ++i) seats_[static_cast<size_t>(i)] = {this, i};
}

int ThreadTeam::start() {
  for (size_t i = 1; i < seats_.size(); ++i) {
    pthread_t thread;
    const int status = pthread_create(&thread, nullptr, thread_main, &seats_[i]);
    if (status != 0) return status;
    threads_.push_back(thread);
    if (!cpus_.empty()) pin_thread(thread, cpus_[i % cpus_.size()]);
  }
  return 0;
}

ThreadTeam::~ThreadTeam() {
  is_stopping_.store(true, std::memory_order_relaxed);
  generation_.fetch_add(1, std::memory_order_release);
  generation_.notify_all();
  for (const pthread_t thread : threads_) pthread_join(thread, nullptr);
}

void* ThreadTeam::thread_main(void* seat) {
  const Seat* own = static_cast<const Seat*>(seat);
  own->team->serve(own->worker_index);
  return nullptr;
}

void ThreadTeam::serve(int32_t worker_index) {
  uint32_t seen = 0;
  while (true) {
    seen = await_change(generation_, seen);
    if (is_stopping_.load(std::memory_order_relaxed)) return;
    work(worker_index);
    if (num_running_.fetch_sub(1, std::memory_order_acq_rel) == 1) num_running_.notify_one();
  }
}

void ThreadTeam::work(int32_t worker_index) {
  is_inside_chunk = true;
  current_worker = worker_index;
  while (true) {
    const int64_t chunk = next_chunk_.fetch_add(1, std::memory_order_relaxed);
    if (chunk >= num_chunks_) break;
    fn_(closure_, chunk, chunk + 1, worker_index);
  }
  is_inside_chunk = false;
}

void ThreadTeam::await_workers() {
  uint32_t running = num_running_.load(std::memory_order_acquire);
  while (running != 0) running = await_change(num_running_, running);
}

void ThreadTeam::run(int64_t num_chunks, TenonChunkFn fn, void* closure) {
  if (num_chunks <= 0) return;
  if (is_inside_chunk) {
    fn(closure, 0, num_chunks, current_worker);
    return;
  }
  const std::unique_lock<std::mutex> lock(busy_, std::try_to_lock);
  if (!lock.owns_lock() || threads_.empty() || num_chunks == 1) {
    fn(closure, 0, num_chunks, 0);
    return;
  }
  fn_ = fn;
  closure_ = closure;
  num_chunks_ = num_chunks;
  next_chunk_.store(0, std::memory_order_relaxed);
  num_running_.store(static_cast<uint32_t>(threads_.size()), std::memory_order_relaxed);
  generation_.fetch_add(1, std::memory_order_release);
  generation_.notify_all();
  work(0);
  await_workers();
}

std::unique_ptr<ThreadTeam> make_thread_team(int num_workers, std::vector<int> cpus) {
  auto team = std::make_unique<ThreadTeam>(num_workers, std::move(cpus));
  if (const int status = team->start(); status != 0) {
    throw_io_error("cannot start " + std::to_string(num_workers) + " threads", status);
  }
  return team;
}

}  // namespace tenon
