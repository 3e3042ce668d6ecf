// The expert schedules, compiled, against themselves without vectors, unrolling, register tiles and
// copies of tails: with the order of every reduction kept, the results are equal bit for bit.
#include <gtest/gtest.h>

#include <cstring>

#include "compiler/runtime/generate.h"
#include "compiler/tir/script/parser.h"
#include "compiler/tir/visit.h"
#include "tests/unit/codegen/llvm/kernel_runner.h"

namespace tenon {
namespace {

using namespace tir;

// Every loop serial, every buffer in memory, no hint.
PrimFunc plain(const PrimFunc& func) {
  std::map<Buffer, Buffer, IdLess> buffers;
  const Stmt body = rewrite(func.body, {.stmt = [](const Stmt& s) -> Stmt {
                                          const auto* n = s.as<For>();
                                          if (!n) return s;
                                          For loop = *n;
                                          loop.kind = ForKind::kSerial;
                                          loop.annotations.clear();
                                          return loop;
                                        },
                                        .buffer =
                                            [&](const Buffer& b) {
                                              if (node(b).scope != "local") return b;
                                              Buffer& made = buffers[b];
                                              if (!made) {
                                                BufferNode n = node(b);
                                                n.scope = "global";
                                                made = n;
                                              }
                                              return made;
                                            }});
  return with_body(func, body);
}

std::vector<NdArray> make_tensors(const PrimFunc& func) {
  std::vector<NdArray> tensors;
  for (const Param& param : func.params) {
    std::vector<std::int64_t> shape;
    for (const Expr& extent : node(param.buffer).shape) shape.push_back(*as_int(extent));
    tensors.push_back(NdArray::zeros(dl_dtype_of(node(param.buffer).dtype), shape));
    fill_generated(&tensors.back(), {7, tensors.size()});
  }
  return tensors;
}

class Schedules : public testing::TestWithParam<const char*> {};

TEST_P(Schedules, EqualTheirPlainForm) {
  const std::string text =
      shared_file(std::string("design/schedules/") + GetParam() + "/scheduled.py");
  if (text.empty()) GTEST_SKIP() << "../shared/design/schedules is absent";
  const PrimFunc func = parse_prim_func(text);
  std::vector<NdArray> fast = make_tensors(func), slow = make_tensors(func);
  const Target target = parse_target("llvm -mcpu=x86-64-v3");
  KernelRunner(func, target).run(fast);
  KernelRunner(plain(func), target).run(slow);
  for (std::size_t t = 0; t < fast.size(); ++t) {
    const auto a = fast[t].as<float>(), b = slow[t].as<float>();
    std::size_t wrong = 0, first = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (std::memcmp(&a[i], &b[i], 4) == 0) continue;
      if (wrong++ == 0) first = i;
    }
    EXPECT_EQ(wrong, 0u) << "of " << a.size() << " elements of tensor " << t << "; element "
                         << first << " is " << a[first] << ", plain " << b[first];
  }
}

INSTANTIATE_TEST_SUITE_P(All, Schedules,
                         testing::Values("01_gemm_128x768x768", "03_gemm_333x517x291",
                                         "04_conv3x3_64_56", "05_conv1x1_64_256_56",
                                         "06_conv7x7s2_3_64_224", "07_depthwise_144_56",
                                         "09_softmax_1536x128", "10_layernorm_128x768",
                                         "11_maxpool_64_112", "12_gap_2048_7",
                                         "13_winograd_f2_64_56"));

}  // namespace
}  // namespace tenon
