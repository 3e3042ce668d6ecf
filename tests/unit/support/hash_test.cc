#include "compiler/support/hash.h"

#include <gtest/gtest.h>

namespace tenon {
namespace {

// The digests of FIPS 180-4's published examples.
TEST(Hash, Sha256KnownAnswers) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256_hex(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Hash, Sha256DoesNotDependOnHowTheStreamIsCut) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) bytes += static_cast<char>(i * 7);
  std::string whole = sha256_hex(bytes);
  for (size_t step : {1, 3, 55, 56, 63, 64, 65, 129}) {
    Sha256 hash;
    for (size_t at = 0; at < bytes.size(); at += step)
      hash.update(std::string_view(bytes).substr(at, step));
    std::string digest = hash.finish();
    Sha256 other;
    other.update(bytes);
    EXPECT_EQ(digest, other.finish()) << "step " << step;
  }
  EXPECT_EQ(whole.size(), 64u);
}

TEST(Hash, CombineDependsOnOrder) {
  EXPECT_NE(hash_combine(hash_combine(0, 1), 2), hash_combine(hash_combine(0, 2), 1));
  EXPECT_NE(hash_combine(0, 0), 0u);
}

TEST(Hash, BytesOfDifferentLengthDiffer) {
  EXPECT_NE(hash_bytes(std::string(1, '\0')), hash_bytes(std::string(2, '\0')));
  EXPECT_NE(hash_bytes("abcdefgh"), hash_bytes("abcdefg"));
  EXPECT_EQ(hash_bytes("abcdefghi"), hash_bytes(std::string("abcdefghi")));
}

}  // namespace
}  // namespace tenon
