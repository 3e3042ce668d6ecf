// Commands on graph scripts: print what was read, verify it.
#include "compiler/relax/equal.h"
#include "compiler/relax/script/parser.h"
#include "compiler/relax/script/printer.h"
#include "compiler/relax/verify.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "tests/golden/commands.h"

namespace tenon::golden {

// The module as printed; the text must read back to an equal module. With a number, constants of
// more bytes are only named in the text.
std::string relax_print(const Request& request) {
  const relax::Module module = relax::parse_module(request.input, "input");
  std::map<std::string, relax::TensorRef> external;
  relax::PrintOptions options;
  if (!request.arguments.empty()) {
    options.inline_bytes = static_cast<std::size_t>(parse_int(request.arguments[0]).value_or(0));
    options.external = &external;
  }
  const std::string text = relax::print(module, options);
  relax::ParseOptions reading;
  reading.external_constant = [&](const std::string& name) { return external[name]; };
  const relax::Module again = relax::parse_module(text, "printed", reading);
  CHECK(relax::structural_equal(module, again)) << relax::first_difference(module, again);
  return text;
}

std::string relax_verify(const Request& request) {
  relax::verify(relax::parse_module(request.input, "input"));
  return "well formed\n";
}

}  // namespace tenon::golden
