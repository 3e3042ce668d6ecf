/* A library of a later ABI: must be refused, not guessed at. */
#include "compiler/runtime/tenon_model.h"

static const TenonModelV1 model = {.abi_version = 2, .struct_size = 4096};

const TenonModelV1* tenon_model_v1(void) { return &model; }
