#include "compiler/runtime/model_session.h"

#include <time.h>

#include <cstring>
#include <new>

#include "compiler/runtime/model_error.h"
#include "compiler/support/error.h"

namespace tenon {
namespace {

int64_t clock_callback(void*) { return raw_monotonic_ns(); }

void* allocate_callback(void*, int64_t size_bytes, int64_t alignment) {
  if (size_bytes < 0 || size_bytes > kMaxTensorBytes) return nullptr;
  return ::operator new (static_cast<size_t>(size_bytes),
                         std::align_val_t{static_cast<size_t>(alignment)}, std::nothrow);
}

void release_callback(void*, void* data) {
  ::operator delete (data, std::align_val_t{TENON_ALIGNMENT});
}

std::byte* data_of(const DLTensor& tensor) {
  return static_cast<std::byte*>(tensor.data) + tensor.byte_offset;
}

bool is_aligned(const DLTensor& tensor, uint32_t alignment) {
  return reinterpret_cast<uintptr_t>(data_of(tensor)) % alignment == 0;
}

bool is_host(const DLTensor& tensor) { return tensor.device.device_type == kDLCPU; }

bool is_compact(const DLTensor& tensor) {
  if (tensor.strides == nullptr) return true;
  int64_t stride = 1;
  for (int32_t axis = tensor.ndim; axis-- > 0;) {
    if (tensor.shape[axis] != 1 && tensor.strides[axis] != stride) return false;
    stride *= tensor.shape[axis];
  }
  return true;
}

// An aligned array with the tensor's shape. Only called for compact host tensors.
NdArray aligned_like(const DLTensor& tensor) {
  return NdArray::zeros(tensor.dtype, {tensor.shape, tensor.shape + tensor.ndim});
}

void check_count(const char* kind, int32_t expected, size_t found) {
  if (static_cast<size_t>(expected) == found) return;
  throw UserError("the model has " + std::to_string(expected) + " " + kind + ", given are " +
                  std::to_string(found));
}

template <class Tensor, class Arrays>
std::vector<Tensor*> views_of(Arrays& arrays) {
  std::vector<Tensor*> views;
  for (auto& array : arrays) views.push_back(array.view());
  return views;
}

}  // namespace

int64_t raw_monotonic_ns() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC_RAW, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

ModelSession::ModelSession(const Library& library, ThreadTeam* team)
    : library_(library), team_(team) {
  context_.struct_size = sizeof(TenonContextV1);
  context_.num_workers = team == nullptr ? 1 : team->num_workers();
  context_.allocate = allocate_callback;
  context_.release = release_callback;
  context_.parallel_for = team == nullptr ? nullptr : parallel_for;
  context_.session = this;
}

void ModelSession::parallel_for(TenonContextV1* context, int64_t num_chunks, TenonChunkFn fn,
                                void* closure) {
  static_cast<Context*>(context)->session->team_->run(num_chunks, fn, closure);
}

void ModelSession::enable_profile() {
  kernel_ns_.assign(static_cast<size_t>(library_.model().num_kernels), 0);
  context_.clock_ns = clock_callback;
  context_.kernel_ns = kernel_ns_.data();
}

std::string ModelSession::error_text() const {
  return format_model_error(library_.model(), context_.error);
}

int32_t ModelSession::refuse_null(int32_t tensor) {
  context_.error = {TENON_ERROR_NULL, tensor, -1, -1, -1, 0, 0, 0, nullptr};
  return TENON_ERROR_NULL;
}

int32_t ModelSession::bind(const DLTensor* const* inputs, std::vector<int64_t>* symbols) {
  const TenonModelV1& model = library_.model();
  for (int32_t i = 0; i < model.num_inputs; ++i) {
    if (inputs[i] == nullptr) return refuse_null(i);
  }
  symbols->assign(static_cast<size_t>(model.num_symbols), 0);
  context_.error = {};
  copy_unaligned_inputs(inputs);
  std::vector<const DLTensor*> views;
  for (const DLTensor& view : input_views_) views.push_back(&view);
  return model.bind(&context_, views.data(), symbols->data());
}

int32_t ModelSession::output_shape(const std::vector<int64_t>& symbols, int32_t output_index,
                                   std::vector<int64_t>* dims) {
  const TenonModelV1& model = library_.model();
  dims->assign(static_cast<size_t>(model.outputs[output_index].rank), 0);
  return model.output_shape(symbols.data(), output_index, dims->data());
}

void ModelSession::reserve_arena(const std::vector<int64_t>& symbols) {
  const int64_t needed = library_.model().arena_size(symbols.data(), context_.num_workers);
  CHECK(needed >= 0) << "arena_size of " << library_.model().name << " is " << needed;
  if (needed > context_.arena_bytes || !arena_.has_data()) {
    arena_ = NdArray::zeros(kDlUint8, {needed});
    context_.arena = arena_.data();
    context_.arena_bytes = needed;
  }
}

void ModelSession::copy_unaligned_inputs(const DLTensor* const* inputs) {
  const TenonModelV1& model = library_.model();
  aligned_copies_.clear();
  input_views_.clear();
  for (int32_t i = 0; i < model.num_inputs; ++i) {
    DLTensor view = *inputs[i];
    const bool is_copied = view.data != nullptr && is_host(view) && is_compact(view) &&
                           !is_aligned(view, model.inputs[i].alignment);
    if (is_copied) {
      NdArray copy = aligned_like(view);
      std::memcpy(copy.data(), data_of(view), static_cast<size_t>(copy.size_bytes()));
      view.data = copy.data();
      view.byte_offset = 0;
      aligned_copies_.push_back(std::move(copy));
    }
    input_views_.push_back(view);
  }
}

void ModelSession::copy_unaligned_outputs(DLTensor* const* outputs) {
  const TenonModelV1& model = library_.model();
  output_views_.clear();
  for (int32_t i = 0; i < model.num_outputs; ++i) {
    DLTensor view = *outputs[i];
    const bool is_replaced = view.data != nullptr && is_host(view) && is_compact(view) &&
                             !is_aligned(view, model.outputs[i].alignment);
    if (is_replaced) {
      NdArray replacement = aligned_like(view);
      view.data = replacement.data();
      view.byte_offset = 0;
      aligned_copies_.push_back(std::move(replacement));
    }
    output_views_.push_back(view);
  }
}

void ModelSession::copy_back_outputs(DLTensor* const* outputs) {
  for (size_t i = 0; i < output_views_.size(); ++i) {
    DLTensor& output = *outputs[i];
    const DLTensor& view = output_views_[i];
    if (output.data == nullptr) {  // data-dependent: allocated by the library
      output.data = view.data;
      output.byte_offset = view.byte_offset;
    } else if (data_of(output) != data_of(view)) {
      const int64_t size = count_elements(view.dtype, {view.shape, view.shape + view.ndim}) *
                           dtype_bytes(view.dtype);
      std::memcpy(data_of(output), data_of(view), static_cast<size_t>(size));
    }
  }
}

int32_t ModelSession::prepare(const DLTensor* const* inputs, DLTensor* const* outputs) {
  const TenonModelV1& model = library_.model();
  std::vector<int64_t> symbols;
  if (const int32_t status = bind(inputs, &symbols); status != TENON_OK) return status;
  for (int32_t i = 0; i < model.num_outputs; ++i) {
    if (outputs[i] == nullptr) return refuse_null(TENON_OUTPUT_BASE + i);
  }
  reserve_arena(symbols);
  copy_unaligned_outputs(outputs);
  input_pointers_.clear();
  output_pointers_.clear();
  for (const DLTensor& view : input_views_) input_pointers_.push_back(&view);
  for (DLTensor& view : output_views_) output_pointers_.push_back(&view);
  return TENON_OK;
}

int32_t ModelSession::run(const DLTensor* const* inputs, DLTensor* const* outputs) {
  int32_t status = prepare(inputs, outputs);
  if (status == TENON_OK) status = run_prepared();
  if (status == TENON_OK) copy_back_outputs(outputs);
  return status;
}

std::vector<NdArray> ModelSession::make_outputs(std::span<const NdArray> inputs) {
  const TenonModelV1& model = library_.model();
  check_count("inputs", model.num_inputs, inputs.size());
  const auto views = views_of<const DLTensor>(inputs);
  std::vector<int64_t> symbols;
  if (bind(views.data(), &symbols) != TENON_OK) throw UserError(error_text());
  std::vector<NdArray> outputs;
  for (int32_t i = 0; i < model.num_outputs; ++i) {
    std::vector<int64_t> dims;
    if (output_shape(symbols, i, &dims) != TENON_OK) {
      throw UserError(std::string("the shape of output '") + model.outputs[i].name +
                      "' cannot be computed for these inputs");
    }
    outputs.push_back(NdArray::zeros(model.outputs[i].dtype, std::move(dims)));
  }
  return outputs;
}

void ModelSession::run(std::span<const NdArray> inputs, std::span<NdArray> outputs) {
  check_count("inputs", library_.model().num_inputs, inputs.size());
  check_count("outputs", library_.model().num_outputs, outputs.size());
  const auto input_views = views_of<const DLTensor>(inputs);
  const auto output_views = views_of<DLTensor>(outputs);
  if (run(input_views.data(), output_views.data()) != TENON_OK) throw UserError(error_text());
}

}  // namespace tenon
