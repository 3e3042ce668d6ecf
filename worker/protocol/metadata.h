// What a builder says about an artifact, as text that travels beside it: how close its outputs
// must come to the reference, which values its inputs take, and which inputs it reads in a packed
// layout. One statement a line; the first line is the version.
//
//   tenon-artifact 1
//   tolerance RELATIVE SCALED ABSOLUTE
//   range INPUT LOW HIGH
//   size SYMBOL VALUE
//   pack INPUT logical D0 D1 ... packed P0 P1 ... map C00 C01 ... C10 C11 ...
//
// `pack`: the reference reads the input with dims D, the candidate with dims P. The packed element
// at index p is the logical element at d with d[i] = sum over j of C[i][j] * p[j], or zero when a
// d[i] is outside its dim. (OIHW to blocks of 16 output channels: d[0] = 16*p[0] + p[4], ...)
// `size`: the value of symbol number SYMBOL while measuring, when the library has symbols.
// Statements that are not known are an error, so that nothing is silently left out.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "compiler/runtime/compare.h"
#include "compiler/runtime/generate.h"
#include "compiler/runtime/nd_array.h"

namespace tenon {

struct Packing {
  std::vector<int64_t> logical;
  std::vector<int64_t> packed;
  std::vector<int64_t> map;  // logical.size() rows of packed.size() coefficients
};

struct ArtifactMetadata {
  // Without a statement: for float32 sums of thousands of terms in another order.
  Tolerance tolerance{.relative = 1e-3, .scaled = 1e-4, .absolute = 0};
  std::map<int32_t, IntegerRange> ranges;
  std::map<int32_t, int64_t> sizes;
  std::map<int32_t, Packing> packings;
};

// "" is the metadata of an artifact without statements. Throws UserError naming the line.
ArtifactMetadata parse_metadata(const std::string& text);
std::string print_metadata(const ArtifactMetadata& metadata);

// The packed copy. `logical` has the packing's logical shape (checked: UserError).
NdArray pack_array(const NdArray& logical, const Packing& packing);

}  // namespace tenon
