// The constant TenonModelV1 and everything it points to.
#include "compiler/codegen/llvm/model_emitter.h"
#include "compiler/runtime/tenon_model.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/target/target.h"
#include "compiler/tir/script/printer.h"

namespace tenon::codegen {

using namespace tir;

namespace {

// Builds constants; every struct's layout is that of the C header.
class Descriptor {
 public:
  Descriptor(ModuleState& state, const LibrarySpec& spec)
      : state_(state), spec_(spec), context_(state.context) {}

  llvm::Constant* number32(std::int64_t value) {
    return llvm::ConstantInt::get(llvm::Type::getInt32Ty(context_),
                                  static_cast<std::uint64_t>(value));
  }
  llvm::Constant* number64(std::int64_t value) {
    return llvm::ConstantInt::get(llvm::Type::getInt64Ty(context_),
                                  static_cast<std::uint64_t>(value));
  }
  llvm::Constant* null() {
    return llvm::ConstantPointerNull::get(llvm::PointerType::get(context_, 0));
  }
  llvm::Constant* global(llvm::Constant* value) {
    auto* variable = new llvm::GlobalVariable(state_.module, value->getType(), true,
                                              llvm::GlobalValue::PrivateLinkage, value);
    variable->setAlignment(llvm::Align(8));
    return variable;
  }
  llvm::Constant* text(const std::string& value) {
    return global(llvm::ConstantDataArray::getString(context_, value));
  }
  // A global array, or null when it is empty.
  llvm::Constant* table(const std::vector<llvm::Constant*>& rows) {
    if (rows.empty()) return null();
    auto* type = llvm::ArrayType::get(rows.front()->getType(), rows.size());
    return global(llvm::ConstantArray::get(type, rows));
  }
  llvm::Constant* record(const std::vector<llvm::Constant*>& fields) {
    return llvm::ConstantStruct::getAnon(context_, fields);
  }

  llvm::Constant* tensor(const TensorSpec& t) {
    std::vector<llvm::Constant*> dims;
    for (const Expr& dim : t.dims) dims.push_back(number64(expressions.dim_code(spec_, dim)));
    const auto small = [&](unsigned bits, std::uint64_t value) -> llvm::Constant* {
      return llvm::ConstantInt::get(llvm::Type::getIntNTy(context_, bits), value);
    };
    const std::uint64_t code = t.dtype.is_bool()                   ? kDLBool
                               : t.dtype.is_int()                  ? kDLInt
                               : t.dtype.is_uint()                 ? kDLUInt
                               : t.dtype.code == TypeCode::kBFloat ? kDLBfloat
                                                                   : kDLFloat;
    llvm::Constant* dtype =
        record({small(8, code), small(8, t.dtype.bits), small(16, t.dtype.lanes)});
    return record({text(t.name), table(dims), number32(static_cast<std::int64_t>(t.dims.size())),
                   dtype, number32(t.flags), number32(t.alignment)});
  }
  llvm::Constant* tensors(const std::vector<TensorSpec>& list) {
    std::vector<llvm::Constant*> rows;
    for (const TensorSpec& t : list) rows.push_back(tensor(t));
    return table(rows);
  }
  llvm::Constant* symbols() {
    std::vector<llvm::Constant*> rows;
    for (const SymbolSpec& s : spec_.symbols) {
      rows.push_back(
          record({text(var(s.var).name), number64(s.min), number64(s.max), number64(s.divisor)}));
    }
    return table(rows);
  }
  llvm::Constant* kernels() {
    std::vector<llvm::Constant*> rows;
    for (const KernelSpec& k : spec_.kernels) {
      rows.push_back(record({text(k.kernel.name), k.workload.empty() ? null() : text(k.workload),
                             number64(k.flops), number64(k.bytes)}));
    }
    return table(rows);
  }
  llvm::Constant* expression_texts() {
    std::vector<llvm::Constant*> rows;
    for (const Expr& e : expressions.list) rows.push_back(text(tir::print(e)));
    return table(rows);
  }

  Expressions expressions;

 private:
  ModuleState& state_;
  const LibrarySpec& spec_;
  llvm::LLVMContext& context_;
};

}  // namespace

std::int64_t Expressions::dim_code(const LibrarySpec& spec, const Expr& dim) {
  if (const auto value = as_int(dim)) return *value;
  const auto num_symbols = static_cast<std::int64_t>(spec.symbols.size());
  for (std::int64_t k = 0; k < num_symbols; ++k) {
    if (dim.same_as(spec.symbols[static_cast<std::size_t>(k)].var)) return -(k + 1);
  }
  list.push_back(dim);
  return -(num_symbols + static_cast<std::int64_t>(list.size()));
}

void emit_descriptor(ModuleState& state, const LibrarySpec& spec, const ModelFunctions& functions) {
  Descriptor d(state, spec);
  const auto count = [&](std::size_t n) { return d.number32(static_cast<std::int64_t>(n)); };
  llvm::Constant* inputs = d.tensors(spec.inputs);
  llvm::Constant* outputs = d.tensors(spec.outputs);
  llvm::Constant* model = d.global(d.record({d.number32(TENON_MODEL_ABI_VERSION),
                                             d.number32(sizeof(TenonModelV1)),
                                             d.text(spec.name),
                                             d.text(to_string(spec.target)),
                                             d.text(spec.producer),
                                             count(spec.inputs.size()),
                                             count(spec.outputs.size()),
                                             count(spec.symbols.size()),
                                             count(d.expressions.list.size()),
                                             count(spec.kernels.size()),
                                             d.number32(0),
                                             inputs,
                                             outputs,
                                             d.symbols(),
                                             d.expression_texts(),
                                             d.kernels(),
                                             functions.arena_size,
                                             functions.bind,
                                             functions.output_shape,
                                             functions.run}));
  auto* type = llvm::FunctionType::get(llvm::PointerType::get(state.context, 0), false);
  auto* function = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage,
                                          TENON_MODEL_SYMBOL, state.module);
  set_function_attributes(state, function);
  llvm::IRBuilder<> builder(llvm::BasicBlock::Create(state.context, "entry", function));
  builder.CreateRet(model);
}

}  // namespace tenon::codegen
