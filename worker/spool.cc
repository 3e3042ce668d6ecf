#include "worker/spool.h"

#include <algorithm>
#include <optional>

#include "compiler/support/error.h"
#include "compiler/support/files.h"
#include "compiler/support/text.h"
#include "rpc/wire/frame.h"

namespace tenon {
namespace {

constexpr std::string_view kSuffix = ".result";

// A spool file is a frame as it goes over the wire: version, type, size and sum are checked.
std::optional<rpc::Result> decode_file(const std::string& bytes) {
  if (bytes.size() < rpc::kHeaderBytes) return std::nullopt;
  const auto header = rpc::decode_header(std::string_view(bytes).substr(0, rpc::kHeaderBytes));
  if (!std::holds_alternative<rpc::Header>(header)) return std::nullopt;
  const auto message = rpc::decode_body(std::get<rpc::Header>(header),
                                        std::string_view(bytes).substr(rpc::kHeaderBytes));
  if (!std::holds_alternative<rpc::Message>(message)) return std::nullopt;
  const auto* result = std::get_if<rpc::Result>(&std::get<rpc::Message>(message));
  return result == nullptr ? std::nullopt : std::optional(*result);
}

}  // namespace

Spool::Spool(std::filesystem::path directory) : directory_(std::move(directory)) {
  make_directories(directory_, 0700);
}

std::filesystem::path Spool::path_of(const rpc::Fence& fence) const {
  return directory_ / str_cat(fence.task, "-", fence.epoch, "-", fence.attempt, kSuffix);
}

std::vector<rpc::Result> Spool::load(std::vector<std::string>* damaged) {
  std::vector<rpc::Result> results;
  std::vector<std::filesystem::path> bad;
  for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
    if (entry.path().extension() != kSuffix) continue;
    std::optional<rpc::Result> result = decode_file(read_file(entry.path()));
    if (result) {
      results.push_back(std::move(*result));
    } else {
      bad.push_back(entry.path());
    }
  }
  for (const std::filesystem::path& path : bad) {
    std::filesystem::rename(path, path.string() + ".damaged");
    damaged->push_back(path.string());
  }
  std::sort(results.begin(), results.end(), [](const rpc::Result& left, const rpc::Result& right) {
    return left.fence < right.fence;
  });
  return results;
}

void Spool::add(const rpc::Result& result) {
  const rpc::Frame frame = rpc::make_frame(result, {});
  write_file_atomically(path_of(result.fence), frame.header + frame.body, 0600);
}

void Spool::remove(const rpc::Fence& fence) {
  std::error_code ignored;
  std::filesystem::remove(path_of(fence), ignored);
}

}  // namespace tenon
