#include "tests/unit/compiler/compiled_model.h"

#include "compiler/compile/plain_kernel.h"
#include "compiler/runtime/model_session.h"
#include "compiler/support/files.h"

namespace tenon {

using relax::Value;

Schedules plain_schedules() {
  return [](const std::string&, const tir::PrimFunc&) { return ScheduleChoice{Trace{}, "plain"}; };
}

Library load_library(const std::string& bytes) {
  const TempDir folder("tenon-test");
  const std::string path = (folder.path() / "model.so").string();
  write_file_atomically(path, bytes, 0700);
  return Library::load(path);
}

CompiledModel::CompiledModel(const relax::Module& module, const Schedules& schedules, int threads)
    : result_(compile(module, parse_target("native"), schedules, {.threads = threads})),
      library_(load_library(result_.library)) {}

Value CompiledModel::run(const std::vector<Value>& arguments) const {
  ModelSession session(library_, nullptr);
  std::vector<NdArray> inputs;
  for (const Value& argument : arguments) {
    inputs.push_back(array_over(*argument.as<relax::TensorRef>()));
  }
  std::vector<NdArray> outputs = session.make_outputs(inputs);
  session.run(inputs, outputs);
  Value::Tuple results;
  for (NdArray& output : outputs) {
    const DataType dtype = parse_dtype(dtype_name(output.dtype()));
    results.emplace_back(tensor_of(std::move(output), dtype));
  }
  return results;
}

std::string difference_when_compiled(const relax::Module& module, const CompiledModel& model,
                                     std::int64_t size, std::uint64_t seed) {
  const relax::Function& func = relax::main_of(module);
  const std::vector<Value> arguments =
      relax::made_up_arguments(func, relax::small_sizes(module, func, size), seed);
  const Value expected = relax::interpret(module, "main", arguments);
  return relax::compare_values(expected, model.run(arguments), {.relative = 1e-3, .scaled = 1e-4})
      .first;
}

}  // namespace tenon
