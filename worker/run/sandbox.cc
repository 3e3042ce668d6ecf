#include "worker/run/sandbox.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <functional>

#include "compiler/support/descriptor.h"
#include "worker/run/process_namespace.h"
#include "worker/run/seccomp_filter.h"

namespace tenon {
namespace {

constexpr rlim_t kMaxOpenFiles = 64;
constexpr int kUnusedUidBase = 2'000'000'000;  // + process id: no account, no other runner
// Without privilege a user namespace gives the right to other namespaces, where it is allowed.
constexpr int kForRights = CLONE_NEWUSER;

std::string unavailable(int error_number) {
  return std::string("unavailable: ") + std::strerror(error_number);
}

std::string enter_own_processes(bool* has_rights) {
  const int status = enter_process_namespace(*has_rights ? 0 : kForRights);
  if (status != 0) return unavailable(status);
  *has_rights = true;
  return "done";
}

std::string enter_empty_network(bool has_rights) {
  const int flags = CLONE_NEWNET | CLONE_NEWIPC | (has_rights ? 0 : kForRights);
  return unshare(flags) == 0 ? "done" : unavailable(errno);
}

std::string forbid_new_privileges() {
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? "done" : unavailable(errno);
}

bool limit(int resource, rlim_t value) {
  const rlimit both{value, value};
  return setrlimit(static_cast<__rlimit_resource_t>(resource), &both) == 0;
}

std::string set_resource_limits(const SandboxLimits& limits) {
  bool ok = limit(RLIMIT_CORE, 0) && limit(RLIMIT_FSIZE, 0) &&
            limit(RLIMIT_NOFILE, kMaxOpenFiles) && limit(RLIMIT_MSGQUEUE, 0);
  if (limits.wall_ms > 0) {
    const rlim_t seconds = limits.wall_ms / 1000 + 1;
    ok = limit(RLIMIT_CPU, seconds * std::max(limits.threads, 1u) + 1) && ok;
  }
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  if (limits.memory_bytes > 0) ok = limit(RLIMIT_AS, limits.memory_bytes) && ok;
#endif
  return ok ? "done" : unavailable(errno);
}

// Landlock ABI 1 file rights: everything is handled, so everything not allowed below is denied.
constexpr uint64_t kHandledRights = (uint64_t{1} << 13) - 1;

bool allow_reading(int ruleset, int fd, uint64_t rights) {
  landlock_path_beneath_attr rule{};
  rule.allowed_access = rights;
  rule.parent_fd = fd;
  return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
}

std::string confine_files(int artifact_fd) {
  landlock_ruleset_attr attributes{};
  attributes.handled_access_fs = kHandledRights;
  const long created =
      syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes.handled_access_fs, 0);
  if (created < 0) return unavailable(errno);
  const Descriptor ruleset(static_cast<int>(created));
  if (!allow_reading(ruleset.get(), artifact_fd, LANDLOCK_ACCESS_FS_READ_FILE)) {
    return unavailable(errno);
  }
  return syscall(SYS_landlock_restrict_self, ruleset.get(), 0) == 0 ? "done" : unavailable(errno);
}

// Takes the identity of nobody: no files of the daemon's user, no signals to its processes.
std::string drop_identity(pid_t process_id) {
  if (geteuid() != 0) return "unavailable: the worker does not run as root";
  const id_t id = static_cast<id_t>(kUnusedUidBase + process_id);
  if (syscall(SYS_setgroups, 0, nullptr) != 0) return unavailable(errno);
  if (setresgid(id, id, id) != 0 || setresuid(id, id, id) != 0) return unavailable(errno);
  // The change of identity cleared the death signal and made the process undumpable.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return unavailable(errno);
  return "done";
}

bool is_skipped(const SandboxLimits& limits, const std::string& name) {
  return std::find(limits.skipped.begin(), limits.skipped.end(), name) != limits.skipped.end();
}

}  // namespace

std::vector<SandboxStep> enter_sandbox(const SandboxLimits& limits) {
  const pid_t process_id = getpid();  // inside a process namespace all runners have the same
  bool has_rights = geteuid() == 0;
  const std::vector<std::pair<std::string, std::function<std::string()>>> steps = {
      {"processes", [&] { return enter_own_processes(&has_rights); }},
      {"network", [&] { return enter_empty_network(has_rights); }},
      {"no_new_privs", forbid_new_privileges},
      {"rlimits", [&] { return set_resource_limits(limits); }},
      {"landlock", [&] { return confine_files(limits.artifact_fd); }},
      {"uid", [&] { return drop_identity(process_id); }},
  };
  std::vector<SandboxStep> report;
  for (const auto& [name, take] : steps) {
    report.push_back({name, is_skipped(limits, name) ? "skipped" : take()});
  }
  return report;
}

SandboxStep seal_sandbox(const SandboxLimits& limits) {
  if (is_skipped(limits, "seccomp")) return {"seccomp", "skipped"};
  const int status = install_seccomp_filter();
  return {"seccomp", status == 0 ? "done" : unavailable(status)};
}

}  // namespace tenon
