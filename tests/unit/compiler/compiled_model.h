// A Relax module as a library in this process, for tests.
#pragma once
#include <string>
#include <vector>

#include "compiler/compile.h"
#include "compiler/runtime/library.h"
#include "tests/unit/relax/graph_fixture.h"

namespace tenon {

// Plain loops for every kernel.
Schedules plain_schedules();

class CompiledModel {
 public:
  explicit CompiledModel(const relax::Module& module,
                         const Schedules& schedules = plain_schedules(), int threads = 1);
  const Library& library() const { return library_; }
  const CompileResult& result() const { return result_; }
  // The outputs as a tuple. Throws UserError with the library's refusal. Callable from several
  // threads at once: each call has its own context.
  relax::Value run(const std::vector<relax::Value>& arguments) const;

 private:
  CompileResult result_;
  Library library_;
};

// The library bytes, loaded.
Library load_library(const std::string& bytes);

// "" when the library and the interpreter agree on made-up inputs of these sizes.
std::string difference_when_compiled(const relax::Module& module, const CompiledModel& model,
                                     std::int64_t size = 3, std::uint64_t seed = 1);

}  // namespace tenon
