#include "compiler/compile.h"

#include <algorithm>
#include <chrono>

#include "compiler/codegen/llvm/library.h"
#include "compiler/compile/header.h"
#include "compiler/compile/host.h"
#include "compiler/compile/memory_plan.h"
#include "compiler/compile/pack_constants.h"
#include "compiler/compile/verify.h"
#include "compiler/frontends/onnx/import.h"
#include "compiler/lowering/lower.h"
#include "compiler/passes/relax/graph.h"
#include "compiler/passes/relax/passes.h"
#include "compiler/relax/script/parser.h"
#include "compiler/relax/script/printer.h"
#include "compiler/relax/verify.h"
#include "compiler/support/error.h"
#include "compiler/support/files.h"
#include "compiler/tir/script/parser.h"
#include "compiler/tir/script/printer.h"
#include "compiler/tir/visit.h"
#include "compiler/tir/workload.h"

namespace tenon {
namespace {

class Stopwatch {
 public:
  double lap_ms() {
    const auto now = std::chrono::steady_clock::now();
    const double ms = std::chrono::duration<double, std::milli>(now - last_).count();
    last_ = now;
    return ms;
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

const std::string& main_name() {
  static const std::string kName = "main";
  return kName;
}

const relax::Function& main_of(const relax::Module& module) {
  const relax::Function* func = module.find_function(main_name());
  if (!func) throw UserError("the module has no function named main");
  return *func;
}

// The workload as everyone sees it: read back from its canonical text, so that a schedule names the
// same blocks wherever the function came from.
tir::PrimFunc canonical(const tir::PrimFunc& func) {
  return tir::parse_prim_func(tir::canonical_text(func), "workload");
}

// Two expressions of one form: the variables of the first by what stands there in the second.
void match_symbols(const tir::Expr& from, const tir::Expr& to, tir::VarMap& map) {
  if (from.as<tir::Var>()) {
    map[from] = to;
    return;
  }
  const auto* a = from.as<tir::Binary>();
  const auto* b = to.as<tir::Binary>();
  if (!a || !b) return;
  match_symbols(a->a, b->a, map);
  match_symbols(a->b, b->b, map);
}

// The model's symbols in place of the canonical function's: equal functions have equal shapes.
tir::VarMap symbols_of(const tir::PrimFunc& canonical_func, const tir::PrimFunc& original) {
  tir::VarMap map;
  for (std::size_t p = 0; p < original.params.size(); ++p) {
    const auto& from = tir::node(canonical_func.params[p].buffer).shape;
    const auto& to = tir::node(original.params[p].buffer).shape;
    for (std::size_t i = 0; i < to.size(); ++i) match_symbols(from[i], to[i], map);
  }
  return map;
}

// One kernel: its scheduled form, flat code and what its constants must look like.
struct Kernel {
  std::string function;    // in the module
  tir::PrimFunc original;  // with the model's symbols
  tir::PrimFunc workload;  // canonical
  std::string hash;
  ScheduleChoice choice;
  ScheduledFunction scheduled;
  SplitKernel split;
  LoweredKernel lowered;
  int num_calls = 0;
};

// The functions that main calls, in order of first call, with the number of calls.
std::vector<Kernel> called_kernels(const relax::Module& module) {
  std::vector<Kernel> kernels;
  for (const relax::Binding& binding : relax::straight_bindings(main_of(module))) {
    const auto* call = binding.value.as<relax::Call>();
    if (!call || !call->op || call->op->name != "call_tir") continue;
    const std::string& name = call->args[0].get<relax::GlobalVar>().name;
    auto known = std::find_if(kernels.begin(), kernels.end(),
                              [&](const Kernel& k) { return k.function == name; });
    if (known == kernels.end()) {
      const tir::PrimFunc* func = module.find_prim_func(name);
      CHECK(func) << "call of unknown function " << name;
      Kernel kernel;
      kernel.function = name;
      kernel.original = *func;
      kernel.workload = canonical(*func);
      kernel.hash = tir::workload_hash(*func);
      known = kernels.insert(kernels.end(), std::move(kernel));
    }
    ++known->num_calls;
  }
  return kernels;
}

// Larger constants are only named in the text of stage "relax".
constexpr std::size_t kEmittedConstantBytes = 256;

class Compiler {
 public:
  Compiler(const Target& target, const Schedules& schedules, const CompileOptions& options)
      : target_(target), schedules_(schedules), options_(options) {}

  CompileResult run(const relax::Module& imported) {
    relax::Module module = imported;
    for (const relax::GraphPass& pass : compile_passes(target_, plain_kernels_)) {
      module = pass.run(module);
      step(pass.name);
    }
    if (wants("relax")) {
      options_.emit("relax", relax::print(module, {.inline_bytes = kEmittedConstantBytes}));
    }
    kernels_ = called_kernels(module);
    for (Kernel& kernel : kernels_) lower_kernel(kernel);
    step("schedule_and_lower");
    const relax::Function& func = main_of(module);
    const MemoryPlan plan = plan_memory(func);
    verify_plan(func, plan);
    step("plan_memory");
    link(imported, func, plan);
    step("generate_code_and_link");
    report(plan);
    return std::move(result_);
  }

 private:
  void step(const std::string& name) { result_.step_ms.emplace_back(name, watch_.lap_ms()); }

  bool wants(const std::string& stage) const { return options_.wants && options_.wants(stage); }

  void lower_kernel(Kernel& kernel) const {
    kernel.choice = schedules_(kernel.hash, kernel.workload);
    kernel.scheduled = schedule_function(kernel.workload, kernel.choice.trace);
    if (wants("tir")) {
      options_.emit("tir", tir::print(kernel.scheduled.func, kernel.function));
    }
    kernel.split = split_kernel(kernel.scheduled.func);
    kernel.lowered = lower(kernel.function, kernel.split.func, target_);
  }

  PackedConstants packed_constants(const MemoryPlan& plan) {
    std::vector<PackedKernel> kernels;
    for (const Kernel& kernel : kernels_) {
      kernels.push_back({kernel.function, kernel.scheduled, kernel.split});
    }
    return pack_constants(plan, kernels, plain_kernels_);
  }

  void link(const relax::Module& imported, const relax::Function& func, const MemoryPlan& plan) {
    const PackedConstants packed = packed_constants(plan);
    LibrarySpec spec;
    spec.name = model_name(imported);
    spec.target = target_;
    spec.inputs = input_specs(func);
    spec.outputs = output_specs(func);
    spec.symbols = symbol_specs(imported, func);
    std::map<std::string, HostKernel> host_kernels;
    for (const Kernel& kernel : kernels_) {
      HostKernel& host = host_kernels[kernel.function];
      host.name = kernel.lowered.name;
      const tir::VarMap symbols = symbols_of(kernel.workload, kernel.original);
      for (const tir::Expr& symbol : kernel.lowered.symbols) {
        host.symbols.push_back(tir::substitute(symbol, symbols));
      }
      KernelSpec entry{kernel.lowered, kernel.hash, -1, -1};
      if (const std::int64_t flops = count_flops(kernel.workload)) entry.flops = flops;
      spec.kernels.push_back(std::move(entry));
    }
    spec.constants = packed.bytes;
    spec.host = make_host({spec.symbols, packed.plan, spec.inputs.size(), spec.outputs.size(),
                           packed.bytes, host_kernels});
    emit_code();
    result_.library = build_library(spec);
    result_.header = model_header(spec);
  }

  void emit_code() const {
    std::vector<LoweredKernel> all;
    for (const Kernel& kernel : kernels_) all.push_back(kernel.lowered);
    if (wants("asm")) options_.emit("asm", emit_assembly(all, target_));
    if (wants("llvm")) options_.emit("llvm", emit_llvm_ir(all, target_));
  }

  static std::string model_name(const relax::Module& module) {
    const auto it = module.attrs.find("name");
    const auto* text =
        it == module.attrs.end() ? nullptr : std::get_if<std::string>(&it->second.value);
    return text && !text->empty() ? *text : "model";
  }

  void report(const MemoryPlan& plan) {
    for (const Kernel& kernel : kernels_) {
      result_.kernels.push_back({kernel.function, kernel.hash, kernel.choice.origin,
                                 kernel.num_calls, count_flops(kernel.workload)});
    }
    result_.arena_bytes = tir::print(plan.arena_bytes);
    result_.lower_bound_bytes = tir::print(plan.lower_bound_bytes);
  }

  const Target& target_;
  const Schedules& schedules_;
  const CompileOptions& options_;
  Stopwatch watch_;
  PlainKernels plain_kernels_;
  std::vector<Kernel> kernels_;
  CompileResult result_;
};

}  // namespace

int codegen_version() { return kCodegenVersion; }

relax::Module load_model(const std::string& path) {
  if (!path.ends_with(".py")) return onnx::import_file(path);
  relax::Module module = relax::parse_module(read_file(path), path);
  relax::verify(module);
  return module;
}

relax::TensorRef load_tensor(const std::string& path) { return onnx::import_tensor(path); }

CompileResult compile(const relax::Module& module, const Target& target, const Schedules& schedules,
                      const CompileOptions& options) {
  return Compiler(target, schedules, options).run(module);
}

std::vector<TuningTask> extract_tasks(const relax::Module& imported, const Target& target) {
  relax::Module module = imported;
  PlainKernels kernels;
  for (const relax::GraphPass& pass : compile_passes(target, kernels)) {
    module = pass.run(module);
  }
  std::vector<TuningTask> tasks;
  for (const Kernel& kernel : called_kernels(module)) {
    auto known = std::find_if(tasks.begin(), tasks.end(),
                              [&](const TuningTask& t) { return t.workload_hash == kernel.hash; });
    if (known != tasks.end()) {
      known->num_calls += kernel.num_calls;
      continue;
    }
    tasks.push_back({kernel.function, kernel.hash, tir::canonical_text(kernel.workload),
                     kernel.num_calls, count_flops(kernel.workload), kernel.workload});
  }
  return tasks;
}

}  // namespace tenon
