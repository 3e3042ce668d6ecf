/* What the hand-written test libraries share: checking and binding in plain C, as compiled
 * libraries do it. Not part of the product. */
#ifndef MODEL_SUPPORT_H_
#define MODEL_SUPPORT_H_

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

#endif /* MODEL_SUPPORT_H_ */
