// The only file that includes LLVM's pass builder and code generators.
#include <llvm/Analysis/CGSCCPassManager.h>
#include <llvm/Analysis/LoopAnalysisManager.h>
#include <llvm/Config/llvm-config.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Verifier.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/Transforms/Scalar/EarlyCSE.h>
#include <llvm/Transforms/Scalar/SROA.h>

#include <memory>
#include <mutex>

#include "compiler/codegen/llvm/machine.h"
#include "compiler/support/error.h"

namespace tenon::codegen {
namespace {

void initialize_targets() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeAArch64TargetInfo();
    LLVMInitializeAArch64Target();
    LLVMInitializeAArch64TargetMC();
    LLVMInitializeAArch64AsmPrinter();
  });
}

std::unique_ptr<llvm::TargetMachine> make_machine(const Target& target, Effort effort) {
  initialize_targets();
  std::string error;
  const llvm::Target* found = llvm::TargetRegistry::lookupTarget(target.triple(), error);
  CHECK(found != nullptr) << "LLVM target " << target.triple() << ": " << error;
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;  // contraction is in the IR already
  options.NoTrappingFPMath = true;
  return std::unique_ptr<llvm::TargetMachine>(found->createTargetMachine(
      target.triple(), target.mcpu, target.feature_string(), options, llvm::Reloc::PIC_,
      llvm::CodeModel::Small,
      effort == Effort::kKernel ? llvm::CodeGenOptLevel::Default : llvm::CodeGenOptLevel::None));
}

void verify(const llvm::Module& module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  const bool is_broken = llvm::verifyModule(module, &stream);
  CHECK(!is_broken) << "LLVM's verifier refuses the module: " << text;
}

void run_passes(llvm::Module& module, llvm::TargetMachine& machine) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(&machine);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  llvm::FunctionPassManager passes;
  passes.addPass(llvm::SROAPass(llvm::SROAOptions::PreserveCFG));
  passes.addPass(llvm::EarlyCSEPass());
  llvm::ModulePassManager manager;
  manager.addPass(llvm::createModuleToFunctionPassAdaptor(std::move(passes)));
  manager.run(module, modules);
}

}  // namespace

void prepare_module(llvm::Module& module, const Target& target) {
  const std::unique_ptr<llvm::TargetMachine> machine = make_machine(target, Effort::kKernel);
  module.setTargetTriple(target.triple());
  module.setDataLayout(machine->createDataLayout());
  module.setPICLevel(llvm::PICLevel::BigPIC);
}

std::string generate(llvm::Module& module, const Target& target, Output output, Effort effort) {
  verify(module);
  const std::unique_ptr<llvm::TargetMachine> machine = make_machine(target, effort);
  if (effort == Effort::kKernel) run_passes(module, *machine);
  if (output == Output::kIr) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    module.print(stream, nullptr);
    return text;
  }
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::legacy::PassManager codegen;
  const auto type = output == Output::kObject ? llvm::CodeGenFileType::ObjectFile
                                              : llvm::CodeGenFileType::AssemblyFile;
  const bool refused = machine->addPassesToEmitFile(codegen, stream, nullptr, type);
  CHECK(!refused) << "LLVM cannot emit this kind of file for " << target.triple();
  codegen.run(module);
  return {bytes.begin(), bytes.end()};
}

std::string llvm_version() { return "LLVM " LLVM_VERSION_STRING; }

}  // namespace tenon::codegen
