#include "compiler/runtime/library.h"

#include <dlfcn.h>

#include <utility>

#include "compiler/runtime/elf_file.h"
#include "compiler/support/error.h"

namespace tenon {
namespace {

std::string check_dims(const TenonModelV1& model, const TenonTensorV1& tensor) {
  const int64_t num_names = int64_t{model.num_symbols} + model.num_expressions;
  for (int32_t axis = 0; axis < tensor.rank; ++axis) {
    const int64_t dim = tensor.dims[axis];
    if (dim >= 0 || dim == TENON_DIM_UNKNOWN) continue;
    if (-(dim + 1) >= num_names) {
      return "dimension " + std::to_string(axis) + " of '" + tensor.name +
             "' refers to symbol or expression " + std::to_string(-(dim + 1)) + " of " +
             std::to_string(num_names);
    }
  }
  return "";
}

std::string check_tensors(const TenonModelV1& model, const TenonTensorV1* tensors, int32_t count,
                          const char* kind) {
  if (count < 0 || count > kMaxModelTensors || (count > 0 && tensors == nullptr)) {
    return std::string("the ") + kind + " list is damaged";
  }
  for (int32_t i = 0; i < count; ++i) {
    const TenonTensorV1& tensor = tensors[i];
    const bool has_dims = tensor.rank == 0 || tensor.dims != nullptr;
    const bool is_power_of_two = (tensor.alignment & (tensor.alignment - 1)) == 0;
    if (tensor.name == nullptr || tensor.rank < 0 || tensor.rank > kMaxModelRank || !has_dims ||
        tensor.dtype.bits == 0 || tensor.alignment == 0 || !is_power_of_two) {
      return std::string(kind) + " " + std::to_string(i) + " has a damaged descriptor";
    }
    if (std::string error = check_dims(model, tensor); !error.empty()) return error;
  }
  return "";
}

std::string check_symbols(const TenonModelV1& model) {
  if (model.num_symbols < 0 || (model.num_symbols > 0 && model.symbols == nullptr) ||
      model.num_expressions < 0 || (model.num_expressions > 0 && model.expressions == nullptr)) {
    return "the symbol list is damaged";
  }
  for (int32_t i = 0; i < model.num_symbols; ++i) {
    const TenonSymbolV1& symbol = model.symbols[i];
    if (symbol.name == nullptr || symbol.divisor < 1 || symbol.min > symbol.max) {
      return "symbol " + std::to_string(i) + " has a damaged descriptor";
    }
  }
  return "";
}

}  // namespace

std::string check_model(const TenonModelV1* model) {
  if (model == nullptr) return std::string(TENON_MODEL_SYMBOL) + "() returned null";
  if (model->abi_version != TENON_MODEL_ABI_VERSION) {
    return "its ABI version is " + std::to_string(model->abi_version) + ", this runtime knows " +
           std::to_string(TENON_MODEL_ABI_VERSION);
  }
  if (model->struct_size < sizeof(TenonModelV1)) {
    return "its description has " + std::to_string(model->struct_size) + " bytes, version 1 has " +
           std::to_string(sizeof(TenonModelV1));
  }
  if (model->name == nullptr || model->target == nullptr || model->producer == nullptr ||
      model->arena_size == nullptr || model->bind == nullptr || model->output_shape == nullptr ||
      model->run == nullptr) {
    return "its description has a null name or function";
  }
  if (model->num_kernels < 0 || (model->num_kernels > 0 && model->kernels == nullptr)) {
    return "the kernel list is damaged";
  }
  if (std::string error = check_symbols(*model); !error.empty()) return error;
  std::string error = check_tensors(*model, model->inputs, model->num_inputs, "input");
  return error.empty() ? check_tensors(*model, model->outputs, model->num_outputs, "output")
                       : error;
}

Library::Library(Library&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)),
      model_(std::exchange(other.model_, nullptr)) {}

Library& Library::operator=(Library&& other) noexcept {
  std::swap(handle_, other.handle_);
  std::swap(model_, other.model_);
  return *this;
}

Library::~Library() {
  if (handle_ != nullptr) dlclose(handle_);
}

Library Library::open(const std::string& path, std::string* error) {
  // A name without a slash would be searched for in the system's library folders.
  const std::string file = path.find('/') == std::string::npos ? "./" + path : path;
  Library library;
  if (const std::string damage = check_elf_file(file); !damage.empty()) {
    *error = "cannot load '" + path + "': " + damage;
    return library;
  }
  library.handle_ = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library.handle_ == nullptr) {
    *error = std::string("cannot load '") + path + "': " + dlerror();
    return library;
  }
  void* symbol = dlsym(library.handle_, TENON_MODEL_SYMBOL);
  if (symbol == nullptr) {
    *error = "'" + path + "' is not a Tenon library: it exports no " + TENON_MODEL_SYMBOL;
    return library;
  }
  const TenonModelV1* model = reinterpret_cast<TenonModelEntryV1>(symbol)();
  const std::string damage = check_model(model);
  if (!damage.empty()) {
    *error = "cannot use the library '" + path + "': " + damage;
    return library;
  }
  library.model_ = model;
  return library;
}

Library Library::load(const std::string& path) {
  std::string error;
  Library library = open(path, &error);
  if (!library.is_open()) throw UserError(error);
  return library;
}

}  // namespace tenon
