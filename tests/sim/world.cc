#include "tests/sim/world.h"

#include <algorithm>

#include "compiler/support/text.h"
#include "tracker/reading.h"

namespace tenon::sim {
namespace {

constexpr std::int64_t kEndMs = 900000;
constexpr std::int64_t kTickMs = 100;

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};

std::filesystem::path memory_directory() {
  return std::filesystem::exists("/dev/shm") ? "/dev/shm" : std::filesystem::path();
}

}  // namespace

World::World(const Scenario& scenario, std::uint64_t seed)
    : scenario_(scenario),
      rng_(seed),
      network_(clockwork_, scenario_, rng_),
      dir_("tenon-sim", memory_directory()),
      client_(clockwork_, network_, scenario_) {
  for (int i = 0; i < scenario_.workers; ++i) {
    workers_.push_back(
        std::make_unique<ModelWorker>(clockwork_, network_, rng_, farm_, str_cat("worker-", i)));
  }
}

void World::violate(const std::string& what) {
  if (violation_.empty()) violation_ = str_cat("at ", clockwork_.now_ms(), " ms: ", what);
}

std::string World::run() {
  start_tracker();
  for (const auto& worker : workers_) worker->start();
  client_.start();
  plan_faults();
  tick();
  while (violation_.empty() && !is_quiet()) {
    if (clockwork_.now_ms() > kEndMs) {
      violate(str_cat("no end: ", client_.results().size(), " results, ", state_->tasks.size(),
                      " open tasks"));
    }
    clockwork_.advance();
    if (!client_.violation().empty()) violate(client_.violation());
  }
  if (violation_.empty()) check_end();
  return violation_;
}

void World::plan_faults() {
  const auto plan = [&](int count, auto action) {
    for (int i = 0; i < count; ++i) clockwork_.at(rng_.between(1, scenario_.fault_ms), action);
  };
  plan(scenario_.tracker_kills, [this] {
    if (state_ == nullptr) return;
    kill_tracker();
    clockwork_.after(rng_.between(10, 3000), [this] { start_tracker(); });
  });
  plan(scenario_.worker_kills, [this] {
    ModelWorker& worker = *workers_[rng_.below(workers_.size())];
    if (!worker.is_alive()) return;
    worker.kill();
    clockwork_.after(rng_.between(10, 3000), [&worker] { worker.start(); });
  });
  plan(scenario_.client_kills, [this] {
    if (!client_.is_alive()) return;
    client_.kill();
    clockwork_.after(rng_.between(10, 3000), [this] { client_.start(); });
  });
  plan(scenario_.cuts, [this] {
    const std::uint64_t victim = rng_.below(workers_.size() + 1);
    const std::string owner =
        victim < workers_.size() ? workers_[victim]->key_name() : client_.key_name();
    network_.cut(owner, clockwork_.now_ms() + rng_.between(500, 20000));
  });
  plan(scenario_.full_disks,
       [this] { disk_full_until_ms_ = clockwork_.now_ms() + rng_.between(50, 2000); });
}

void World::start_tracker() {
  database::StoreOptions options;
  options.path = (dir_.path() / "db").string();
  options.commit_inline = true;
  store_ = database::Store::open(options);
  tracker::Settings settings;
  settings.resend_ms = 10000;
  const auto epoch = scenario_.broken == Break::kSameEpoch
                         ? std::uint64_t{1}
                         : static_cast<std::uint64_t>(store_->epoch());
  state_ = std::make_unique<tracker::State>(
      tracker::start(tracker::read_snapshot(*store_), settings, epoch));
  last_commit_ms_ = clockwork_.now_ms();
  last_told_ms_ = clockwork_.now_ms();
  network_.set_tracker([this](const Envelope& envelope) {
    tracker::MessageArrived event;
    event.peer = envelope.peer;
    event.key_name = "tuner";
    event.key_roles = {rpc::Role::kSubmitter};
    for (const auto& worker : workers_) {
      if (worker->peer() != envelope.peer) continue;
      event.key_name = worker->key_name();
      event.key_roles = worker->roles();
    }
    event.session = envelope.header.session;
    event.seq = envelope.header.seq;
    event.message = envelope.message;
    const auto* result = std::get_if<rpc::Result>(&event.message);
    if (result != nullptr && result->build) {
      event.is_artifact_stored = farm_.blobs.contains(result->build->artifact.digest);
    }
    feed(std::move(event));
  });
}

void World::kill_tracker() {
  ++tracker_life_;
  network_.set_tracker(nullptr);
  state_.reset();
  store_.reset();
}

void World::tick() {
  if (state_ != nullptr) feed(tracker::Tick{});
  clockwork_.after(kTickMs, [this] { tick(); });
}

void World::feed(tracker::Event event) {
  const tracker::Effects effects = tracker::step(*state_, event, now());
  if (const std::string why = tracker::find_inconsistency(*state_); !why.empty()) violate(why);
  for (const tracker::Effect& effect : effects) carry_out(effect);
}

void World::carry_out(const tracker::Effect& effect) {
  std::visit(Overloaded{
                 [&](const tracker::Send& e) { send(e); },
                 [&](const tracker::Persist& e) { persist(e); },
                 [&](const tracker::LoadJob& e) {
                   const auto status = store_->job_status(e.job_id);
                   if (!status) return violate("a stored job is not in the database");
                   feed(tracker::JobLoaded{e.token, *status});
                 },
                 [&](const tracker::LoadBatch& e) {
                   feed(tracker::BatchLoaded{e.token, tracker::read_batch(*store_, e)});
                 },
                 [&](const tracker::SendResults& e) {
                   for (const rpc::Events& page : tracker::read_results(*store_, e)) {
                     send({e.peer, e.session, 0, page});
                   }
                 },
                 [&](const tracker::Serve&) { violate("no model peer asks for blobs"); },
                 [&](const tracker::Note&) {},
             },
             effect);
}

// Durable a little later; what is not durable when the tracker is killed never was.
void World::persist(const tracker::Persist& effect) {
  if (auto stored = early_answer(effect)) {
    ++num_early_;
    clockwork_.after(0, [this, life = tracker_life_, stored = *stored] {
      if (life == tracker_life_) feed(stored);
    });
  }
  last_commit_ms_ =
      std::max(last_commit_ms_, clockwork_.now_ms() + rng_.between(1, num_early_ > 0 ? 300 : 20));
  clockwork_.at(last_commit_ms_, [this, life = tracker_life_, effect] {
    if (life == tracker_life_) commit(effect);
  });
}

void World::commit(const tracker::Persist& effect) {
  tracker::Stored stored;
  stored.token = effect.token;
  const bool is_full = clockwork_.now_ms() < disk_full_until_ms_;
  for (const database::Write& write : effect.writes) {
    database::Written written;
    written.disposition = database::Disposition::kFailed;
    written.error = "disk full";
    if (!is_full) store_->write(write, [&](const database::Written& done) { written = done; });
    if (written.disposition == database::Disposition::kRejected)
      violate("the database refused: " + written.error);
    stored.written.push_back(written);
  }
  // Told in the order of committing.
  last_told_ms_ = std::max(last_told_ms_, clockwork_.now_ms() + rng_.between(0, 5));
  clockwork_.at(last_told_ms_, [this, life = tracker_life_, stored] {
    if (life == tracker_life_) feed(stored);
  });
}

// The broken rule of a canary: results are called durable at once.
std::optional<tracker::Stored> World::early_answer(const tracker::Persist& effect) {
  const bool is_result = std::holds_alternative<database::CommitResult>(effect.writes.back()) ||
                         std::holds_alternative<database::EndAttempt>(effect.writes.front());
  if (scenario_.broken != Break::kEarlyAck || !is_result) return std::nullopt;
  tracker::Stored stored;
  stored.token = effect.token;
  stored.written.resize(effect.writes.size());
  return stored;
}

void World::send(const tracker::Send& effect) {
  check_sent(effect.message);
  Envelope envelope;
  envelope.peer = effect.peer;
  envelope.header.session = effect.session;
  envelope.header.ack = effect.answers;
  envelope.message = effect.message;
  network_.send_to_peer(envelope);
}

void World::check_sent(const rpc::Message& message) {
  if (const auto* lease = std::get_if<rpc::Lease>(&message)) {
    for (const rpc::LeasedTask& task : lease->tasks) {
      if (!granted_.insert(task.fence).second) {
        violate(str_cat("task ", task.fence.task, " attempt ", task.fence.attempt, " of epoch ",
                        task.fence.epoch, " was granted twice"));
      }
    }
  } else if (const auto* ack = std::get_if<rpc::ResultAck>(&message)) {
    check_acknowledged(*ack);
  } else if (const auto* added = std::get_if<rpc::Added>(&message)) {
    const auto tasks = store_->job_tasks(state_->job_ids.at(added->job));
    const auto count =
        std::count_if(tasks.begin(), tasks.end(), [&](const database::TaskRecord& task) {
          return task.batch_no == static_cast<std::int64_t>(added->batch);
        });
    if (count != scenario_.batch_size)
      violate(str_cat("ADDED with ", count, " tasks of the batch on disk"));
  }
}

// An accepted result of a task has its attempt on disk at this moment.
void World::check_acknowledged(const rpc::ResultAck& ack) {
  const bool is_reference = (ack.fence.task & tracker::kReferenceBit) != 0;
  if (is_reference || ack.disposition != rpc::Disposition::kAccepted) return;
  for (const database::AttemptRecord& attempt :
       store_->attempts(static_cast<std::int64_t>(ack.fence.task))) {
    if (attempt.epoch == static_cast<std::int64_t>(ack.fence.epoch) &&
        attempt.attempt == ack.fence.attempt)
      return;
  }
  violate(str_cat("the result of task ", ack.fence.task, " attempt ", ack.fence.attempt,
                  " was acknowledged and is not on disk"));
}

bool World::is_quiet() const {
  const bool is_over =
      clockwork_.now_ms() > scenario_.fault_ms + 5000 && state_ != nullptr && client_.is_done();
  return is_over && state_->tasks.empty() && state_->pending.empty() &&
         std::all_of(workers_.begin(), workers_.end(),
                     [](const auto& worker) { return worker->num_spooled() == 0; });
}

void World::check_end() {
  const std::int64_t job = state_->job_ids.at(ModelClient::job());
  const auto total =
      static_cast<std::size_t>(scenario_.batches) * static_cast<std::size_t>(scenario_.batch_size);
  std::set<std::int64_t> tasks;
  for (const database::TaskRecord& task : store_->job_tasks(job)) {
    if (!database::is_final(task.state)) violate(str_cat("task ", task.id, " has no final state"));
    tasks.insert(task.id);
  }
  if (tasks.size() != total) violate(str_cat(tasks.size(), " tasks, ", total, " were added"));
  std::set<std::uint64_t> samples;
  std::int64_t next_rseq = 1;
  for (const database::StoredMeasurement& stored : store_->job_results(job, 1, 10 * total)) {
    if (stored.rseq != next_rseq++)
      violate(str_cat("result ", stored.rseq, " comes after ", next_rseq - 2));
    if (tasks.erase(stored.task_id) == 0)
      violate(str_cat("task ", stored.task_id, " has two results"));
    if (stored.measurement.outcome != database::Outcome::kOk) continue;
    const std::uint64_t sample = stored.measurement.samples_ns.at(0);
    const auto run = farm_.runs.find(sample);
    const bool is_its_own = run != farm_.runs.end() &&
                            run->second.task == static_cast<std::uint64_t>(stored.task_id) &&
                            run->second.attempt == stored.attempt;
    if (!is_its_own)
      violate(str_cat("task ", stored.task_id, " has samples that are not of its attempt"));
    if (!samples.insert(sample).second) violate("one run was stored twice");
  }
  if (!tasks.empty()) violate(str_cat("task ", *tasks.begin(), " has no result"));
  std::set<CandidateName> seen;
  for (const auto& [rseq, name] : client_.results()) {
    if (!seen.insert(name).second) violate("the client saw two results of one candidate");
  }
  if (seen.size() != total) violate(str_cat("the client saw ", seen.size(), " results of ", total));
}

}  // namespace tenon::sim
