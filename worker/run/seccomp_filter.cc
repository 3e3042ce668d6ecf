#include "worker/run/seccomp_filter.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace tenon {
namespace {

#if defined(__x86_64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
constexpr uint32_t kArchitecture = 0;
#endif

// Calls that are harmless with any arguments inside the other walls.
constexpr int kAllowed[] = {
    SYS_read,
    SYS_pread64,
    SYS_write,
    SYS_close,
    SYS_fstat,
    SYS_newfstatat,
    SYS_lseek,
    SYS_readlinkat,
    SYS_mmap,
    SYS_mprotect,
    SYS_munmap,
    SYS_mremap,
    SYS_brk,
    SYS_madvise,
    SYS_futex,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_sigaltstack,
    SYS_restart_syscall,
    SYS_clock_gettime,
    SYS_clock_nanosleep,
    SYS_nanosleep,
    SYS_gettimeofday,
    SYS_sched_yield,
    SYS_sched_getaffinity,
    SYS_getcpu,
    SYS_getpid,
    SYS_gettid,
    SYS_ppoll,
    SYS_getrandom,
    SYS_set_robust_list,
    SYS_exit,
    SYS_exit_group,
    SYS_membarrier,
    SYS_sysinfo,
#if defined(__x86_64__)
    SYS_poll,
    SYS_readlink,
#endif
#if defined(SYS_rseq)
    SYS_rseq,
#endif
#if defined(__SANITIZE_ADDRESS__)
    SYS_pipe2,  // how the sanitizer asks whether memory may be read
#endif
};

// Builds the program: one block a rule, each ending in ALLOW or falling through to the next.
class Program {
 public:
  void load(size_t offset) {
    code_.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset)));
  }
  void finish(uint32_t action) { code_.push_back(BPF_STMT(BPF_RET | BPF_K, action)); }
  void allow_if_equal(uint32_t value) {
    skip_unless_equal(value, 1);
    finish(SECCOMP_RET_ALLOW);
  }
  void skip_unless_equal(uint32_t value, uint8_t count) {
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, count));
  }
  void skip_if_any_bit(uint32_t bits, uint8_t count) {
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, count, 0));
  }
  // The call with argument `index` (low half) equal to `value`.
  void allow_with_argument(int call, int index, uint32_t value) {
    load(offsetof(seccomp_data, nr));
    skip_unless_equal(static_cast<uint32_t>(call), 3);
    load(offsetof(seccomp_data, args) + static_cast<size_t>(index) * 8);
    allow_if_equal(value);
  }
  // The call when argument `index` has none of `bits`.
  void allow_without_bits(int call, int index, uint32_t bits) {
    load(offsetof(seccomp_data, nr));
    skip_unless_equal(static_cast<uint32_t>(call), 3);
    load(offsetof(seccomp_data, args) + static_cast<size_t>(index) * 8);
    skip_if_any_bit(bits, 1);
    finish(SECCOMP_RET_ALLOW);
  }
  std::vector<sock_filter>& code() { return code_; }

 private:
  std::vector<sock_filter> code_;
};

std::vector<sock_filter> make_program() {
  constexpr uint32_t kWriting = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;
  Program program;
  program.load(offsetof(seccomp_data, arch));
  program.skip_unless_equal(kArchitecture, 1);
  program.code().push_back(BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0));
  program.finish(SECCOMP_RET_KILL_PROCESS);
  program.load(offsetof(seccomp_data, nr));
  for (const int call : kAllowed) program.allow_if_equal(static_cast<uint32_t>(call));
  program.allow_without_bits(SYS_openat, 2, kWriting);
#if defined(__x86_64__)
  program.allow_without_bits(SYS_open, 1, kWriting);
#endif
  // send() on the connected control socket: no address.
  program.allow_with_argument(SYS_sendto, 4, 0);
  // abort() signals its own process.
  program.allow_with_argument(SYS_tgkill, 0, static_cast<uint32_t>(getpid()));
  program.finish(SECCOMP_RET_KILL_PROCESS);
  return std::move(program.code());
}

}  // namespace

int install_seccomp_filter() {
  if (kArchitecture == 0) return ENOSYS;
  std::vector<sock_filter> code = make_program();
  sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
  const long status =
      syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
  if (status > 0) return EBUSY;  // a thread that could not take the filter
  return status == 0 ? 0 : errno;
}

}  // namespace tenon
