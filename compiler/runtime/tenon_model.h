/* The C ABI of a compiled Tenon library, version 1.
 *
 * A library exports one symbol, `tenon_model_v1`, and imports none: it needs no libc and no
 * loader help but R_*_RELATIVE relocations. The symbol returns a constant struct that describes
 * the model and holds its functions. A shipped model and a measured candidate use the same
 * struct: a candidate is a library whose model is one kernel, with every parameter an input or
 * an output. This header needs nothing but <stdint.h>; it compiles as C99 and as C++.
 *
 * Versioning: fields are only ever appended. `struct_size` says how many bytes of a struct its
 * maker knew; a reader uses a field only when it lies inside. Numbers below never change.
 */
#ifndef TENON_MODEL_H_
#define TENON_MODEL_H_

#include <stdint.h>

/* ---- DLPack tensors (binary layout of DLPack 0.8) -------------------------------------------
 * Include the real dlpack.h before this header if you use it; the guard is its own. */
#ifndef DLPACK_DLPACK_H_
#define DLPACK_DLPACK_H_

#define DLPACK_VERSION 80
#define DLPACK_ABI_VERSION 1

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  kDLCPU = 1,
  kDLCUDA = 2,
  kDLCUDAHost = 3,
  kDLOpenCL = 4,
  kDLVulkan = 7,
  kDLMetal = 8,
  kDLVPI = 9,
  kDLROCM = 10,
  kDLROCMHost = 11,
  kDLExtDev = 12,
  kDLCUDAManaged = 13,
  kDLOneAPI = 14,
  kDLWebGPU = 15,
  kDLHexagon = 16
} DLDeviceType;

typedef struct {
  DLDeviceType device_type;
  int32_t device_id;
} DLDevice;

typedef enum {
  kDLInt = 0,
  kDLUInt = 1,
  kDLFloat = 2,
  kDLOpaqueHandle = 3,
  kDLBfloat = 4,
  kDLComplex = 5,
  kDLBool = 6
} DLDataTypeCode;

typedef struct {
  uint8_t code; /* DLDataTypeCode */
  uint8_t bits;
  uint16_t lanes;
} DLDataType;

typedef struct {
  void* data;
  DLDevice device;
  int32_t ndim;
  DLDataType dtype;
  int64_t* shape;
  int64_t* strides; /* in elements; null means compact row-major */
  uint64_t byte_offset;
} DLTensor;

typedef struct DLManagedTensor {
  DLTensor dl_tensor;
  void* manager_ctx;
  void (*deleter)(struct DLManagedTensor* self);
} DLManagedTensor;

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* DLPACK_DLPACK_H_ */

#ifdef __cplusplus
extern "C" {
#endif

#define TENON_MODEL_ABI_VERSION 1u
#define TENON_MODEL_SYMBOL "tenon_model_v1"

/* Alignment in bytes of arenas, embedded constants, and (unless a descriptor says less) tensors. */
#define TENON_ALIGNMENT 64

/* A dimension known only after the kernels ran (data-dependent). Such an output is allocated
 * through the context: `run` sets data, shape and ndim stay the caller's arrays of `rank`. */
#define TENON_DIM_UNKNOWN INT64_MIN

/* No upper bound on a symbol. */
#define TENON_SYMBOL_UNBOUNDED INT64_MAX

/* Status codes: what every function of a model returns. */
typedef enum {
  TENON_OK = 0,
  TENON_ERROR_RANK = 1,      /* tensor, expected rank, found rank */
  TENON_ERROR_DTYPE = 2,     /* tensor; expected/found = code << 24 | bits << 16 | lanes */
  TENON_ERROR_SHAPE = 3,     /* tensor, axis, expected and found size; other_* if one fixed it */
  TENON_ERROR_SYMBOL = 4,    /* tensor, axis: size outside [min, max] or not a multiple */
  TENON_ERROR_STRIDES = 5,   /* tensor: not compact row-major */
  TENON_ERROR_ALIGNMENT = 6, /* tensor: data less aligned than its descriptor asks */
  TENON_ERROR_DEVICE = 7,    /* tensor: on another device; or a device call failed (message) */
  TENON_ERROR_NULL = 8,      /* tensor: data is null but the tensor is not empty */
  TENON_ERROR_ARENA = 9,     /* arena missing, unaligned or too small: expected and found bytes */
  TENON_ERROR_MEMORY = 10,   /* context allocator returned null: expected = bytes asked */
  TENON_ERROR_VALUE = 11,    /* a value in a tensor is out of range (message) */
  TENON_ERROR_ABI = 12,      /* context struct_size too small for this library */
  TENON_ERROR_OTHER = 13     /* see message */
} TenonStatus;

/* Which tensor an error names: inputs count 0, 1, ...; outputs TENON_OUTPUT_BASE + 0, 1, ... */
#define TENON_OUTPUT_BASE 0x10000

/* Filled by the library when a function returns a code other than TENON_OK. Plain numbers, so
 * that a library needs no text formatting; tenon_format_error (tenon_runtime.h) makes the text.
 * `message` is null or a constant string inside the library. */
typedef struct TenonErrorV1 {
  int32_t code;
  int32_t tensor; /* -1: no tensor */
  int32_t axis;   /* -1: no axis */
  int32_t other_tensor;
  int32_t other_axis;
  int32_t reserved;
  int64_t expected;
  int64_t found;
  const char* message;
} TenonErrorV1;

typedef struct TenonContextV1 TenonContextV1;

/* Runs chunks [chunk_begin, chunk_end) on the calling thread. 0 <= worker_index < num_workers;
 * two calls that overlap in time have different worker indexes. */
typedef void (*TenonChunkFn)(void* closure, int64_t chunk_begin, int64_t chunk_end,
                             int32_t worker_index);

/* Device access for libraries that embed device code; unused by CPU libraries. */
typedef struct TenonDeviceV1 {
  uint32_t struct_size;
  DLDevice device;
  void* self;
  void* (*allocate)(void* self, int64_t size_bytes, int64_t alignment);
  void (*release)(void* self, void* data);
  int32_t (*copy)(void* self, void* to, const void* from, int64_t size_bytes, int32_t direction);
  void* (*load_module)(void* self, const void* code, int64_t size_bytes);
  void* (*find_kernel)(void* self, void* module, const char* name);
  int32_t (*launch)(void* self, void* kernel, const int64_t grid[3], const int64_t block[3],
                    int64_t shared_bytes, void* const* arguments, int32_t num_arguments);
  int32_t (*synchronize)(void* self);
} TenonDeviceV1;

/* What the caller brings. One context per concurrent call; the library keeps no pointer to it
 * after a call returns. Zero-initialise, set struct_size, then set what you have:
 *   arena        at least arena_size(...) bytes, TENON_ALIGNMENT aligned. Null: `allocate` is
 *                used for the call and released at its end; null too: TENON_ERROR_ARENA if any
 *                byte is needed.
 *   parallel_for null: the library calls fn(closure, 0, num_chunks, 0) itself. It returns when
 *                all chunks are done.
 *   num_workers  workers that parallel_for may use; 0 means 1.
 *   clock_ns     null: no profile. Else kernel_ns has num_kernels counters and the library adds
 *                each kernel's time to its counter. */
struct TenonContextV1 {
  uint32_t struct_size;
  int32_t num_workers;
  void* user; /* the first argument of allocate, release and clock_ns */
  void* (*allocate)(void* user, int64_t size_bytes, int64_t alignment);
  void (*release)(void* user, void* data);
  void (*parallel_for)(TenonContextV1* context, int64_t num_chunks, TenonChunkFn fn, void* closure);
  void* arena;
  int64_t arena_bytes;
  const TenonDeviceV1* const* devices;
  int64_t num_devices;
  int64_t (*clock_ns)(void* user);
  int64_t* kernel_ns;
  TenonErrorV1 error;
};

/* A symbolic dimension: a multiple of `divisor` in [min, max]. */
typedef struct TenonSymbolV1 {
  const char* name;
  int64_t min;
  int64_t max; /* TENON_SYMBOL_UNBOUNDED: none */
  int64_t divisor;
} TenonSymbolV1;

/* Descriptor flags. */
#define TENON_TENSOR_COPIED_IF_UNALIGNED 1u /* run copies a less aligned input into the arena */
#define TENON_TENSOR_PACKED 2u              /* a candidate's parameter in a packed layout */

/* An input or output. dims[i] >= 0 is a constant; TENON_DIM_UNKNOWN is data-dependent; any other
 * negative value -(k+1) refers to symbol k when k < num_symbols, else to expression
 * k - num_symbols, whose text is in the model's `expressions` and whose value output_shape (or
 * bind, which checks inputs) computes. Strides: compact row-major only (strides null, or equal
 * to it; strides of axes of size 1 do not matter). byte_offset is honoured. */
typedef struct TenonTensorV1 {
  const char* name;
  const int64_t* dims; /* rank entries */
  int32_t rank;
  DLDataType dtype;
  uint32_t flags;
  uint32_t alignment; /* bytes that data + byte_offset must be aligned to */
} TenonTensorV1;

/* A kernel, in the order of the counters of a profile. workload is the hex SHA-256 of its
 * canonical text, or null; flops and bytes are of one call, -1 when symbolic. */
typedef struct TenonKernelV1 {
  const char* name;
  const char* workload;
  int64_t flops;
  int64_t bytes;
} TenonKernelV1;

typedef struct TenonModelV1 {
  uint32_t abi_version; /* TENON_MODEL_ABI_VERSION */
  uint32_t struct_size;
  const char* name;
  const char* target;   /* target as its full feature string */
  const char* producer; /* compiler name and version */
  int32_t num_inputs;
  int32_t num_outputs;
  int32_t num_symbols;
  int32_t num_expressions;
  int32_t num_kernels;
  uint32_t flags; /* 0 */
  const TenonTensorV1* inputs;
  const TenonTensorV1* outputs;
  const TenonSymbolV1* symbols;
  const char* const* expressions;
  const TenonKernelV1* kernels;

  /* Bytes of arena that `run` needs for these symbol values and this number of workers. */
  int64_t (*arena_size)(const int64_t* symbols, int32_t num_workers);

  /* Checks the inputs against their descriptors and writes num_symbols values. */
  int32_t (*bind)(TenonContextV1* context, const DLTensor* const* inputs, int64_t* symbols);

  /* Writes the rank dims of one output for these symbol values (TENON_DIM_UNKNOWN stays). */
  int32_t (*output_shape)(const int64_t* symbols, int32_t output_index, int64_t* dims);

  /* Binds, checks inputs and outputs, runs. Re-entrant with one context per call. */
  int32_t (*run)(TenonContextV1* context, const DLTensor* const* inputs, DLTensor* const* outputs);
} TenonModelV1;

/* The type of the exported symbol TENON_MODEL_SYMBOL. The struct lives as long as the library. */
typedef const TenonModelV1* (*TenonModelEntryV1)(void);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* TENON_MODEL_H_ */
