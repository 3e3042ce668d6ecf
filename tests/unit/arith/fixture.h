// Variables x y z w i j k l (int32), n m (int32, taken to be at least 1 where a test says so) and
// S-expressions over them.
#pragma once
#include <gtest/gtest.h>

#include <string>

#include "compiler/arith/analyzer.h"
#include "tests/conformance/oracle_sexpr.h"

namespace tenon {

class ArithTest : public testing::Test {
 protected:
  ArithTest() {
    for (const char* name : {"x", "y", "z", "w", "i", "j", "k", "l", "n", "m"}) {
      vars[name] = tir::make_var(name, kInt32);
    }
  }
  tir::Expr read(const std::string& text) const { return read_sexpr(text, vars, kInt32); }
  const tir::Expr& var(const std::string& name) const { return vars.at(name); }
  void bind(const std::string& name, std::int64_t min, std::int64_t max) {
    analyzer.bind(var(name), min, max);
  }
  // The variable is in [0, extent).
  void loop(const std::string& name, const std::string& extent) {
    analyzer.bind(var(name), {tir::i32(0), read(extent)});
  }
  std::string simplify(const std::string& text) {
    return write_sexpr(analyzer.simplify(read(text)));
  }
  bool proves(const std::string& text) { return analyzer.can_prove(read(text)); }

  NamedVars vars;
  Analyzer analyzer;
};

}  // namespace tenon
