// Where the command line keeps things and finds its sibling programs.
#pragma once
#include <string>

namespace tenon::cli {

// `given`, or the user's database ${XDG_STATE_HOME:-~/.local/state}/tenon/tenon.db, whose folder is
// made when absent.
std::string database_path(const std::string& given);
// A program installed beside this one. UserError when it is not there.
std::string sibling_program(const std::string& name);

}  // namespace tenon::cli
