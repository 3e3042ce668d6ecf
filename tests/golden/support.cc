// Golden commands of compiler/support.
//   sha256                 the digest of the input
//   nearest NAME           the nearest of the input's words, as UserError offers it
//   caret LINE COLUMN      the input's line with a caret under the column
#include "compiler/support/error.h"
#include "compiler/support/hash.h"
#include "compiler/support/text.h"
#include "tests/golden/commands.h"

namespace tenon::golden {

std::string sha256(const Request& request) { return sha256_hex(request.input); }

std::string nearest(const Request& request) {
  if (request.arguments.size() != 1) throw UserError("nearest: one NAME is needed");
  throw UserError("unknown name " + request.arguments[0],
                  did_you_mean(request.arguments[0], split_lines(request.input)));
}

std::string caret(const Request& request) {
  if (request.arguments.size() != 2) throw UserError("caret: LINE and COLUMN are needed");
  std::optional<int64_t> line = parse_int(request.arguments[0]);
  std::optional<int64_t> column = parse_int(request.arguments[1]);
  if (!line || !column)
    throw UserError("caret: LINE and COLUMN are numbers, found " + join(request.arguments, " "));
  return caret_lines(request.input, static_cast<int>(*line), static_cast<int>(*column));
}

}  // namespace tenon::golden
