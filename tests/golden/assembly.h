// What kernels look like in assembly: counts and promises of innermost loops and of the whole
// object, for x86 (AT&T syntax) and AArch64.
#pragma once

#include <string>
#include <vector>

namespace tenon::golden {

// The widest vector registers that code for a target may use.
enum class Registers { kNone, kXmm, kYmm, kZmm, kNeon };

// A loop without another one inside: from its label to the jump back to it.
struct InnerLoop {
  int instructions = 0, fma = 0, broadcasts = 0, loads = 0, prefetches = 0;
  int stack = 0, calls = 0, masked = 0, scalar = 0, products_and_sums = 0;
  Registers widest = Registers::kNone, narrowest = Registers::kNone;

  // Fused multiply-adds, what feeds them, and four more to count and jump.
  int budget() const { return fma + broadcasts + loads + prefetches + 4; }
};

struct AssemblyReport {
  std::vector<InnerLoop> loops;  // those with an FMA, in order of text
  int num_other_loops = 0;
  int masked_outside = 0;            // masked operations outside innermost loops
  int frame_bytes = 0;               // the largest stack frame
  std::vector<std::string> symbols;  // that the object does not define
};

AssemblyReport read_assembly(const std::string& text);

// What a loop of multiply-adds breaks of its promises; empty when it is as it should be.
std::vector<std::string> problems(const InnerLoop& loop, Registers widest);
// The same for the object: undefined symbols, a frame of more than 256 bytes.
std::vector<std::string> problems(const AssemblyReport& report);

std::string to_string(const InnerLoop& loop);
std::string to_string(const AssemblyReport& report);
std::string to_string(Registers registers);

}  // namespace tenon::golden
