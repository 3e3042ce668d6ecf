#include "compiler/tir/script/printer.h"

#include "compiler/support/text.h"
#include "compiler/tir/script/print_stmt.h"

namespace tenon::tir {
namespace {

std::string header(const std::set<std::string>& type_vars, bool has_module, bool has_functions) {
  std::string text;
  if (!type_vars.empty()) text += "# from typing import TypeVar\n";
  if (has_module) text += "# from tvm.script import ir as I\n";
  if (has_functions) {
    text += "# from tvm.script import tirx as T\n";
    text += "# from tvm.tirx.layout import Axis\n";
  }
  text += "\n";
  for (const std::string& name : type_vars) {
    text += str_cat(name, " = TypeVar(", quote(name), ")\n");
  }
  return text;
}

}  // namespace

std::string print(const PrimFunc& func, const std::string& name) {
  StmtPrinter printer;
  printer.function(func, name);
  return header(printer.type_vars, false, true) + printer.out.text();
}

std::string print(const TirModule& module) {
  StmtPrinter printer;
  printer.expr.names.reserve("Module");
  printer.line("@I.ir_module");
  printer.line("class Module:");
  printer.out.indent();
  if (!module.attrs.empty()) {
    printer.line("I.module_attrs(" + printer.expr.attr_map(module.attrs) + ")");
  }
  if (!module.global_infos.empty()) {
    printer.line("I.module_global_infos(" + printer.expr.attr_map(module.global_infos) + ")");
  }
  bool is_first = true;
  for (const auto& [name, func] : module.functions) {
    if (!is_first) printer.out.blank();
    is_first = false;
    printer.function(func, name);
  }
  if (module.functions.empty() && module.attrs.empty() && module.global_infos.empty()) {
    printer.line("pass");
  }
  return header(printer.type_vars, true, !module.functions.empty()) + printer.out.text();
}

std::string print(const Expr& e) { return ExprPrinter().text(e); }

std::string print(const Stmt& s) {
  StmtPrinter printer;
  printer.body(s);
  return printer.out.text();
}

PlacedText print_with_places(const PrimFunc& func, const std::string& name) {
  StmtPrinter printer;
  printer.function(func, name);
  const std::string before = header(printer.type_vars, false, true);
  const int shift = static_cast<int>(split_lines(before).size());
  PlacedText result = std::move(printer.places);
  result.text = before + printer.out.text();
  for (auto& [loop, at] : result.loops) at.line += shift;
  for (auto& [block, at] : result.blocks) at.line += shift;
  return result;
}

}  // namespace tenon::tir
