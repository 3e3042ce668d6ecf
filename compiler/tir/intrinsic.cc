#include "compiler/tir/intrinsic.h"

#include <array>

namespace tenon::tir {
namespace {

constexpr Effect P = Effect::kPure;
constexpr Effect R = Effect::kReads;
constexpr Effect O = Effect::kOpaque;

// In the order of the enum.
constexpr std::array kIntrinsics = {
    IntrinsicInfo{"if_then_else", P, 3},
    IntrinsicInfo{"likely", P, 1},
    IntrinsicInfo{"address_of", P, 1},
    IntrinsicInfo{"reinterpret", P, 1},
    IntrinsicInfo{"assume", O, 1},
    IntrinsicInfo{"undef", P, 0},
    IntrinsicInfo{"ret", O, 1},
    IntrinsicInfo{"exp", P, 1},
    IntrinsicInfo{"exp2", P, 1},
    IntrinsicInfo{"exp10", P, 1},
    IntrinsicInfo{"log", P, 1},
    IntrinsicInfo{"log2", P, 1},
    IntrinsicInfo{"log10", P, 1},
    IntrinsicInfo{"log1p", P, 1},
    IntrinsicInfo{"sqrt", P, 1},
    IntrinsicInfo{"rsqrt", P, 1},
    IntrinsicInfo{"tanh", P, 1},
    IntrinsicInfo{"sigmoid", P, 1},
    IntrinsicInfo{"erf", P, 1},
    IntrinsicInfo{"pow", P, 2},
    IntrinsicInfo{"sin", P, 1},
    IntrinsicInfo{"cos", P, 1},
    IntrinsicInfo{"tan", P, 1},
    IntrinsicInfo{"asin", P, 1},
    IntrinsicInfo{"acos", P, 1},
    IntrinsicInfo{"atan", P, 1},
    IntrinsicInfo{"sinh", P, 1},
    IntrinsicInfo{"cosh", P, 1},
    IntrinsicInfo{"asinh", P, 1},
    IntrinsicInfo{"acosh", P, 1},
    IntrinsicInfo{"atanh", P, 1},
    IntrinsicInfo{"atan2", P, 2},
    IntrinsicInfo{"hypot", P, 2},
    IntrinsicInfo{"fabs", P, 1},
    IntrinsicInfo{"abs", P, 1},
    IntrinsicInfo{"floor", P, 1},
    IntrinsicInfo{"ceil", P, 1},
    IntrinsicInfo{"trunc", P, 1},
    IntrinsicInfo{"round", P, 1},
    IntrinsicInfo{"nearbyint", P, 1},
    IntrinsicInfo{"fmod", P, 2},
    IntrinsicInfo{"ldexp", P, 2},
    IntrinsicInfo{"copysign", P, 2},
    IntrinsicInfo{"nextafter", P, 2},
    IntrinsicInfo{"fma", P, 3},
    IntrinsicInfo{"isnan", P, 1},
    IntrinsicInfo{"isinf", P, 1},
    IntrinsicInfo{"isfinite", P, 1},
    IntrinsicInfo{"popcount", P, 1},
    IntrinsicInfo{"clz", P, 1},
    IntrinsicInfo{"q_multiply_shift", P, 4},
    IntrinsicInfo{"bitwise_and", P, 2},
    IntrinsicInfo{"bitwise_or", P, 2},
    IntrinsicInfo{"bitwise_xor", P, 2},
    IntrinsicInfo{"bitwise_not", P, 1},
    IntrinsicInfo{"shift_left", P, 2},
    IntrinsicInfo{"shift_right", P, 2},
    IntrinsicInfo{"prefetch", O, -1},
    IntrinsicInfo{"vectorlow", P, 1},
    IntrinsicInfo{"vectorhigh", P, 1},
    IntrinsicInfo{"vectorcombine", P, 2},
    IntrinsicInfo{"vscale", P, 0},
    IntrinsicInfo{"get_active_lane_mask", P, 2},
    IntrinsicInfo{"lane_reduce_add", P, 1},
    IntrinsicInfo{"lane_reduce_max", P, 1},
    IntrinsicInfo{"lane_reduce_min", P, 1},
    IntrinsicInfo{"masked_load", R, -1},
    IntrinsicInfo{"masked_store", O, -1},
    IntrinsicInfo{"call_extern", O, -1},
    IntrinsicInfo{"call_pure_extern", P, -1},
    IntrinsicInfo{"call_packed", O, -1},
    IntrinsicInfo{"call_llvm_intrin", O, -1},
    IntrinsicInfo{"call_llvm_pure_intrin", P, -1},
    IntrinsicInfo{"call_function", O, -1},
    IntrinsicInfo{"call_ffi_kernel", O, -1},
    IntrinsicInfo{"call_cpacked", O, -1},
    IntrinsicInfo{"type_annotation", P, 0},
    IntrinsicInfo{"tvm_access_ptr", P, 5},
    IntrinsicInfo{"isnullptr", P, 1},
    IntrinsicInfo{"handle_add_byte_offset", P, 2},
    IntrinsicInfo{"tvm_storage_sync", O, -1},
    IntrinsicInfo{"tvm_thread_allreduce", O, -1},
    IntrinsicInfo{"tvm_thread_invariant", P, 1},
    IntrinsicInfo{"tvm_warp_activemask", O, 0},
    IntrinsicInfo{"tvm_warp_shuffle", O, 5},
    IntrinsicInfo{"tvm_warp_shuffle_up", O, 5},
    IntrinsicInfo{"tvm_warp_shuffle_down", O, 5},
    IntrinsicInfo{"tvm_fill_fragment", O, 6},
    IntrinsicInfo{"tvm_load_matrix_sync", O, 8},
    IntrinsicInfo{"tvm_mma_sync", O, 8},
    IntrinsicInfo{"tvm_store_matrix_sync", O, 8},
    IntrinsicInfo{"ptx_legacy.mma", O, -1},
    IntrinsicInfo{"metal.make_filled_simdgroup_matrix", O, -1},
    IntrinsicInfo{"metal.simdgroup_load", O, -1},
    IntrinsicInfo{"metal.simdgroup_store", O, -1},
    IntrinsicInfo{"metal.simdgroup_multiply_accumulate", O, -1},
    IntrinsicInfo{"tvm_tuple", P, -1},
    IntrinsicInfo{"tvm_struct_get", R, -1},
    IntrinsicInfo{"tvm_struct_set", O, 4},
    IntrinsicInfo{"tvm_stack_alloca", O, 2},
    IntrinsicInfo{"tvm_stack_make_shape", O, -1},
    IntrinsicInfo{"tvm_stack_make_array", O, 6},
    IntrinsicInfo{"tvm_throw_last_error", O, 0},
};
static_assert(kIntrinsics.size() == static_cast<std::size_t>(Intrinsic::kCount));

}  // namespace

const IntrinsicInfo& intrinsic_info(Intrinsic op) {
  return kIntrinsics[static_cast<std::size_t>(op)];
}

std::optional<Intrinsic> find_intrinsic(std::string_view name) {
  for (std::size_t i = 0; i < kIntrinsics.size(); ++i) {
    if (kIntrinsics[i].name == name) return static_cast<Intrinsic>(i);
  }
  return std::nullopt;
}

}  // namespace tenon::tir
