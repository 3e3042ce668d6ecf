// What this machine is, in the words that measurements are compared by.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "rpc/wire/types.h"

namespace tenon {

// The processor as one device. Its class is the canonical JSON of what must be equal for two times
// to be comparable: model, stepping, microcode, cache sizes; never a serial number or a name.
rpc::Device describe_processor(const std::string& worker_name, uint32_t max_threads);

// "x86_64" and the instruction sets that a job may ask for.
std::vector<std::string> processor_labels();

// What else times depend on, as canonical JSON: kernel, frequency governor, turbo, address
// randomisation. The same on every call unless somebody changed the machine.
std::string environment_text();

uint32_t load_permille();
uint64_t free_bytes(const std::filesystem::path& directory);

// The host's name, for people.
std::string host_name();

}  // namespace tenon
