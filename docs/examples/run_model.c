/* Runs a library that Tenon compiled, with nothing but the C library and tenon_model.h.
 *
 *   cc -std=c99 -D_GNU_SOURCE -I compiler/runtime docs/examples/run_model.c -o run_model
 *   ./run_model LIBRARY [--size SYMBOL=N]... [INPUT.raw]... > outputs.raw
 *
 * An input file holds the elements of one input as they lie in memory, in row-major order. Outputs
 * are written to standard output one after the other in the same form; names and shapes go to
 * standard error. A symbolic dimension takes the smallest size that the model allows unless --size
 * says more. Exit: 0 done, 1 the model refused, 2 asked wrongly.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tenon_model.h"

enum { kMaxTensors = 64, kMaxRank = 8, kMaxSymbols = 64 };

/* The inputs or outputs of one call. */
typedef struct {
  DLTensor tensors[kMaxTensors];
  DLTensor* pointers[kMaxTensors];
  int64_t shapes[kMaxTensors][kMaxRank];
} Tensors;

static void fail(int code, const char* what, const char* detail) {
  fprintf(stderr, "run_model: %s%s%s\n", what, *detail ? ": " : "", detail);
  exit(code);
}

static const TenonModelV1* load(const char* path) {
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) fail(2, "cannot load the library", dlerror());
  /* A function does not fit into a void*: its address is copied. */
  void* symbol = dlsym(library, TENON_MODEL_SYMBOL);
  TenonModelEntryV1 entry = NULL;
  if (symbol == NULL) fail(2, "no Tenon library", path);
  memcpy(&entry, &symbol, sizeof entry);
  const TenonModelV1* model = entry();
  if (model->abi_version != TENON_MODEL_ABI_VERSION) fail(2, "another ABI version", path);
  if (model->num_inputs > kMaxTensors || model->num_outputs > kMaxTensors ||
      model->num_symbols > kMaxSymbols) {
    fail(2, "more tensors or symbols than this program takes", path);
  }
  return model;
}

static size_t size_bytes(const DLTensor* tensor) {
  size_t count = 1;
  for (int32_t axis = 0; axis < tensor->ndim; ++axis) count *= (size_t)tensor->shape[axis];
  return count * (((size_t)tensor->dtype.bits * tensor->dtype.lanes + 7) / 8);
}

static void* aligned(size_t size) {
  size_t rounded = (size + TENON_ALIGNMENT - 1) / TENON_ALIGNMENT * TENON_ALIGNMENT;
  void* memory = aligned_alloc(TENON_ALIGNMENT, rounded > 0 ? rounded : TENON_ALIGNMENT);
  if (memory == NULL) fail(1, "out of memory", "");
  return memory;
}

/* A tensor whose shape is in all->shapes[index] already, with memory of its own. */
static DLTensor* add_tensor(Tensors* all, int32_t index, const TenonTensorV1* descriptor) {
  DLTensor* tensor = &all->tensors[index];
  tensor->device.device_type = kDLCPU;
  tensor->ndim = descriptor->rank;
  tensor->dtype = descriptor->dtype;
  tensor->shape = all->shapes[index];
  tensor->data = aligned(size_bytes(tensor));
  all->pointers[index] = tensor;
  fprintf(stderr, "%s (", descriptor->name);
  for (int32_t axis = 0; axis < tensor->ndim; ++axis) {
    fprintf(stderr, "%s%lld", axis > 0 ? ", " : "", (long long)tensor->shape[axis]);
  }
  fprintf(stderr, ") %d bits, %zu bytes\n", tensor->dtype.bits, size_bytes(tensor));
  return tensor;
}

static void read_file(const char* path, DLTensor* tensor) {
  FILE* file = fopen(path, "rb");
  if (file == NULL) fail(2, "cannot open", path);
  size_t size = size_bytes(tensor);
  size_t found = fread(tensor->data, 1, size, file);
  if (found != size || fgetc(file) != EOF) fail(2, "not as many bytes as the input needs", path);
  fclose(file);
}

static void check(int32_t status, const TenonContextV1* context) {
  char text[160];
  if (status == TENON_OK) return;
  snprintf(text, sizeof text, "code %d, tensor %d, axis %d, expected %lld, found %lld",
           (int)status, (int)context->error.tensor, (int)context->error.axis,
           (long long)context->error.expected, (long long)context->error.found);
  fail(1, context->error.message ? context->error.message : "the model refused", text);
}

static int64_t input_dim(const TenonModelV1* model, int64_t dim, const int64_t* sizes) {
  if (dim >= 0) return dim;
  if (-(dim + 1) >= model->num_symbols) fail(2, "an input with a computed dimension", "");
  return sizes[-(dim + 1)];
}

static void set_size(const TenonModelV1* model, const char* text, int64_t* sizes) {
  const char* equals = strchr(text, '=');
  for (int32_t i = 0; equals != NULL && i < model->num_symbols; ++i) {
    size_t length = strlen(model->symbols[i].name);
    if (length == (size_t)(equals - text) && memcmp(text, model->symbols[i].name, length) == 0) {
      sizes[i] = atoll(equals + 1);
      return;
    }
  }
  fail(2, "--size needs SYMBOL=N with a symbol of this model", text);
}

int main(int argc, char** argv) {
  if (argc < 2) fail(2, "usage: run_model LIBRARY [--size SYMBOL=N]... [INPUT.raw]...", "");
  const TenonModelV1* model = load(argv[1]);
  static Tensors inputs, outputs;
  int64_t sizes[kMaxSymbols];
  for (int32_t i = 0; i < model->num_symbols; ++i) {
    sizes[i] = model->symbols[i].min > 0 ? model->symbols[i].min : 1;
  }
  int next = 2;
  for (; next + 1 < argc && strcmp(argv[next], "--size") == 0; next += 2) {
    set_size(model, argv[next + 1], sizes);
  }
  if (argc - next != model->num_inputs) fail(2, "one file is needed for each input", "");
  for (int32_t i = 0; i < model->num_inputs; ++i) {
    const TenonTensorV1* input = &model->inputs[i];
    if (input->rank > kMaxRank) fail(2, "more dimensions than this program takes", input->name);
    for (int32_t axis = 0; axis < input->rank; ++axis) {
      inputs.shapes[i][axis] = input_dim(model, input->dims[axis], sizes);
    }
    read_file(argv[next + i], add_tensor(&inputs, i, input));
  }

  /* One context for one call at a time; without parallel_for the model uses this thread alone. */
  TenonContextV1 context;
  memset(&context, 0, sizeof context);
  context.struct_size = sizeof context;
  const DLTensor* const* in = (const DLTensor* const*)inputs.pointers;
  int64_t symbols[kMaxSymbols];
  check(model->bind(&context, in, symbols), &context);
  context.arena_bytes = model->arena_size(symbols, 1);
  context.arena = aligned((size_t)context.arena_bytes);
  for (int32_t i = 0; i < model->num_outputs; ++i) {
    const TenonTensorV1* output = &model->outputs[i];
    if (output->rank > kMaxRank) fail(2, "more dimensions than this program takes", output->name);
    check(model->output_shape(symbols, i, outputs.shapes[i]), &context);
    add_tensor(&outputs, i, output);
  }
  check(model->run(&context, in, outputs.pointers), &context);
  for (int32_t i = 0; i < model->num_outputs; ++i) {
    const DLTensor* output = &outputs.tensors[i];
    if (fwrite(output->data, 1, size_bytes(output), stdout) != size_bytes(output)) {
      fail(1, "cannot write the outputs", "");
    }
  }
  return fflush(stdout) == 0 ? 0 : 1;
}
