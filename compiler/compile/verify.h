// --verify: what a module computes before and after every graph pass, and what its library does.
#pragma once
#include <string>
#include <vector>

#include "compiler/compile.h"
#include "compiler/compile/plain_kernel.h"
#include "compiler/passes/relax/passes.h"

namespace tenon {

// The passes of compile() for a target; `kernels` evaluates constants and must outlive them.
std::vector<relax::GraphPass> compile_passes(const Target& target, PlainKernels& kernels);

// More blocks' iterations than this are refused: minutes of plain loops.
inline constexpr std::int64_t kMaxVerifiedPoints = 100'000'000'000;

class Verifier {
 public:
  explicit Verifier(const relax::Module& imported, std::int64_t max_points = kMaxVerifiedPoints);

  // One step a pass, each on what the pass before it gave; a pass or module that fails is wrong.
  void check_passes(const std::vector<relax::GraphPass>& passes);
  // Runs the library on the same inputs.
  void check_library(const std::string& library);
  const VerifyReport& report() const { return report_; }
  VerifyReport take_report() { return std::move(report_); }

 private:
  relax::Value run(const relax::Module& module);
  std::vector<relax::TensorRef> run_kernel(const relax::KernelCall& call);
  void compare(const std::string& name, const relax::Value& found);

  // A result that is known: passes leave most kernels and constants as they are.
  struct Known {
    std::vector<relax::TensorRef> arguments;  // keeps their addresses taken
    std::vector<relax::TensorRef> results;
  };

  const relax::Module& imported_;
  const std::int64_t max_points_;
  std::int64_t points_ = 0;
  PlainKernels kernels_;
  std::map<std::string, Known> known_;
  std::vector<relax::Value> arguments_;
  relax::Value expected_{relax::Value::Tuple{}};
  VerifyReport report_;
};

}  // namespace tenon
