// A string as JSON: quoted, with control characters, quotes and backslashes escaped.
#pragma once
#include <string>
#include <string_view>

namespace tenon {

std::string json_text(std::string_view text);

}  // namespace tenon
