// The system-call allow-list of a runner after its threads exist: memory, locks, clocks, reading
// the artifact, writing to the open control socket. Anything else ends the process (SIGSYS).
#pragma once

namespace tenon {

// Installs the filter in all threads. Needs no_new_privs or privilege. Returns 0 or an errno;
// ENOSYS on an architecture without a list.
int install_seccomp_filter();

}  // namespace tenon
