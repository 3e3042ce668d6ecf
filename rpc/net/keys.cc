#include "rpc/net/keys.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>

#include "compiler/support/descriptor.h"
#include "compiler/support/error.h"
#include "compiler/support/files.h"
#include "compiler/support/text.h"

namespace tenon::rpc {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kFirstLine = "tenon-key 1";
constexpr std::uint64_t kMaxKeyFileBytes = 1 << 20;

bool is_key(std::string_view text) {
  std::uint8_t bytes[32];
  return text.size() == 40 && zmq_z85_decode(bytes, std::string(text).c_str()) != nullptr;
}

[[noreturn]] void refuse(const std::string& where, const std::string& why) {
  throw UserError(str_cat("key ", where, ": ", why), "make one with: tenon keygen --help");
}

std::string key_after(std::string_view line, const std::string& where) {
  const std::vector<std::string> words = split(line, ' ');
  if (words.size() != 2 || !is_key(words[1])) {
    refuse(where, str_cat("line ", quote(words[0]), " needs one key of 40 Z85 characters"));
  }
  return words[1];
}

// The lines after the first, which must be kFirstLine; blank lines and # comments left out.
std::vector<std::string> key_lines(std::string_view text, const std::string& where) {
  std::vector<std::string> lines;
  for (const std::string& line : split_lines(text)) {
    const std::string_view trimmed = trim(line);
    if (!trimmed.empty() && trimmed[0] != '#') lines.emplace_back(trimmed);
  }
  if (lines.empty() || lines[0] != kFirstLine)
    refuse(where, str_cat("the first line is not ", quote(kFirstLine)));
  lines.erase(lines.begin());
  return lines;
}

// "authorized NAME ROLES PUBLIC"
AuthorizedKey parse_authorized(const std::string& line, const std::string& where) {
  const std::vector<std::string> words = split(line, ' ');
  if (words.size() != 4 || words[0] != "authorized" || !is_key(words[3])) {
    refuse(where, "a line is not: authorized NAME ROLES PUBLIC-KEY");
  }
  return {words[1], words[3], parse_roles(words[2])};
}

std::string format_authorized(const AuthorizedKey& key) {
  return str_cat("authorized ", key.name, " ", format_roles(key.roles), " ", key.public_key, "\n");
}

bool is_name(std::string_view name) {
  const auto is_good = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
  };
  return !name.empty() && name.size() <= 64 && name[0] != '.' &&
         std::all_of(name.begin(), name.end(), is_good);
}

// The text of a secret file, after checking that nobody else could read or replace it.
std::string read_secret(const fs::path& file) {
  const Descriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd.is_open()) refuse(file.string(), errno == ELOOP ? "is a link" : std::strerror(errno));
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) throw_io_error("stat " + file.string(), errno);
  if (!S_ISREG(status.st_mode)) refuse(file.string(), "is not a regular file");
  if ((status.st_mode & 077) != 0) refuse(file.string(), "others may read it; chmod 600 it");
  if (status.st_uid != ::geteuid()) refuse(file.string(), "belongs to another user");
  return read_file(str_cat("/proc/self/fd/", fd.get()), kMaxKeyFileBytes);
}

}  // namespace

bool AuthorizedKey::may(Role role) const {
  return std::find(roles.begin(), roles.end(), role) != roles.end();
}

KeyPair make_key_pair() {
  char public_key[41];
  char secret_key[41];
  if (zmq_curve_keypair(public_key, secret_key) != 0)
    throw IoError("make a key: ZeroMQ was built without CURVE");
  return {public_key, secret_key};
}

std::string raw_public_key(std::string_view z85) {
  std::string raw(32, '\0');
  if (!is_key(z85)) throw UserError("a public key is not 40 characters of Z85");
  zmq_z85_decode(reinterpret_cast<std::uint8_t*>(raw.data()), std::string(z85).c_str());
  return raw;
}

std::string z85_public_key(std::string_view raw) {
  char text[41];
  if (raw.size() != 32) throw UserError("a public key is not 32 bytes");
  zmq_z85_encode(text, reinterpret_cast<const std::uint8_t*>(raw.data()), raw.size());
  return text;
}

std::string fingerprint(std::string_view public_key) {
  return to_hex(sha256(public_key)).substr(0, 16);
}

std::string format_peer_key(const PeerKey& key) {
  return str_cat(kFirstLine, "\npublic ", key.own.public_key, "\nsecret ", key.own.secret_key,
                 "\nserver ", key.server_public_key, "\n");
}

PeerKey parse_peer_key(std::string_view text, const std::string& where) {
  PeerKey key;
  for (const std::string& line : key_lines(text, where)) {
    if (line.starts_with("public "))
      key.own.public_key = key_after(line, where);
    else if (line.starts_with("secret "))
      key.own.secret_key = key_after(line, where);
    else if (line.starts_with("server "))
      key.server_public_key = key_after(line, where);
    else
      refuse(where, "a line is none of: public KEY, secret KEY, server KEY");
  }
  if (key.own.public_key.empty() || key.own.secret_key.empty())
    refuse(where, "needs the lines public and secret");
  if (key.server_public_key.empty())
    refuse(where, "needs the line server with the tracker's public key");
  return key;
}

std::string format_tracker_keys(const TrackerKeys& keys) {
  std::string text = str_cat(kFirstLine, "\npublic ", keys.server.public_key, "\nsecret ",
                             keys.server.secret_key, "\n");
  for (const AuthorizedKey& key : keys.authorized) text += format_authorized(key);
  return text;
}

TrackerKeys parse_tracker_keys(std::string_view text, const std::string& where) {
  TrackerKeys keys;
  for (const std::string& line : key_lines(text, where)) {
    if (line.starts_with("public "))
      keys.server.public_key = key_after(line, where);
    else if (line.starts_with("secret "))
      keys.server.secret_key = key_after(line, where);
    else
      keys.authorized.push_back(parse_authorized(line, where));
  }
  if (keys.server.public_key.empty() || keys.server.secret_key.empty()) {
    refuse(where, "needs the lines public and secret");
  }
  return keys;
}

PeerKey read_peer_key(const fs::path& file) {
  return parse_peer_key(read_secret(file), file.string());
}

void write_peer_key(const fs::path& file, const PeerKey& key) {
  if (fs::exists(fs::symlink_status(file)))
    refuse(file.string(), "exists already and is not overwritten");
  write_file_atomically(file, format_peer_key(key), 0600);
}

TrackerKeys open_key_directory(const fs::path& directory) {
  make_directories(directory, 0700);
  make_directories(directory / "authorized", 0700);
  const fs::path server_file = directory / "server.key";
  if (!fs::exists(server_file)) {
    write_file_atomically(server_file, format_tracker_keys({make_key_pair(), {}}), 0600);
  }
  TrackerKeys keys = parse_tracker_keys(read_secret(server_file), server_file.string());
  std::map<std::string, AuthorizedKey> by_name;  // in a stable order
  for (const auto& entry : fs::directory_iterator(directory / "authorized")) {
    if (entry.path().extension() != ".pub") continue;
    const std::string where = entry.path().string();
    const std::vector<std::string> lines =
        key_lines(read_file(entry.path(), kMaxKeyFileBytes), where);
    if (lines.size() != 1)
      refuse(where, "needs exactly one line: authorized NAME ROLES PUBLIC-KEY");
    by_name[entry.path().stem().string()] = parse_authorized(lines[0], where);
  }
  for (auto& [name, key] : by_name) keys.authorized.push_back(std::move(key));
  return keys;
}

void authorize(const fs::path& directory, const AuthorizedKey& key) {
  if (!is_name(key.name)) {
    throw UserError(
        str_cat("key name ", quote(key.name), ": needs 1 to 64 letters, digits, '-', '_' or '.'"));
  }
  const fs::path file = directory / "authorized" / (key.name + ".pub");
  if (fs::exists(fs::symlink_status(file)))
    throw UserError(str_cat("key name ", quote(key.name), " is taken: ", file.string()));
  make_directories(directory / "authorized", 0700);
  write_file_atomically(file, str_cat(kFirstLine, "\n", format_authorized(key)), 0644);
}

}  // namespace tenon::rpc
