/* z[1024] = 2 * x + y as a measured candidate. MISBEHAVE names what it does besides. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "compiler/runtime/tenon_model.h"

enum { kSize = 1024 };

static void behave(float* z) { (void)z; }

static void give_wrong_numbers(float* z) { z[kSize / 2] += 1; }

static void leave_one_out(float* z) { memset(z + 7, 0xff, sizeof *z); }

static void segfault(float* z) {
  (void)z;
  static volatile uintptr_t nowhere = 8;
  *(volatile int*)nowhere = 1;
}

static void run_over_the_end(float* z) { ((volatile float*)z)[kSize + 4096] = 1; }

static void step_before_the_start(float* z) { ((volatile float*)z)[-1] = 1; }

static void leave(float* z) {
  (void)z;
  _exit(0);
}

/* Blocks SIGTERM, leaves grandchildren (one of them in a session of its own), and never returns. */
static void spin(float* z) {
  (void)z;
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, 0);
  for (int i = 0; i < 2; ++i) {
    if (fork() != 0) continue;
    if (i == 1) setsid();
    for (;;) sleep(1000);
  }
  for (;;) {
  }
}

/* Leaves at once, but a grandchild outside of its group keeps all its descriptors open. */
static void leave_a_holder(float* z) {
  (void)z;
  if (fork() == 0) {
    setsid();
    for (;;) sleep(1000);
  }
  _exit(0);
}

static void write_file(float* z) {
  (void)z;
  const char* path = getenv("TENON_TEST_FILE");
  int file = open(path ? path : "/tmp/tenon-candidate-was-here", O_WRONLY | O_CREAT, 0644);
  if (file >= 0) (void)!write(file, "x", 1);
}

static void open_socket(float* z) {
  (void)z;
  socket(AF_INET, SOCK_STREAM, 0);
}

static void fork_once(float* z) {
  (void)z;
  if (fork() == 0) {
    for (;;) sleep(1000);
  }
}

static void take_memory(float* z) {
  for (size_t i = 0; i < 64; ++i) {
    char* block = malloc((size_t)1 << 30);
    if (block == 0) abort();
    memset(block, 1, (size_t)1 << 30);
    z[0] += block[i];
  }
}

static void print_much(float* z) {
  (void)z;
  static char text[4096];
  memset(text, 'x', sizeof text);
  for (int i = 0; i < 10000; ++i) (void)!write(1, text, sizeof text);
}

static void take_long(float* z) {
  (void)z;
  for (volatile int i = 0; i < 3000000; ++i) {
  }
}

static const int64_t dims[1] = {kSize};
static const TenonTensorV1 inputs[2] = {{"x", dims, 1, {kDLFloat, 32, 1}, 0, 64},
                                        {"y", dims, 1, {kDLFloat, 32, 1}, 0, 64}};
static const TenonTensorV1 outputs[1] = {{"z", dims, 1, {kDLFloat, 32, 1}, 0, 64}};
static const TenonKernelV1 kernels[1] = {{"main", 0, 2 * kSize, 12 * kSize}};

static int64_t arena_size(const int64_t* symbols, int32_t num_workers) {
  (void)symbols;
  (void)num_workers;
  return 0;
}

static int32_t bind_inputs(TenonContextV1* context, const DLTensor* const* tensors,
                           int64_t* symbols) {
  (void)context;
  (void)tensors;
  (void)symbols;
  return TENON_OK;
}

static int32_t output_shape(const int64_t* symbols, int32_t output_index, int64_t* shape) {
  (void)symbols;
  (void)output_index;
  shape[0] = kSize;
  return TENON_OK;
}

static int32_t run(TenonContextV1* context, const DLTensor* const* in, DLTensor* const* out) {
  (void)context;
  const float* x = in[0]->data;
  const float* y = in[1]->data;
  float* z = out[0]->data;
  for (int i = 0; i < kSize; ++i) z[i] = 2 * x[i] + y[i];
  MISBEHAVE(z);
  return TENON_OK;
}

static const TenonModelV1 model = {
    TENON_MODEL_ABI_VERSION, sizeof(TenonModelV1), "main", "test", "hand-written",
    2, 1, 0, 0, 1, 0, inputs, outputs, 0, 0, kernels,
    arena_size, bind_inputs, output_shape, run};

const TenonModelV1* tenon_model_v1(void) { return &model; }

/* The behaviours that this library was not compiled for. */
void (*const tenon_test_unused[])(float*) = {
    behave, give_wrong_numbers, leave_one_out, segfault, run_over_the_end, step_before_the_start,
    leave, leave_a_holder, spin, write_file, open_socket, fork_once, take_memory, print_much, take_long};
