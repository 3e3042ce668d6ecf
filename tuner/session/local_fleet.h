// Local is a fleet of one: a private tracker and worker as child processes on a private socket.
//
// Their directory has mode 0700 and goes with the object. Keys are fresh and passed by descriptor.
// Both hold the read end of a lifeline pipe: when this process dies, however it dies, they end by
// themselves within seconds.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "rpc/net/keys.h"

namespace tenon {

struct LocalFleetOptions {
  std::string database;       // the tracker's; made when absent
  std::uint32_t threads = 1;  // cores kept for measuring
  std::string log_file;       // where the daemons' logs go; "": a file in the private directory
  // Where the programs are; "": beside this program.
  std::string program_directory;
};

class LocalFleet {
 public:
  // Starts both and waits until the tracker listens. Pins the calling thread, and what it starts
  // later, off the measuring cores while the object lives. IoError with the end of the log when a
  // program is missing or does not come up.
  explicit LocalFleet(const LocalFleetOptions& options);
  ~LocalFleet();
  LocalFleet(const LocalFleet&) = delete;
  LocalFleet& operator=(const LocalFleet&) = delete;

  const std::string& url() const;
  const rpc::PeerKey& client_key() const;  // of a submitter
  const std::string& quiet_lock() const;   // "": measuring has cores of its own
  // What there is to tell since the last call, one a line, or "": what has died (killed, out of
  // memory) and was started again, and what the daemons warned of (a full disk), each text once.
  // Throws IoError when a program ends again and again. For one thread.
  std::string news();
  // The last lines of the daemons' log, for error messages.
  std::string log_tail() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tenon
