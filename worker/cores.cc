#include "worker/cores.h"

#include <sched.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "compiler/support/error.h"

namespace tenon {

std::vector<int> affinity_cpus() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) throw_io_error("read the affinity", errno);
  std::vector<int> cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(static_cast<size_t>(cpu), &set)) cpus.push_back(cpu);
  }
  return cpus;
}

CorePlan plan_cores(const std::vector<int>& cpus, size_t run_threads) {
  CHECK(!cpus.empty()) << "a process has a core";
  const size_t num_run = std::clamp<size_t>(run_threads, 1, cpus.size());
  const auto split = cpus.end() - static_cast<std::ptrdiff_t>(num_run);
  CorePlan plan{{split, cpus.end()}, {cpus.begin(), split}, false};
  if (plan.build.empty()) {
    plan.build = cpus;
    plan.takes_turns = true;
  }
  return plan;
}

CorePlan reserve_cores(const std::vector<int>& cpus, size_t run_threads) {
  CorePlan plan = plan_cores(cpus, run_threads);
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int cpu : plan.build) CPU_SET(static_cast<size_t>(cpu), &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0) throw_io_error("set the affinity", errno);
  return plan;
}

void TurnGate::begin_build() {
  std::unique_lock lock(mutex_);
  ++num_build_waiting_;
  changed_.wait(lock, [&] { return !is_running_ && !is_run_waiting_; });
  --num_build_waiting_;
  ++num_building_;
}

void TurnGate::end_build() {
  const std::lock_guard lock(mutex_);
  --num_building_;
  changed_.notify_all();
}

void TurnGate::begin_run(int64_t now_ms) {
  std::unique_lock lock(mutex_);
  if (is_running_) return;  // the batch goes on
  is_run_waiting_ = true;
  changed_.wait(lock, [&] { return num_building_ == 0; });
  is_run_waiting_ = false;
  is_running_ = true;
  batch_start_ms_ = now_ms;
}

bool TurnGate::end_run(int64_t now_ms, bool has_more_runs) {
  const std::lock_guard lock(mutex_);
  const bool is_over = num_build_waiting_ > 0 && now_ms - batch_start_ms_ >= kMaxRunBatchMs;
  if (has_more_runs && !is_over) return true;
  is_running_ = false;
  changed_.notify_all();
  return false;
}

std::optional<DeviceLock> DeviceLock::try_acquire(const std::vector<int>& cpus) {
  DeviceLock lock;
  for (const int cpu : cpus) {
    Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket.is_open()) throw_io_error("make a lock socket", errno);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string name = "tenon-measures-on-cpu" + std::to_string(cpu);
    std::memcpy(address.sun_path + 1, name.data(), name.size());
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) {
      if (errno == EADDRINUSE) return std::nullopt;
      throw_io_error("take the lock of a measuring core", errno);
    }
    lock.held_.push_back(std::move(socket));
  }
  return lock;
}

}  // namespace tenon
