// The one list of messages of the Tenon protocol, with who sends each to whom.
// The place in MessageList is the number on the wire: append only, never reorder, never reuse.
// Members are appended too, at the end of a struct; an older peer sends fewer and the newer reads
// defaults. kMaxBody caps the encoded body of each message before anything is decoded.
#pragma once

#include <optional>
#include <variant>

#include "rpc/wire/types.h"

namespace tenon::rpc {

inline constexpr std::uint8_t kProtocolMajor = 1;     // highest spoken
inline constexpr std::uint8_t kProtocolMinMajor = 1;  // lowest spoken
inline constexpr std::uint8_t kProtocolMinor = 0;
inline constexpr std::uint32_t kMaxTasksPerAdd = 256;
inline constexpr std::uint32_t kMaxDigestsPerFind = 500;
inline constexpr std::uint32_t kChunkBytes = 256 * 1024;
inline constexpr std::uint64_t kMaxBlobBytes = 64ull << 20;
inline constexpr std::uint32_t kSmallBody = 64 * 1024;  // of a message that names no kMaxBody
inline constexpr std::uint32_t kLargeBody = 1024 * 1024;
inline constexpr std::uint32_t kChunkBody = kChunkBytes + 1024;

// any peer -> tracker: first message of a connection, sent again after every reconnection.
struct Hello {
  static constexpr std::uint32_t kMaxBody = kLargeBody;
  std::uint8_t min_major = kProtocolMinMajor;
  std::uint8_t max_major = kProtocolMajor;
  std::uint64_t features = 0;
  std::vector<Role> roles;        // wanted; each must be allowed by the key
  std::string name;               // with the key: who this is across connections
  std::string build;              // version of the program
  std::uint64_t incarnation = 0;  // grows with every start; a newer one closes the older session
  std::vector<HeldLease> held;    // leases a worker is still working on
  std::vector<Fence>
      spooled;  // results a worker has not seen acknowledged; it resends them after WELCOME
  static constexpr auto fields() {
    return std::tuple{&Hello::min_major,   &Hello::max_major, &Hello::features,
                      &Hello::roles,       &Hello::name,      &Hello::build,
                      &Hello::incarnation, &Hello::held,      &Hello::spooled};
  }
};

// tracker -> any peer: the session is open.
struct Welcome {
  static constexpr std::uint32_t kMaxBody = kLargeBody;
  std::uint8_t major = kProtocolMajor;
  std::uint8_t minor = kProtocolMinor;
  std::uint64_t features = 0;
  std::uint64_t session = 0;  // goes into every later header
  std::uint64_t epoch = 0;    // of the tracker; one more at each of its starts
  std::uint32_t beat_ms =
      0;  // a peer is heard at least this often; a worker by BEAT, a client by PING
  std::uint32_t lease_ms = 0;
  std::vector<Fence> drop;  // held leases that are no longer wanted: stop them, send no result
  static constexpr auto fields() {
    return std::tuple{&Welcome::major, &Welcome::minor,   &Welcome::features, &Welcome::session,
                      &Welcome::epoch, &Welcome::beat_ms, &Welcome::lease_ms, &Welcome::drop};
  }
};

// either -> other: no more will be sent in this session.
struct Goodbye {
  std::string reason;
  std::uint32_t retry_after_ms = 0;  // 0: do not come back by yourself
  static constexpr auto fields() { return std::tuple{&Goodbye::reason, &Goodbye::retry_after_ms}; }
};

enum class ErrorCode : std::uint8_t {
  kProtocol,     // the frame or message could not be read
  kVersion,      // no common major version
  kForbidden,    // the key's role does not allow this
  kNoSession,    // say HELLO first (after a tracker restart, for one)
  kUnsupported,  // unknown message number
  kNotFound,     // no such job, blob
  kConflict,     // same id, other content
  kLimit,        // over a size or count
  kBusy,         // try again after retry_after_ms
  kStore,        // the database or blob store failed: nothing was acknowledged
  kCount
};

// tracker -> any peer: the message numbered about_seq was refused.
struct ErrorMessage {
  ErrorCode code = ErrorCode::kProtocol;
  std::uint64_t about_seq = 0;
  std::uint32_t retry_after_ms = 0;
  std::string text;
  static constexpr auto fields() {
    return std::tuple{&ErrorMessage::code, &ErrorMessage::about_seq, &ErrorMessage::retry_after_ms,
                      &ErrorMessage::text};
  }
};

// any peer -> tracker: are you there; keeps a session live. Answer: PONG with the same number.
struct Ping {
  std::uint64_t nonce = 0;
  static constexpr auto fields() { return std::tuple{&Ping::nonce}; }
};

// tracker -> any peer.
struct Pong {
  std::uint64_t nonce = 0;
  static constexpr auto fields() { return std::tuple{&Pong::nonce}; }
};

// worker -> tracker: what it is and has; after WELCOME and whenever it changes. No answer.
struct Describe {
  static constexpr std::uint32_t kMaxBody = kLargeBody;
  std::vector<Device> devices;      // run role; empty for a pure build worker
  std::vector<std::string> labels;  // "x86_64", "avx512f" ...: a job's needs must be among them
  Toolchain toolchain;              // build role
  std::string environment;
  std::string sandbox;  // each step `done` or `unavailable: reason`
  static constexpr auto fields() {
    return std::tuple{&Describe::devices, &Describe::labels, &Describe::toolchain,
                      &Describe::environment, &Describe::sandbox};
  }
};

// worker -> tracker: how many leases of each kind it is willing to hold at once (not "more", but in
// all). The newest replaces the older, so a repeated or lost one does no harm. No answer.
struct Ready {
  std::uint32_t build_credits = 0;
  std::uint32_t run_credits = 0;
  static constexpr auto fields() { return std::tuple{&Ready::build_credits, &Ready::run_credits}; }
};

// One leased piece of work: exactly one of build and run is present.
struct LeasedTask {
  Fence fence;
  std::optional<BuildSpec> build;
  std::optional<RunSpec> run;
  std::uint32_t wall_limit_ms = 0;  // the worker kills the child after this
  std::uint64_t memory_limit_bytes = 0;
  static constexpr auto fields() {
    return std::tuple{&LeasedTask::fence, &LeasedTask::build, &LeasedTask::run,
                      &LeasedTask::wall_limit_ms, &LeasedTask::memory_limit_bytes};
  }
};

// tracker -> worker: work, until the lease ends; BEAT renews it. A repeated fence is one lease.
struct Lease {
  static constexpr std::uint32_t kMaxBody = kLargeBody;
  std::vector<LeasedTask> tasks;
  static constexpr auto fields() { return std::tuple{&Lease::tasks}; }
};

// worker -> tracker: every beat_ms. Names all leases held and renews them; a lease that two beats
// in a row do not name was never received (or was finished) and is given up.
struct Beat {
  static constexpr std::uint32_t kMaxBody = kLargeBody;
  std::uint64_t number = 0;
  std::vector<HeldLease> leases;
  std::uint32_t load_permille = 0;
  std::uint64_t free_bytes = 0;
  static constexpr auto fields() {
    return std::tuple{&Beat::number, &Beat::leases, &Beat::load_permille, &Beat::free_bytes};
  }
};

// tracker -> worker: answer to BEAT, and sent by itself when something is revoked (then number is
// 0).
struct BeatAck {
  static constexpr std::uint32_t kMaxBody = kLargeBody;
  std::uint64_t number = 0;
  std::vector<Fence> revoked;  // stop these, send no result
  bool drain = false;          // finish what is held, ask for no more
  static constexpr auto fields() {
    return std::tuple{&BeatAck::number, &BeatAck::revoked, &BeatAck::drain};
  }
};

// worker -> tracker: an attempt ended. Spooled before it is sent; sent again after every WELCOME
// and after 2, 4 ... 60 s until RESULT_ACK. Exactly one of build and run is present when outcome is
// kOk; run may be present with kWrongResult.
struct Result {
  static constexpr std::uint32_t kMaxBody = kLargeBody;
  Fence fence;
  Outcome outcome = Outcome::kOk;
  std::string detail;  // last lines of the child, signal, limit: for people
  std::string device;  // serial
  std::optional<BuildReport> build;
  std::optional<RunReport> run;
  static constexpr auto fields() {
    return std::tuple{&Result::fence,  &Result::outcome, &Result::detail,
                      &Result::device, &Result::build,   &Result::run};
  }
};

enum class Disposition : std::uint8_t {
  kAccepted,   // committed: this result is the task's
  kDuplicate,  // was committed before
  kStale,      // another attempt finished the task, or the task is gone
  kRejected,   // not believable or never leased to this key; `why` says
  kCount
};

// tracker -> worker: the result is durable (or not wanted): delete it from the spool.
struct ResultAck {
  Fence fence;
  Disposition disposition = Disposition::kAccepted;
  std::string why;
  static constexpr auto fields() {
    return std::tuple{&ResultAck::fence, &ResultAck::disposition, &ResultAck::why};
  }
};

// client -> tracker: open a job, or find it again. Same id and same manifest is the same job (a
// closed one opens again); same id and another manifest is kConflict. What is said here holds for
// all candidates of the job. Answer: ACCEPTED.
struct Submit {
  static constexpr std::uint32_t kMaxBody = kLargeBody;
  Hash job;                          // hash of model, target, seed, space version, options
  std::string label;                 // for people
  std::string manifest;              // what is tuned, as JSON; compared, never interpreted
  std::string device_class;          // empty: that of the first run worker that fits, from then on
  std::vector<std::string> needs;    // labels a worker must have
  std::uint32_t max_trials = 0;      // stored, the larger of all; the client keeps to it
  std::string options;               // of code generation, for every build
  std::vector<std::uint64_t> seeds;  // of the inputs; never constant ones
  Protocol protocol;
  static constexpr auto fields() {
    return std::tuple{&Submit::job,          &Submit::label, &Submit::manifest,
                      &Submit::device_class, &Submit::needs, &Submit::max_trials,
                      &Submit::options,      &Submit::seeds, &Submit::protocol};
  }
};

// tracker -> client: the job is durable.
struct Accepted {
  Hash job;
  bool is_existing = false;
  std::uint64_t num_candidates = 0;  // that the job has already
  std::uint64_t next_batch = 0;      // one above the largest batch number used
  std::uint64_t last_rseq = 0;       // results so far
  static constexpr auto fields() {
    return std::tuple{&Accepted::job, &Accepted::is_existing, &Accepted::num_candidates,
                      &Accepted::next_batch, &Accepted::last_rseq};
  }
};

// What many candidates share.
struct WorkloadSpec {
  Hash hash;         // of the canonical text
  std::string text;  // TensorIR script
  std::string target;
  std::uint32_t threads = 1;
  static constexpr auto fields() {
    return std::tuple{&WorkloadSpec::hash, &WorkloadSpec::text, &WorkloadSpec::target,
                      &WorkloadSpec::threads};
  }
};

struct Candidate {
  std::uint32_t workload = 0;       // index into Add::workloads
  std::string trace;                // MetaSchedule JSON
  std::uint64_t stop_above_ns = 0;  // see RunSpec; advice, not part of any identity
  static constexpr auto fields() {
    return std::tuple{&Candidate::workload, &Candidate::trace, &Candidate::stop_above_ns};
  }
};

// client -> tracker: candidates to build and measure, all or none. The same batch again changes
// nothing (its cancelled candidates are queued again); another content under the number is
// kConflict. Answer: ADDED.
struct Add {
  static constexpr std::uint32_t kMaxBody = kLargeBody;
  Hash job;
  std::uint64_t batch = 0;  // chosen by the client, unique in the job
  std::vector<WorkloadSpec> workloads;
  std::vector<Candidate>
      candidates;  // at most kMaxTasksPerAdd; a candidate is known by batch and place here
  static constexpr auto fields() {
    return std::tuple{&Add::job, &Add::batch, &Add::workloads, &Add::candidates};
  }
};

// tracker -> client: the candidates are durable.
struct Added {
  Hash job;
  std::uint64_t batch = 0;
  bool is_existing = false;
  static constexpr auto fields() {
    return std::tuple{&Added::job, &Added::batch, &Added::is_existing};
  }
};

// client -> tracker: send the results of a job from number from_rseq on (the first is 1), at most
// `window` without EVENT_ACK. Answer: EVENTS, now and whenever there are results.
struct Subscribe {
  Hash job;
  std::uint64_t from_rseq = 1;
  std::uint32_t window = 256;
  bool with_traces = false;  // for a client that does not remember what it added
  static constexpr auto fields() {
    return std::tuple{&Subscribe::job, &Subscribe::from_rseq, &Subscribe::window,
                      &Subscribe::with_traces};
  }
};

// What is known of one candidate.
struct CandidateResult {
  std::uint64_t rseq =
      0;  // counts 1, 2, 3 ... without a gap in each job and never changes; 0 in MEASUREMENTS
  std::uint64_t batch = 0;  // with index: the candidate as ADD named it
  std::uint32_t index = 0;
  Hash workload;
  std::string target;
  std::uint32_t threads = 1;
  std::string trace;  // empty unless asked for
  Outcome outcome = Outcome::kOk;
  std::string detail;
  Hash artifact;  // zero when nothing was built
  Toolchain toolchain;
  std::string device;  // serial; empty when it reached none
  std::string device_class;
  std::uint64_t rank_ns = 0;  // low quantile; 0 unless kOk
  std::vector<std::uint64_t> samples_ns;
  static constexpr auto fields() {
    return std::tuple{
        &CandidateResult::rseq,         &CandidateResult::batch,     &CandidateResult::index,
        &CandidateResult::workload,     &CandidateResult::target,    &CandidateResult::threads,
        &CandidateResult::trace,        &CandidateResult::outcome,   &CandidateResult::detail,
        &CandidateResult::artifact,     &CandidateResult::toolchain, &CandidateResult::device,
        &CandidateResult::device_class, &CandidateResult::rank_ns,   &CandidateResult::samples_ns};
  }
};

// tracker -> client.
struct Events {
  static constexpr std::uint32_t kMaxBody = kLargeBody;
  Hash job;
  std::vector<CandidateResult> results;  // rising rseq
  static constexpr auto fields() { return std::tuple{&Events::job, &Events::results}; }
};

// client -> tracker: everything up to rseq has arrived. No answer.
struct EventAck {
  Hash job;
  std::uint64_t rseq = 0;
  static constexpr auto fields() { return std::tuple{&EventAck::job, &EventAck::rseq}; }
};

// client -> tracker: end the job. Its unfinished candidates are dropped without a result. Answer:
// CANCELLED.
struct Cancel {
  Hash job;
  static constexpr auto fields() { return std::tuple{&Cancel::job}; }
};

// tracker -> client: durable; running children are being stopped.
struct Cancelled {
  Hash job;
  std::uint32_t num_dropped = 0;
  static constexpr auto fields() { return std::tuple{&Cancelled::job, &Cancelled::num_dropped}; }
};

// any peer -> tracker: which of these blobs are not in the store? Answer: MISSING.
struct FindMissing {
  std::vector<Digest> digests;  // at most kMaxDigestsPerFind
  static constexpr auto fields() { return std::tuple{&FindMissing::digests}; }
};

// tracker -> any peer.
struct Missing {
  std::vector<Digest> digests;
  static constexpr auto fields() { return std::tuple{&Missing::digests}; }
};

// build worker -> tracker: bytes of a blob, in order of offset. Answer: PUT_ACK.
struct PutChunk {
  static constexpr std::uint32_t kMaxBody = kChunkBody;
  Digest digest;
  std::uint64_t offset = 0;
  Bytes bytes;
  static constexpr auto fields() {
    return std::tuple{&PutChunk::digest, &PutChunk::offset, &PutChunk::bytes};
  }
};

// tracker -> build worker: go on at next_offset. is_complete: verified against the digest, synced,
// and in the store.
struct PutAck {
  Digest digest;
  std::uint64_t next_offset = 0;
  bool is_complete = false;
  static constexpr auto fields() {
    return std::tuple{&PutAck::digest, &PutAck::next_offset, &PutAck::is_complete};
  }
};

// any peer -> tracker: answer: CHUNK, or ERROR(kNotFound).
struct GetChunk {
  Digest digest;
  std::uint64_t offset = 0;
  std::uint32_t max_bytes = kChunkBytes;
  static constexpr auto fields() {
    return std::tuple{&GetChunk::digest, &GetChunk::offset, &GetChunk::max_bytes};
  }
};

// tracker -> any peer.
struct Chunk {
  static constexpr std::uint32_t kMaxBody = kChunkBody;
  Digest digest;
  std::uint64_t offset = 0;
  Bytes bytes;
  static constexpr auto fields() {
    return std::tuple{&Chunk::digest, &Chunk::offset, &Chunk::bytes};
  }
};

// client -> tracker: who is here? Answer: FLEET_STATE.
struct Fleet {
  static constexpr auto fields() { return std::tuple{}; }
};

struct WorkerState {
  std::string name;
  std::vector<Role> roles;
  std::vector<Device> devices;
  std::vector<std::string> labels;
  std::uint32_t num_leases = 0;
  std::uint32_t silent_ms = 0;
  std::string sandbox;
  static constexpr auto fields() {
    return std::tuple{&WorkerState::name,   &WorkerState::roles,      &WorkerState::devices,
                      &WorkerState::labels, &WorkerState::num_leases, &WorkerState::silent_ms,
                      &WorkerState::sandbox};
  }
};

// tracker -> client.
struct FleetState {
  static constexpr std::uint32_t kMaxBody = kLargeBody;
  std::vector<WorkerState> workers;
  std::uint64_t num_queued = 0;
  std::uint64_t num_leased = 0;
  static constexpr auto fields() {
    return std::tuple{&FleetState::workers, &FleetState::num_queued, &FleetState::num_leased};
  }
};

// client -> tracker: what has been measured of a workload, by any job, in the order of rank,
// failures last. A client asks before it adds, so that nothing is measured twice, and to learn
// from. Answer: MEASUREMENTS, one for each call.
struct FindMeasurements {
  Hash workload;
  std::string target;         // empty: any
  std::string device_class;   // empty: any
  std::uint32_t threads = 0;  // 0: any
  std::uint32_t skip = 0;     // how many to leave out: to go on where the last answer stopped
  static constexpr auto fields() {
    return std::tuple{&FindMeasurements::workload, &FindMeasurements::target,
                      &FindMeasurements::device_class, &FindMeasurements::threads,
                      &FindMeasurements::skip};
  }
};

// tracker -> client.
struct Measurements {
  static constexpr std::uint32_t kMaxBody = kLargeBody;
  Hash workload;
  std::vector<CandidateResult> results;
  bool is_last = true;  // false: ask again with skip
  static constexpr auto fields() {
    return std::tuple{&Measurements::workload, &Measurements::results, &Measurements::is_last};
  }
};

// Order is the wire id, counted from 1: append only.
using Message =
    std::variant<Hello, Welcome, Goodbye, ErrorMessage, Ping, Pong, Describe, Ready, Lease, Beat,
                 BeatAck, Result, ResultAck, Submit, Accepted, Add, Added, Subscribe, Events,
                 EventAck, Cancel, Cancelled, FindMissing, Missing, PutChunk, PutAck, GetChunk,
                 Chunk, Fleet, FleetState, FindMeasurements, Measurements>;

// The message's name as documentation, logs and golden tests spell it: "HELLO", "RESULT_ACK" ...
std::string_view name_of(const Message& message);
std::string_view message_name(std::uint16_t wire_id);

}  // namespace tenon::rpc
