// What a tuner, or anyone else who asks a tracker for something, uses: blocking calls that survive
// the tracker's death.
//
// Each call is sent again after a reconnection until it is answered or give_up_ms have passed
// without a session; that is safe because every request is idempotent. A subscription resumes by
// itself after the last result that next_result() gave, so a tracker that is killed and started
// again loses nothing and repeats nothing. All methods may be called from any thread; calls wait
// for each other, next_result() and calls do not. Errors: UserError when the tracker refuses
// (unknown key, role, conflict, limit: the text is the tracker's); IoError when the tracker was not
// reachable for give_up_ms, StoreError when its store failed for so long.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/support/error.h"
#include "rpc/net/keys.h"
#include "rpc/wire/messages.h"

namespace tenon::rpc {

// The tracker is there, but its disk or database cannot do what was asked.
class StoreError : public IoError {
 public:
  using IoError::IoError;
};

struct ClientOptions {
  std::string url;
  PeerKey key;
  std::string name;
  std::string build;
  std::vector<Role> roles = {
      Role::kSubmitter};  // none is enough for blobs alone, as a worker's second connection
  int give_up_ms = 30000;
};

class Client {
 public:
  // Connects in the background; wait_until_up() or any call tells whether it worked.
  explicit Client(ClientOptions options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  Welcome wait_until_up();
  bool is_up() const;

  Accepted submit(const Submit& request);
  // At most kMaxTasksPerAdd candidates, and about kLargeBody bytes in all: UserError beyond.
  Added add(const Add& request);
  Cancelled cancel(const Hash& job);
  FleetState fleet();
  // All pages of the answer.
  std::vector<CandidateResult> find_measurements(FindMeasurements request);

  // From now on next_result() gives the results of this job with rseq >= from_rseq. One job at a
  // time: a later call replaces the earlier and forgets what was not taken.
  void subscribe(const Hash& job, std::uint64_t from_rseq, bool with_traces = false);
  // The next result in order of rseq, each exactly once; nullopt after timeout_ms. Throws as calls
  // do; a tracker that is away for less than give_up_ms only means waiting.
  std::optional<CandidateResult> next_result(int timeout_ms);

  // Those of `digests` that the tracker does not have.
  std::vector<Digest> find_missing(const std::vector<Digest>& digests);
  // Uploads unless it is there. Needs the build role. Goes on where a broken upload stopped.
  Digest put_blob(std::string_view bytes);
  // Downloads and verifies; nullopt when the tracker does not have it.
  std::optional<std::string> get_blob(const Digest& digest);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tenon::rpc
