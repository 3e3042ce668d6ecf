#include "compiler/compile/host.h"

#include <algorithm>

#include "compiler/passes/relax/graph.h"
#include "compiler/support/error.h"
#include "compiler/tir/visit.h"

namespace tenon {
namespace {

constexpr DataType kByte = kUInt8;

// A pointer parameter and the bytes behind it.
struct Memory {
  tir::Expr pointer;
  tir::Buffer bytes;
};

Memory make_memory(tir::PrimFunc& func, const std::string& name) {
  tir::BufferNode node;
  node.name = name;
  node.data = tir::make_pointer(name, kByte, "global");
  node.dtype = kByte;
  node.shape = {tir::int_imm(kInt64, std::numeric_limits<std::int64_t>::max())};
  func.params.push_back({node.data, {}});
  return {node.data, node};
}

class HostBuilder {
 public:
  explicit HostBuilder(const HostInputs& inputs) : in_(inputs) {}

  HostSpec run() {
    HostSpec host;
    for (std::size_t i = 0; i < in_.num_inputs; ++i) {
      inputs_.push_back(make_memory(host.func, "input" + std::to_string(i)));
    }
    for (std::size_t i = 0; i < in_.num_outputs; ++i) {
      outputs_.push_back(make_memory(host.func, "output" + std::to_string(i)));
    }
    constants_ = make_memory(host.func, "constants");
    arena_ = make_memory(host.func, "arena");
    for (const SymbolSpec& symbol : in_.symbols) {
      const tir::Expr own = tir::make_var(tir::var(symbol.var).name, kInt64);
      host.func.params.push_back({own, {}});
      symbols_[symbol.var] = own;
    }
    offsets_ = constant_offsets(in_.constants);
    std::vector<tir::Stmt> body;
    for (const PlannedCall& call : in_.plan.calls) body.push_back(emit(call));
    host.func.body = tir::seq(std::move(body));
    host.func.is_schedulable = false;
    host.func.is_private = true;
    host.arena_bytes = in_.plan.arena_bytes;
    return host;
  }

 private:
  tir::Stmt emit(const PlannedCall& call) const {
    const auto it = in_.kernels.find(call.function);
    CHECK(it != in_.kernels.end()) << "no kernel for " << call.function;
    std::vector<tir::Expr> args{tir::string_imm(it->second.name)};
    for (const relax::Expr& arg : call.args) args.push_back(pointer(arg));
    args.push_back(pointer(call.result));
    for (const tir::Expr& symbol : it->second.symbols) {
      args.push_back(tir::cast(tir::dtype_of(symbol), tir::substitute(symbol, symbols_)));
    }
    return tir::Evaluate{tir::call(tir::Intrinsic::kCallExtern, kInt32, std::move(args))};
  }

  tir::Expr pointer(const relax::Expr& tensor) const {
    const auto it = in_.plan.places.find(tensor);
    CHECK(it != in_.plan.places.end()) << "a tensor has no place";
    const Place& place = it->second;
    const tir::Expr offset = tir::substitute(place.offset, symbols_);
    switch (place.kind) {
      case PlaceKind::kInput:
        return at(inputs_[place.index], offset);
      case PlaceKind::kOutput:
        return at(outputs_[place.index], offset);
      case PlaceKind::kConstant:
        return at(constants_, offset + tir::i64(offsets_[place.index]));
      case PlaceKind::kArena:
        return at(arena_, offset);
    }
    return {};
  }

  static tir::Expr at(const Memory& memory, const tir::Expr& offset) {
    if (tir::is_int(offset, 0)) return memory.pointer;
    return tir::call(tir::Intrinsic::kAddressOf, kHandleType, {tir::load(memory.bytes, {offset})});
  }

  const HostInputs& in_;
  std::vector<Memory> inputs_, outputs_;
  Memory constants_, arena_;
  tir::VarMap symbols_;
  std::vector<std::int64_t> offsets_;
};

TensorSpec tensor_spec(const std::string& name, const relax::Type& type) {
  TensorSpec spec;
  spec.name = name;
  spec.dtype = relax::dtype_of(type);
  spec.dims = relax::shape_of(type);
  return spec;
}

std::vector<relax::Expr> results_of(const relax::Function& func) {
  const relax::Expr& body = func.body.get<relax::SeqExpr>().body;
  if (const auto* tuple = body.as<relax::Tuple>()) return tuple->values;
  return {body};
}

}  // namespace

HostSpec make_host(const HostInputs& inputs) { return HostBuilder(inputs).run(); }

std::vector<TensorSpec> input_specs(const relax::Function& func) {
  std::vector<TensorSpec> specs;
  for (const relax::Expr& param : func.params) {
    specs.push_back(tensor_spec(relax::var(param).name, relax::type_of(param)));
  }
  return specs;
}

std::vector<TensorSpec> output_specs(const relax::Function& func) {
  const std::vector<relax::Expr> results = results_of(func);
  std::vector<std::string> names;
  if (const auto it = func.attrs.find("output_names"); it != func.attrs.end()) {
    for (const tir::AttrValue& name : std::get<tir::AttrValue::List>(it->second.value)) {
      names.push_back(std::get<std::string>(name.value));
    }
  }
  std::vector<TensorSpec> specs;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const std::string name = i < names.size() ? names[i] : "output" + std::to_string(i);
    specs.push_back(tensor_spec(name, relax::type_of(results[i])));
  }
  return specs;
}

std::vector<SymbolSpec> symbol_specs(const relax::Module& module, const relax::Function& func) {
  std::vector<SymbolSpec> specs;
  const auto add = [&](const tir::Expr& var) {
    for (const SymbolSpec& known : specs) {
      if (known.var.same_as(var)) return;
    }
    SymbolSpec spec;
    spec.var = var;
    for (const relax::SymbolInfo& symbol : module.symbols) {
      if (!symbol.var.same_as(var)) continue;
      spec.min = symbol.min;
      spec.divisor = symbol.divisor;
      if (symbol.max) spec.max = *symbol.max;
    }
    specs.push_back(spec);
  };
  for (const relax::Expr& param : func.params) {
    for (const relax::Dim& dim : relax::shape_of(param)) {
      if (dim.as<tir::Var>()) add(dim);
    }
  }
  return specs;
}

}  // namespace tenon
