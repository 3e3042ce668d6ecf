#include "compiler/runtime/zip.h"

#include <zlib.h>

#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>

#include "compiler/support/error.h"

namespace tenon {
namespace {

// PKWARE APPNOTE 4.3: signatures and fixed sizes of the records.
constexpr uint32_t kLocalSignature = 0x04034b50;
constexpr uint32_t kCentralSignature = 0x02014b50;
constexpr uint32_t kEndSignature = 0x06054b50;
constexpr size_t kLocalBytes = 30;
constexpr size_t kCentralBytes = 46;
constexpr size_t kEndBytes = 22;
constexpr uint16_t kZip64ExtraId = 1;
constexpr uint32_t kIn64Bits = 0xffffffff;
// DEFLATE cannot expand more than this (RFC 1951: 258 bytes for 2 bits).
constexpr uint64_t kMaxExpansion = 1032;

// Little-endian reads that refuse to leave the file.
class Cursor {
 public:
  Cursor(std::string_view file, const std::string& label) : file_(file), label_(label) {}

  [[noreturn]] void refuse(const std::string& why) const {
    throw UserError("cannot read '" + label_ + "' as ZIP: " + why);
  }
  std::string_view slice(uint64_t offset, uint64_t size) const {
    if (offset > file_.size() || size > file_.size() - offset) refuse("the file is truncated");
    return file_.substr(offset, size);
  }
  uint64_t number(uint64_t offset, size_t size) const {
    const std::string_view bytes = slice(offset, size);
    uint64_t value = 0;
    for (size_t i = 0; i < size; ++i) {
      value |= static_cast<uint64_t>(static_cast<uint8_t>(bytes[i])) << (8 * i);
    }
    return value;
  }
  uint16_t u16(uint64_t offset) const { return static_cast<uint16_t>(number(offset, 2)); }
  uint32_t u32(uint64_t offset) const { return static_cast<uint32_t>(number(offset, 4)); }

 private:
  std::string_view file_;
  std::string label_;
};

struct Entry {
  std::string name;
  uint16_t method = 0;
  uint32_t crc = 0;
  uint64_t packed_bytes = 0;
  uint64_t plain_bytes = 0;
  uint64_t local_offset = 0;
};

uint64_t find_end_record(const Cursor& cursor, std::string_view file) {
  if (file.size() < kEndBytes) cursor.refuse("the file is shorter than an empty archive");
  const uint64_t last = file.size() - kEndBytes;
  const uint64_t first = last > 0xffff ? last - 0xffff : 0;
  for (uint64_t at = last + 1; at-- > first;) {
    if (cursor.u32(at) == kEndSignature) return at;
  }
  cursor.refuse("no end-of-directory record");
}

// Replaces the fields that say "see the 64-bit extra", in their fixed order.
void apply_zip64_extra(const Cursor& cursor, uint64_t at, uint64_t size, Entry* entry) {
  const uint64_t end = at + size;
  while (at + 4 <= end) {
    const uint16_t id = cursor.u16(at);
    const uint64_t field_end = at + 4 + cursor.u16(at + 2);
    uint64_t value_at = at + 4;
    at = field_end;
    if (id != kZip64ExtraId) continue;
    for (uint64_t* field : {&entry->plain_bytes, &entry->packed_bytes, &entry->local_offset}) {
      if (*field != kIn64Bits) continue;
      if (value_at + 8 > field_end || field_end > end) cursor.refuse("a 64-bit extra is torn");
      *field = cursor.number(value_at, 8);
      value_at += 8;
    }
  }
}

Entry read_central(const Cursor& cursor, uint64_t* at) {
  if (cursor.u32(*at) != kCentralSignature) cursor.refuse("the directory is damaged");
  Entry entry;
  if ((cursor.u16(*at + 8) & 1) != 0) cursor.refuse("a member is encrypted");
  entry.method = cursor.u16(*at + 10);
  entry.crc = cursor.u32(*at + 16);
  entry.packed_bytes = cursor.u32(*at + 20);
  entry.plain_bytes = cursor.u32(*at + 24);
  const uint64_t name_bytes = cursor.u16(*at + 28);
  const uint64_t extra_bytes = cursor.u16(*at + 30);
  const uint64_t comment_bytes = cursor.u16(*at + 32);
  entry.local_offset = cursor.u32(*at + 42);
  entry.name = std::string(cursor.slice(*at + kCentralBytes, name_bytes));
  apply_zip64_extra(cursor, *at + kCentralBytes + name_bytes, extra_bytes, &entry);
  *at += kCentralBytes + name_bytes + extra_bytes + comment_bytes;
  return entry;
}

std::string inflate_member(const Cursor& cursor, const Entry& entry, std::string_view packed) {
  if (entry.plain_bytes / kMaxExpansion > entry.packed_bytes) {
    cursor.refuse("member '" + entry.name + "' claims more bytes than it can hold");
  }
  if (packed.size() > std::numeric_limits<uInt>::max() ||
      entry.plain_bytes > std::numeric_limits<uInt>::max()) {
    cursor.refuse("member '" + entry.name + "' is deflated and larger than 4 GiB");
  }
  std::string plain(entry.plain_bytes, '\0');
  z_stream stream{};
  CHECK(inflateInit2(&stream, -MAX_WBITS) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(plain.data());
  stream.avail_out = static_cast<uInt>(plain.size());
  const int status = inflate(&stream, Z_FINISH);
  const bool is_whole = status == Z_STREAM_END && stream.avail_out == 0;
  inflateEnd(&stream);
  if (!is_whole) cursor.refuse("member '" + entry.name + "' does not inflate to its size");
  return plain;
}

uint32_t crc_of(std::string_view bytes) {
  return static_cast<uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

ZipMember read_member(const Cursor& cursor, const Entry& entry) {
  const uint64_t at = entry.local_offset;
  if (cursor.u32(at) != kLocalSignature) {
    cursor.refuse("member '" + entry.name + "' has no local header");
  }
  const uint64_t data_at = at + kLocalBytes + cursor.u16(at + 26) + cursor.u16(at + 28);
  const std::string_view packed = cursor.slice(data_at, entry.packed_bytes);
  ZipMember member{entry.name, ""};
  if (entry.method == Z_DEFLATED) {
    member.bytes = inflate_member(cursor, entry, packed);
  } else if (entry.method == 0 && entry.plain_bytes == entry.packed_bytes) {
    member.bytes = std::string(packed);
  } else {
    cursor.refuse("member '" + entry.name + "' uses compression method " +
                  std::to_string(entry.method) + "; stored and deflated are known");
  }
  if (crc_of(member.bytes) != entry.crc) {
    cursor.refuse("member '" + entry.name + "' has a wrong CRC-32");
  }
  return member;
}

void append_number(std::string* out, uint64_t value, size_t size) {
  for (size_t i = 0; i < size; ++i) out->push_back(static_cast<char>(value >> (8 * i)));
}

std::string deflate_bytes(std::string_view plain) {
  z_stream stream{};
  CHECK(deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8,
                     Z_DEFAULT_STRATEGY) == Z_OK);
  std::string packed(deflateBound(&stream, plain.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const int status = deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  CHECK(status == Z_STREAM_END);
  return packed;
}

// The fields that local and central headers share, from "version needed" to the name length.
std::string shared_fields(const ZipMember& member, std::string_view packed, ZipMethod method) {
  std::string fields;
  append_number(&fields, 20, 2);  // version needed
  append_number(&fields, 0, 2);   // flags
  append_number(&fields, method == ZipMethod::kDeflated ? Z_DEFLATED : 0, 2);
  append_number(&fields, 0, 2);     // time 00:00
  append_number(&fields, 0x21, 2);  // date 1980-01-01
  append_number(&fields, crc_of(member.bytes), 4);
  append_number(&fields, packed.size(), 4);
  append_number(&fields, member.bytes.size(), 4);
  append_number(&fields, member.name.size(), 2);
  append_number(&fields, 0, 2);  // extra length
  return fields;
}

}  // namespace

std::vector<ZipMember> read_zip(std::string_view file, const std::string& label) {
  const Cursor cursor(file, label);
  const uint64_t end = find_end_record(cursor, file);
  const size_t count = cursor.u16(end + 10);
  uint64_t at = cursor.u32(end + 16);
  if (count == 0xffff || at == kIn64Bits) cursor.refuse("archives over 4 GiB are not supported");
  std::vector<ZipMember> members;
  for (size_t i = 0; i < count; ++i) {
    members.push_back(read_member(cursor, read_central(cursor, &at)));
  }
  return members;
}

std::string write_zip(const std::vector<ZipMember>& members, ZipMethod method) {
  std::string file;
  std::string directory;
  for (const ZipMember& member : members) {
    if (member.bytes.size() >= kIn64Bits || file.size() >= kIn64Bits || members.size() >= 0xffff) {
      throw UserError("cannot write '" + member.name + "': a ZIP file over 4 GiB is not supported");
    }
    const uint64_t offset = file.size();
    const std::string packed =
        method == ZipMethod::kDeflated ? deflate_bytes(member.bytes) : member.bytes;
    const std::string fields = shared_fields(member, packed, method);
    append_number(&file, kLocalSignature, 4);
    file += fields + member.name + packed;
    append_number(&directory, kCentralSignature, 4);
    append_number(&directory, 20, 2);  // version made by
    directory += fields;
    append_number(&directory, 0, 2);  // comment length
    append_number(&directory, 0, 2);  // disk
    append_number(&directory, 0, 2);  // internal attributes
    append_number(&directory, 0, 4);  // external attributes
    append_number(&directory, offset, 4);
    directory += member.name;
  }
  const uint64_t directory_at = file.size();
  if (directory_at + directory.size() >= kIn64Bits) {
    throw UserError("a ZIP file over 4 GiB is not supported");
  }
  file += directory;
  append_number(&file, kEndSignature, 4);
  append_number(&file, 0, 4);  // disk numbers
  append_number(&file, members.size(), 2);
  append_number(&file, members.size(), 2);
  append_number(&file, directory.size(), 4);
  append_number(&file, directory_at, 4);
  append_number(&file, 0, 2);  // comment length
  return file;
}

}  // namespace tenon
