// Statements: bottom-tested loops, branches, allocations in the entry block.
#include "compiler/codegen/llvm/emitter.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/visit.h"

namespace tenon::codegen {

using namespace tir;

namespace {

constexpr std::int64_t kMaxStackBytes = 64 * 1024;

// Whether the loop body leaves or skips an iteration of this very loop.
bool jumps(const Stmt& body) {
  bool found = false;
  walk(body, {.expr = [](const Expr&) { return false; },
              .stmt =
                  [&](const Stmt& s) {
                    found = found || s.as<Break>() || s.as<Continue>();
                    return !s.as<For>() && !s.as<While>();
                  },
              .buffer = {}});
  return found;
}

}  // namespace

FunctionEmitter::FunctionEmitter(ModuleState& state, llvm::Function* function)
    : state_(state), function_(function), builder_(state.context) {
  builder_.SetInsertPoint(llvm::BasicBlock::Create(state.context, "entry", function));
}

llvm::BasicBlock* FunctionEmitter::new_block(const char* name) {
  return llvm::BasicBlock::Create(state_.context, name, function_);
}

void FunctionEmitter::finish() {
  if (builder_.GetInsertBlock()->getTerminator() == nullptr) builder_.CreateRetVoid();
}

llvm::AllocaInst* FunctionEmitter::stack(llvm::Type* type, int count, int alignment) {
  llvm::BasicBlock& entry = function_->getEntryBlock();
  llvm::IRBuilder<> at_entry(&entry, entry.begin());
  llvm::Type* array = llvm::ArrayType::get(type, static_cast<std::uint64_t>(count));
  llvm::AllocaInst* result = at_entry.CreateAlloca(array);
  result->setAlignment(llvm::Align(static_cast<std::uint64_t>(alignment)));
  return result;
}

void FunctionEmitter::emit(const Stmt& s) {
  if (builder_.GetInsertBlock()->getTerminator() != nullptr) {
    builder_.SetInsertPoint(new_block("dead"));
  }
  match(
      s,
      [&](const Bind& n) {
        ++index_depth_;
        llvm::Value* value = dtype_of(n.value).is_handle() ? pointer_of(n.value) : emit(n.value);
        --index_depth_;
        bind(n.var, value);
        if (dtype_of(n.var).is_integer()) factors_[n.var.id()] = known_factor(n.value);
      },
      [&](const AttrStmt& n) { emit(n.body); },
      [&](const Assert&) {
        throw UserError("llvm: an assertion inside a kernel has nowhere to report to");
      },
      [&](const DeclBuffer&) {}, [&](const AllocBuffer& n) { allocate(n); },
      [&](const Store& n) { store(n); },
      [&](const Seq& n) {
        for (const Stmt& child : n.body) emit(child);
      },
      [&](const Evaluate& n) {
        if (!as_int(n.value)) emit(n.value);
      },
      [&](const If& n) { emit_if(n); }, [&](const For& n) { emit_for(n); },
      [&](const While& n) { emit_while(n); },
      [&](const Break&) {
        CHECK(!loops_.empty()) << "break outside a loop";
        builder_.CreateBr(loops_.back().exit);
      },
      [&](const Continue&) {
        CHECK(!loops_.empty()) << "continue outside a loop";
        builder_.CreateBr(loops_.back().continue_block);
      },
      [&](const Return& n) {
        if (n.value) {
          builder_.CreateRet(emit(n.value));
        } else {
          builder_.CreateRetVoid();
        }
      },
      [&](const Block& n) { CHECK(false) << "block " << n.name << " reached code generation"; });
}

void FunctionEmitter::allocate(const AllocBuffer& n) {
  const BufferNode& buffer = node(n.buffer);
  std::int64_t count = 1;
  for (std::size_t i = 0; i < buffer.shape.size(); ++i) {
    const auto extent = as_int(buffer.shape[i]);
    if (!extent) {
      throw UserError(str_cat("llvm: buffer ", buffer.name, " on the stack needs a constant size"));
    }
    count *= *extent;
  }
  if (!buffer.strides.empty() && !buffer.shape.empty()) {
    const auto stride = as_int(buffer.strides[0]);
    CHECK(stride) << "stride of stack buffer " << buffer.name;
    count = std::max(count, *stride * *as_int(buffer.shape[0]));
  }
  const std::int64_t bytes = count * buffer.dtype.size_bytes() * buffer.dtype.lanes;
  if (bytes > kMaxStackBytes) {
    throw UserError(str_cat("llvm: buffer ", buffer.name, " of ", format_bytes(bytes),
                            " is too large for registers or the stack (limit ",
                            format_bytes(kMaxStackBytes), ")"));
  }
  bind(buffer.data, stack(memory_type(state_.context, buffer.dtype), static_cast<int>(count), 64));
}

void FunctionEmitter::emit_if(const If& n) {
  llvm::Value* condition = emit(n.condition);
  llvm::BasicBlock* then_block = new_block("then");
  llvm::BasicBlock* join = new_block("join");
  llvm::BasicBlock* else_block = n.else_body ? new_block("else") : join;
  builder_.CreateCondBr(condition, then_block, else_block);
  builder_.SetInsertPoint(then_block);
  emit(n.then_body);
  if (!builder_.GetInsertBlock()->getTerminator()) builder_.CreateBr(join);
  if (n.else_body) {
    builder_.SetInsertPoint(else_block);
    emit(n.else_body);
    if (!builder_.GetInsertBlock()->getTerminator()) builder_.CreateBr(join);
  }
  builder_.SetInsertPoint(join);
}

// A loop of one trip is its body.
void FunctionEmitter::loop_once(const For& n) {
  bind(n.var, emit(n.min));
  factors_[n.var.id()] = known_factor(n.min);
  emit(n.body);
}

void FunctionEmitter::emit_for(const For& n) {
  CHECK(n.kind != ForKind::kVectorized) << "vectorized loop reached code generation";
  CHECK(n.kind != ForKind::kThreadBinding) << "loop bound to " << n.thread_tag << " on a CPU";
  const auto extent = as_int(n.extent);
  if (extent && *extent <= 0) return;
  const bool has_jumps = jumps(n.body);
  if (extent && *extent == 1 && !has_jumps) return loop_once(n);
  llvm::Value* begin = emit(n.min);
  ++index_depth_;
  llvm::Value* end = emit(n.min + n.extent);
  llvm::Value* step = n.step ? emit(n.step) : llvm::ConstantInt::get(begin->getType(), 1);
  --index_depth_;
  begin = builder_.CreateIntCast(begin, value_type(state_.context, dtype_of(n.var)), true);
  end = builder_.CreateIntCast(end, begin->getType(), true);
  step = builder_.CreateIntCast(step, begin->getType(), true);
  llvm::BasicBlock* body = new_block("loop");
  llvm::BasicBlock* latch = has_jumps ? new_block("latch") : nullptr;
  llvm::BasicBlock* exit = new_block("done");
  if (extent) {
    builder_.CreateBr(body);
  } else {
    builder_.CreateCondBr(builder_.CreateICmpSLT(begin, end), body, exit);
  }
  llvm::BasicBlock* before = builder_.GetInsertBlock();
  builder_.SetInsertPoint(body);
  llvm::PHINode* index = builder_.CreatePHI(begin->getType(), 2);
  index->addIncoming(begin, before);
  bind(n.var, index);
  factors_[n.var.id()] = std::min(known_factor(n.min), n.step ? known_factor(n.step) : 1);
  loops_.push_back({latch, exit});
  emit(n.body);
  loops_.pop_back();
  if (latch) {
    if (!builder_.GetInsertBlock()->getTerminator()) builder_.CreateBr(latch);
    builder_.SetInsertPoint(latch);
  }
  llvm::Value* next = builder_.CreateAdd(index, step, "", false, true);
  llvm::Value* again = builder_.CreateICmpSLT(next, end);
  index->addIncoming(next, builder_.GetInsertBlock());
  builder_.CreateCondBr(again, body, exit);
  builder_.SetInsertPoint(exit);
}

void FunctionEmitter::emit_while(const While& n) {
  llvm::BasicBlock* test = new_block("test");
  llvm::BasicBlock* body = new_block("loop");
  llvm::BasicBlock* exit = new_block("done");
  builder_.CreateBr(test);
  builder_.SetInsertPoint(test);
  builder_.CreateCondBr(emit(n.condition), body, exit);
  builder_.SetInsertPoint(body);
  loops_.push_back({test, exit});
  emit(n.body);
  loops_.pop_back();
  if (!builder_.GetInsertBlock()->getTerminator()) builder_.CreateBr(test);
  builder_.SetInsertPoint(exit);
}

}  // namespace tenon::codegen
