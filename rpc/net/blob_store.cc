#include "rpc/net/blob_store.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <system_error>
#include <vector>

#include "compiler/support/error.h"
#include "compiler/support/files.h"
#include "compiler/support/text.h"

namespace tenon::rpc {
namespace fs = std::filesystem;
namespace {

struct Stored {
  fs::file_time_type used;
  std::uint64_t size_bytes = 0;
  fs::path path;
};

// Every blob file: two-digit folders, 64-digit names. Anything else in the directory is left alone.
std::vector<Stored> list_blobs(const fs::path& directory) {
  std::vector<Stored> found;
  for (const auto& folder : fs::directory_iterator(directory)) {
    if (!folder.is_directory() || folder.path().filename().string().size() != 2) continue;
    for (const auto& file : fs::directory_iterator(folder.path())) {
      if (!file.is_regular_file() || file.path().filename().string().size() != 64) continue;
      found.push_back({file.last_write_time(), file.file_size(), file.path()});
    }
  }
  return found;
}

void touch(const fs::path& path) {
  std::error_code ignored;  // another program may have removed the file; the reader will see that
  fs::last_write_time(path, fs::file_time_type::clock::now(), ignored);
}

}  // namespace

BlobStore::BlobStore(BlobStoreOptions options) : options_(std::move(options)) {
  make_directories(options_.directory, 0700);
  for (const Stored& blob : list_blobs(options_.directory)) total_bytes_ += blob.size_bytes;
}

fs::path BlobStore::path_of(const Digest& digest) const {
  const std::string name = to_hex(digest.sha256);
  const fs::path path = options_.directory / name.substr(0, 2) / name;
  touch(path);
  return path;
}

bool BlobStore::has(const Digest& digest) const {
  std::error_code missing;
  const std::string name = to_hex(digest.sha256);
  const auto size = fs::file_size(options_.directory / name.substr(0, 2) / name, missing);
  return !missing && size == digest.size_bytes;
}

std::optional<std::string> BlobStore::read(const Digest& digest, std::uint64_t offset,
                                           std::uint32_t max_bytes) {
  if (!has(digest) || offset > digest.size_bytes) return std::nullopt;
  std::string bytes(std::min<std::uint64_t>(max_bytes, digest.size_bytes - offset), '\0');
  std::ifstream file(path_of(digest), std::ios::binary);
  file.seekg(static_cast<std::streamoff>(offset));
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!file) throw IoError(str_cat("read blob ", to_hex(digest.sha256), ": the file ends early"));
  return bytes;
}

std::optional<std::string> BlobStore::get(const Digest& digest) {
  if (!has(digest)) return std::nullopt;
  const fs::path path = path_of(digest);
  std::string bytes = read_file(path, digest.size_bytes);
  if (digest_of(bytes) == digest) return bytes;
  fs::remove(path);
  total_bytes_ -= std::min(total_bytes_, digest.size_bytes);
  return std::nullopt;
}

Digest BlobStore::put(std::string_view bytes) {
  const Digest digest = digest_of(bytes);
  if (!has(digest)) finish(digest, bytes);
  return digest;
}

void BlobStore::finish(const Digest& digest, std::string_view bytes) {
  const std::string name = to_hex(digest.sha256);
  const fs::path folder = options_.directory / name.substr(0, 2);
  make_directories(folder, 0700);
  write_file_atomically(folder / name, bytes, 0600);
  total_bytes_ += bytes.size();
  if (total_bytes_ > options_.max_bytes) evict();
}

std::variant<PutAck, std::string> BlobStore::put_chunk(const PutChunk& chunk) {
  const Digest& digest = chunk.digest;
  if (digest.size_bytes > kMaxBlobBytes) {
    return str_cat("a blob of ", digest.size_bytes, " bytes, at most ", kMaxBlobBytes);
  }
  if (has(digest)) return PutAck{digest, digest.size_bytes, true};
  if (!uploads_.contains(digest) && uploads_.size() >= kMaxUploads)
    uploads_.erase(uploads_.begin());
  std::string& bytes = uploads_[digest];
  if (chunk.offset != bytes.size()) return PutAck{digest, bytes.size(), false};
  if (chunk.bytes.data.size() > digest.size_bytes - bytes.size()) {
    uploads_.erase(digest);
    return str_cat("more bytes than the ", digest.size_bytes, " of the digest");
  }
  bytes += chunk.bytes.data;
  if (bytes.size() < digest.size_bytes) return PutAck{digest, bytes.size(), false};
  const std::string whole = std::move(bytes);
  uploads_.erase(digest);
  if (digest_of(whole) != digest)
    return str_cat("the bytes do not hash to ", to_hex(digest.sha256));
  finish(digest, whole);
  return PutAck{digest, digest.size_bytes, true};
}

// Down to nine tenths of the limit, so that not every blob pays for a scan.
void BlobStore::evict() {
  std::vector<Stored> blobs = list_blobs(options_.directory);
  std::sort(blobs.begin(), blobs.end(),
            [](const Stored& a, const Stored& b) { return a.used < b.used; });
  total_bytes_ = 0;
  for (const Stored& blob : blobs) total_bytes_ += blob.size_bytes;
  const auto newest =
      fs::file_time_type::clock::now() - std::chrono::seconds(options_.keep_at_least_s);
  const std::uint64_t goal = options_.max_bytes / 10 * 9;
  for (const Stored& blob : blobs) {
    if (total_bytes_ <= goal || blob.used > newest) break;
    if (fs::remove(blob.path)) total_bytes_ -= blob.size_bytes;
  }
}

}  // namespace tenon::rpc
