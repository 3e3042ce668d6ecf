// A scenario of the simulation: a text file with one "name value" a line.
#pragma once

#include <string>

namespace tenon::sim {

enum class Break { kNothing, kEarlyAck, kSameEpoch };

struct Scenario {
  std::string name;
  int workers = 1;
  int batches = 1;
  int batch_size = 1;
  int fault_ms = 0;  // nothing is lost, killed or full after this time
  int max_delay_ms = 5;
  int drop_permille = 0;
  int repeat_permille = 0;
  int tracker_kills = 0;
  int worker_kills = 0;
  int client_kills = 0;
  int cuts = 0;        // times that the network between one peer and the tracker fails for a while
  int full_disks = 0;  // times that the disk refuses writes for a while
  Break broken = Break::kNothing;
};

// tests/sim/scenarios/NAME.scenario. Throws UserError naming a line that is not understood.
Scenario read_scenario(const std::string& name);

}  // namespace tenon::sim
