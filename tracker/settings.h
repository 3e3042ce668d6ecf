// What a job says once for all its candidates, as the texts that the database keeps.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rpc/wire/messages.h"

namespace tenon::tracker {

struct JobSettings {
  std::string device_class;        // empty: not yet fixed
  std::vector<std::string> needs;  // labels that a run worker must have
  std::string options;             // of code generation
  std::vector<std::uint64_t> seeds;
  rpc::Protocol protocol;
  bool operator==(const JobSettings&) const = default;
};

JobSettings settings_of(const rpc::Submit& submit);

// Canonical JSON of how times are taken: protocol and seeds. The identity of a measuring protocol
// is the hash of it.
std::string protocol_text(const JobSettings& settings);

// The text of the job row's selector. Reading back gives the same settings; IoError when it is not
// such a text.
std::string selector_text(const JobSettings& settings);
JobSettings settings_from_selector(std::string_view text);

}  // namespace tenon::tracker
