#include "compiler/tir/workload.h"

#include "compiler/support/hash.h"
#include "compiler/support/text.h"
#include "compiler/tir/script/print_stmt.h"

namespace tenon::tir {

std::string canonical_text(const PrimFunc& func) {
  PrimFunc plain = func;
  plain.is_private = false;
  plain.attrs.erase("global_symbol");
  StmtPrinter printer(StmtPrinter::Names::kCanonical);
  printer.function(plain, "main");
  std::string text(kWorkloadVersion);
  text += '\n';
  for (const std::string& name : printer.type_vars) {
    text += str_cat(name, " = TypeVar(", quote(name), ")\n");
  }
  return text + printer.out.text();
}

std::string workload_hash(const PrimFunc& func) { return sha256_hex(canonical_text(func)); }

}  // namespace tenon::tir
