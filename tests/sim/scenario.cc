#include "tests/sim/scenario.h"

#include <map>

#include "compiler/support/error.h"
#include "compiler/support/files.h"
#include "compiler/support/text.h"

namespace tenon::sim {

Scenario read_scenario(const std::string& name) {
  Scenario scenario;
  scenario.name = name;
  const std::map<std::string, int*> numbers = {{"workers", &scenario.workers},
                                               {"batches", &scenario.batches},
                                               {"batch_size", &scenario.batch_size},
                                               {"fault_ms", &scenario.fault_ms},
                                               {"max_delay_ms", &scenario.max_delay_ms},
                                               {"drop_permille", &scenario.drop_permille},
                                               {"repeat_permille", &scenario.repeat_permille},
                                               {"tracker_kills", &scenario.tracker_kills},
                                               {"worker_kills", &scenario.worker_kills},
                                               {"client_kills", &scenario.client_kills},
                                               {"cuts", &scenario.cuts},
                                               {"full_disks", &scenario.full_disks}};
  const std::string path = str_cat(TENON_SOURCE_DIR, "/tests/sim/scenarios/", name, ".scenario");
  for (const std::string& line : split_lines(read_file(path))) {
    if (line.empty() || line[0] == '#') continue;
    const std::vector<std::string> words = split(line, ' ');
    const auto number = numbers.find(words[0]);
    const auto value = words.size() == 2 ? parse_int(words[1]) : std::nullopt;
    if (number != numbers.end() && value) {
      *number->second = static_cast<int>(*value);
    } else if (line == "break early_ack") {
      scenario.broken = Break::kEarlyAck;
    } else if (line == "break same_epoch") {
      scenario.broken = Break::kSameEpoch;
    } else {
      throw UserError(str_cat(path, ": not understood: ", quote(line)));
    }
  }
  return scenario;
}

}  // namespace tenon::sim
