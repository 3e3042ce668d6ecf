// The tracker's core as a pure state machine: step(state, event, now) -> effects. It knows no
// socket, disk or clock, so the whole service can be simulated; the shell (server.h) carries
// effects out and feeds events in.
//
// Promises: ACCEPTED, ADDED, CANCELLED and the RESULT_ACK of a task leave only in the step that
// gets the Stored event of their writes. A result of a task is committed at most once: the task is
// out of all queues while its commit is out, and gone after it.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "database/store.h"
#include "database/writes.h"
#include "rpc/wire/messages.h"
#include "tracker/state.h"

namespace tenon::tracker {

// --- events ---

// A message from a connection. key_name and key_roles come from the handshake.
struct MessageArrived {
  std::string peer;
  std::string key_name;
  std::vector<rpc::Role> key_roles;
  std::uint64_t session = 0;
  std::uint64_t seq = 0;
  rpc::Message message;
  bool is_artifact_stored = false;  // of a RESULT with an artifact: its blob is in the store
};

// The writes of Persist{token} are committed, or refused, or the store failed; one answer for each.
// These events come in the order of the Persist effects.
struct Stored {
  std::uint64_t token = 0;
  std::vector<database::Written> written;
};

// Answers to LoadJob and LoadBatch.
struct JobLoaded {
  std::uint64_t token = 0;
  database::JobStatus status;
};
struct BatchLoaded {
  std::uint64_t token = 0;
  std::vector<database::TaskRecord> tasks;
};

// Time passed: several times a second.
struct Tick {};

// A connection could not be written to.
struct PeerGone {
  std::string peer;
};

using Event = std::variant<MessageArrived, Stored, JobLoaded, BatchLoaded, Tick, PeerGone>;

// --- effects ---

struct Send {
  std::string peer;
  std::uint64_t session = 0;
  std::uint64_t answers = 0;  // seq of the message that this answers; 0 for none
  rpc::Message message;
};

// Commit these writes, in order, then say Stored{token}.
struct Persist {
  std::uint64_t token = 0;
  std::vector<database::Write> writes;
};

// Read from the database, then say JobLoaded or BatchLoaded.
struct LoadJob {
  std::uint64_t token = 0;
  std::int64_t job_id = 0;
};
struct LoadBatch {
  std::uint64_t token = 0;
  std::int64_t job_id = 0;
  std::int64_t batch = 0;
};

// Read results [from_rseq, from_rseq + count) and send them as EVENTS.
struct SendResults {
  std::string peer;
  std::uint64_t session = 0;
  rpc::Hash job;
  std::int64_t job_id = 0;
  std::uint64_t from_rseq = 0;
  std::uint64_t count = 0;
  bool with_traces = false;
};

// A request about blobs or stored measurements from a peer that may make it: the shell answers.
struct Serve {
  std::string peer;
  std::uint64_t session = 0;
  std::uint64_t answers = 0;
  rpc::Message request;
};

// For the log.
struct Note {
  bool is_warning = false;
  std::string text;
};

using Effect = std::variant<Send, Persist, LoadJob, LoadBatch, SendResults, Serve, Note>;
using Effects = std::vector<Effect>;

// Changes `state` and returns what is to be done, in order. Never throws for what a peer sent.
Effects step(State& state, const Event& event, Now now);

// What is open in the database at the start.
struct Snapshot {
  struct Job {
    database::JobRecord record;
    std::int64_t num_tasks = 0;
    std::string device_class;  // text of the class of its results, if there are any
  };
  struct Task {
    database::TaskRecord record;
    std::string workload_text;
    std::string target_text;
    std::string trace_text;
  };
  std::vector<Job> jobs;    // all, closed ones too
  std::vector<Task> tasks;  // open ones
};

// The state of a tracker that has just started with this epoch, which is already committed.
State start(const Snapshot& snapshot, const Settings& settings, std::uint64_t epoch);

}  // namespace tenon::tracker
