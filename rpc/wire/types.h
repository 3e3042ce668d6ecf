// Values that travel inside messages: digests, fences, outcomes, measuring protocol.
// Text and bytes only: nothing here knows a compiler type. Each struct lists its members once in
// fields(); the codec derives everything else from that. Append only: members are added at the end,
// enumerators before kCount.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

namespace tenon::rpc {

// A struct that lists its members in fields().
template <class T>
concept Fielded = requires {
  std::remove_const_t<T>::fields();
};

// How many members a struct has; fields() must list as many.
struct AnyMember {
  template <class T>
  operator T() const;  // never called
};
template <class T, class... Found>
constexpr std::size_t num_members() {
  if constexpr (requires { T{Found{}..., AnyMember{}}; }) {
    return num_members<T, Found..., AnyMember>();
  } else {
    return sizeof...(Found);
  }
}

// Calls f on each member of `value`, in wire order.
template <Fielded T, class F>
constexpr void each_member(T& value, F&& f) {
  std::apply([&](auto... member) { (f(value.*member), ...); }, std::remove_const_t<T>::fields());
}

template <class T>
requires Fielded<T>
constexpr bool operator==(const T& value, const T& other) {
  return std::apply([&](auto... member) { return ((value.*member == other.*member) && ...); },
                    T::fields());
}

// A SHA-256.
struct Hash {
  std::array<std::uint8_t, 32> bytes{};
  static constexpr auto fields() { return std::tuple{&Hash::bytes}; }
  auto operator<=>(const Hash&) const = default;
};

// Identity of a blob: hash and size of its uncompressed bytes.
struct Digest {
  Hash sha256;
  std::uint64_t size_bytes = 0;
  static constexpr auto fields() { return std::tuple{&Digest::sha256, &Digest::size_bytes}; }
  auto operator<=>(const Digest&) const = default;
};

// Opaque bytes, as opposed to std::string, which is UTF-8 text everywhere in messages.
struct Bytes {
  std::string data;
  auto operator<=>(const Bytes&) const = default;
};

std::string to_hex(const Hash& hash);
// 64 hex digits; throws UserError otherwise.
Hash hash_from_hex(std::string_view hex);
Hash sha256(std::string_view bytes);
Digest digest_of(std::string_view bytes);

// What a key may do. The tracker reads it from the authorised key, never from a message.
enum class Role : std::uint8_t { kViewer, kSubmitter, kOperator, kAdmin, kBuild, kRun, kCount };
std::string_view name_of(Role role);
// "build,run" -> roles. Throws UserError naming the unknown one and the known ones.
std::vector<Role> parse_roles(std::string_view text);
std::string format_roles(const std::vector<Role>& roles);

// The fence of a lease. A result whose fence is not the task's present one is kept only if nobody
// finished the task.
struct Fence {
  std::uint64_t task = 0;
  std::uint64_t epoch = 0;
  std::uint32_t attempt = 0;
  static constexpr auto fields() {
    return std::tuple{&Fence::task, &Fence::epoch, &Fence::attempt};
  }
  auto operator<=>(const Fence&) const = default;
};

enum class Phase : std::uint8_t {
  kAccepted,
  kFetching,
  kBuilding,
  kWaitDevice,
  kMeasuring,
  kReported,
  kCount
};

// A lease that a worker has and works on.
struct HeldLease {
  Fence fence;
  Phase phase = Phase::kAccepted;
  bool is_build = false;
  static constexpr auto fields() {
    return std::tuple{&HeldLease::fence, &HeldLease::phase, &HeldLease::is_build};
  }
};

// How an attempt ended. blame_of() decides whether another attempt can help. The numbers are those
// of the database.
enum class Outcome : std::uint8_t {
  kOk = 0,
  // blame: candidate, final
  kCompileError = 1,
  kLinkError = 2,
  kInvalidSchedule = 3,
  kWrongResult = 4,
  kCandidateCrash = 5,
  kCandidateLimit = 6,
  kRunTimeout = 7,
  // blame: device, tried again
  kDeviceLost = 8,
  kDeviceStuck = 9,
  kThrottled = 10,
  kNoisy = 11,
  kForeignLoad = 12,
  // blame: worker, tried again
  kArtifactMissing = 13,
  kArtifactCorrupt = 14,
  kDiskFull = 15,
  kToolchainMissing = 16,
  kInternal = 17,
  // blame: nobody
  kCancelled = 18,
  kExpired = 19,
  kRevoked = 20,
  kLost = 21,  // the lease ended without a word: only the tracker says so
  kCount
};
enum class Blame : std::uint8_t { kNobody, kCandidate, kDevice, kWorker, kCount };
Blame blame_of(Outcome outcome);
// The code as the documentation and the database spell it: "ok", "candidate_crash" ...
std::string_view name_of(Outcome outcome);
std::string_view name_of(Blame blame);

enum class CacheMode : std::uint8_t { kHot, kCold, kRotate, kCount };

// How to measure. Part of the identity of a measurement: two times compare only under equal
// protocols.
struct Protocol {
  std::uint32_t version = 1;
  CacheMode cache = CacheMode::kHot;
  std::uint32_t warmup_ms = 10;
  std::uint32_t min_sample_us = 500;  // a sample repeats the call until it lasts this long
  std::uint32_t min_samples = 5;
  std::uint32_t max_samples = 30;
  std::uint32_t budget_ms = 200;  // sampling stops here, min_samples or not
  std::uint32_t quantile_permille = 100;
  static constexpr auto fields() {
    return std::tuple{&Protocol::version,     &Protocol::cache,
                      &Protocol::warmup_ms,   &Protocol::min_sample_us,
                      &Protocol::min_samples, &Protocol::max_samples,
                      &Protocol::budget_ms,   &Protocol::quantile_permille};
  }
};

// One device that a run worker measures on.
struct Device {
  std::string serial;        // unique among the devices of the farm
  std::string device_class;  // canonical text of what must be equal for two times to be comparable
  std::string kind;          // "cpu" ...
  std::uint32_t max_threads = 1;
  std::string class_label;  // the class for people: "Xeon 8375C" ...
  static constexpr auto fields() {
    return std::tuple{&Device::serial, &Device::device_class, &Device::kind, &Device::max_threads,
                      &Device::class_label};
  }
};

// What a build worker must make. An empty trace with is_reference asks for the workload with plain
// loops. The builder checks that `workload` hashes to `workload_hash` and answers kInvalidSchedule
// when it does not.
struct BuildSpec {
  Hash workload_hash;
  std::string workload;  // TensorIR script
  std::string trace;     // MetaSchedule JSON
  std::string target;
  std::uint32_t threads = 1;
  bool is_reference = false;
  std::string options;
  static constexpr auto fields() {
    return std::tuple{&BuildSpec::workload_hash, &BuildSpec::workload, &BuildSpec::trace,
                      &BuildSpec::target,        &BuildSpec::threads,  &BuildSpec::is_reference,
                      &BuildSpec::options};
  }
};

// What made an artifact. A record of another code generation version is stale but usable.
struct Toolchain {
  std::uint32_t codegen = 0;
  std::string llvm;
  std::string tenon;
  static constexpr auto fields() {
    return std::tuple{&Toolchain::codegen, &Toolchain::llvm, &Toolchain::tenon};
  }
};

// A library in the blob store with what its builder says about it (packing of inputs, tolerances:
// text for the runner).
struct Artifact {
  Digest digest;
  std::string metadata;
  Toolchain toolchain;
  static constexpr auto fields() {
    return std::tuple{&Artifact::digest, &Artifact::metadata, &Artifact::toolchain};
  }
};

// What a run worker must measure. Outputs of `artifact` are compared with those of `reference` on
// the same seeded inputs before its time counts. Both digests come from build workers through the
// tracker.
struct RunSpec {
  Hash workload_hash;
  Artifact artifact;
  Artifact reference;
  std::string target;
  std::uint32_t threads = 1;
  std::vector<std::uint64_t> seeds;
  Protocol protocol;
  std::string device;  // serial
  // Racing: stop after three samples whose low quantile is above this; 0 never stops. The run's
  // flags say "stopped".
  std::uint64_t stop_above_ns = 0;
  static constexpr auto fields() {
    return std::tuple{&RunSpec::workload_hash, &RunSpec::artifact, &RunSpec::reference,
                      &RunSpec::target,        &RunSpec::threads,  &RunSpec::seeds,
                      &RunSpec::protocol,      &RunSpec::device,   &RunSpec::stop_above_ns};
  }
};

struct BuildReport {
  Artifact artifact;  // its bytes are in the blob store before the result is sent
  std::uint32_t build_ms = 0;
  std::uint32_t link_ms = 0;
  static constexpr auto fields() {
    return std::tuple{&BuildReport::artifact, &BuildReport::build_ms, &BuildReport::link_ms};
  }
};

struct RunReport {
  Artifact artifact;                      // that of the lease, so that the result stands alone
  std::vector<std::uint64_t> samples_ns;  // time of one call, raw, in order of taking
  std::uint32_t calls_per_sample = 1;
  std::uint64_t rank_ns = 0;  // the protocol's low quantile of samples_ns
  double max_abs_error = 0;
  double max_rel_error = 0;
  double canary_ratio = 1;   // reference kernel after / before
  std::uint32_t run_ms = 0;  // wall clock of the whole attempt, from the daemon
  std::string environment;   // fingerprint of the host at this time
  std::string flags;
  static constexpr auto fields() {
    return std::tuple{&RunReport::artifact,         &RunReport::samples_ns,
                      &RunReport::calls_per_sample, &RunReport::rank_ns,
                      &RunReport::max_abs_error,    &RunReport::max_rel_error,
                      &RunReport::canary_ratio,     &RunReport::run_ms,
                      &RunReport::environment,      &RunReport::flags};
  }
};

}  // namespace tenon::rpc
