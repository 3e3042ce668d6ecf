// What walls a runner child gets on this machine: asked from a runner itself, without a candidate.
#pragma once

#include <string>
#include <vector>

#include "worker/child.h"
#include "worker/protocol/runner.h"

namespace tenon {

// Starts `tenon-runner PARENT probe` and reads its report. Throws IoError when it gives none.
SandboxReport probe_sandbox(ChildTable& children, const std::string& runner_program);

// "network: done, landlock: unavailable: ...".
std::string format_sandbox(const SandboxReport& report);

// Throws UserError naming the steps of `required` that are not done, with their reasons, and steps
// that do not exist.
void require_steps(const SandboxReport& report, const std::vector<std::string>& required);

}  // namespace tenon
