#include "tracker/settings.h"

#include <array>
#include <optional>
#include <variant>

#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "rpc/wire/codec.h"

namespace tenon::tracker {
namespace {

// The form in which a selector keeps the settings: the wire's, which is canonical and grows at the
// end.
struct StoredSettings {
  std::string device_class;
  std::vector<std::string> needs;
  std::string options;
  std::vector<std::uint64_t> seeds;
  rpc::Protocol protocol;
  static constexpr auto fields() {
    return std::tuple{&StoredSettings::device_class, &StoredSettings::needs,
                      &StoredSettings::options, &StoredSettings::seeds, &StoredSettings::protocol};
  }
};

constexpr std::string_view kSelectorStart = "settings-1 ";

std::string_view name_of(rpc::CacheMode mode) {
  static constexpr std::array<std::string_view, 3> kNames = {"hot", "cold", "rotate"};
  return kNames.at(static_cast<std::size_t>(mode));
}

}  // namespace

JobSettings settings_of(const rpc::Submit& submit) {
  return {submit.device_class, submit.needs, submit.options, submit.seeds, submit.protocol};
}

std::string protocol_text(const JobSettings& settings) {
  const rpc::Protocol& protocol = settings.protocol;
  return str_cat(R"({"budget_ms":)", protocol.budget_ms, R"(,"cache":")", name_of(protocol.cache),
                 R"(","max_samples":)", protocol.max_samples, R"(,"min_sample_us":)",
                 protocol.min_sample_us, R"(,"min_samples":)", protocol.min_samples,
                 R"(,"quantile_permille":)", protocol.quantile_permille, R"(,"seeds":[)",
                 join(settings.seeds, ","), R"(],"version":)", protocol.version, R"(,"warmup_ms":)",
                 protocol.warmup_ms, "}");
}

std::string selector_text(const JobSettings& settings) {
  const StoredSettings stored{settings.device_class, settings.needs, settings.options,
                              settings.seeds, settings.protocol};
  return str_cat(kSelectorStart, to_hex(rpc::encode(stored)));
}

JobSettings settings_from_selector(std::string_view text) {
  std::optional<std::string> bytes;
  if (text.starts_with(kSelectorStart)) bytes = from_hex(text.substr(kSelectorStart.size()));
  if (!bytes) throw IoError("a job's selector in the database is not one that this tracker wrote");
  auto decoded = rpc::decode<StoredSettings>(*bytes, rpc::Strictness::kOtherVersion);
  if (const auto* why = std::get_if<std::string>(&decoded)) {
    throw IoError(str_cat("a job's selector in the database cannot be read: ", *why));
  }
  auto& stored = std::get<StoredSettings>(decoded);
  return {std::move(stored.device_class), std::move(stored.needs), std::move(stored.options),
          std::move(stored.seeds), stored.protocol};
}

}  // namespace tenon::tracker
