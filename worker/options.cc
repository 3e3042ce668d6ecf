#include "worker/options.h"

#include <CLI/CLI.hpp>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "compiler/support/descriptor.h"
#include "compiler/support/error.h"
#include "compiler/support/files.h"
#include "compiler/support/text.h"
#include "worker/device.h"

namespace tenon {
namespace {

constexpr size_t kMaxKeyBytes = 4096;

// What the words of the command line are before they are checked.
struct Words {
  std::string tracker;
  std::string key_file;
  int key_fd = -1;
  std::string roles = "build,run";
  std::string name;
  std::string state;
  std::string cache;
  uint64_t cache_mib = 5120;
  uint32_t run_threads = 1;
  uint32_t builders = 1;
  std::string skip;
  std::string require;
  std::string quiet_lock;
  int lifeline_fd = -1;
  std::string log_level = "info";
  std::string builder;
  std::string runner;
  bool describe = false;
};

void describe(CLI::App& app, Words& words) {
  app.add_option("--tracker", words.tracker, "tcp://HOST:PORT or ipc://PATH");
  auto* file = app.add_option("--key", words.key_file, "key file made by tenon keygen");
  app.add_option("--key-fd", words.key_fd, "read the key from this open descriptor")
      ->excludes(file);
  app.add_option("--role", words.roles, "build, run or build,run")->capture_default_str();
  app.add_option("--name", words.name, "name in the farm; the host's name if not given");
  app.add_option("--state", words.state, "directory of unsent results");
  app.add_option("--cache", words.cache, "directory of artifacts");
  app.add_option("--cache-mib", words.cache_mib, "largest size of it")->capture_default_str();
  app.add_option("--threads", words.run_threads, "cores kept for measuring")
      ->capture_default_str()
      ->check(CLI::Range(1, 1024));
  app.add_option("--builders", words.builders, "builder children")
      ->capture_default_str()
      ->check(CLI::Range(1, 64));
  app.add_option("--skip-sandbox", words.skip, "sandbox steps that are not taken");
  app.add_option("--require-sandbox", words.require, "refuse to start without these steps");
  app.add_option("--quiet-lock", words.quiet_lock,
                 "file that is locked while measuring needs all cores");
  app.add_option("--lifeline-fd", words.lifeline_fd,
                 "end when the writer of this descriptor closes it");
  app.add_option("--log", words.log_level, "debug, info, warning or error")->capture_default_str();
  app.add_option("--builder", words.builder, "builder program, if not beside this one");
  app.add_option("--runner", words.runner, "runner program, if not beside this one");
  app.add_flag("--describe", words.describe,
               "print what this machine offers, sandbox included, and leave");
  app.footer(
      "Examples:\n"
      "  tenon-worker --tracker tcp://farm:7701 --key board7.key\n"
      "  tenon-worker --tracker tcp://farm:7701 --key board7.key --role run --threads 4\n"
      "Sandbox steps: processes, network, no_new_privs, rlimits, landlock, uid, seccomp.");
}

std::vector<std::string> list_of(const std::string& text) {
  return text.empty() ? std::vector<std::string>{} : split(text, ',');
}

std::string read_key_fd(int fd) {
  const Descriptor owned(fd);
  std::string text(kMaxKeyBytes, '\0');
  size_t size = 0;
  while (size < text.size()) {
    const ssize_t count = ::read(fd, text.data() + size, text.size() - size);
    if (count < 0) throw_io_error("read the key from descriptor " + std::to_string(fd), errno);
    if (count == 0) break;
    size += static_cast<size_t>(count);
  }
  text.resize(size);
  return text;
}

rpc::PeerKey read_key(const Words& words) {
  if (words.key_fd >= 0) {
    return rpc::parse_peer_key(read_key_fd(words.key_fd),
                               "descriptor " + std::to_string(words.key_fd));
  }
  if (words.key_file.empty()) throw UserError("--key FILE is needed", "tenon keygen makes one");
  return rpc::read_peer_key(words.key_file);
}

void check_steps(const std::vector<std::string>& names) {
  const std::vector<std::string> known = {"processes", "network", "no_new_privs", "rlimits",
                                          "landlock",  "uid",     "seccomp"};
  for (const std::string& name : names) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    throw UserError("there is no sandbox step '" + name + "'; known are " + join(known, ", "),
                    did_you_mean(name, known));
  }
}

WorkerCommand make_command(const Words& words) {
  WorkerCommand command;
  WorkerOptions& options = command.options;
  const std::optional<LogLevel> level = parse_log_level(words.log_level);
  if (!level) throw UserError("--log " + words.log_level + ": debug, info, warning or error");
  command.log_level = *level;
  command.is_description = words.describe;
  if (!words.describe) {
    if (words.tracker.empty()) throw UserError("--tracker URL is needed");
    options.tracker_url = words.tracker;
    options.key = read_key(words);
  }
  options.roles = rpc::parse_roles(words.roles);
  for (const rpc::Role role : options.roles) {
    if (role != rpc::Role::kBuild && role != rpc::Role::kRun) {
      throw UserError("--role " + words.roles + ": a worker's roles are build and run");
    }
  }
  options.name = words.name.empty() ? host_name() : words.name;
  if (options.name.find('/') != std::string::npos || options.name.starts_with('.')) {
    throw UserError("--name " + options.name + ": a name has no '/' and no '.' in front");
  }
  options.state_directory = words.state;
  options.cache_directory = words.cache;
  if (words.state.empty()) options.state_directory = state_directory() / "worker" / options.name;
  if (words.cache.empty()) options.cache_directory = cache_directory() / "worker" / options.name;
  options.cache_bytes = words.cache_mib << 20;
  options.run_threads = words.run_threads;
  options.num_builders = words.builders;
  options.skipped_steps = list_of(words.skip);
  options.required_steps = list_of(words.require);
  check_steps(options.skipped_steps);
  options.quiet_lock = words.quiet_lock;
  options.lifeline_fd = words.lifeline_fd;
  const std::filesystem::path programs = program_path().parent_path();
  options.runner_program = words.runner;
  options.builder_program = words.builder;
  if (words.runner.empty()) options.runner_program = (programs / "tenon-runner").string();
  if (words.builder.empty()) options.builder_program = (programs / "tenon-builder").string();
  return command;
}

}  // namespace

ParsedCommand parse_worker_command(int argc, char** argv) {
  Words words;
  CLI::App app("Builds and measures schedule candidates for a tracker.", "tenon-worker");
  describe(app, words);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return {std::nullopt, code == 0 ? 0 : 2};
  }
  return {make_command(words), 0};
}

}  // namespace tenon
