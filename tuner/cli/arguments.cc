#include "tuner/cli/arguments.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <iostream>

#include "compiler/support/error.h"

namespace tenon::cli {
namespace {

constexpr int kUsageError = 2;

void add_target(CLI::App* app, std::string& target, int& threads) {
  app->add_option("--target", target, "\"native\", or like \"llvm -mcpu=znver3 -mattr=+avx2,+fma\"")
      ->capture_default_str();
  app->add_option("--threads", threads, "threads the library will use")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
}

void add_tune(CLI::App& root, TuneArguments& a, std::string& time_limit) {
  auto* app = root.add_subcommand("tune", "search for fast schedules and write the library");
  app->add_option("MODEL", a.model, "an ONNX file, or a graph script (.py)")->required();
  app->add_option("-o,--output", a.output, "the library to write")->required();
  add_target(app, a.target, a.threads);
  app->add_option("--trials", a.trials, "measured candidates in all, over every run of the job")
      ->check(CLI::NonNegativeNumber);
  app->add_option("--time-limit", time_limit, "like 90s, 10m, 1h")
      ->check([](const std::string& text) {
        return text.empty() ? "a duration like 90s, 10m or 1h is needed" : "";
      });
  app->add_option("--seed", a.seed, "of the search")->capture_default_str();
  app->add_option("--db", a.db, "database (default: the user's)");
  app->add_option("--tracker", a.tracker, "URL of a tracker; a private one is started without");
  app->add_option("--key", a.key, "key file for the tracker");
  app->add_flag("--fresh", a.fresh, "a new job even if an equal one can be resumed");
  app->add_flag("--json", a.json, "JSON lines on stdout, the summary last");
  app->footer(
      "Examples:\n  tenon tune model.onnx -o model.so --time-limit 10m\n"
      "  tenon tune model.onnx -o model.so --trials 300 --threads 2 --db tuning.db\n"
      "The same command again goes on where it stopped.");
}

void add_compile(CLI::App& root, CompileArguments& a) {
  auto* app = root.add_subcommand("compile", "write a library from known schedules");
  app->add_option("MODEL", a.model, "an ONNX file, or a graph script (.py)")->required();
  app->add_option("-o,--output", a.output, "the library to write");
  add_target(app, a.target, a.threads);
  auto* db = app->add_option("--db", a.db, "take the best schedules of this database");
  app->add_option("--log", a.log, "take the best schedules of this exported log")->excludes(db);
  app->add_option("--emit", a.emit, "print a stage to stdout")
      ->check(CLI::IsMember({"relax", "tir", "llvm", "asm"}));
  app->add_flag("--verify", a.verify,
                "run the model after every graph pass, and the library, and compare");
  app->add_flag("-v,--verbose", a.verbose, "kernels, memory and time of each step");
  app->add_flag("--json", a.json, "the report as JSON on stdout");
  app->footer(
      "Examples:\n  tenon compile model.onnx -o model.so --log tuned.jsonl\n"
      "  tenon compile model.onnx --emit tir");
}

void add_run(CLI::App& root, RunArguments& a) {
  auto* app = root.add_subcommand("run", "run a library on data, compare, or time it");
  app->add_option("LIBRARY", a.library, "a compiled library")->required();
  auto* input = app->add_option("--input", a.input, "inputs as .npz, by name or arr_0, arr_1 ...");
  app->add_option("--test-data", a.test_data, "folder of input_N.pb and output_N.pb")
      ->excludes(input);
  app->add_option("--expect", a.expect, "expected outputs as .npz");
  app->add_option("--rtol", a.rtol, "relative tolerance")->capture_default_str();
  app->add_option("--atol", a.atol,
                  "absolute tolerance (default: 1e-4 of the largest expected value)");
  app->add_flag("--bench", a.bench, "time it");
  app->add_option("--threads", a.threads)->check(CLI::Range(1, 1024))->capture_default_str();
  app->add_option("--seed", a.seed, "of made-up inputs, when none are given");
  app->add_flag("--json", a.json, "the result as JSON on stdout");
  app->footer("Example:\n  tenon run model.so --input in.npz --expect out.npz --bench");
}

void add_look(CLI::App& root, InspectArguments& inspect, BestArguments& best) {
  auto* app = root.add_subcommand("inspect", "show a model's tasks, or a library's interface");
  app->add_option("PATH", inspect.path, "an ONNX file, a graph script (.py) or a compiled library")
      ->required();
  add_target(app, inspect.target, inspect.threads);
  app->add_flag("--space", inspect.space, "knobs, legal candidates and constraints of each task");
  auto* second = root.add_subcommand("best", "the best known schedules of a model");
  second->add_option("MODEL", best.model, "an ONNX file, or a graph script (.py)")->required();
  second->add_option("--db", best.db, "database (default: the user's)");
  add_target(second, best.target, best.threads);
  second->add_flag("--json", best.json);
}

void add_records(CLI::App& root, ExportArguments& out, ImportArguments& in) {
  auto* app = root.add_subcommand("export", "write a database's records as a portable log");
  app->add_option("--db", out.db, "database (default: the user's)");
  app->add_option("-o,--output", out.output, "the log to write")->required();
  auto* second = root.add_subcommand("import", "add a log's records to a database");
  second->add_option("LOG", in.log, "an exported log")->required();
  second->add_option("--db", in.db, "database (default: the user's)");
}

void add_service(CLI::App& root, KeygenArguments& keygen, DoctorArguments& doctor,
                 DaemonArguments& tracker, DaemonArguments& worker) {
  auto* app = root.add_subcommand("keygen", "make a key pair, or authorise one for a role");
  app->add_option("DIRECTORY", keygen.directory, "where keys are kept")->required();
  app->add_option("--name", keygen.name, "whose key")->required();
  app->add_option("--role", keygen.role,
                  "authorise it at a tracker with these keys: viewer, submitter, operator, admin, "
                  "build, run, or several with commas")
      ->required();
  auto* second = root.add_subcommand("doctor", "what this machine offers and what is wrong");
  second->add_option("--db", doctor.db, "a database to check");
  second->add_flag("--json", doctor.json);
  for (auto* daemon : {&tracker, &worker}) {
    const bool is_tracker = daemon == &tracker;
    auto* sub = root.add_subcommand(is_tracker ? "tracker" : "worker",
                                    is_tracker ? "the tuning service (tenon-tracker --help)"
                                               : "a build or run worker (tenon-worker --help)");
    daemon->program = is_tracker ? "tenon-tracker" : "tenon-worker";
    sub->prefix_command();
    sub->set_help_flag("");
  }
}

}  // namespace

double parse_duration(const std::string& text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  const std::string unit(stop, end);
  double scale = -1;
  if (unit.empty() || unit == "s") scale = 1;
  if (unit == "m") scale = 60;
  if (unit == "h") scale = 3600;
  if (error != std::errc{} || scale < 0 || value <= 0) {
    throw UserError("--time-limit " + text + ": a duration like 90s, 10m or 1h is needed");
  }
  return value * scale;
}

std::variant<Arguments, int> read_arguments(int argc, char** argv) {
  CLI::App app("Tenon: compiles trained models into fast native libraries and tunes them.",
               "tenon");
  app.set_version_flag("--version", std::string("tenon ") + TENON_VERSION);
  app.require_subcommand(1);
  app.footer("Start with: tenon tune MODEL.onnx -o model.so --time-limit 10m");
  TuneArguments tune;
  CompileArguments compile;
  RunArguments run;
  InspectArguments inspect;
  BestArguments best;
  ExportArguments out;
  ImportArguments in;
  KeygenArguments keygen;
  DoctorArguments doctor;
  DaemonArguments tracker, worker;
  std::string time_limit;
  add_tune(app, tune, time_limit);
  add_compile(app, compile);
  add_run(app, run);
  add_look(app, inspect, best);
  add_records(app, out, in);
  add_service(app, keygen, doctor, tracker, worker);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error, std::cout, std::cerr) == 0 ? 0 : kUsageError;
  }
  const std::string name = app.get_subcommands().front()->get_name();
  if (!time_limit.empty()) tune.time_limit_s = parse_duration(time_limit);
  if (name == "tune") return Arguments{tune};
  if (name == "compile") return Arguments{compile};
  if (name == "run") return Arguments{run};
  if (name == "inspect") return Arguments{inspect};
  if (name == "best") return Arguments{best};
  if (name == "export") return Arguments{out};
  if (name == "import") return Arguments{in};
  if (name == "keygen") return Arguments{keygen};
  if (name == "doctor") return Arguments{doctor};
  DaemonArguments& daemon = name == "tracker" ? tracker : worker;
  daemon.arguments = app.get_subcommands().front()->remaining();
  return Arguments{daemon};
}

}  // namespace tenon::cli
