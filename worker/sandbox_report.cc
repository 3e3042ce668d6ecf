#include "worker/sandbox_report.h"

#include <unistd.h>

#include <algorithm>
#include <variant>

#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "rpc/wire/codec.h"

namespace tenon {
namespace {

constexpr int kProbeTimeoutMs = 10'000;
constexpr int kFinishGraceMs = 500;

}  // namespace

SandboxReport probe_sandbox(ChildTable& children, const std::string& runner_program) {
  ChildOptions options;
  options.argv = {runner_program, std::to_string(getpid()), "probe"};
  Child child(children, options);
  const auto received = child.receive(kProbeTimeoutMs, kMaxRunnerBody);
  const auto* frame = std::get_if<rpc::PipeFrame>(&received);
  if (frame != nullptr && frame->type == static_cast<uint16_t>(RunnerFrame::kSandbox)) {
    const auto report = rpc::decode<SandboxReport>(frame->body);
    if (const auto* value = std::get_if<SandboxReport>(&report)) return *value;
  }
  const ExitStatus status = child.finish(kFinishGraceMs);
  throw IoError(str_cat(runner_program, " does not describe its sandbox: ", status.describe(),
                        "; it wrote: ", child.output()));
}

std::string format_sandbox(const SandboxReport& report) {
  std::vector<std::string> parts;
  for (const SandboxStep& step : report.steps) parts.push_back(step.name + ": " + step.state);
  return join(parts, ", ");
}

void require_steps(const SandboxReport& report, const std::vector<std::string>& required) {
  std::vector<std::string> known;
  for (const SandboxStep& step : report.steps) known.push_back(step.name);
  for (const std::string& name : required) {
    const auto step = std::find_if(report.steps.begin(), report.steps.end(),
                                   [&](const SandboxStep& entry) { return entry.name == name; });
    if (step == report.steps.end()) {
      throw UserError("there is no sandbox step '" + name + "'; known are " + join(known, ", "),
                      did_you_mean(name, known));
    }
    if (step->state != "done") {
      throw UserError("the sandbox step '" + name + "' is required, but it is " + step->state);
    }
  }
}

}  // namespace tenon
