// Identities of TensorIR blocks: every block node carries one and every rewrite keeps it, so that a
// schedule can name a block although names repeat. Outside equality, hash and text.
#pragma once
#include <cstdint>

namespace tenon {

struct BlockId {
  std::uint64_t value = 0;
  friend bool operator==(const BlockId&, const BlockId&) = default;
  friend auto operator<=>(const BlockId&, const BlockId&) = default;
};

// A fresh identity, unique in this process. Thread-safe.
BlockId new_block_id();

}  // namespace tenon
