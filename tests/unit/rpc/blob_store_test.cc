// Blobs: nothing is there before its bytes are verified, and the directory keeps to its size.
#include "rpc/net/blob_store.h"

#include <gtest/gtest.h>

#include <fstream>

#include "compiler/support/files.h"

namespace tenon::rpc {
namespace {

class Blobs : public ::testing::Test {
 protected:
  BlobStore open(std::uint64_t max_bytes = 1 << 20) {
    return BlobStore({dir_.path(), max_bytes, 0});
  }
  static PutChunk chunk(const Digest& digest, std::uint64_t offset, std::string bytes) {
    return {digest, offset, {std::move(bytes)}};
  }
  TempDir dir_{"tenon-blobs"};
};

TEST_F(Blobs, AnUploadIsThereWhenItIsCompleteAndSurvivesReopening) {
  const Digest digest = digest_of("abcdef");
  {
    BlobStore store = open();
    EXPECT_EQ(std::get<PutAck>(store.put_chunk(chunk(digest, 0, "abc"))),
              (PutAck{digest, 3, false}));
    EXPECT_FALSE(store.has(digest));
    EXPECT_EQ(std::get<PutAck>(store.put_chunk(chunk(digest, 3, "def"))),
              (PutAck{digest, 6, true}));
    EXPECT_EQ(store.read(digest, 2, 3), "cde");
  }
  BlobStore store = open();
  EXPECT_EQ(store.total_bytes(), 6u);
  EXPECT_EQ(store.get(digest), "abcdef");
  EXPECT_EQ(std::get<PutAck>(store.put_chunk(chunk(digest, 0, "abc"))), (PutAck{digest, 6, true}));
}

TEST_F(Blobs, ARepeatedOrEarlyChunkOnlyTellsWhereToGoOn) {
  BlobStore store = open();
  const Digest digest = digest_of("abcdef");
  EXPECT_EQ(std::get<PutAck>(store.put_chunk(chunk(digest, 3, "def"))), (PutAck{digest, 0, false}));
  store.put_chunk(chunk(digest, 0, "abc"));
  EXPECT_EQ(std::get<PutAck>(store.put_chunk(chunk(digest, 0, "abc"))), (PutAck{digest, 3, false}));
}

TEST_F(Blobs, BytesThatDoNotHashToTheDigestAreThrownAway) {
  BlobStore store = open();
  const Digest digest = digest_of("abcdef");
  EXPECT_TRUE(std::holds_alternative<std::string>(store.put_chunk(chunk(digest, 0, "abcdeF"))));
  EXPECT_FALSE(store.has(digest));
  EXPECT_EQ(std::get<PutAck>(store.put_chunk(chunk(digest, 0, "abcdef"))),
            (PutAck{digest, 6, true}));
}

TEST_F(Blobs, MoreBytesThanAnnouncedOrAllowedAreRefused) {
  BlobStore store = open();
  EXPECT_TRUE(
      std::holds_alternative<std::string>(store.put_chunk(chunk(digest_of("abc"), 0, "abcd"))));
  Digest huge = digest_of("abc");
  huge.size_bytes = kMaxBlobBytes + 1;
  EXPECT_TRUE(std::holds_alternative<std::string>(store.put_chunk(chunk(huge, 0, "abc"))));
}

TEST_F(Blobs, UnfinishedUploadsAreBounded) {
  BlobStore store = open();
  for (int i = 0; i < 100; ++i) {
    const std::string bytes = "blob number " + std::to_string(i);
    store.put_chunk(chunk(digest_of(bytes), 0, bytes.substr(0, 4)));
  }
  int num_started = 0;
  for (int i = 0; i < 100; ++i) {
    const std::string bytes = "blob number " + std::to_string(i);
    num_started +=
        std::get<PutAck>(store.put_chunk(chunk(digest_of(bytes), 999, ""))).next_offset != 0;
  }
  EXPECT_LE(num_started, static_cast<int>(kMaxUploads));
}

TEST_F(Blobs, ABlobThatWentBadOnDiskIsNotGiven) {
  BlobStore store = open();
  const Digest digest = store.put("abcdef");
  std::ofstream(store.path_of(digest)) << "abcdeX";
  EXPECT_EQ(store.get(digest), std::nullopt);
  EXPECT_FALSE(store.has(digest));
}

TEST_F(Blobs, TheOldestUsedGoWhenTheDirectoryIsFull) {
  BlobStore store = open(100);
  const Digest old = store.put(std::string(40, 'a'));
  const Digest used = store.put(std::string(40, 'b'));
  namespace fs = std::filesystem;
  const auto past = fs::file_time_type::clock::now() - std::chrono::hours(2);
  fs::last_write_time(store.path_of(old), past);
  fs::last_write_time(store.path_of(used), past + std::chrono::hours(1));
  const Digest fresh = store.put(std::string(40, 'c'));
  EXPECT_FALSE(store.has(old));
  EXPECT_TRUE(store.has(used));
  EXPECT_TRUE(store.has(fresh));
  EXPECT_EQ(store.total_bytes(), 80u);
}

}  // namespace
}  // namespace tenon::rpc
