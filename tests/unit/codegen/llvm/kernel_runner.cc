#include "tests/unit/codegen/llvm/kernel_runner.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <sstream>

#include "compiler/lowering/lower.h"
#include "compiler/runtime/model_session.h"
#include "compiler/runtime/thread_team.h"
#include "compiler/support/error.h"
#include "compiler/support/hash.h"
#include "compiler/support/text.h"
#include "compiler/tir/visit.h"

namespace tenon {

using namespace tir;

namespace {

// The loader knows a library by its path, so every content has its own.
Library load_bytes(const std::string& bytes) {
  static int count = 0;
  const std::string path = str_cat(TENON_BINARY_DIR, "/kernel_", getpid(), "_", count++, ".so");
  std::ofstream(path, std::ios::binary) << bytes;
  Library library = Library::load(path);
  std::remove(path.c_str());
  return library;
}

}  // namespace

DLDataType dl_dtype_of(DataType type) {
  const std::uint8_t code = type.is_bool()                   ? kDLBool
                            : type.is_int()                  ? kDLInt
                            : type.is_uint()                 ? kDLUInt
                            : type.code == TypeCode::kBFloat ? kDLBfloat
                                                             : kDLFloat;
  return {code, type.bits, 1};
}

KernelRunner::KernelRunner(const PrimFunc& scheduled, const Target& target)
    : target_(target), kernel_(lower("main", scheduled, target)) {
  const std::vector<Buffer> written = buffers_written(scheduled.body);
  for (const Param& param : scheduled.params) {
    if (!param.buffer) continue;
    is_output_.push_back(std::any_of(written.begin(), written.end(), [&](const Buffer& b) {
      return node(b).data.same_as(node(param.buffer).data);
    }));
  }
  library_ = load_bytes(build_library(candidate_library(scheduled, kernel_, target)));
}

void KernelRunner::run(std::vector<NdArray>& tensors, int num_workers) const {
  CHECK(tensors.size() == is_output_.size()) << "one array a tensor parameter";
  std::vector<const DLTensor*> inputs;
  std::vector<DLTensor*> outputs;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (is_output_[i]) {
      outputs.push_back(tensors[i].view());
    } else {
      inputs.push_back(tensors[i].view());
    }
  }
  ThreadTeam team(num_workers, {});
  CHECK(team.start() == 0) << "threads of the test";
  ModelSession session(library_, num_workers > 1 ? &team : nullptr);
  if (session.run(inputs.data(), outputs.data()) != TENON_OK) throw UserError(session.error_text());
}

void KernelRunner::run(std::vector<Tensor>& tensors, int num_workers) const {
  std::vector<NdArray> arrays;
  for (const Tensor& tensor : tensors) {
    arrays.push_back(NdArray::zeros(dl_dtype_of(tensor.dtype), tensor.shape));
    std::memcpy(arrays.back().data(), tensor.data.data(), tensor.data.size());
  }
  run(arrays, num_workers);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    std::memcpy(tensors[i].data.data(), arrays[i].data(), tensors[i].data.size());
  }
}

std::string difference_when_compiled(const PrimFunc& func, const Target& target, double tolerance,
                                     std::uint64_t seed) {
  RandomInputs interpreted(func, seed), compiled(func, seed);
  interpret(func, interpreted.arguments);
  KernelRunner(func, target).run(compiled.tensors);
  for (std::size_t t = 0; t < compiled.tensors.size(); ++t) {
    const Tensor &a = interpreted.tensors[t], &b = compiled.tensors[t];
    for (std::int64_t i = 0; i < a.num_elements(); ++i) {
      const double x = a.get(i), y = b.get(i);
      const bool same = x == y || (x != x && y != y);
      if (same || std::abs(x - y) <= tolerance * std::max({1.0, std::abs(x), std::abs(y)}))
        continue;
      return str_cat("tensor ", t, " element ", i, ": interpreter ", x, ", compiled ", y);
    }
  }
  return "";
}

std::string shared_file(const std::string& path) {
  std::ifstream file(str_cat(TENON_SOURCE_DIR, "/../shared/", path));
  std::ostringstream text;
  text << file.rdbuf();
  return file ? text.str() : "";
}

}  // namespace tenon
