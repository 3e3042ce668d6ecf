// What the programs of a device are linked with: a board that measures needs no compiler.
#include <gmock/gmock.h>

#include <string>

#include "compiler/support/subprocess.h"

namespace tenon {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

std::string libraries_of(const std::string& program) {
  const CommandResult result = run_command({"ldd", std::string(TENON_BINARY_DIR) + "/" + program});
  EXPECT_TRUE(result.status.is_success()) << program << ": " << result.error_output;
  EXPECT_THAT(result.output, HasSubstr("libc.so"));
  return result.output;
}

TEST(Linkage, worker_and_runner_need_no_llvm) {
  for (const char* program : {"tenon-worker", "tenon-runner"}) {
    EXPECT_THAT(libraries_of(program), Not(ContainsRegex("LLVM|lld|xgboost|protobuf|sqlite")))
        << program;
  }
}

TEST(Linkage, runner_has_no_network_and_no_keys) {
  EXPECT_THAT(libraries_of("tenon-runner"), Not(ContainsRegex("zmq|sodium|ssl|crypto")));
}

}  // namespace
}  // namespace tenon
