#include "database/line_reader.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "compiler/support/error.h"
#include "compiler/support/text.h"

namespace tenon::database {
namespace {

constexpr std::size_t kChunkBytes = 1u << 20;

}  // namespace

LineReader::LineReader(const std::string& path, std::size_t max_line_bytes)
    : path_(path), max_line_bytes_(max_line_bytes) {
  file_ = Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file_.is_open()) return;
  if (errno == ENOENT) throw UserError(str_cat("no such file: ", path));
  throw_io_error("open " + path, errno);
}

bool LineReader::fill() {
  buffer_.resize(kChunkBytes);
  position_ = 0;
  ssize_t count = 0;
  do {
    count = ::read(file_.get(), buffer_.data(), buffer_.size());
  } while (count < 0 && errno == EINTR);
  if (count < 0) throw_io_error("read " + path_, errno);
  buffer_.resize(static_cast<std::size_t>(count));
  return count > 0;
}

void LineReader::take(std::size_t end) {
  const std::size_t size = end - position_;
  if (line_.size() + size > max_line_bytes_) is_too_long_ = true;
  if (is_too_long_) {
    line_.clear();
  } else {
    line_.append(buffer_, position_, size);
  }
  position_ = end;
}

bool LineReader::next() {
  line_.clear();
  is_too_long_ = false;
  is_torn_ = false;
  bool has_bytes = false;
  for (;;) {
    if (position_ == buffer_.size() && !fill()) break;
    has_bytes = true;
    const std::size_t newline = buffer_.find('\n', position_);
    if (newline == std::string::npos) {
      take(buffer_.size());
      continue;
    }
    take(newline);
    ++position_;
    if (!line_.empty() && line_.back() == '\r') line_.pop_back();
    ++number_;
    return true;
  }
  if (!has_bytes) return false;
  is_torn_ = true;
  ++number_;
  return true;
}

}  // namespace tenon::database
