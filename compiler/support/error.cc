#include "compiler/support/error.h"

#include <algorithm>
#include <cstring>
#include <system_error>

namespace tenon {
namespace {

size_t edit_distance(std::string_view source, std::string_view target) {
  std::vector<size_t> row(target.size() + 1);
  for (size_t j = 0; j <= target.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= source.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= target.size(); ++j) {
      size_t changed = diagonal + (source[i - 1] == target[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[target.size()];
}

// The path from the repository's top: messages must not depend on where the sources were built.
std::string_view short_path(std::string_view path) {
  for (std::string_view top :
       {"compiler/", "tuner/", "tracker/", "worker/", "rpc/", "database/", "tests/"}) {
    size_t at = path.rfind(std::string("/").append(top));
    if (at != std::string_view::npos) return path.substr(at + 1);
  }
  return path;
}

}  // namespace

void throw_io_error(const std::string& action, int error_number) {
  throw IoError(action + ": " + std::generic_category().message(error_number));
}

std::string nearest_name(std::string_view asked, const std::vector<std::string>& known) {
  std::string best;
  size_t best_distance = std::min((asked.size() + 2) / 3 + 1, asked.size());
  for (const std::string& name : known) {
    size_t distance = edit_distance(asked, name);
    if (distance < best_distance) {
      best_distance = distance;
      best = name;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view asked, const std::vector<std::string>& known) {
  std::string name = nearest_name(asked, known);
  return name.empty() ? "" : "did you mean " + name + "?";
}

void detail::CheckFailure::operator&(const CheckText& text) const {
  std::string message = std::string(short_path(file)) + ":" + std::to_string(line) + ": CHECK(" +
                        condition + ") failed";
  std::string more = text.text();
  throw Bug(more.empty() ? message : message + ": " + more);
}

}  // namespace tenon
