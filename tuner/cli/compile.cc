// tenon compile: a model and known schedules -> a library and its header.
#include <algorithm>
#include <filesystem>
#include <iomanip>
#include <iostream>
#include <optional>

#include "compiler/support/error.h"
#include "compiler/support/files.h"
#include "compiler/support/json_text.h"
#include "tuner/cli/commands.h"
#include "tuner/cli/places.h"
#include "tuner/cli/schedules.h"

namespace tenon::cli {
namespace {

BestRecords records_of(const CompileArguments& a, const std::string& target) {
  if (!a.log.empty()) return best_of_log(a.log, target, a.threads);
  const std::string path = database_path(a.db);
  // Without an explicit database a missing one only means that nothing was tuned yet.
  if (a.db.empty() && !std::filesystem::exists(path)) return {};
  database::StoreOptions options;
  options.path = path;
  options.mode = database::StoreMode::kRead;
  return best_of_store(*database::Store::open(options), target, a.threads);
}

void print_report(const CompileResult& result) {
  std::cerr << std::fixed << std::setprecision(2);
  for (const KernelReport& kernel : result.kernels) {
    std::cerr << "  " << kernel.name << "  x" << kernel.num_calls << "  " << kernel.origin << "  "
              << static_cast<double>(kernel.flops) * 1e-6 << " MFLOP  "
              << kernel.workload.substr(0, 12) << "\n";
  }
  std::cerr << "  arena " << result.arena_bytes << " bytes, lower bound "
            << result.lower_bound_bytes << " bytes\n";
  for (const auto& [name, ms] : result.step_ms) {
    std::cerr << "  " << std::setw(9) << ms << " ms  " << name << "\n";
  }
}

// One line; with -v one for each step too. Says whether all are right.
bool print_verdict(const VerifyReport& report, bool is_verbose) {
  std::cerr << std::defaultfloat << std::setprecision(3);
  double max_error = 0, max_expected = 0;
  for (const VerifyStep& step : report.steps) {
    max_error = std::max(max_error, step.max_error);
    max_expected = std::max(max_expected, step.max_expected);
    if (!is_verbose) continue;
    std::cerr << "  " << (step.is_right ? "right" : "WRONG") << "  max |error| " << step.max_error
              << "  " << step.name << "\n";
  }
  if (const VerifyStep* wrong = report.first_wrong()) {
    std::cerr << "error: --verify: the result differs after " << wrong->name << ": "
              << wrong->difference << "; max |error| " << wrong->max_error << ", max |expected| "
              << wrong->max_expected << "\n";
    return false;
  }
  std::cerr << "verify: " << report.steps.size() - 1 << " steps agree with the imported model, "
            << "max |error| " << max_error << ", max |expected| " << max_expected << "\n";
  if (!report.skipped.empty()) {
    std::cerr << "verify: the library was not run: " << report.skipped << "\n";
  }
  return true;
}

void print_json(const VerifyReport& report) {
  std::cout << ",\"verify\":[";
  const char* separator = "";
  for (const VerifyStep& step : report.steps) {
    std::cout << separator << "{\"step\":" << json_text(step.name)
              << ",\"right\":" << (step.is_right ? "true" : "false")
              << ",\"max_error\":" << step.max_error << "}";
    separator = ",";
  }
  std::cout << "]";
}

void print_json(const CompileArguments& a, const CompileResult& result,
                const std::optional<VerifyReport>& verified) {
  std::cout << "{\"tenon_compile\":1,\"library\":" << json_text(a.output) << ",\"kernels\":[";
  const char* separator = "";
  for (const KernelReport& kernel : result.kernels) {
    std::cout << separator << "{\"name\":" << json_text(kernel.name)
              << ",\"workload\":" << json_text(kernel.workload)
              << ",\"schedule\":" << json_text(kernel.origin) << ",\"calls\":" << kernel.num_calls
              << ",\"flops\":" << kernel.flops << "}";
    separator = ",";
  }
  std::cout << "],\"arena_bytes\":" << json_text(result.arena_bytes);
  if (verified) print_json(*verified);
  std::cout << "}\n";
}

}  // namespace

int run_command(const CompileArguments& a) {
  if (a.output.empty() && a.emit.empty() && !a.verify) {
    throw UserError("compile: neither -o nor --emit nor --verify says what to do");
  }
  const Target target = parse_target(a.target);
  const relax::Module module = load_model(a.model);
  CompileOptions options;
  options.threads = a.threads;
  options.wants = [&](const std::string& stage) { return stage == a.emit; };
  options.emit = [](const std::string&, const std::string& text) { std::cout << text << "\n"; };
  const CompileResult result = compile(
      module, target, schedules_from(records_of(a, to_string(target)), target, a.threads), options);
  if (a.verbose) print_report(result);
  std::optional<VerifyReport> verified;
  if (a.verify) verified = verify(module, target, result.library);
  const bool is_right = !verified || print_verdict(*verified, a.verbose);
  // A library that is not right is not written.
  if (is_right && !a.output.empty()) {
    write_file_atomically(a.output, result.library, 0755);
    write_file_atomically(std::filesystem::path(a.output).replace_extension(".h"), result.header);
  }
  if (a.json) print_json(a, result, verified);
  return is_right ? kDone : kWorkFailed;
}

}  // namespace tenon::cli
