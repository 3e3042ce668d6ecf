// One caller's way to run a library: a context with arena, threads and profile counters.
// One session per concurrent call; sessions of one library are independent.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "compiler/runtime/library.h"
#include "compiler/runtime/nd_array.h"
#include "compiler/runtime/thread_team.h"

namespace tenon {

// Monotonic nanoseconds (CLOCK_MONOTONIC_RAW).
int64_t raw_monotonic_ns();

class ModelSession {
 public:
  // `library` and `team` (null: one thread) outlive the session.
  ModelSession(const Library& library, ThreadTeam* team);
  ModelSession(const ModelSession&) = delete;
  ModelSession& operator=(const ModelSession&) = delete;

  // Counts each kernel's time from now on; kernel_ns() has one counter per kernel.
  void enable_profile();
  const std::vector<int64_t>& kernel_ns() const { return kernel_ns_; }

  // The three steps as values: TENON_OK or the library's code; context().error has the rest.
  int32_t bind(const DLTensor* const* inputs, std::vector<int64_t>* symbols);
  int32_t output_shape(const std::vector<int64_t>& symbols, int32_t output_index,
                       std::vector<int64_t>* dims);
  // Binds, sizes the arena, and runs. Inputs and outputs less aligned than their descriptor are
  // copied through buffers of the session.
  int32_t run(const DLTensor* const* inputs, DLTensor* const* outputs);

  // run() in two halves, for timing: prepare() does all but the call, and run_prepared() may then
  // be repeated as long as the tensors stay where they are.
  int32_t prepare(const DLTensor* const* inputs, DLTensor* const* outputs);
  int32_t run_prepared() {
    return library_.model().run(&context_, input_pointers_.data(), output_pointers_.data());
  }

  const TenonContextV1& context() const { return context_; }
  std::string error_text() const;

  // The same for arrays; throw UserError with error_text(). The number of arrays is checked.
  std::vector<NdArray> make_outputs(std::span<const NdArray> inputs);
  void run(std::span<const NdArray> inputs, std::span<NdArray> outputs);

  // Grows the arena to what these symbols need; run does so by itself.
  void reserve_arena(const std::vector<int64_t>& symbols);

 private:
  static void parallel_for(TenonContextV1* context, int64_t num_chunks, TenonChunkFn fn,
                           void* closure);
  void copy_unaligned_inputs(const DLTensor* const* inputs);
  void copy_unaligned_outputs(DLTensor* const* outputs);
  void copy_back_outputs(DLTensor* const* outputs);
  int32_t refuse_null(int32_t tensor);

  // The context is first so that parallel_for can find the session from it.
  struct Context : TenonContextV1 {
    ModelSession* session = nullptr;
  };

  const Library& library_;
  ThreadTeam* team_;
  Context context_{};
  NdArray arena_;
  std::vector<int64_t> kernel_ns_;
  std::vector<NdArray> aligned_copies_;
  std::vector<DLTensor> input_views_;
  std::vector<DLTensor> output_views_;
  std::vector<const DLTensor*> input_pointers_;
  std::vector<DLTensor*> output_pointers_;
};

}  // namespace tenon
