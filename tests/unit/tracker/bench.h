// The core with a real database in memory and a clock that the test moves: what goes in, what comes
// out.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "database/store.h"
#include "tracker/core.h"
#include "tracker/reading.h"

namespace tenon::tracker {

// All messages of one kind among those sent to `peer` ("" for any).
template <class M>
std::vector<M> of(const std::vector<Send>& sent, const std::string& peer = "") {
  std::vector<M> found;
  for (const Send& send : sent) {
    if (!peer.empty() && send.peer != peer) continue;
    if (const auto* message = std::get_if<M>(&send.message)) found.push_back(*message);
  }
  return found;
}

// The leased tasks among those sent to `peer` ("" for any).
inline std::vector<rpc::LeasedTask> leased(const std::vector<Send>& sent,
                                           const std::string& peer = "") {
  std::vector<rpc::LeasedTask> tasks;
  for (const rpc::Lease& lease : of<rpc::Lease>(sent, peer)) {
    tasks.insert(tasks.end(), lease.tasks.begin(), lease.tasks.end());
  }
  return tasks;
}

inline rpc::Result built(const rpc::LeasedTask& task) {
  rpc::Result result;
  result.fence = task.fence;
  result.build.emplace().artifact = {rpc::digest_of(task.build->trace), "{}", {1, "19", "0"}};
  return result;
}

inline rpc::Result measured(const rpc::LeasedTask& task, std::uint64_t sample_ns = 100) {
  rpc::Result result;
  result.fence = task.fence;
  result.device = task.run->device;
  result.run.emplace().artifact = task.run->artifact;
  result.run->samples_ns = {sample_ns};
  return result;
}

inline rpc::Result failed(const rpc::LeasedTask& task, rpc::Outcome outcome) {
  rpc::Result result;
  result.fence = task.fence;
  result.outcome = outcome;
  return result;
}

class Bench {
 public:
  Bench() {
    database::StoreOptions options;
    options.path = ":memory:";
    options.commit_inline = true;
    store_ = database::Store::open(options);
    state = start(read_snapshot(*store_), {}, static_cast<std::uint64_t>(store_->epoch()));
  }

  // What the tracker sent because of it, in order.
  std::vector<Send> arrive(const std::string& peer, rpc::Message message) {
    MessageArrived event;
    event.peer = peer;
    event.key_name = keys.at(peer).name;
    event.key_roles = keys.at(peer).roles;
    event.session = state.sessions.contains(peer) ? state.sessions.at(peer).id : 0;
    event.seq = ++seq_;
    event.message = std::move(message);
    event.is_artifact_stored = is_artifact_stored;
    return feed(std::move(event));
  }

  std::vector<Send> wait(std::int64_t ms) {
    now_ms_ += ms;
    return feed(Tick{});
  }

  std::vector<Send> feed(Event event) {
    std::vector<Send> sent;
    std::vector<Event> events = {std::move(event)};
    while (!events.empty()) {
      const Event next = std::move(events.front());
      events.erase(events.begin());
      for (Effect& effect : step(state, next, {now_ms_, 1700000000000 + now_ms_})) {
        if (auto* send = std::get_if<Send>(&effect)) sent.push_back(std::move(*send));
        if (auto* persist = std::get_if<Persist>(&effect)) events.push_back(commit(*persist));
        if (auto* load = std::get_if<LoadJob>(&effect)) {
          events.push_back(JobLoaded{load->token, *store_->job_status(load->job_id)});
        }
        if (auto* load = std::get_if<LoadBatch>(&effect)) {
          events.push_back(BatchLoaded{load->token, read_batch(*store_, *load)});
        }
        if (auto* results = std::get_if<SendResults>(&effect)) {
          for (const rpc::Events& page : read_results(*store_, *results)) {
            sent.push_back({results->peer, results->session, 0, page});
          }
        }
      }
      inconsistency = find_inconsistency(state);
      if (!inconsistency.empty()) return sent;
    }
    return sent;
  }

  // HELLO, DESCRIBE and READY of a worker with one device.
  std::vector<Send> worker(const std::string& peer, std::uint32_t builds, std::uint32_t runs,
                           std::uint64_t incarnation = 1) {
    if (!keys.contains(peer)) keys[peer] = {peer, {rpc::Role::kBuild, rpc::Role::kRun}};
    rpc::Hello hello;
    hello.name = "w";
    hello.roles = {rpc::Role::kBuild, rpc::Role::kRun};
    hello.incarnation = incarnation;
    std::vector<Send> sent = arrive(peer, hello);
    rpc::Describe describe;
    describe.devices = {{"device-" + peer, R"({"cpu":"x"})", "cpu", 2, "x"}};
    describe.labels = {"x86_64"};
    arrive(peer, describe);
    for (Send& send : arrive(peer, rpc::Ready{builds, runs})) sent.push_back(std::move(send));
    return sent;
  }

  // A client with one job of `count` candidates; traces are "[0]", "[1]" ...
  void client(int count, rpc::Submit submit = {}) {
    keys["client"] = {"tuner", {rpc::Role::kSubmitter}};
    rpc::Hello hello;
    hello.roles = {rpc::Role::kSubmitter};
    arrive("client", hello);
    submit.job = rpc::sha256("job");
    submit.manifest = "{}";
    arrive("client", submit);
    rpc::Add add;
    add.job = submit.job;
    add.workloads = {{rpc::sha256("w"), "text", "llvm", 2}};
    for (int i = 0; i < count; ++i) add.candidates.push_back({0, "[" + std::to_string(i) + "]", 0});
    if (count > 0) arrive("client", add);
  }

  // A worker "w" with a job of `count` candidates, all built, the reference too; gives the leases
  // of runs.
  std::vector<rpc::LeasedTask> run_leases(int count, std::uint32_t runs) {
    client(count);
    std::vector<rpc::LeasedTask> found;
    std::vector<rpc::LeasedTask> todo = leased(worker("w", 64, runs));
    while (!todo.empty()) {
      const rpc::LeasedTask task = todo.front();
      todo.erase(todo.begin());
      if (task.run) {
        found.push_back(task);
        continue;
      }
      for (rpc::LeasedTask& more : leased(arrive("w", built(task))))
        todo.push_back(std::move(more));
    }
    return found;
  }

  std::vector<rpc::CandidateResult> results() {
    SendResults all;
    all.job_id = 1;
    all.from_rseq = 1;
    all.count = 1000;
    return read_results(*store_, all).at(0).results;
  }

  struct Key {
    std::string name;
    std::vector<rpc::Role> roles;
  };
  State state;
  std::map<std::string, Key> keys;
  bool is_artifact_stored = true;
  bool is_disk_full = false;
  std::string inconsistency;

 private:
  Stored commit(const Persist& persist) {
    Stored stored;
    stored.token = persist.token;
    for (const database::Write& write : persist.writes) {
      database::Written written;
      written.disposition = database::Disposition::kFailed;
      written.error = "disk full";
      if (!is_disk_full)
        store_->write(write, [&](const database::Written& done) { written = done; });
      stored.written.push_back(written);
    }
    return stored;
  }

  std::unique_ptr<database::Store> store_;
  std::int64_t now_ms_ = 1000;
  std::uint64_t seq_ = 0;
};

}  // namespace tenon::tracker
