#include "tests/golden/assembly.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <string_view>

#include "compiler/support/text.h"

namespace tenon::golden {
namespace {

constexpr int kMaxFrameBytes = 256;

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool has_any(std::string_view text, std::initializer_list<std::string_view> parts) {
  return std::any_of(parts.begin(), parts.end(), [&](auto part) { return has(text, part); });
}

// "opcode" and the rest of one instruction.
struct Line {
  std::string_view opcode, operands;

  explicit Line(std::string_view text) {
    const std::size_t end = text.find_first_of("\t ");
    opcode = text.substr(0, end);
    operands = end == std::string_view::npos ? std::string_view() : trim(text.substr(end));
  }
  bool is_branch() const {
    return (opcode.starts_with("j") || opcode == "b" || opcode.starts_with("b.") ||
            opcode.starts_with("cb") || opcode.starts_with("tb"));
  }
  bool is_call() const { return opcode.starts_with("call") || opcode == "bl" || opcode == "blr"; }
  bool is_neon() const { return has_any(operands, {".4s", ".2s", ".4h", ".16b", ".2d"}); }
  bool is_masked() const { return has(operands, "{%k") || has(opcode, "maskmov"); }
  bool is_stack() const { return has_any(operands, {"(%rsp", "[sp"}); }
  bool is_fma() const {
    return has_any(opcode, {"vfmadd", "vfmsub", "vfnmadd"}) || opcode == "fmla" || opcode == "fmls";
  }
  bool is_broadcast() const { return has(opcode, "broadcast") || opcode == "ld1r"; }
  bool is_vector_load() const {
    const bool x86 = opcode.starts_with("vmov") && operands.find('(') < operands.find("mm");
    const bool neon = (opcode == "ldr" || opcode == "ldur") && operands.starts_with("q");
    // A pair is two loads in one instruction; a scalar of a product by element is its broadcast.
    return x86 || neon || (opcode == "ldp" && operands.starts_with("q"));
  }
  bool is_scalar_load() const {
    return (opcode == "ldr" || opcode == "ldur" || opcode == "ldp") && operands.starts_with("s");
  }
  bool is_scalar() const {
    return opcode.starts_with("v") && !is_broadcast() &&
           (opcode.ends_with("ss") || opcode.ends_with("sd"));
  }
  bool is_product_or_sum() const {
    const bool x86 = opcode.starts_with("vmulp") || opcode.starts_with("vaddp");
    return x86 || ((opcode == "fmul" || opcode == "fadd") && is_neon());
  }
  Registers registers() const {
    if (has(operands, "%zmm")) return Registers::kZmm;
    if (has(operands, "%ymm")) return Registers::kYmm;
    if (has(operands, "%xmm")) return Registers::kXmm;
    return is_neon() ? Registers::kNeon : Registers::kNone;
  }
};

void add(InnerLoop& loop, const Line& line) {
  ++loop.instructions;
  loop.fma += line.is_fma();
  loop.broadcasts += line.is_broadcast() || line.is_scalar_load();
  loop.loads += line.is_vector_load();
  loop.prefetches += line.opcode.starts_with("prefetch") || line.opcode == "prfm";
  loop.stack += line.is_stack();
  loop.calls += line.is_call();
  loop.masked += line.is_masked();
  loop.scalar += line.is_scalar();
  loop.products_and_sums += line.is_product_or_sum();
  const Registers used = line.registers();
  if (used == Registers::kNone) return;
  loop.widest = std::max(loop.widest, used);
  loop.narrowest = loop.narrowest == Registers::kNone ? used : std::min(loop.narrowest, used);
}

// Bytes that this instruction takes from the stack; pushes are not counted.
int frame_of(const Line& line) {
  std::string_view number;
  if (line.opcode == "subq" && line.operands.ends_with(", %rsp")) number = line.operands.substr(1);
  if (line.opcode == "sub" && line.operands.starts_with("sp, sp, #")) {
    number = line.operands.substr(9);
  }
  int bytes = 0;
  if (!number.empty()) std::from_chars(number.data(), number.data() + number.size(), bytes);
  return bytes;
}

// A symbol that the line asks of another object, or "".
std::string foreign_symbol(const Line& line, const std::set<std::string, std::less<>>& labels) {
  std::string_view name = line.operands;
  if (line.is_call()) {
    name = name.substr(0, name.find('@'));
    const bool indirect = name.starts_with("*") || line.opcode == "blr";
    return indirect || labels.contains(name) ? "" : std::string(name);
  }
  for (const std::string_view mark : {"@GOTPCREL", "@PLT", ":got:"}) {
    if (has(name, mark)) return std::string(name);
  }
  return "";
}

void end_loop(AssemblyReport& report, const InnerLoop& loop) {
  if (loop.fma > 0) {
    report.loops.push_back(loop);
  } else {
    ++report.num_other_loops;
  }
}

}  // namespace

AssemblyReport read_assembly(const std::string& text) {
  AssemblyReport report;
  const std::vector<std::string> lines = split_lines(text);
  std::set<std::string, std::less<>> labels, foreign;
  for (const std::string& line : lines) {
    if (!line.starts_with("\t") && has(line, ":")) labels.insert(line.substr(0, line.find(':')));
  }
  std::string label;  // of the open loop; empty outside
  InnerLoop loop;
  for (const std::string& whole : lines) {
    const std::string_view word = trim(whole);
    if (word.starts_with(".LBB")) {
      report.masked_outside += loop.masked;
      label = std::string(word.substr(0, word.find(':')));
      loop = {};
    }
    if (!whole.starts_with("\t") || word.starts_with(".") || word.starts_with("#")) continue;
    const Line line(word);
    add(loop, line);
    report.frame_bytes = std::max(report.frame_bytes, frame_of(line));
    if (const std::string symbol = foreign_symbol(line, labels); !symbol.empty()) {
      foreign.insert(symbol);
    }
    if (label.empty() || !line.is_branch() || !line.operands.ends_with(label)) continue;
    end_loop(report, loop);
    label.clear();
    loop = {};
  }
  report.masked_outside += loop.masked;
  report.symbols.assign(foreign.begin(), foreign.end());
  return report;
}

std::vector<std::string> problems(const InnerLoop& loop, Registers widest) {
  std::vector<std::string> list;
  const auto none = [&](int count, const char* what) {
    if (count > 0) list.push_back(str_cat(count, " ", what));
  };
  none(loop.stack, "stack operands");
  none(loop.calls, "calls");
  none(loop.masked, "masked");
  none(loop.scalar, "scalar");
  none(loop.products_and_sums, "products and sums apart");
  none(std::max(0, loop.instructions - loop.budget()), "instructions too many");
  if (loop.widest != widest) list.push_back(str_cat("not ", to_string(widest)));
  if (loop.narrowest != widest) list.push_back(str_cat("some ", to_string(loop.narrowest)));
  return list;
}

std::vector<std::string> problems(const AssemblyReport& report) {
  std::vector<std::string> list;
  for (const std::string& symbol : report.symbols) list.push_back("undefined symbol " + symbol);
  if (report.frame_bytes > kMaxFrameBytes) {
    list.push_back(str_cat("a frame of ", report.frame_bytes, " bytes"));
  }
  return list;
}

std::string to_string(Registers registers) {
  switch (registers) {
    case Registers::kNone:
      return "no vectors";
    case Registers::kXmm:
      return "xmm";
    case Registers::kYmm:
      return "ymm";
    case Registers::kZmm:
      return "zmm";
    case Registers::kNeon:
      return "neon";
  }
  return "";
}

std::string to_string(const InnerLoop& loop) {
  return str_cat("loop: ", loop.fma, " fma, ", loop.broadcasts, " broadcasts, ", loop.loads,
                 " loads, ", loop.instructions, " instructions of ", loop.budget(), ", ",
                 to_string(loop.widest));
}

std::string to_string(const AssemblyReport& report) {
  return str_cat("object: ", report.loops.size(), " loops of multiply-adds, ",
                 report.num_other_loops, " others, ", report.masked_outside,
                 " masked operations outside, frame ", report.frame_bytes, " bytes");
}

}  // namespace tenon::golden
