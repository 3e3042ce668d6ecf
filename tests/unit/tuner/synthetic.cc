#include "tests/unit/tuner/synthetic.h"

#include <algorithm>
#include <cmath>

#include "compiler/support/rng.h"
#include "compiler/support/text.h"
#include "compiler/tir/script/parser.h"
#include "compiler/tir/workload.h"

namespace tenon {
namespace {

TuningTask task_of(const std::string& name, const std::string& script) {
  TuningTask task;
  task.name = name;
  task.func = tir::parse_prim_func(script);
  task.workload = tir::canonical_text(task.func);
  task.workload_hash = tir::workload_hash(task.func);
  task.flops = 1'000'000;
  return task;
}

std::string filled(std::string text, const std::map<std::string, int>& values) {
  for (const auto& [name, value] : values) {
    text = replace_all(text, "$" + name, std::to_string(value));
  }
  return text;
}

}  // namespace

TuningTask matmul_task(int rows, int columns, int depth) {
  return task_of("matmul", filled(R"py(@T.prim_func(s_tir=True)
def main(A: T.Buffer(($m, $k), "float32"), B: T.Buffer(($k, $n), "float32"),
         C: T.Buffer(($m, $n), "float32")):
    T.func_attr({"layout_free_buffers": [1]})
    for i, j, k in T.grid($m, $n, $k):
        with T.sblock("C"):
            vi, vj, vk = T.axis.remap("SSR", [i, j, k])
            with T.init():
                C[vi, vj] = T.float32(0.0)
            C[vi, vj] = C[vi, vj] + A[vi, vk] * B[vk, vj]
)py",
                                  {{"m", rows}, {"n", columns}, {"k", depth}}));
}

TuningTask conv_task(int channels, int size) {
  return task_of("conv",
                 filled(R"py(@T.prim_func(s_tir=True)
def main(A: T.Buffer((1, $b, $p, $p, 8), "float32"), W: T.Buffer(($c, $c, 3, 3), "float32"),
         C: T.Buffer((1, $b, $s, $s, 8), "float32")):
    T.func_attr({"layout_free_buffers": [1]})
    for n, ob, y, x, oi, ic, ky, kx in T.grid(1, $b, $s, $s, 8, $c, 3, 3):
        with T.sblock("C"):
            vn, vob, vy, vx, voi, vic, vky, vkx = T.axis.remap(
                "SSSSSRRR", [n, ob, y, x, oi, ic, ky, kx])
            with T.init():
                C[vn, vob, vy, vx, voi] = T.float32(0.0)
            C[vn, vob, vy, vx, voi] = (
                C[vn, vob, vy, vx, voi]
                + A[vn, vic // 8, vy + vky, vx + vkx, vic % 8] * W[vob * 8 + voi, vic, vky, vkx])
)py",
                        {{"b", channels / 8}, {"c", channels}, {"s", size}, {"p", size + 2}}));
}

Target synthetic_target() { return parse_target("llvm -mcpu=x86-64 -mattr=+avx2,+fma"); }

TaskSetup setup_of(TuningTask task, std::uint64_t seed) {
  return {std::move(task), synthetic_target(), 1, seed};
}

double synthetic_seconds(const Space& space, const SpacePoint& point) {
  const Sketch& sketch = *space.sketches()[point.sketch];
  double factor = 1.3;
  std::int64_t pixels = 1, vectors = 1;
  std::uint64_t key = point.sketch;
  for (std::size_t k = 0; k < point.decisions.size(); ++k) {
    const std::string& name = sketch.knobs()[k].name;
    const std::int64_t value = sketch.value(point.decisions, k);
    key = hash_combine(key, static_cast<std::uint64_t>(value));
    if (name == "rows" || name == "columns") pixels *= value;
    if (name == "vectors") vectors = value;
    if (name == "chunk" && value == 1) factor *= 1.4;
    if (name == "unroll_steps" && value == 1) factor *= 0.7;
    if (name == "unroll") factor *= 1 + 0.1 * static_cast<double>(std::min<std::int64_t>(value, 8));
  }
  if (pixels == 7) return 0;
  if (vectors == 2) factor *= 0.6;
  if (pixels * vectors > 10) factor *= 1 + 0.25 * static_cast<double>(pixels * vectors - 10);
  Rng noise(key);
  return point.draft_seconds * factor * (1 + 0.01 * noise.uniform());
}

SyntheticTracker::SyntheticTracker(const std::vector<TuningTask>& tasks, bool is_reversed)
    : is_reversed_(is_reversed) {
  for (const TuningTask& task : tasks) {
    tasks_[task.workload_hash] = std::make_unique<TaskSearch>(setup_of(task, 0));
  }
}

rpc::Accepted SyntheticTracker::submit(const rpc::Submit& request) {
  return {request.job, !added.empty(), added.size(), next_batch_, results_.size()};
}

void SyntheticTracker::add(const rpc::Add& request) {
  next_batch_ = request.batch + 1;
  std::vector<rpc::CandidateResult> batch;
  for (std::size_t i = 0; i < request.candidates.size(); ++i) {
    const rpc::Candidate& candidate = request.candidates[i];
    added.emplace_back(rpc::to_hex(request.workloads[candidate.workload].hash), candidate.trace);
    limits.push_back(candidate.stop_above_ns);
    batch.push_back(measure(request, i));
  }
  if (is_reversed_) std::reverse(batch.begin(), batch.end());
  for (rpc::CandidateResult& result : batch) {
    result.rseq = results_.size() + 1;
    results_.push_back(std::move(result));
  }
}

rpc::CandidateResult SyntheticTracker::measure(const rpc::Add& request, std::size_t index) {
  const rpc::Candidate& candidate = request.candidates[index];
  rpc::CandidateResult result;
  result.batch = request.batch;
  result.index = static_cast<std::uint32_t>(index);
  result.workload = request.workloads[candidate.workload].hash;
  result.trace = candidate.trace;
  const TaskSearch& task = *tasks_.at(rpc::to_hex(result.workload));
  const auto point = task.find(parse_trace(candidate.trace));
  const double seconds = point ? synthetic_seconds(task.space(), task.space().points()[*point]) : 0;
  result.outcome = seconds > 0 ? rpc::Outcome::kOk : rpc::Outcome::kWrongResult;
  result.rank_ns = static_cast<std::uint64_t>(seconds * 1e9);
  return result;
}

void SyntheticTracker::subscribe(const rpc::Hash&, std::uint64_t from_rseq, bool) {
  next_ = from_rseq - 1;
}

std::optional<rpc::CandidateResult> SyntheticTracker::next_result(int) {
  if (next_ == results_.size() || num_allowed == 0) return std::nullopt;
  --num_allowed;
  return results_[next_++];
}

}  // namespace tenon
