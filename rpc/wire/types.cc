#include "rpc/wire/types.h"

#include <algorithm>

#include "compiler/support/error.h"
#include "compiler/support/hash.h"
#include "compiler/support/text.h"

namespace tenon::rpc {

std::string to_hex(const Hash& hash) {
  return tenon::to_hex({reinterpret_cast<const char*>(hash.bytes.data()), hash.bytes.size()});
}

Hash hash_from_hex(std::string_view hex) {
  const std::optional<std::string> bytes = from_hex(hex);
  Hash hash;
  if (!bytes || bytes->size() != hash.bytes.size()) {
    throw UserError(
        str_cat("a hash is 64 hexadecimal digits, this is not: ", quote(hex.substr(0, 80))));
  }
  std::copy(bytes->begin(), bytes->end(), hash.bytes.begin());
  return hash;
}

Hash sha256(std::string_view bytes) {
  Sha256 sum;
  sum.update(bytes);
  const std::string digest = sum.finish();
  Hash hash;
  std::copy(digest.begin(), digest.end(), hash.bytes.begin());
  return hash;
}

Digest digest_of(std::string_view bytes) { return {sha256(bytes), bytes.size()}; }

std::string_view name_of(Role role) {
  static constexpr std::array<std::string_view, 6> kNames = {"viewer", "submitter", "operator",
                                                             "admin",  "build",     "run"};
  static_assert(kNames.size() == static_cast<std::size_t>(Role::kCount));
  return kNames.at(static_cast<std::size_t>(role));
}

std::vector<Role> parse_roles(std::string_view text) {
  std::vector<std::string> known;
  for (int i = 0; i < static_cast<int>(Role::kCount); ++i)
    known.emplace_back(name_of(static_cast<Role>(i)));
  std::vector<Role> roles;
  for (const std::string& word : split(text, ',')) {
    const auto found = std::find(known.begin(), known.end(), word);
    if (found == known.end()) {
      throw UserError(str_cat("role ", quote(word), " is not one of ", join(known, ", ")),
                      did_you_mean(word, known));
    }
    roles.push_back(static_cast<Role>(found - known.begin()));
  }
  return roles;
}

std::string format_roles(const std::vector<Role>& roles) {
  std::vector<std::string_view> names;
  for (const Role role : roles) names.push_back(name_of(role));
  return join(names, ",");
}

Blame blame_of(Outcome outcome) {
  if (outcome == Outcome::kOk || outcome >= Outcome::kCancelled) return Blame::kNobody;
  if (outcome <= Outcome::kRunTimeout) return Blame::kCandidate;
  if (outcome <= Outcome::kForeignLoad) return Blame::kDevice;
  return Blame::kWorker;
}

std::string_view name_of(Outcome outcome) {
  static constexpr std::array<std::string_view, 22> kNames = {"ok",
                                                              "compile_error",
                                                              "link_error",
                                                              "invalid_schedule",
                                                              "wrong_result",
                                                              "candidate_crash",
                                                              "candidate_limit",
                                                              "run_timeout",
                                                              "device_lost",
                                                              "device_stuck",
                                                              "throttled",
                                                              "noisy",
                                                              "foreign_load",
                                                              "artifact_missing",
                                                              "artifact_corrupt",
                                                              "disk_full",
                                                              "toolchain_missing",
                                                              "internal",
                                                              "cancelled",
                                                              "expired",
                                                              "revoked",
                                                              "lost"};
  static_assert(kNames.size() == static_cast<std::size_t>(Outcome::kCount));
  return kNames.at(static_cast<std::size_t>(outcome));
}

std::string_view name_of(Blame blame) {
  static constexpr std::array<std::string_view, 4> kNames = {"nobody", "candidate", "device",
                                                             "worker"};
  return kNames.at(static_cast<std::size_t>(blame));
}

}  // namespace tenon::rpc
