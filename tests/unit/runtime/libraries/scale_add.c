/* z[n, 4] = 2 * x[n, 4] + y[n, 4] with symbolic n in [1, 64]; one chunk a row; the arena holds
 * one row per worker. */
#include "compiler/runtime/tenon_model.h"

static int32_t fail(TenonContextV1* context, int32_t code, int32_t tensor, int32_t axis,
                    int64_t expected, int64_t found) {
  context->error.code = code;
  context->error.tensor = tensor;
  context->error.axis = axis;
  context->error.other_tensor = -1;
  context->error.other_axis = -1;
  context->error.expected = expected;
  context->error.found = found;
  context->error.message = 0;
  return code;
}

static int64_t packed_dtype(DLDataType dtype) {
  return ((int64_t)dtype.code << 24) | ((int64_t)dtype.bits << 16) | dtype.lanes;
}

static int32_t check_tensor(TenonContextV1* context, const TenonTensorV1* descriptor,
                            const DLTensor* tensor, int32_t index) {
  if (tensor->ndim != descriptor->rank) {
    return fail(context, TENON_ERROR_RANK, index, -1, descriptor->rank, tensor->ndim);
  }
  if (packed_dtype(tensor->dtype) != packed_dtype(descriptor->dtype)) {
    return fail(context, TENON_ERROR_DTYPE, index, -1, packed_dtype(descriptor->dtype),
                packed_dtype(tensor->dtype));
  }
  uintptr_t address = (uintptr_t)tensor->data + tensor->byte_offset;
  if (address % descriptor->alignment != 0) {
    return fail(context, TENON_ERROR_ALIGNMENT, index, -1, descriptor->alignment, 0);
  }
  for (int32_t axis = 0; axis < descriptor->rank; ++axis) {
    int64_t expected = descriptor->dims[axis];
    if (expected >= 0 && tensor->shape[axis] != expected) {
      return fail(context, TENON_ERROR_SHAPE, index, axis, expected, tensor->shape[axis]);
    }
  }
  return TENON_OK;
}

static const int64_t dims[2] = {-1, 4};
static const TenonSymbolV1 symbols[1] = {{"n", 1, 64, 1}};
static const TenonTensorV1 inputs[2] = {{"x", dims, 2, {kDLFloat, 32, 1}, 0, 64},
                                        {"y", dims, 2, {kDLFloat, 32, 1}, 0, 64}};
static const TenonTensorV1 outputs[1] = {{"z", dims, 2, {kDLFloat, 32, 1}, 0, 64}};
static const TenonKernelV1 kernels[1] = {{"scale_add", 0, -1, -1}};

static int64_t arena_size(const int64_t* values, int32_t num_workers) {
  (void)values;
  return 64 * (int64_t)num_workers;
}

static int32_t bind_inputs(TenonContextV1* context, const DLTensor* const* tensors,
                           int64_t* values) {
  for (int32_t i = 0; i < 2; ++i) {
    int32_t status = check_tensor(context, &inputs[i], tensors[i], i);
    if (status != TENON_OK) return status;
  }
  values[0] = tensors[0]->shape[0];
  if (values[0] < 1 || values[0] > 64) {
    return fail(context, TENON_ERROR_SYMBOL, 0, 0, 0, values[0]);
  }
  if (tensors[1]->shape[0] != values[0]) {
    fail(context, TENON_ERROR_SHAPE, 1, 0, values[0], tensors[1]->shape[0]);
    context->error.other_tensor = 0;
    context->error.other_axis = 0;
    return TENON_ERROR_SHAPE;
  }
  return TENON_OK;
}

static int32_t output_shape(const int64_t* values, int32_t output_index, int64_t* shape) {
  if (output_index != 0) return TENON_ERROR_OTHER;
  shape[0] = values[0];
  shape[1] = 4;
  return TENON_OK;
}

typedef struct {
  const float* x;
  const float* y;
  float* z;
  char* arena;
} Closure;

static void run_rows(void* closure, int64_t begin, int64_t end, int32_t worker) {
  Closure* c = closure;
  float* row = (float*)(c->arena + 64 * worker);
  for (int64_t i = begin; i < end; ++i) {
    for (int j = 0; j < 4; ++j) row[j] = 2 * c->x[i * 4 + j];
    for (int j = 0; j < 4; ++j) c->z[i * 4 + j] = row[j] + c->y[i * 4 + j];
  }
}

static int32_t run(TenonContextV1* context, const DLTensor* const* in, DLTensor* const* out) {
  int64_t values[1];
  int32_t status = bind_inputs(context, in, values);
  if (status == TENON_OK) status = check_tensor(context, &outputs[0], out[0], TENON_OUTPUT_BASE);
  if (status != TENON_OK) return status;
  int64_t needed = arena_size(values, context->num_workers ? context->num_workers : 1);
  if (context->arena_bytes < needed) {
    return fail(context, TENON_ERROR_ARENA, -1, -1, needed, context->arena_bytes);
  }
  Closure c = {(const float*)((char*)in[0]->data + in[0]->byte_offset),
               (const float*)((char*)in[1]->data + in[1]->byte_offset),
               (float*)((char*)out[0]->data + out[0]->byte_offset), context->arena};
  int64_t begin = context->clock_ns ? context->clock_ns(context->user) : 0;
  if (context->parallel_for) {
    context->parallel_for(context, values[0], run_rows, &c);
  } else {
    run_rows(&c, 0, values[0], 0);
  }
  if (context->clock_ns) context->kernel_ns[0] += context->clock_ns(context->user) - begin;
  return TENON_OK;
}

static const TenonModelV1 model = {
    TENON_MODEL_ABI_VERSION, sizeof(TenonModelV1), "scale_add", "test", "hand-written",
    2, 1, 1, 0, 1, 0, inputs, outputs, symbols, 0, kernels,
    arena_size, bind_inputs, output_shape, run};

const TenonModelV1* tenon_model_v1(void) { return &model; }
