// tenon keygen: a tracker's key directory, and peers' keys authorised in it.
#include <filesystem>
#include <iostream>

#include "rpc/net/keys.h"
#include "tuner/cli/commands.h"

namespace tenon::cli {

int run_command(const KeygenArguments& a) {
  const rpc::TrackerKeys tracker = rpc::open_key_directory(a.directory);
  rpc::AuthorizedKey authorized;
  authorized.name = a.name;
  authorized.roles = rpc::parse_roles(a.role);
  rpc::PeerKey peer;
  peer.own = rpc::make_key_pair();
  peer.server_public_key = tracker.server.public_key;
  authorized.public_key = peer.own.public_key;
  const std::filesystem::path file = std::filesystem::path(a.directory) / (a.name + ".key");
  rpc::authorize(a.directory, authorized);
  rpc::write_peer_key(file, peer);
  std::cout << file.string() << "\n";
  std::cerr << "key " << rpc::fingerprint(authorized.public_key) << " may act as " << a.role
            << "; give the file to " << a.name << "\n";
  return kDone;
}

}  // namespace tenon::cli
