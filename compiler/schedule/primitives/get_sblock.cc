// get_sblock("C", "main"): the one block of that name in that function.
#include "compiler/schedule/primitives.h"
#include "compiler/schedule/tree.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"

namespace tenon {

using namespace tir;

BlockRef get_sblock(const Schedule& schedule, const std::string& name,
                    const std::string& function) {
  const std::string what = "get_sblock(" + quote(name) + ", " + quote(function) + ")";
  const PrimFunc* func = schedule.module.find(function);
  if (!func) {
    std::vector<std::string> known;
    for (const auto& [known_name, f] : schedule.module.functions) known.push_back(known_name);
    throw UserError(what + ": the module has no function " + quote(function),
                    did_you_mean(function, known));
  }
  std::vector<Stmt> found;
  std::vector<std::string> known;
  for (const Stmt& block : all_blocks(func->body)) {
    known.push_back(block.get<Block>().name);
    if (known.back() == name) found.push_back(block);
  }
  if (found.empty()) {
    throw UserError(what + ": no block of that name", did_you_mean(name, known));
  }
  if (found.size() > 1) {
    schedule_error(*func, found[1],
                   str_cat(what, ": ", found.size(), " blocks have that name, one is needed"));
  }
  return {found.front().get<Block>().id};
}

}  // namespace tenon
