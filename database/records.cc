#include "database/records.h"

#include <algorithm>

#include "compiler/support/hash.h"
#include "compiler/support/text.h"

namespace tenon::database {
namespace {

// Free text cannot run into the next field: its length goes first.
std::string framed(std::string_view text) { return str_cat(text.size(), ":", text, "\n"); }

}  // namespace

Hash TargetRecord::hash() const { return sha256_hex(text); }
Hash DeviceClass::hash() const { return sha256_hex(text); }
Hash MeasuringProtocol::hash() const { return sha256_hex(str_cat(version, "\n", text)); }
Hash Environment::hash() const { return sha256_hex(text); }
Hash TraceRecord::hash() const { return sha256_hex(text); }

std::string Measurement::identity() const {
  const std::string head =
      str_cat("tenon measurement 1\n", workload, "\n", target, "\n", trace, "\n", threads, "\n",
              device_class, "\n", protocol, "\n", environment, "\n", artifact, "\n",
              versions.codegen, "\n", framed(versions.llvm), framed(versions.tenon),
              outcome_name(outcome), "\n", framed(error), canary_ppm, "\n", measured_ms, "\n");
  return sha256_hex(head + encode_samples(samples_ns)).substr(0, 32);
}

bool is_hash(std::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

}  // namespace tenon::database
