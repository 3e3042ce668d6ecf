#include "worker/protocol/metadata.h"

#include <cstring>
#include <optional>

#include "compiler/support/error.h"
#include "compiler/support/text.h"

namespace tenon {
namespace {

constexpr std::string_view kVersionLine = "tenon-artifact 1";
constexpr size_t kMaxRank = 16;

[[noreturn]] void refuse(const std::string& line) {
  throw UserError("artifact metadata: cannot read the line '" + line + "'");
}

int64_t integer(const std::string& word, const std::string& line) {
  const std::optional<int64_t> value = parse_int(word);
  if (!value) refuse(line);
  return *value;
}

double number(const std::string& word, const std::string& line) {
  const std::optional<double> value = parse_double(word);
  if (!value || !(*value >= 0)) refuse(line);
  return *value;
}

// The integers from *at on, up to the word `end` (or the end of the line when it is empty).
std::vector<int64_t> integers_until(const std::vector<std::string>& words, size_t* at,
                                    const std::string& end, const std::string& line) {
  std::vector<int64_t> values;
  while (*at < words.size() && words[*at] != end) values.push_back(integer(words[(*at)++], line));
  if (!end.empty() && (*at)++ >= words.size()) refuse(line);
  return values;
}

Packing parse_packing(const std::vector<std::string>& words, const std::string& line) {
  if (words.size() < 3 || words[2] != "logical") refuse(line);
  size_t at = 3;
  Packing packing;
  packing.logical = integers_until(words, &at, "packed", line);
  packing.packed = integers_until(words, &at, "map", line);
  packing.map = integers_until(words, &at, "", line);
  const bool has_ranks = packing.logical.size() <= kMaxRank && packing.packed.size() <= kMaxRank;
  if (!has_ranks || packing.map.size() != packing.logical.size() * packing.packed.size()) {
    refuse(line);
  }
  return packing;
}

void parse_statement(const std::vector<std::string>& words, const std::string& line,
                     ArtifactMetadata* metadata) {
  if (words[0] == "tolerance" && words.size() == 4) {
    metadata->tolerance = {.relative = number(words[1], line),
                           .scaled = number(words[2], line),
                           .absolute = number(words[3], line)};
  } else if (words[0] == "range" && words.size() == 4) {
    metadata->ranges[static_cast<int32_t>(integer(words[1], line))] = {integer(words[2], line),
                                                                       integer(words[3], line)};
  } else if (words[0] == "size" && words.size() == 3) {
    metadata->sizes[static_cast<int32_t>(integer(words[1], line))] = integer(words[2], line);
  } else if (words[0] == "pack" && words.size() > 2) {
    metadata->packings[static_cast<int32_t>(integer(words[1], line))] = parse_packing(words, line);
  } else {
    refuse(line);
  }
}

}  // namespace

ArtifactMetadata parse_metadata(const std::string& text) {
  ArtifactMetadata metadata;
  const std::vector<std::string> lines = split_lines(text);
  if (lines.empty()) return metadata;
  if (lines[0] != kVersionLine) refuse(lines[0]);
  for (size_t i = 1; i < lines.size(); ++i) {
    if (trim(lines[i]).empty()) continue;
    parse_statement(split(trim(lines[i]), ' '), lines[i], &metadata);
  }
  return metadata;
}

std::string print_metadata(const ArtifactMetadata& metadata) {
  const Tolerance& tolerance = metadata.tolerance;
  std::string text =
      str_cat(kVersionLine, "\ntolerance ", format_double(tolerance.relative), " ",
              format_double(tolerance.scaled), " ", format_double(tolerance.absolute), "\n");
  for (const auto& [input, range] : metadata.ranges) {
    text += str_cat("range ", input, " ", range.low, " ", range.high, "\n");
  }
  for (const auto& [symbol, size] : metadata.sizes) {
    text += str_cat("size ", symbol, " ", size, "\n");
  }
  for (const auto& [input, packing] : metadata.packings) {
    text += str_cat("pack ", input, " logical ", join(packing.logical, " "), " packed ",
                    join(packing.packed, " "), " map ", join(packing.map, " "), "\n");
  }
  return text;
}

NdArray pack_array(const NdArray& logical, const Packing& packing) {
  if (logical.shape() != packing.logical) {
    throw UserError("an input has shape " + describe_tensor(logical.dtype(), logical.shape()) +
                    ", its packing is for " + describe_tensor(logical.dtype(), packing.logical));
  }
  NdArray packed = NdArray::zeros(logical.dtype(), packing.packed);
  const size_t num_logical = packing.logical.size();
  const size_t num_packed = packing.packed.size();
  const size_t element = static_cast<size_t>(dtype_bytes(logical.dtype()));
  std::vector<int64_t> index(num_packed, 0);
  for (int64_t target = 0; target < packed.num_elements(); ++target) {
    int64_t source = 0;
    bool is_inside = true;
    for (size_t i = 0; i < num_logical; ++i) {
      int64_t coordinate = 0;
      for (size_t j = 0; j < num_packed; ++j) {
        coordinate += packing.map[i * num_packed + j] * index[j];
      }
      is_inside = is_inside && coordinate >= 0 && coordinate < packing.logical[i];
      source = source * packing.logical[i] + coordinate;
    }
    if (is_inside) {
      std::memcpy(packed.data() + target * static_cast<int64_t>(element),
                  logical.data() + source * static_cast<int64_t>(element), element);
    }
    for (size_t axis = num_packed; axis-- > 0;) {
      if (++index[axis] < packing.packed[axis]) break;
      index[axis] = 0;
    }
  }
  return packed;
}

}  // namespace tenon
