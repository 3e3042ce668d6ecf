// Raw samples: their ranks, and their form on disk.
#include <algorithm>
#include <optional>

#include "database/records.h"

namespace tenon::database {
namespace {

constexpr unsigned kPayloadBits = 7;
constexpr unsigned kMaxShift = 63;

void put_varint(std::string& bytes, std::uint64_t value) {
  while (value >= 0x80) {
    bytes.push_back(static_cast<char>(value | 0x80));
    value >>= kPayloadBits;
  }
  bytes.push_back(static_cast<char>(value));
}

std::optional<std::uint64_t> take_varint(std::string_view& bytes) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift <= kMaxShift && !bytes.empty(); shift += kPayloadBits) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    if (shift == kMaxShift && byte > 1) return std::nullopt;
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

// Differences wrap modulo 2^64, so every list of words survives.
std::uint64_t zigzag(std::uint64_t difference) {
  return (difference << 1) ^ (0 - (difference >> 63));
}

std::uint64_t unzigzag(std::uint64_t word) { return (word >> 1) ^ (0 - (word & 1)); }

// The rank-th smallest (from 0); reorders.
std::uint64_t nth(std::vector<std::uint64_t>& values, std::size_t rank) {
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(rank);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

}  // namespace

SampleStatistics statistics(const std::vector<std::uint64_t>& samples_ns) {
  if (samples_ns.empty()) return {};
  std::vector<std::uint64_t> values = samples_ns;
  SampleStatistics result;
  result.q10_ns = nth(values, (values.size() + 9) / 10 - 1);
  result.median_ns = nth(values, (values.size() - 1) / 2);
  for (std::uint64_t& value : values) {
    value = value > result.median_ns ? value - result.median_ns : result.median_ns - value;
  }
  result.mad_ns = nth(values, (values.size() - 1) / 2);
  return result;
}

std::string encode_samples(const std::vector<std::uint64_t>& samples_ns) {
  std::string bytes;
  bytes.reserve(samples_ns.size() * 3 + 9);
  put_varint(bytes, samples_ns.size());
  std::uint64_t previous = 0;
  for (const std::uint64_t sample : samples_ns) {
    put_varint(bytes, zigzag(sample - previous));
    previous = sample;
  }
  return bytes;
}

std::optional<std::vector<std::uint64_t>> decode_samples(std::string_view bytes) {
  const auto count = take_varint(bytes);
  // Each sample takes a byte at least: checked before anything is allocated.
  if (!count || *count > kMaxSamples || *count > bytes.size()) return std::nullopt;
  std::vector<std::uint64_t> samples;
  samples.reserve(*count);
  std::uint64_t previous = 0;
  for (std::uint64_t i = 0; i < *count; ++i) {
    const auto word = take_varint(bytes);
    if (!word) return std::nullopt;
    previous += unzigzag(*word);
    samples.push_back(previous);
  }
  if (!bytes.empty()) return std::nullopt;
  return samples;
}

}  // namespace tenon::database
