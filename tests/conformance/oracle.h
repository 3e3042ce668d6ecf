// What the conformance runner counts: one line a kind of case.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace tenon {

struct KindResult {
  std::string kind;
  int passed = 0;
  int total = 0;
  std::vector<std::string> failures;  // names or text of the failing cases, at most a few hundred
};

}  // namespace tenon
