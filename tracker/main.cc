// The program tenon-tracker: reads its options, opens keys and database, serves until told to stop.
// Exit: 0 stopped; 1 the database or a socket failed; 2 asked wrongly, or keys, address or database
// refused.
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <iostream>
#include <string>

#include "compiler/support/error.h"
#include "compiler/support/files.h"
#include "compiler/support/text.h"
#include "tracker/server.h"

namespace {

using tenon::str_cat;

std::atomic<bool> g_stop = false;

void stop_on_signal(int) { g_stop = true; }

void set_signal(int number, void (*handler)(int)) {
  struct sigaction action{};
  action.sa_handler = handler;
  sigaction(number, &action, nullptr);
}

struct Arguments {
  std::string listen;
  std::string database;
  std::string keys;
  std::string blobs;
  std::uint64_t blob_limit_mib = 5 * 1024;
  tenon::tracker::Settings settings;
  int keys_fd = -1;
  int lifeline_fd = -1;
  int ready_fd = -1;
};

void define(CLI::App& app, Arguments& arguments) {
  app.add_option("--listen", arguments.listen, "tcp://HOST:PORT (HOST may be *) or ipc://PATH")
      ->required();
  app.add_option("--db", arguments.database, "database file; made when absent")->required();
  app.add_option("--keys", arguments.keys,
                 "directory with server.key and authorized/; made when absent");
  app.add_option("--blobs", arguments.blobs,
                 "directory of built libraries (default: the cache directory)");
  app.add_option("--blob-limit", arguments.blob_limit_mib, "size of that directory, MiB")
      ->capture_default_str();
  app.add_option("--build-limit-ms", arguments.settings.build_wall_ms,
                 "longest build of a candidate")
      ->capture_default_str()
      ->check(CLI::Range(100, 3'600'000));
  app.add_option("--run-limit-ms", arguments.settings.run_wall_ms,
                 "longest run of a candidate, besides the time that its job measures for")
      ->capture_default_str()
      ->check(CLI::Range(100, 3'600'000));
  app.add_option("--keys-fd", arguments.keys_fd,
                 "read the keys from this descriptor instead (private tracker)");
  app.add_option("--lifeline-fd", arguments.lifeline_fd,
                 "stop 2 s after the other end of this pipe is closed");
  app.add_option("--ready-fd", arguments.ready_fd,
                 "write the bound address and a newline here when listening");
  app.footer("Example: tenon tracker --listen 'tcp://*:7701' --db farm.db --keys keys");
}

tenon::tracker::ServerOptions server_options(const Arguments& arguments) {
  tenon::tracker::ServerOptions options;
  options.url = arguments.listen;
  options.database_path = arguments.database;
  if (arguments.keys_fd >= 0) {
    const tenon::Descriptor fd(arguments.keys_fd);
    const std::string text = tenon::read_file(str_cat("/proc/self/fd/", fd.get()), 1 << 20);
    options.keys =
        tenon::rpc::parse_tracker_keys(text, str_cat("from descriptor ", arguments.keys_fd));
  } else if (!arguments.keys.empty()) {
    options.key_directory = arguments.keys;
    options.keys = tenon::rpc::open_key_directory(arguments.keys);
  } else {
    throw tenon::UserError("tracker: no keys",
                           "give --keys DIR; tenon keygen adds a worker's or client's key to it");
  }
  options.blobs.directory = arguments.blobs.empty() ? tenon::cache_directory() / "artifacts"
                                                    : std::filesystem::path(arguments.blobs);
  options.blobs.max_bytes = arguments.blob_limit_mib << 20;
  options.settings = arguments.settings;
  options.lifeline = tenon::Descriptor(arguments.lifeline_fd);
  return options;
}

int serve(const Arguments& arguments) {
  set_signal(SIGPIPE, SIG_IGN);
  set_signal(SIGXFSZ, SIG_IGN);
  set_signal(SIGTERM, stop_on_signal);
  // A private tracker outlives the Ctrl-C that its parent gets: the parent decides when it ends.
  set_signal(SIGINT, arguments.lifeline_fd >= 0 ? SIG_IGN : stop_on_signal);
  tenon::SystemClock clock;
  tenon::Log log("tracker", tenon::LogLevel::kInfo, clock);
  tenon::tracker::TrackerServer server(server_options(arguments), log, clock);
  if (arguments.ready_fd >= 0) {
    const tenon::Descriptor fd(arguments.ready_fd);
    tenon::write_all(fd.get(), server.url() + "\n", "the ready descriptor");
  }
  server.run(g_stop);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Keeps jobs and measurements, and hands work to workers.", "tenon-tracker");
  Arguments arguments;
  define(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    return serve(arguments);
  } catch (const tenon::UserError& error) {
    std::cerr << "error: " << error.what() << "\n";
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
}
