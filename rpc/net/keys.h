// Keys: who may speak to a tracker, and as what.
//
// A peer (worker or client) has one key file, mode 0600: its own pair and the tracker's public key.
// A tracker has a directory: server.key (0600, made at the first start) and authorized/NAME.pub,
// one for each peer, with its roles. Keys are Curve25519, written as 40 characters of Z85. Private
// trackers get the same texts through a descriptor.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "rpc/wire/types.h"

namespace tenon::rpc {

struct KeyPair {
  std::string public_key;
  std::string secret_key;
};

// What a worker or client needs to reach one tracker.
struct PeerKey {
  KeyPair own;
  std::string server_public_key;
};

struct AuthorizedKey {
  std::string name;
  std::string public_key;
  std::vector<Role> roles;
  bool may(Role role) const;
};

// All that a tracker needs.
struct TrackerKeys {
  KeyPair server;
  std::vector<AuthorizedKey> authorized;
};

KeyPair make_key_pair();
// The 32 bytes of a Z85 public key, as handshakes carry them, and back. UserError when it is none.
std::string raw_public_key(std::string_view z85);
std::string z85_public_key(std::string_view raw);
// First 16 hexadecimal digits of the SHA-256 of a public key: how logs and errors name a key.
std::string fingerprint(std::string_view public_key);
// The texts of the files. Parsing throws UserError that names `where` and what is wrong, never the
// secret.
std::string format_peer_key(const PeerKey& key);
PeerKey parse_peer_key(std::string_view text, const std::string& where);
std::string format_tracker_keys(const TrackerKeys& keys);
TrackerKeys parse_tracker_keys(std::string_view text, const std::string& where);

// A key file must be a regular file (no link) of this user that nobody else may read: UserError
// otherwise.
PeerKey read_peer_key(const std::filesystem::path& file);
// Written as a whole, mode 0600; an existing file is refused with UserError.
void write_peer_key(const std::filesystem::path& file, const PeerKey& key);

// Reads a tracker's directory; makes it (0700) and its server.key when they are not there. A bad
// file among authorized/ is a UserError naming it: nothing is half loaded.
TrackerKeys open_key_directory(const std::filesystem::path& directory);
// Adds authorized/NAME.pub. UserError when the name is taken or is not made of letters, digits,
// '-', '_', '.'.
void authorize(const std::filesystem::path& directory, const AuthorizedKey& key);

}  // namespace tenon::rpc
