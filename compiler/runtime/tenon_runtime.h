/* The C interface of the runtime library: load a compiled model, run it, time it.
 *
 * The library does what tenon_model.h asks of a caller: it brings threads, an arena and an
 * allocator, copies unaligned tensors, and turns errors into text. A program can as well use
 * tenon_model.h alone. Functions that can fail return a TenonStatus, or null with a text in the
 * caller's buffer; text is NUL-terminated and cut to the buffer's size.
 */
#ifndef TENON_RUNTIME_H_
#define TENON_RUNTIME_H_

#include <stddef.h>
#include <stdint.h>

#include "compiler/runtime/tenon_model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct TenonLibrary TenonLibrary;
typedef struct TenonSession TenonSession;

/* Loads a library; null on failure. A loaded library may be used from any thread. */
TenonLibrary* tenon_load(const char* path, char* error, size_t error_bytes);
void tenon_unload(TenonLibrary* library); /* null is ignored; sessions must be gone */
const TenonModelV1* tenon_describe(const TenonLibrary* library);

/* A session holds an arena and num_threads - 1 threads; use it from one thread at a time.
 * Null on failure. */
TenonSession* tenon_session_open(const TenonLibrary* library, int32_t num_threads, char* error,
                                 size_t error_bytes);
void tenon_session_close(TenonSession* session); /* null is ignored */

/* The dims of one output for these inputs; dims has the rank of the output. */
int32_t tenon_output_shape(TenonSession* session, const DLTensor* const* inputs,
                           int32_t output_index, int64_t* dims);

/* Runs once. Outputs have their final shape and memory. */
int32_t tenon_run(TenonSession* session, const DLTensor* const* inputs, DLTensor* const* outputs);

/* The text of the last status of this session that was not TENON_OK. */
void tenon_error_text(const TenonSession* session, char* text, size_t text_bytes);

/* The text of a structured error, for programs that call a model directly. */
void tenon_format_error(const TenonModelV1* model, const TenonErrorV1* error, char* text,
                        size_t text_bytes);

/* Time per kernel since profiling was switched on, in nanoseconds; num_kernels counters. */
void tenon_profile_start(TenonSession* session);
const int64_t* tenon_profile_kernel_ns(const TenonSession* session);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* TENON_RUNTIME_H_ */
