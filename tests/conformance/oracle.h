// What the conformance runner counts, and the kinds of cases it knows: one function a kind, each in
// a file of its own, listed in main.cc.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace tenon {

struct KindResult {
  std::string kind;
  int passed = 0;
  int total = 0;
  std::vector<std::string> failures;  // names or text of the failing cases
};

// Needs the folder of the kind. A kind with several files gives one result a file.
std::vector<KindResult> run_arith_oracle(const std::filesystem::path& dir);
std::vector<KindResult> run_primitives_oracle(const std::filesystem::path& dir);
// Needs the folder with one expert schedule a folder.
std::vector<KindResult> run_expert_schedules(const std::filesystem::path& dir);
// Scripts, by IR: "tvmscript.tir" and "tvmscript.relax" count those that read back equal,
// "tvmscript.tir.text" and "tvmscript.relax.text" those printed as recorded.
std::vector<KindResult> run_tvmscript_oracle(const std::filesystem::path& dir);

}  // namespace tenon
