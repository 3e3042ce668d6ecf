#include "compiler/relax/script/printer.h"

#include "compiler/relax/script/metadata.h"
#include "compiler/relax/script/print_graph.h"
#include "compiler/support/text.h"

namespace tenon::relax {

GraphPrinter::GraphPrinter(const PrintOptions& options) : options_(options) {
  for (const char* name : {"Module", "cls", "metadata"}) stmt_.expr.names.reserve(name);
  stmt_.expr.plain_integer = kInt64;
}

std::string GraphPrinter::module(const Module& module) {
  line("@I.ir_module");
  line("class Module:");
  stmt_.out.indent();
  if (!module.attrs.empty()) {
    line("I.module_attrs(" + stmt_.expr.attr_map(module.attrs) + ")");
  }
  if (!module.global_infos.empty()) {
    line("I.module_global_infos(" + stmt_.expr.attr_map(module.global_infos) + ")");
  }
  bool is_first = true, has_graph = false;
  for (const auto& [name, entry] : module.functions) {
    if (!is_first) stmt_.out.blank();
    is_first = false;
    if (const auto* prim = std::get_if<tir::PrimFunc>(&entry)) {
      stmt_.expr.plain_integer = kInt32;
      stmt_.function(*prim, name);
      stmt_.expr.plain_integer = kInt64;
      continue;
    }
    has_graph = true;
    function(std::get<Expr>(entry).get<Function>(), name, false);
  }
  if (module.functions.empty() && module.attrs.empty() && module.global_infos.empty()) {
    line("pass");
  }
  std::string head;
  if (!constants_.empty()) head += write_metadata(constants_);
  if (!stmt_.type_vars.empty()) head += "# from typing import TypeVar\n";
  head += "# from tvm.script import ir as I\n";
  if (stmt_.out.text().find("T.") != std::string::npos) {
    head += "# from tvm.script import tirx as T\n# from tvm.tirx.layout import Axis\n";
  }
  if (has_graph) head += "# from tvm.script import relax as R\n";
  head += "\n";
  for (const std::string& name : stmt_.type_vars) {
    head += str_cat(name, " = TypeVar(", quote(name), ")\n");
  }
  return head + stmt_.out.text();
}

std::string print(const Module& module, const PrintOptions& options) {
  return GraphPrinter(options).module(module);
}

std::string print(const Type& type) {
  const PrintOptions options;
  return GraphPrinter(options).type(type);
}

std::string print(const Expr& value) {
  const PrintOptions options{.inline_bytes = 0};
  return GraphPrinter(options).value(value);
}

}  // namespace tenon::relax
