// Blobs on disk by their SHA-256: DIR/ab/abcd...64 digits. A blob is there only after its bytes
// were hashed, synced and renamed into place; the oldest used go when the directory outgrows its
// limit. Uploads arrive in chunks and resume while the process lives. Processes may share a
// directory; not thread-safe. Throws IoError when the disk refuses.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "rpc/wire/messages.h"

namespace tenon::rpc {

struct BlobStoreOptions {
  std::filesystem::path directory;
  std::uint64_t max_bytes = 5ull << 30;
  std::uint64_t keep_at_least_s = 600;  // a blob used more recently is never evicted
};

inline constexpr std::size_t kMaxUploads =
    8;  // unfinished at one time; beyond, one of the others starts over

class BlobStore {
 public:
  // Makes the directory (0700) and counts what is there.
  explicit BlobStore(BlobStoreOptions options);

  bool has(const Digest& digest) const;
  // Bytes of a verified blob, at most max_bytes from offset; nullopt when it is not there or offset
  // is beyond its end.
  std::optional<std::string> read(const Digest& digest, std::uint64_t offset,
                                  std::uint32_t max_bytes);
  // All of it, hashed again: a blob that went bad on disk is removed and not given.
  std::optional<std::string> get(const Digest& digest);
  // Path of a blob that is there, for loading; marks it used.
  std::filesystem::path path_of(const Digest& digest) const;

  Digest put(std::string_view bytes);
  // The next chunk of an upload. The answer says where to go on: a chunk that does not start there
  // changes nothing. The bytes of a complete upload that do not hash to the digest are thrown away:
  // Refusal-like text.
  std::variant<PutAck, std::string> put_chunk(const PutChunk& chunk);

  std::uint64_t total_bytes() const { return total_bytes_; }

 private:
  void finish(const Digest& digest, std::string_view bytes);
  void evict();

  BlobStoreOptions options_;
  std::uint64_t total_bytes_ = 0;
  std::map<Digest, std::string> uploads_;  // bytes so far; at most kMaxUploads
};

}  // namespace tenon::rpc
