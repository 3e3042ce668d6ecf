// The command that schedules: a script, a line "trace:", and the trace as JSON. Prints the
// scheduled module, after checking that both modules compute the same.
#include "compiler/schedule/trace.h"
#include "compiler/support/error.h"
#include "compiler/tir/interpret.h"
#include "compiler/tir/script/parser.h"
#include "compiler/tir/script/printer.h"
#include "compiler/tir/verify.h"
#include "compiler/tir/visit.h"
#include "tests/golden/commands.h"

namespace tenon::golden {

namespace {

constexpr double kTolerance = 1e-5;

bool same_parameters(const tir::PrimFunc& a, const tir::PrimFunc& b) {
  for (std::size_t i = 0; i < a.params.size(); ++i) {
    const tir::Buffer& x = a.params[i].buffer;
    const tir::Buffer& y = b.params[i].buffer;
    if (x && !x.same_as(y)) return false;
  }
  return true;
}

}  // namespace

std::string schedule(const Request& request) {
  const std::string mark = "\ntrace:\n";
  std::size_t at = request.input.find(mark);
  CHECK(at != std::string::npos) << "the input needs a line \"trace:\"";
  const tir::TirModule before = tir::parse_module(request.input.substr(0, at + 1), "input");
  const Trace trace = parse_trace(request.input.substr(at + mark.size()));
  CHECK(to_json(parse_trace(to_json(trace))) == to_json(trace)) << "the trace does not read back";
  const tir::TirModule after = replay(before, trace);
  const std::string text = tir::print(after);
  CHECK(tir::structural_equal(after, tir::parse_module(text, "printed"))) << text;
  for (std::size_t i = 0; i < after.functions.size(); ++i) {
    const auto& [name, func] = after.functions[i];
    tir::verify(func, name);
    const tir::PrimFunc& old = before.functions[i].second;
    if (!same_parameters(old, func)) continue;
    std::string difference = tir::difference_by_running(old, func, 1, kTolerance);
    CHECK(difference.empty()) << name << " computes something else: " << difference;
  }
  return text;
}

}  // namespace tenon::golden
