// The expert schedules, as they are and in their forms for sixteen registers, against the plain
// loops of their workloads, both compiled. A schedule that keeps the order of every reduction gives
// the same bits; one that does not is compared within a tolerance of the largest element.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "compiler/compile/packing.h"
#include "compiler/runtime/generate.h"
#include "compiler/support/text.h"
#include "compiler/tir/script/parser.h"
#include "compiler/tir/visit.h"
#include "tests/unit/codegen/llvm/kernel_runner.h"

namespace tenon {
namespace {

using namespace tir;

// The traces of tests/bench/schedules/fitted.py; written once for all cases.
const std::filesystem::path& fitted_folder() {
  static const std::filesystem::path kFolder = [] {
    const std::filesystem::path folder =
        std::filesystem::path(TENON_BINARY_DIR) / "tests/fitted_schedules";
    const std::string source = TENON_SOURCE_DIR;
    const std::string command =
        str_cat("python3 '", source, "/tests/bench/schedules/fitted.py' '", source,
                "/../shared/design/schedules' '", folder.string(), "'");
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
    return folder;
  }();
  return kFolder;
}

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::int64_t> shape_of(const Param& param) {
  std::vector<std::int64_t> shape;
  for (const Expr& extent : node(param.buffer).shape) shape.push_back(*as_int(extent));
  return shape;
}

std::vector<NdArray> make_tensors(const PrimFunc& func) {
  std::vector<NdArray> tensors;
  for (const Param& param : func.params) {
    tensors.push_back(NdArray::zeros(dl_dtype_of(node(param.buffer).dtype), shape_of(param)));
    fill_generated(&tensors.back(), {7, tensors.size()});
  }
  return tensors;
}

// The element of the logical tensor for each place of the packed one, zero outside.
NdArray packed(const NdArray& logical, const ParamPacking& packing) {
  NdArray result = NdArray::zeros({kDLFloat, 32, 1}, packing.packed);
  const auto from = logical.as<float>();
  auto to = result.as<float>();
  std::vector<std::int64_t> at(packing.packed.size(), 0);
  for (std::size_t i = 0; i < to.size(); ++i) {
    std::int64_t place = 0;
    bool is_inside = true;
    for (std::size_t d = 0; d < packing.logical.size(); ++d) {
      std::int64_t index = 0;
      for (std::size_t p = 0; p < at.size(); ++p) index += packing.map[d * at.size() + p] * at[p];
      is_inside = is_inside && index < packing.logical[d];
      place = place * packing.logical[d] + index;
    }
    to[i] = is_inside ? from[static_cast<std::size_t>(place)] : 0.0F;
    for (std::size_t p = at.size(); p-- > 0 && ++at[p] == packing.packed[p];) at[p] = 0;
  }
  return result;
}

struct Case {
  const char* folder;
  double tolerance;  // of the largest element; 0 is bit for bit
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.folder; }

class Workloads : public testing::TestWithParam<Case> {
 protected:
  static Target target() { return parse_target("llvm -mcpu=x86-64-v3"); }

  void expect_equal(const NdArray& expected, const NdArray& found, const char* form) const {
    const auto a = expected.as<float>(), b = found.as<float>();
    float largest = 0;
    for (const float x : a) largest = std::max(largest, std::abs(x));
    const double allowed = GetParam().tolerance * largest;
    std::size_t wrong = 0, first = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      const bool same = std::memcmp(&a[i], &b[i], 4) == 0 || std::abs(a[i] - b[i]) <= allowed;
      if (!same && wrong++ == 0) first = i;
    }
    EXPECT_EQ(wrong, 0u) << form << ": of " << a.size() << " elements; element " << first << " is "
                         << b[first] << ", plain " << a[first];
  }
};

TEST_P(Workloads, ScheduledComputesWhatThePlainLoopsDo) {
  const std::string folder = std::string("design/schedules/") + GetParam().folder;
  const std::string text = shared_file(folder + "/workload.py");
  if (text.empty()) GTEST_SKIP() << "../shared/design/schedules is absent";
  const PrimFunc workload = parse_prim_func(text);
  const std::vector<NdArray> inputs = make_tensors(workload);
  std::vector<NdArray> expected = make_tensors(workload);
  KernelRunner(workload, target()).run(expected);
  const std::string given = shared_file(folder + "/trace.json");
  const std::string fitted =
      read_text(fitted_folder() / (GetParam().folder + std::string(".json")));
  for (const auto& [form, trace] : {std::pair{"as given", given}, std::pair{"fitted", fitted}}) {
    const ScheduledFunction scheduled = schedule_function(workload, parse_trace(trace));
    std::vector<NdArray> found = make_tensors(workload);
    for (const ParamPacking& packing : scheduled.packings) {
      found[packing.param] = packed(inputs[packing.param], packing);
    }
    KernelRunner(scheduled.func, target()).run(found);
    expect_equal(expected.back(), found.back(), form);
  }
}

// 04 takes sixteen channels at each place of the window, its workload the window of each channel;
// sums over rfactor's lanes (09, 10, 12) are in another order too. Winograd's transforms leave out
// products with 0 and 1, which round.
INSTANTIATE_TEST_SUITE_P(
    All, Workloads,
    testing::Values(Case{"01_gemm_128x768x768", 0}, Case{"02_gemm_1024", 0},
                    Case{"02_gemm_1024_pc512", 0}, Case{"03_gemm_333x517x291", 0},
                    Case{"04_conv3x3_64_56", 2e-6}, Case{"05_conv1x1_64_256_56", 0},
                    Case{"06_conv7x7s2_3_64_224", 0}, Case{"07_depthwise_144_56", 0},
                    Case{"08_gemv_4096", 0}, Case{"09_softmax_1536x128", 2e-6},
                    Case{"10_layernorm_128x768", 2e-6}, Case{"11_maxpool_64_112", 0},
                    Case{"12_gap_2048_7", 2e-6}, Case{"13_winograd_f2_64_56", 2e-6},
                    Case{"13_winograd_f4_64_56", 2e-5}));

}  // namespace
}  // namespace tenon
