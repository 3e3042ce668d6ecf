// Building what a device measures: one workload under one trace, or its plain reference.
#include "compiler/codegen/llvm/library.h"
#include "compiler/compile.h"
#include "compiler/compile/packing.h"
#include "compiler/lowering/lower.h"
#include "compiler/tir/script/parser.h"

namespace tenon {
namespace {

constexpr std::int64_t kMeasuredSize = 1;

void append_list(std::string& text, const std::string& word,
                 const std::vector<std::int64_t>& values) {
  text += " " + word;
  for (const std::int64_t value : values) text += " " + std::to_string(value);
}

// The statements of worker/protocol/metadata.h. Inputs of a candidate are its parameters in order,
// the output, which is last, left out.
std::string metadata_of(const ScheduledFunction& scheduled, std::size_t num_symbols) {
  std::string text = "tenon-artifact 1\n";
  // A dynamic workload is measured at one representative size of each symbol.
  for (std::size_t i = 0; i < num_symbols; ++i) {
    text += "size " + std::to_string(i) + " " + std::to_string(kMeasuredSize) + "\n";
  }
  for (const ParamPacking& packing : scheduled.packings) {
    text += "pack " + std::to_string(packing.param);
    append_list(text, "logical", packing.logical);
    append_list(text, "packed", packing.packed);
    append_list(text, "map", packing.map);
    text += "\n";
  }
  return text;
}

}  // namespace

CandidateLibrary build_candidate(const CandidateRequest& request) {
  const tir::PrimFunc workload = tir::parse_prim_func(request.workload, "workload");
  const Trace trace = request.is_reference ? Trace{} : parse_trace(request.trace);
  const ScheduledFunction scheduled = schedule_function(workload, trace);
  LowerOptions options;
  options.refuses_slow_tiles = !request.is_reference;
  const LoweredKernel kernel = lower("kernel", scheduled.func, request.target, options);
  CandidateLibrary result;
  const LibrarySpec spec = candidate_library(scheduled.func, kernel, request.target);
  result.library = build_library(spec);
  result.metadata = metadata_of(scheduled, spec.symbols.size());
  return result;
}

}  // namespace tenon
