// A process namespace for candidate code: whatever it starts, in whatever group or session, ends
// with it, and when the daemon is killed all of it ends too.
//
//   before: the runner          after: the runner, which only waits
//                                        first process of the namespace, which only reaps
//                                          the runner goes on here, as an ordinary process
#pragma once

namespace tenon {

// Returns 0 in the process that goes on, or an errno; then the caller goes on as it is. The outer
// process does not return: it ends as the inner one ends, after everything in the namespace.
// Needs a process with one thread. `extra_flags` are given to unshare() besides CLONE_NEWPID.
int enter_process_namespace(int extra_flags);

}  // namespace tenon
