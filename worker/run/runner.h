// One run of one artifact, from the request to the last frame. See worker/protocol/runner.h.
#pragma once

#include "worker/protocol/runner.h"

namespace tenon {

// Serves the request on the control socket. Returns the process's exit code: 0 when the last frame
// was sent (also when it was kFailed), 1 when the daemon is gone or said something else.
int serve_run(int control_fd, int artifact_fd);

// Takes the sandbox steps that a run would take and reports them, without any candidate.
int report_sandbox(int control_fd);

}  // namespace tenon
