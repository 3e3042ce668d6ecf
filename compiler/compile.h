// The only door into the compiler for the tuner, the worker and the command line.
//
//   load_model()       a model file -> a Relax module
//   compile()          a Relax module and schedules -> a shared object, its C header, a report
//   extract_tasks()    the module's workloads with their weights
//   verify()           runs module, passes and library on the same inputs and compares
//   build_candidate()  a workload's text and a trace -> the library that a device measures
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compiler/relax/expr.h"
#include "compiler/schedule/trace.h"
#include "compiler/target/target.h"

namespace tenon {

// The generation of generated code: records of another one are stale.
int codegen_version();

// A model file -> a Relax module, by the file's form: a graph script (.py), or what a frontend
// imports. Throws UserError and IoError as the reader of that form says (compiler/relax/script/
// parser.h, compiler/relax/verify.h, compiler/frontends/*/import.h).
relax::Module load_model(const std::string& path);

// A tensor file of an ONNX test set (input_0.pb). Throws as load_model.
relax::TensorRef load_tensor(const std::string& path);

// The schedule of one workload and where it comes from: "record", "seed", ... for reports.
struct ScheduleChoice {
  Trace trace;
  std::string origin;
};
// Called once for each workload, by its hash and its function. Must give a legal trace.
using Schedules =
    std::function<ScheduleChoice(const std::string& workload_hash, const tir::PrimFunc& func)>;

struct CompileOptions {
  int threads = 1;
  // Called with a stage's name and its text (relax, tir, llvm, asm) when wants(stage). relax is the
  // module after the graph passes, before any schedule.
  std::function<bool(const std::string& stage)> wants;
  std::function<void(const std::string& stage, const std::string& text)> emit;
};

struct KernelReport {
  std::string name;      // of the function in the lowered module
  std::string workload;  // hash
  std::string origin;    // of its schedule
  int num_calls = 0;
  std::int64_t flops = 0;  // multiply-adds counted twice; 0 when symbolic
};

struct CompileResult {
  std::string library;  // the shared object's bytes
  std::string header;   // C header for this model
  std::vector<KernelReport> kernels;
  std::string arena_bytes;  // expressions of the symbols
  std::string lower_bound_bytes;
  std::vector<std::pair<std::string, double>> step_ms;
};

// Throws UserError when the module uses what cannot be compiled.
CompileResult compile(const relax::Module& module, const Target& target, const Schedules& schedules,
                      const CompileOptions& options = {});

// The graph as one step of compiling left it, against the imported module; last, the library.
struct VerifyStep {
  std::string name;                        // "imported", a pass's name, "library"
  bool is_right = true;                    // within 1e-3 of each value and 1e-4 of the largest
  double max_error = 0, max_expected = 0;  // over all outputs
  std::string difference;                  // what differs first; empty when right
};
struct VerifyReport {
  std::vector<VerifyStep> steps;
  std::string skipped;  // why the library was not run; empty: it was
  // The first step that is wrong, or null.
  const VerifyStep* first_wrong() const;
};
// Runs the module, the module after each graph pass and the library on seeded inputs (symbolic
// dimensions at small sizes) and compares. Small kernels are interpreted, larger ones compiled with
// plain loops. Throws UserError when the model cannot be run, or needs more work than plain loops
// can do in minutes.
VerifyReport verify(const relax::Module& module, const Target& target, const std::string& library);

struct TuningTask {
  std::string name;
  std::string workload_hash;
  std::string workload;  // script; parses to a function of that hash
  int num_calls = 1;
  std::int64_t flops = 0;
  tir::PrimFunc func;
};
// In order of first call; equal workloads are one task.
std::vector<TuningTask> extract_tasks(const relax::Module& module, const Target& target);

struct CandidateRequest {
  std::string workload;  // script of one function
  std::string trace;     // MetaSchedule JSON; ignored for a reference
  Target target;
  bool is_reference = false;  // plain loops, no reassociation
};
struct CandidateLibrary {
  std::string library;
  std::string metadata;  // "tenon-artifact 1" statements: packings and tolerance
};
// Throws UserError when the trace is refused or the scheduled function cannot be lowered: the
// candidate's fault. Work on constants that a schedule marks is part of the measured kernel here;
// compile() does it once.
CandidateLibrary build_candidate(const CandidateRequest& request);

// Floating-point operations of one call, multiply-adds counted as two; 0 when the shape is
// symbolic.
std::int64_t count_flops(const tir::PrimFunc& func);

}  // namespace tenon
